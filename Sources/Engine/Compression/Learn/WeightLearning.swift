// Learning merge weights: what is held back, what is recorded, and descent by Adam (Kingma and Ba
// 2015, arXiv 1412.6980, Algorithm 1).

package import Model
import TensorMath

/// One step of the search.
package struct LearningStep: Sendable, Equatable, Codable {
    package var step: Int
    /// On the sequences of this step, before it changes the weights.
    package var loss: Double
    /// On fixed sequences that are learned from, and on fixed ones that are held back; nil where
    /// this step did not look.
    package var calibration: Double?
    package var heldBack: Double?
}

/// What was found, and the way there; losses are in nats per token.
package struct LearnedWeights: Sendable, Equatable, Codable {
    /// The merge weights, [d].
    package var values: [Double]
    package var steps: [LearningStep]
    /// The step whose weights are kept: of least loss on what is held back.
    package var chosen: Int

    package init(values: [Double], steps: [LearningStep], chosen: Int) {
        self.values = values
        self.steps = steps
        self.chosen = chosen
    }
}

/// Calibration sequences, split.
package struct LearningSplit: Sendable, Equatable {
    /// Sequences to learn from, and those to choose by.
    package let learning: [Int]
    package let heldBack: [Int]

    /// Sequences that a figure of the trace is measured on.
    static let figureSequences = 16

    /// Spreads the share that is held back evenly over the usable sequences.
    /// - Throws: `LearnError.tooFewSequences` unless both parts have one.
    package init(_ batch: PackedSequences, heldBack share: Double) throws(LearnError) {
        let usable = batch.ranges.indices.filter { batch.ranges[$0].count > 1 }
        guard usable.count >= 2 else { throw .tooFewSequences(found: usable.count) }
        let count = min(
            usable.count - 1, max(1, Int((share * Double(usable.count)).rounded())))
        let places = Set((0..<count).map { (2 * $0 + 1) * usable.count / (2 * count) })
        heldBack = usable.indices.filter { places.contains($0) }.map { usable[$0] }
        learning = usable.indices.filter { !places.contains($0) }.map { usable[$0] }
    }

    /// The fixed sequences of the trace's figures.
    var figures: (calibration: [Int], heldBack: [Int]) {
        func spread(_ all: [Int]) -> [Int] {
            let count = min(Self.figureSequences, all.count)
            return (0..<count).map { all[$0 * all.count / count] }
        }
        return (spread(learning), spread(heldBack))
    }
}

/// Adam on mini-batches, each weight kept within 0...1.
package struct GradientLearning: Sendable {
    package var steps = 60
    package var rate = 0.02
    /// Sequences of a step.
    package var batch = 4
    package var seed: UInt64 = 1

    /// Looks at the fixed sequences, beside the first and the last.
    private static let looks = 10

    package init() {}

    /// Forwards and twice as much backwards for each step; a look is at two times 16 sequences.
    package func work(_ blueprint: ModelBlueprint, tokens: PackedSequences) -> Work {
        let sequence = TokenLoad(tokens) * (1 / Double(max(1, tokens.ranges.count)))
        let pass = blueprint.operations(sequence) + 2 * blueprint.headOperations(sequence.tokens)
        let passes = 3 * batch * (steps + 1) + 2 * Self.looks * LearningSplit.figureSequences
        return Work(operations: pass * Double(passes))
    }

    package func run(
        _ objective: MergeObjective, split: LearningSplit, observer: some WorkObserver
    ) throws -> LearnedWeights {
        var values = objective.start
        var adam = DoubleAdam(count: values.count)
        var generator = SeededGenerator(seed: seed)
        var queue: [Int] = []
        var trace: [LearningStep] = []
        var best = (step: 0, loss: Double.infinity, values: values)
        let figures = split.figures
        for step in 0...steps {
            if queue.count < batch { queue += split.learning.shuffled(using: &generator) }
            let chosen = Array(queue.prefix(batch))
            queue.removeFirst(chosen.count)
            let found = try objective.gradient(values, on: chosen.sorted(), observer: observer)
            guard found.loss.isFinite, found.gradient.allSatisfy(\.isFinite) else {
                throw LearnError.notFinite(step: step)
            }
            var record = LearningStep(step: step, loss: found.loss)
            if step % max(1, steps / Self.looks) == 0 || step == steps {
                record.calibration = try objective.loss(
                    values, on: figures.calibration, observer: observer)
                let heldBack = try objective.loss(
                    values, on: figures.heldBack, observer: observer)
                record.heldBack = heldBack
                if heldBack < best.loss { best = (step, heldBack, values) }
            }
            trace.append(record)
            observer.progress(
                done: step + 1, total: steps + 1, unit: "steps", detail: "merge weights")
            adam.step(&values, gradient: found.gradient, rate: rate, number: step + 1)
            values = values.map { min(1, max(0, $0)) }
        }
        return LearnedWeights(values: best.values, steps: trace, chosen: best.step)
    }
}

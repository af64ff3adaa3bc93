// Merge weights by Bayesian optimisation: a Gaussian process over the box [0, 1]^pairs, the next
// point where the expected improvement is greatest (Snoek, Larochelle and Adams 2012, arXiv
// 1206.2944; the kernel is theirs).

package import Model
import TensorMath

/// A search over points in [0, 1]^d, d the number of merge weights; values are losses in nats.
package struct BayesianLearning: Sendable {
    /// Points tried behind the first, which is the plan's own.
    package var steps = 30
    package var seed: UInt64 = 1

    /// Random points among which the next one is looked for, in the box and around the best.
    private static let candidates = 1024
    private static let neighbours = 256
    private static let neighbourhood = 0.08

    package init() {}

    /// Minimises a function of points in the box [0, 1]^d.
    ///
    /// - Parameter visit: the value at a point, and what it is worth for the choice of the best.
    package func run(
        from start: [Double], visit: (_ step: Int, _ point: [Double]) throws -> Double
    ) throws {
        var generator = SeededGenerator(seed: seed)
        var points: [[Double]] = []
        var values: [Double] = []
        // Enough random points that the first fit knows every direction.
        let random = min(steps, 2 * start.count + 2)
        for step in 0...steps {
            let point =
                step == 0
                ? start
                : step <= random
                    ? start.map { _ in generator.uniform() }
                    : try next(points, values, &generator)
            let value = try visit(step, point)
            guard value.isFinite else { throw LearnError.notFinite(step: step) }
            points.append(point)
            values.append(value)
        }
    }

    private func next(
        _ points: [[Double]], _ values: [Double], _ generator: inout SeededGenerator
    ) throws -> [Double] {
        let mean = values.reduce(0, +) / Double(values.count)
        let variance =
            values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
        let deviation = variance > 0 ? variance.squareRoot() : 1
        let scaled = values.map { ($0 - mean) / deviation }
        let process = try GaussianProcess.fitted(points: points, values: scaled)
        let best = scaled.indices.min { scaled[$0] < scaled[$1] } ?? 0
        var chosen: (point: [Double], worth: Double)?
        for candidate in 0..<Self.candidates + Self.neighbours {
            let point = points[best].map { value in
                let uniform = generator.uniform()
                guard candidate >= Self.candidates else { return uniform }
                return min(1, max(0, value + Self.neighbourhood * (2 * uniform - 1)))
            }
            let worth = process.expectedImprovement(point, below: scaled[best])
            if worth > chosen?.worth ?? -.infinity { chosen = (point, worth) }
        }
        guard let chosen else { preconditionFailure("there are candidates") }
        return chosen.point
    }

    /// A step looks at two times 16 sequences.
    package func work(_ blueprint: ModelBlueprint, tokens: PackedSequences) -> Work {
        let sequence = TokenLoad(tokens) * (1 / Double(max(1, tokens.ranges.count)))
        let pass = blueprint.operations(sequence) + 2 * blueprint.headOperations(sequence.tokens)
        return Work(operations: pass * Double(2 * LearningSplit.figureSequences * (steps + 1)))
    }

    package func run(
        _ objective: MergeObjective, split: LearningSplit, observer: some WorkObserver
    ) throws -> LearnedWeights {
        let figures = split.figures
        var result = LearnedWeights(values: objective.start, steps: [], chosen: 0)
        var least = Double.infinity
        try run(from: objective.start) { step, point in
            let loss = try objective.loss(point, on: figures.calibration, observer: observer)
            let heldBack = try objective.loss(point, on: figures.heldBack, observer: observer)
            result.steps.append(
                LearningStep(step: step, loss: loss, calibration: loss, heldBack: heldBack))
            if heldBack < least {
                least = heldBack
                result.values = point
                result.chosen = step
            }
            observer.progress(
                done: step + 1, total: steps + 1, unit: "steps", detail: "merge weights")
            return loss
        }
        return result
    }
}

// Which layers stay where their kinds have to follow a pattern: the choice that gives up the least,
// found exactly.

import Model

/// Choices of layers whose kinds are a sequence that config.json can express.
struct PatternedChoice {
    /// Kinds of the model's layers, as numbers: a search compares them millions of times.
    private let kinds: [Int]
    private let numbers: [String: Int]
    private let patterns: any LayerPatterns
    private let keepsKinds: Bool
    private let observer: any WorkObserver

    /// - Parameters:
    ///   - keepsKinds: whether a layer of every kind has to stay, into which others can fold.
    ///   - observer: asked between sequences.
    init(
        of kinds: [String], patterns: any LayerPatterns, keepsKinds: Bool,
        observer: any WorkObserver
    ) {
        var numbers: [String: Int] = [:]
        for kind in kinds where numbers[kind] == nil { numbers[kind] = numbers.count }
        self.kinds = kinds.compactMap { numbers[$0] }
        self.numbers = numbers
        self.patterns = patterns
        self.keepsKinds = keepsKinds
        self.observer = observer
    }

    /// Drops the layers whose scores have the greatest sum.
    /// - Throws: `PlanError.noPattern` with the numbers of layers that can be left.
    static func plan(
        dropping removed: Int, by scores: [Double], kinds: [String], patterns: any LayerPatterns,
        observer: any WorkObserver = SilentObserver()
    ) throws -> FoldPlan {
        let choice = PatternedChoice(
            of: kinds, patterns: patterns, keepsKinds: false, observer: observer)
        let kept = try choice.best(leaving: kinds.count - removed, gains: scores)
        return .keeping(kept, of: kinds.count)
    }

    /// The layers that stay, ascending, where removing all others gains the most.
    ///
    /// - Parameter gains: of removing each layer.
    /// - Throws: `PlanError.noPattern` with the numbers of layers that can be left; what the
    ///   observer throws.
    func best(leaving wanted: Int, gains: [Double]) throws -> [Int] {
        var best: (kept: [Int], gain: Double)?
        for sequence in patterns.sequences(count: wanted) {
            try observer.checkpoint()
            guard let sequence = possible(sequence), let found = choice(sequence, gains),
                found.gain > best?.gain ?? -Double.infinity
            else { continue }
            best = found
        }
        guard let best else {
            throw PlanError.noPattern(
                wanted: wanted, possible: try (1..<kinds.count).filter(canLeave))
        }
        return best.kept
    }

    private func canLeave(_ count: Int) throws -> Bool {
        try patterns.sequences(count: count).contains { sequence in
            try observer.checkpoint()
            return possible(sequence) != nil
        }
    }

    /// A sequence in numbers; nil where no layers of the model, in their order, are of these kinds,
    /// or a kind that has to stay is not among them.
    private func possible(_ sequence: [String]) -> [Int]? {
        let sequence = sequence.map { numbers[$0] ?? -1 }
        var found = 0
        for kind in kinds where found < sequence.count && sequence[found] == kind { found += 1 }
        guard found == sequence.count else { return nil }
        return keepsKinds && Set(sequence).count < numbers.count ? nil : sequence
    }

    /// Dynamic programming over (kept so far, layers seen): the value at kept, seen is the greatest
    /// gain of the layers removed among those seen, minus infinity where there is no way to it.
    private func choice(
        _ sequence: [Int], _ gains: [Double]
    ) -> (kept: [Int], gain: Double)? {
        let (count, total) = (sequence.count, kinds.count)
        var values = [Double](repeating: -.infinity, count: (count + 1) * (total + 1))
        func place(_ kept: Int, _ seen: Int) -> Int { kept * (total + 1) + seen }
        values[place(0, 0)] = 0
        for seen in 0..<total {
            // Who kept fewer cannot keep `count` any more.
            for kept in max(0, count - (total - seen))...min(seen, count) {
                let now = values[place(kept, seen)]
                guard now > -.infinity else { continue }
                let removing = place(kept, seen + 1)
                values[removing] = max(values[removing], now + gains[seen])
                if kept < count, sequence[kept] == kinds[seen] {
                    let keeping = place(kept + 1, seen + 1)
                    values[keeping] = max(values[keeping], now)
                }
            }
        }
        let gain = values[place(count, total)]
        guard gain > -.infinity else { return nil }
        var layers: [Int] = []
        var kept = count
        for seen in stride(from: total, to: 0, by: -1) {
            // Reached by keeping the layer: the value is that of one kept layer less.
            if kept > 0, sequence[kept - 1] == kinds[seen - 1],
                values[place(kept - 1, seen - 1)] == values[place(kept, seen)]
            {
                kept -= 1
                layers.append(seen - 1)
            }
        }
        return kept == 0 ? (layers.reversed(), gain) : nil
    }
}

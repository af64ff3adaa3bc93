// Which layers stay where their kinds have to follow a pattern: the choice that gives up the least,
// found exactly.

import Model

/// Choices of layers whose kinds are a given sequence.
enum PatternedChoice {
    /// Drops the layers whose scores have the greatest sum.
    /// - Throws: `PlanError.noPattern` with the numbers of layers that can be left.
    static func plan(
        dropping removed: Int, by scores: [Double], kinds: [String], patterns: some LayerPatterns
    ) throws(PlanError) -> FoldPlan {
        func kept(_ count: Int) -> [Int]? { best(patterns.sequences(count: count), kinds, scores) }
        let wanted = kinds.count - removed
        guard let layers = kept(wanted) else {
            throw .noPattern(
                wanted: wanted, possible: (1..<kinds.count).filter { kept($0) != nil })
        }
        return .keeping(layers, of: kinds.count)
    }

    /// Ascending layers whose kinds are one of `sequences` and whose removal gains the most.
    static func best(
        _ sequences: [[String]], _ kinds: [String], _ gains: [Double]
    ) -> [Int]? {
        var best: (kept: [Int], gain: Double)?
        for sequence in sequences {
            guard let found = choice(sequence, kinds, gains),
                found.gain > best?.gain ?? -Double.infinity
            else { continue }
            best = found
        }
        return best?.kept
    }

    /// Dynamic programming over (kept so far, layers seen): `value[j][i]` is the greatest gain of
    /// the layers removed among the first i when j are kept.
    private static func choice(
        _ sequence: [String], _ kinds: [String], _ gains: [Double]
    ) -> (kept: [Int], gain: Double)? {
        let (count, total) = (sequence.count, kinds.count)
        var value = [[Double?]](
            repeating: [Double?](repeating: nil, count: total + 1), count: count + 1)
        value[0][0] = 0
        for seen in 0..<total {
            for kept in 0...min(seen, count) {
                guard let now = value[kept][seen] else { continue }
                let removed = now + gains[seen]
                if removed > value[kept][seen + 1] ?? -Double.infinity {
                    value[kept][seen + 1] = removed
                }
                if kept < count, sequence[kept] == kinds[seen],
                    now > value[kept + 1][seen + 1] ?? -Double.infinity
                {
                    value[kept + 1][seen + 1] = now
                }
            }
        }
        guard let gain = value[count][total] else { return nil }
        var layers: [Int] = []
        var kept = count
        for seen in stride(from: total, to: 0, by: -1) {
            // Reached by keeping the layer: the value is that of one kept layer less.
            if kept > 0, sequence[kept - 1] == kinds[seen - 1],
                value[kept - 1][seen - 1] == value[kept][seen]
            {
                kept -= 1
                layers.append(seen - 1)
            }
        }
        return kept == 0 ? (layers.reversed(), gain) : nil
    }
}

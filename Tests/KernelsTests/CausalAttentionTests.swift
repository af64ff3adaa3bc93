// Causal attention over packed sequences against its definition in double.

import Foundation
import TensorMath
import Testing

/// Shares err by 1e-6 (the kernels' exp), values are in [-1, 1].
private let attentionTolerance = 1e-5

@Suite struct CausalAttentionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var heads = 4
        var keyValueHeads = 4
        var width = 8
        /// Of values; nil: as of keys.
        var valueWidth: Int?
        var lengths = [1, 5, 97, 64, 65]
        var window: Int?
        var softCap: Float?
        var scale: Float = 0.35

        var testDescription: String {
            "\(heads)/\(keyValueHeads) heads of \(width) and \(values), lengths \(lengths), window "
                + "\(window.map(String.init) ?? "none"), cap \(softCap.map { "\($0)" } ?? "none")"
        }

        var values: Int { valueWidth ?? width }

        static let all = [
            Case(), Case(lengths: [1]), Case(lengths: [130]), Case(keyValueHeads: 2),
            Case(heads: 6, keyValueHeads: 1, width: 5), Case(heads: 3, keyValueHeads: 3, width: 1),
            Case(window: 1), Case(window: 7), Case(window: 64), Case(window: 1000),
            Case(softCap: 2), Case(keyValueHeads: 2, window: 33, softCap: 0.7),
            Case(lengths: [200, 1], window: 3), Case(scale: 40), Case(valueWidth: 5),
            Case(keyValueHeads: 2, width: 3, valueWidth: 11, window: 33),
        ]
    }

    static func expected(
        _ test: Case, _ q: MatrixView, _ k: MatrixView, _ v: MatrixView, _ ranges: [Range<Int>]
    ) -> [[Double]] {
        var output = [[Double]](
            repeating: [Double](repeating: 0, count: test.heads * test.values), count: q.rows)
        for range in ranges {
            for query in range {
                for head in 0..<test.heads {
                    let group = head / (test.heads / test.keyValueHeads)
                    let first = max(range.lowerBound, query - (test.window ?? 1 << 30) + 1)
                    let scores = (first...query).map { key in
                        var score = 0.0
                        for d in 0..<test.width {
                            score +=
                                Double(q[query, head * test.width + d])
                                * Double(k[key, group * test.width + d])
                        }
                        score *= Double(test.scale)
                        return test.softCap.map { Double($0) * tanh(score / Double($0)) } ?? score
                    }
                    let top = scores.max() ?? 0
                    let shares = scores.map { exp($0 - top) }
                    let sum = shares.reduce(0, +)
                    for (key, share) in zip(first...query, shares) {
                        for d in 0..<test.values {
                            output[query][head * test.values + d] +=
                                share / sum * Double(v[key, group * test.values + d])
                        }
                    }
                }
            }
        }
        return output
    }

    static func run(_ test: Case, seed: UInt64 = 1) -> (MatrixView, [[Double]]) {
        var generator = SeededGenerator(seed: seed)
        var ranges: [Range<Int>] = []
        for length in test.lengths {
            let start = ranges.last?.upperBound ?? 0
            ranges.append(start..<start + length)
        }
        let tokens = test.lengths.reduce(0, +)
        func random(_ columns: Int) -> MatrixView {
            MatrixView.strided(
                rows: tokens, columns: columns, values: generator.floats(tokens * columns),
                outside: .nan
            ).view
        }
        let (q, k, v) = (
            random(test.heads * test.width), random(test.keyValueHeads * test.width),
            random(test.keyValueHeads * test.values)
        )
        let output = MatrixView.strided(
            rows: tokens, columns: test.heads * test.values, outside: 55)
        CausalAttention(
            heads: test.heads, keyValueHeads: test.keyValueHeads, headWidth: test.width,
            valueWidth: test.valueWidth, scale: test.scale, window: test.window,
            softCap: test.softCap
        ).run(queries: q, keys: k, values: v, sequences: ranges, into: output.view)
        #expect(output.whole.isUntouched(outside: 55))
        return (output.view, expected(test, q, k, v, ranges))
    }

    @Test("the output is the softmax-weighted sum of visible values", arguments: Case.all)
    func agrees(_ test: Case) {
        let (found, expected) = Self.run(test)
        var largest = 0.0
        for row in expected.indices {
            for column in expected[row].indices {
                largest = max(largest, abs(Double(found[row, column]) - expected[row][column]))
            }
        }
        // Scores of size `scale` err by some 1e-7 of it, and the shares with them.
        #expect(largest <= attentionTolerance * max(1, Double(test.scale)))
        #expect(found.values().allSatisfy { $0.isFinite })
    }

    @Test("two runs give the same bits")
    func deterministic() {
        let test = Case(keyValueHeads: 2, lengths: [97, 300, 5], window: 50)
        let first = Self.run(test).0.values().map(\.bitPattern)
        for _ in 0..<3 { #expect(Self.run(test).0.values().map(\.bitPattern) == first) }
    }
}

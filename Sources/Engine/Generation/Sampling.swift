// Which token comes next: the likeliest, or one drawn from those that hold most of the probability.

import TensorMath

/// How tokens are chosen.
package enum Sampling: Sendable, Equatable {
    /// The likeliest; of equal ones the first.
    case greedy
    /// Logits are divided by `temperature`; then the likeliest tokens that together hold at least
    /// `topP` of the probability stay (Holtzman et al. 2020, "nucleus sampling").
    case nucleus(temperature: Double, topP: Double, seed: UInt64)

    /// The draws of one sequence: not those of others that are decoded beside it.
    func generator(of sequence: Int) -> SeededGenerator {
        guard case .nucleus(_, _, let seed) = self else { return SeededGenerator(seed: 0) }
        var mixer = SeededGenerator(seed: seed)
        return SeededGenerator(seed: mixer.next() ^ (UInt64(sequence) &* 0x9E37_79B9_7F4A_7C15))
    }

    /// A token for each row.
    ///
    /// - Parameters:
    ///   - logits: [rows, vocabulary]; overwritten.
    ///   - draws: uniform in [0, 1), one for each row.
    func choose(_ logits: MatrixView, draws: [Double]) -> [Int32] {
        switch self {
        case .greedy:
            Parallel.map(logits.rows) { row in
                logits.rows(row..<row + 1).withContiguousValues { Self.likeliest($0) }
            }
        case .nucleus(let temperature, let topP, _):
            Parallel.map(logits.rows) { row in
                let line = logits.rows(row..<row + 1)
                RowKernels.scale(line, by: Float(1 / temperature))
                RowKernels.softmax(line)
                return line.withContiguousValues { Self.draw(draws[row], from: $0, topP: topP) }
            }
        }
    }

    static func likeliest(_ logits: Span<Float>) -> Int32 {
        var best = 0
        for index in logits.indices where logits[index] > logits[best] { best = index }
        return Int32(best)
    }

    /// - Parameters:
    ///   - draw: uniform in [0, 1).
    ///   - probabilities: [vocabulary], their sum 1.
    static func draw(_ draw: Double, from probabilities: Span<Float>, topP: Double) -> Int32 {
        let kept = nucleus(probabilities, topP: topP)
        var left = draw * kept.reduce(0) { $0 + Double(probabilities[$1]) }
        for index in kept {
            left -= Double(probabilities[index])
            if left < 0 { return Int32(index) }
        }
        return Int32(kept.last ?? 0)
    }

    /// The likeliest tokens, in order: a token stays where those before it hold less than `topP`.
    static func nucleus(_ probabilities: Span<Float>, topP: Double) -> [Int] {
        var highest: Float = 0
        for index in probabilities.indices { highest = max(highest, probabilities[index]) }
        // Few tokens matter: the others are sorted only where these do not suffice.
        for share in [Float(1e-3), 1e-5, 0] {
            var candidates: [(index: Int, probability: Float)] = []
            for index in probabilities.indices where probabilities[index] >= share * highest {
                candidates.append((index, probabilities[index]))
            }
            candidates.sort { ($0.probability, $1.index) > ($1.probability, $0.index) }
            var mass = 0.0
            var count = 0
            while count < candidates.count, mass < topP {
                mass += Double(candidates[count].probability)
                count += 1
            }
            if mass >= topP || share == 0 { return candidates.prefix(count).map(\.index) }
        }
        return []
    }
}

// Factors that move difficulty between activations and weights: an input is divided by s and its
// column of the weight multiplied with it, which changes nothing until weights or activations are
// rounded.

import Foundation

/// Formulas of scales, one for each input; pure.
enum InputScales {
    // MARK: AWQ (Lin et al. 2024, arXiv 2306.00978)

    /// A point of the grid that is searched, as llm-compressor has it.
    struct Candidate: Equatable {
        /// Exponent of the activations.
        let ratio: Double
        /// Whether large weights lower a scale.
        let usesWeights: Bool
    }

    /// The scales of no scaling, then nineteen by activations and weights.
    static let candidates =
        [Candidate(ratio: 0, usesWeights: false)]
        + (0...18).map { Candidate(ratio: Double($0) / 18, usesWeights: true) }

    /// s = x^r / (w^(1 - r) + 1e-4), or x^r without weights; at least 1e-4; divided by
    /// sqrt(max s min s); what is not finite becomes 1.
    ///
    /// - Parameters:
    ///   - activations: x, the mean magnitude of each input.
    ///   - weights: w, the mean of |W| as shares of the largest of their groups, over all outputs.
    static func activationAware(
        _ candidate: Candidate, activations: [Double], weights: [Double]
    ) -> [Float] {
        precondition(activations.count == weights.count, "a weight for each input")
        let raw = zip(activations, weights).map { activation, weight in
            let grown = pow(activation, candidate.ratio)
            let scale =
                candidate.usesWeights
                ? grown / (pow(weight, 1 - candidate.ratio) + 1e-4) : grown
            return max(scale, 1e-4)
        }
        let middle = ((raw.max() ?? 1) * (raw.min() ?? 1)).squareRoot()
        return raw.map { scale in
            let found = Float(scale / middle)
            return found.isFinite && found > 0 ? found : 1
        }
    }

    // MARK: SmoothQuant (Xiao et al. 2023, arXiv 2211.10438)

    /// s = x^a / w^(1 - a), at least 1e-5; 1 where an input is always zero.
    ///
    /// - Parameters:
    ///   - activations: x, the largest magnitude of each input.
    ///   - weights: w, the largest of its column in all weights that read it.
    ///   - strength: a, between 0 (all difficulty stays) and 1 (all of it moves to the weights).
    static func smoothing(
        activations: [Float], weights: [Float], strength: Double
    ) -> [Float] {
        precondition(activations.count == weights.count, "a weight for each input")
        return zip(activations, weights).map { activation, weight in
            guard activation > 0 else { return 1 }
            let scale =
                pow(Double(activation), strength)
                / pow(max(Double(weight), 1e-5), 1 - strength)
            return Float(max(scale, 1e-5))
        }
    }
}

// The scaling of rotary positions that Llama 3 has, found again from the factors that a GGUF file
// holds in its place. Formula: transformers modeling_rope_utils.py
// (_compute_llama3_parameters); llama.cpp, conversion/llama.py, divides by what it gives.

import Foundation
import JSON

struct Llama3Scaling {
    private let factor: Double
    private let original: Int
    /// All published models have these.
    private static let (low, high) = (1.0, 4.0)

    /// nil where no length gives these factors.
    ///
    /// - Parameter factors: [headWidth / 2], of the wavelengths.
    init?(factors: [Float], base: Double, headWidth: Int) {
        guard factors.count == headWidth / 2, let factor = factors.max(), factor.isFinite,
            factors.allSatisfy({ $0 > 0 })
        else { return nil }
        let lengths = [8192] + (4...20).map { 1 << $0 }
        for length in lengths {
            let scaling = Llama3Scaling(factor: Double(factor), original: length)
            let expected = (0..<factors.count).map {
                scaling.factor(
                    wavelength: 2 * .pi * pow(base, 2 * Double($0) / Double(headWidth)))
            }
            let isSame = zip(factors, expected).allSatisfy { found, wanted in
                abs(Double(found) / wanted - 1) < 1e-5
            }
            if isSame {
                self = scaling
                return
            }
        }
        return nil
    }

    private init(factor: Double, original: Int) {
        self.factor = factor
        self.original = original
    }

    private func factor(wavelength: Double) -> Double {
        let length = Double(original)
        if wavelength < length / Self.high { return 1 }
        if wavelength > length / Self.low { return factor }
        let smooth = (length / wavelength - Self.low) / (Self.high - Self.low)
        return 1 / ((1 - smooth) / factor + smooth)
    }

    var json: [(String, JSONValue)] {
        [
            ("rope_type", "llama3"), ("factor", .real(factor)),
            ("low_freq_factor", .real(Self.low)), ("high_freq_factor", .real(Self.high)),
            ("original_max_position_embeddings", .integer(original)),
        ]
    }
}

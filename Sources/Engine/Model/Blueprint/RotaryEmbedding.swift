// Rotary position embedding: inverse frequencies per scaling rule and the cosine/sine tables.
// Rules after transformers' modeling_rope_utils (default, linear, dynamic, llama3, yarn, longrope).

import Foundation
package import TensorMath

/// Rotation of the first `width` features of a head.
package struct RotaryBlueprint: Sendable, Equatable {
    /// Rotated features of a head (even).
    package var width: Int
    package var base: Double
    package var scaling: RotaryScaling
    package var pairing = RotaryPairing.halves

    init(width: Int, base: Double, scaling: RotaryScaling) {
        self.width = width
        self.base = base
        self.scaling = scaling
    }
}

/// Which features are rotated together.
package enum RotaryPairing: Sendable, Equatable {
    /// Feature i and feature i + width / 2.
    case halves
    /// Features 2i and 2i + 1.
    case neighbours
}

/// How `base` becomes inverse frequencies [width / 2]: rules of modeling_rope_utils.py.
package enum RotaryScaling: Sendable, Equatable {
    case none
    case linear(factor: Double)
    /// Base grows once a sequence is longer than the model's context.
    case dynamic(factor: Double, contextLength: Int)
    case llama3(factor: Double, low: Double, high: Double, originalLength: Double)
    case yarn(
        factor: Double, originalLength: Double, betaFast: Double, betaSlow: Double,
        attentionFactor: Double, truncate: Bool)
    case longrope(
        short: [Double], long: [Double], originalLength: Int, attentionFactor: Double)
}

extension RotaryBlueprint {
    /// Inverse frequencies [width / 2] for sequences up to `length` tokens, in double.
    package func inverseFrequencies(length: Int) -> [Double] {
        let half = width / 2
        func plain(_ base: Double) -> [Double] {
            (0..<half).map { 1 / pow(base, Double(2 * $0) / Double(width)) }
        }
        switch scaling {
        case .none:
            return plain(base)
        case .linear(let factor):
            return plain(base).map { $0 / factor }
        case .dynamic(let factor, let contextLength):
            guard length > contextLength else { return plain(base) }
            let stretch = factor * Double(length) / Double(contextLength) - (factor - 1)
            return plain(base * pow(stretch, Double(width) / Double(width - 2)))
        case .llama3(let factor, let low, let high, let originalLength):
            return plain(base).map { frequency in
                let wavelength = 2 * Double.pi / frequency
                if wavelength > originalLength / low { return frequency / factor }
                if wavelength < originalLength / high { return frequency }
                let smooth = (originalLength / wavelength - low) / (high - low)
                return (1 - smooth) * frequency / factor + smooth * frequency
            }
        case .yarn(let factor, let originalLength, let betaFast, let betaSlow, _, let truncate):
            return yarn(plain(base), factor, originalLength, betaFast, betaSlow, truncate)
        case .longrope(let short, let long, let originalLength, _):
            let factors = length > originalLength ? long : short
            return zip(plain(base), factors).map { $0 / $1 }
        }
    }

    /// Tokens up to which the short factors of longrope rotate; nil for other scalings.
    var shortLengthMax: Int? {
        if case .longrope(_, _, let originalLength, _) = scaling { originalLength } else { nil }
    }

    /// Factor on cosine and sine.
    var attentionFactor: Double {
        switch scaling {
        case .yarn(_, _, _, _, let factor, _), .longrope(_, _, _, let factor): factor
        default: 1
        }
    }

    private func yarn(
        _ plain: [Double], _ factor: Double, _ originalLength: Double, _ betaFast: Double,
        _ betaSlow: Double, _ truncate: Bool
    ) -> [Double] {
        func dimension(rotations: Double) -> Double {
            Double(width) * log(originalLength / (rotations * 2 * Double.pi)) / (2 * log(base))
        }
        var low = dimension(rotations: betaFast)
        var high = dimension(rotations: betaSlow)
        if truncate {
            low = low.rounded(.down)
            high = high.rounded(.up)
        }
        low = max(low, 0)
        high = min(high, Double(width - 1))
        if low == high { high += 0.001 }
        return plain.enumerated().map { index, frequency in
            let ramp = min(1, max(0, (Double(index) - low) / (high - low)))
            return frequency / factor * ramp + frequency * (1 - ramp)
        }
    }

    /// Cosine and sine [positions, width / 2], computed in float as transformers does.
    package func tables(
        frequencies: [Double], positions: Range<Int>
    ) -> (cosine: MatrixView, sine: MatrixView) {
        let frequencies = frequencies.map(Float.init)
        let cosine = MatrixView(rows: positions.count, columns: frequencies.count)
        let sine = MatrixView(rows: positions.count, columns: frequencies.count)
        let factor = Float(attentionFactor)
        for (row, position) in positions.enumerated() {
            for (index, frequency) in frequencies.enumerated() {
                let angle = Float(position) * frequency
                cosine[row, index] = cos(angle) * factor
                sine[row, index] = sin(angle) * factor
            }
        }
        return (cosine, sine)
    }
}

// In which numbers the weights of a quantised model are written, and what its activations are
// rounded to. Symmetric throughout: a code times its scale is the weight.

package import TensorMath

/// How the numbers of a weight are written.
package struct WeightScheme: Hashable, Sendable {
    package enum Kind: String, Sendable { case int, float }

    /// float: FP8 E4M3.
    package let kind: Kind
    /// Of a code: 2 to 8 of an integer, 8 of a float.
    package let bits: Int
    /// Columns that share a scale; nil: a whole row (channel).
    package let group: Int?

    package init(kind: Kind, bits: Int, group: Int?) {
        precondition(
            kind == .int && (2...8).contains(bits) || kind == .float && bits == 8,
            "a code is a whole number of 2 to 8 bits, or E4M3")
        precondition(group.map { $0 > 0 } ?? true, "a group has columns")
        self.kind = kind
        self.bits = bits
        self.group = group
    }

    /// Scales of a row.
    package func groupCount(columns: Int) -> Int {
        guard let group else { return 1 }
        precondition(columns % group == 0, "groups fill the row")
        return columns / group
    }

    /// Columns that share a scale in a row of so many.
    package func groupWidth(columns: Int) -> Int { group ?? columns }

    /// The least and the greatest value a code may stand for, before its scale.
    package var range: ClosedRange<Float> {
        switch kind {
        case .int: -Float(1 << (bits - 1))...Float(1 << (bits - 1) - 1)
        case .float: -E4M3.largest...E4M3.largest
        }
    }

    /// What the largest magnitude of a group is divided by to give its scale: half the range, as
    /// compressed-tensors has it (7.5 for 4 bits, 127.5 for 8, 448 for E4M3).
    package var reach: Float { (range.upperBound - range.lowerBound) / 2 }

    /// The scale of a group, rounded to the format it is stored in; where that is 0, as of a group
    /// of zeros, the smallest step of that format, so that nothing is divided by zero.
    ///
    /// - Parameter largest: the largest magnitude in the group, finite.
    package func scale(largest: Float, in format: FloatFormat) -> Float {
        let scale = Conversion.rounded(largest / reach, to: format)
        return scale == 0 ? format.step : scale
    }

    /// The code nearest to a value, ties to even, within the range; the value must be a number.
    package func code(_ value: Float, scale: Float) -> Int8 {
        let bounded = min(max(value / scale, range.lowerBound), range.upperBound)
        return switch kind {
        case .int: Int8(truncatingIfNeeded: Int32(NearestInteger.of(bounded)))
        case .float: Int8(bitPattern: E4M3.code(bounded))
        }
    }

    /// What a code stands for, before its scale.
    package func value(_ code: Int8) -> Float {
        switch kind {
        case .int: Float(code)
        case .float: E4M3.value(UInt8(bitPattern: code))
        }
    }
}

/// What a loader rounds activations to, token by token, with a scale found from the token.
package enum ActivationScheme: String, Sendable {
    case none, int8Token, fp8Token
}

/// Of a whole model.
package struct QuantizationScheme: Hashable, Sendable {
    package let weights: WeightScheme
    package let activations: ActivationScheme

    package init(weights: WeightScheme, activations: ActivationScheme) {
        self.weights = weights
        self.activations = activations
    }

    /// Bits of weights and activations as people write them: `W4A16`, `W8A8`, `FP8`.
    package var name: String {
        if weights.kind == .float { return "FP8" }
        return "W\(weights.bits)A\(activations == .none ? 16 : 8)"
    }

    /// Which weights share a scale, in words.
    package var grain: String { weights.group.map { "groups of \($0)" } ?? "channels" }
}

extension QuantizationScheme: CustomStringConvertible {
    package var description: String { "\(name), \(grain)" }
}

extension FloatFormat {
    /// The distance from 1 to the next number.
    var step: Float {
        switch self {
        case .f32: .ulpOfOne
        case .f16: 0x1p-10
        case .bf16: 0x1p-7
        }
    }
}

/// Rounding half to even of numbers below 2^22, in two additions that the compiler takes several
/// of at once.
enum NearestInteger {
    static func of(_ value: Float) -> Float { (value + 12_582_912) - 12_582_912 }
}

// FP8 E4M3 as checkpoints store it (E4M3FN: no infinities, 0x7F and 0xFF are NaN).

/// Eight bits: sign, four of exponent (bias 7), three of mantissa.
package enum E4M3 {
    /// The largest finite value.
    package static let largest: Float = 448

    /// The nearest code, ties to even; what lies beyond the largest value becomes that.
    package static func code(_ value: Float) -> UInt8 {
        guard !value.isNaN else { return 0x7F }
        let sign: UInt8 = value.sign == .minus ? 0x80 : 0
        let magnitude = min(value.magnitude, largest)
        // Below 2^-6 codes are multiples of 2^-9; eight of them make the first normal number.
        if magnitude < 0x1p-6 { return sign | UInt8(NearestInteger.of(magnitude * 512)) }
        let bits = magnitude.bitPattern
        let rounded = bits + 0x7_FFFF + (bits >> 20 & 1)
        return sign | UInt8(truncatingIfNeeded: (rounded >> 20) - (120 << 3))
    }

    package static func value(_ code: UInt8) -> Float { values[Int(code)] }

    /// The value as it reads back after being stored.
    static func rounded(_ value: Float) -> Float {
        let magnitude = min(value.magnitude, largest)
        // Either is right in its half of the numbers; no branch, so that many go at once.
        let bits = magnitude.bitPattern
        let normal = Float(bitPattern: (bits + 0x7_FFFF + (bits >> 20 & 1)) & ~0xF_FFFF)
        let small = NearestInteger.of(magnitude * 512) / 512
        let rounded = magnitude < 0x1p-6 ? small : normal
        return Float(bitPattern: rounded.bitPattern | value.bitPattern & 0x8000_0000)
    }

    private static let values: [Float] = (0..<256).map { code in
        let (exponent, mantissa) = (code >> 3 & 15, code & 7)
        if code & 0x7F == 0x7F { return .nan }
        let magnitude =
            exponent == 0
            ? Float(mantissa) / 512
            : Float(sign: .plus, exponent: exponent - 7, significand: 1 + Float(mantissa) / 8)
        return code < 128 ? magnitude : -magnitude
    }
}

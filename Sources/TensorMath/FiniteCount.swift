// Which floats are numbers: what a narrower format cannot hold, and what is none already.

/// How far floats reach, and how many of them are no numbers.
package struct FiniteCount: Sendable, Equatable {
    /// The largest magnitude of the finite ones; 0 where there are none.
    package private(set) var largest: Float = 0
    /// NaN and infinities.
    package private(set) var others = 0

    package init() {}

    package mutating func add(_ values: Span<Float>) {
        // Magnitudes are ordered as their bits are, and of integers the compiler takes several
        // at once.
        let infinity = Int32(bitPattern: Float.infinity.bitPattern)
        var top = Int32(bitPattern: largest.bitPattern)
        var count: Int32 = 0
        unsafe values.withUnsafeBufferPointer { values in
            for index in 0..<values.count {
                let bits = unsafe values[index].bitPattern
                let magnitude = Int32(truncatingIfNeeded: bits & 0x7FFF_FFFF)
                let isFinite = magnitude < infinity
                top = max(top, isFinite ? magnitude : 0)
                count &+= isFinite ? 0 : 1
            }
        }
        largest = Float(bitPattern: UInt32(bitPattern: top))
        others += Int(count)
    }

    /// How many stored floats are NaN or infinite: their exponents have all bits.
    package static func others(of bytes: RawSpan, in format: FloatFormat) -> Int {
        unsafe bytes.withUnsafeBytes { bytes in
            switch format {
            case .f32: unsafe count(bytes, UInt32.self, exponent: 0x7F80_0000)
            case .f16: unsafe count(bytes, UInt16.self, exponent: 0x7C00)
            case .bf16: unsafe count(bytes, UInt16.self, exponent: 0x7F80)
            }
        }
    }

    private static func count<Word: FixedWidthInteger>(
        _ bytes: UnsafeRawBufferPointer, _ word: Word.Type, exponent: Word
    ) -> Int {
        var count = 0
        for offset in stride(from: 0, to: bytes.count, by: MemoryLayout<Word>.size) {
            let word = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: Word.self)
            count += word & exponent == exponent ? 1 : 0
        }
        return count
    }
}

extension FloatFormat {
    /// The largest finite value.
    package var largest: Float {
        switch self {
        case .f32: .greatestFiniteMagnitude
        case .f16: 65_504
        case .bf16: 0x1.FEp127
        }
    }

    /// Whether rounding makes an infinity of a finite magnitude: half a step above the largest
    /// and beyond.
    package func overflows(_ magnitude: Float) -> Bool {
        switch self {
        case .f32: false
        case .f16: magnitude >= 65_520
        case .bf16: magnitude >= 0x1.FFp127
        }
    }
}

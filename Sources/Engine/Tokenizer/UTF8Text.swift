// Reading and writing Unicode scalar values in arrays of UTF-8 bytes.
//
// The tokenizer works on bytes and never compares Swift strings: those are equal when they are
// canonically equivalent, and a vocabulary holds both spellings of «é» as different tokens.

enum UTF8Text {
    /// The scalar value at `index` of valid UTF-8, and how many bytes it takes.
    @inline(__always)
    static func scalar(in bytes: [UInt8], at index: Int) -> (value: UInt32, length: Int) {
        let first = UInt32(bytes[index])
        if first < 0x80 { return (first, 1) }
        if first < 0xE0 {
            return ((first & 0x1F) << 6 | continuation(bytes, index + 1), 2)
        }
        if first < 0xF0 {
            let middle = continuation(bytes, index + 1) << 6
            return ((first & 0x0F) << 12 | middle | continuation(bytes, index + 2), 3)
        }
        let middle = continuation(bytes, index + 1) << 12 | continuation(bytes, index + 2) << 6
        return ((first & 0x07) << 18 | middle | continuation(bytes, index + 3), 4)
    }

    /// How many bytes the scalar value takes that starts with `byte`, in valid UTF-8.
    @inline(__always)
    static func length(startingWith byte: UInt8) -> Int {
        byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
    }

    /// Where the scalar value before `index` starts. `index` must be above 0.
    static func start(before index: Int, in bytes: [UInt8]) -> Int {
        var start = index - 1
        while bytes[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }

    static func append(_ value: UInt32, to bytes: inout [UInt8]) {
        if value < 0x80 {
            bytes.append(UInt8(value))
        } else if value < 0x800 {
            bytes.append(UInt8(0xC0 | value >> 6))
            bytes.append(UInt8(0x80 | value & 0x3F))
        } else if value < 0x10000 {
            bytes.append(UInt8(0xE0 | value >> 12))
            bytes.append(UInt8(0x80 | value >> 6 & 0x3F))
            bytes.append(UInt8(0x80 | value & 0x3F))
        } else {
            bytes.append(UInt8(0xF0 | value >> 18))
            bytes.append(UInt8(0x80 | value >> 12 & 0x3F))
            bytes.append(UInt8(0x80 | value >> 6 & 0x3F))
            bytes.append(UInt8(0x80 | value & 0x3F))
        }
    }

    static func scalars(_ bytes: [UInt8]) -> [UInt32] {
        var values: [UInt32] = []
        var index = 0
        while index < bytes.count {
            let (value, length) = scalar(in: bytes, at: index)
            values.append(value)
            index += length
        }
        return values
    }

    /// The offset of the first byte that is not part of valid UTF-8; nil if all is valid.
    ///
    /// Source: The Unicode Standard, table 3-7 (well-formed byte sequences).
    static func firstInvalidOffset(in bytes: [UInt8]) -> Int? {
        var index = 0
        while index < bytes.count {
            let first = bytes[index]
            if first < 0x80 {
                index += 1
                continue
            }
            let second: ClosedRange<UInt8>
            let length: Int
            switch first {
            case 0xC2...0xDF: (second, length) = (0x80...0xBF, 2)
            case 0xE0: (second, length) = (0xA0...0xBF, 3)
            case 0xED: (second, length) = (0x80...0x9F, 3)
            case 0xE1...0xEF: (second, length) = (0x80...0xBF, 3)
            case 0xF0: (second, length) = (0x90...0xBF, 4)
            case 0xF1...0xF3: (second, length) = (0x80...0xBF, 4)
            case 0xF4: (second, length) = (0x80...0x8F, 4)
            default: return index
            }
            guard index + length <= bytes.count, second.contains(bytes[index + 1]),
                bytes[index + 2..<index + length].allSatisfy({ $0 & 0xC0 == 0x80 })
            else { return index }
            index += length
        }
        return nil
    }

    @inline(__always)
    private static func continuation(_ bytes: [UInt8], _ index: Int) -> UInt32 {
        UInt32(bytes[index] & 0x3F)
    }
}

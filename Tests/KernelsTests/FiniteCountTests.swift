// Which numbers a narrower format cannot hold, bit by bit.

import TensorMath
import Testing

@Suite struct FiniteCountTests {
    @Test(
        "the first magnitude that overflows is the first that rounding makes an infinity",
        arguments: FloatFormat.allCases)
    func border(format: FloatFormat) {
        #expect(Conversion.rounded(format.largest, to: format) == format.largest)
        #expect(!format.overflows(format.largest))
        // Every float from the largest of the format on, up to the first that overflows.
        var value = format.largest
        var steps = 0
        while !format.overflows(value), value.isFinite, steps < 1 << 17 {
            #expect(Conversion.rounded(value, to: format).isFinite, "\(value)")
            value = value.nextUp
            steps += 1
        }
        #expect(Conversion.rounded(value, to: format) == .infinity, "\(value)")
        #expect(Conversion.rounded(-value, to: format) == -.infinity, "\(value)")
    }

    @Test("NaN and infinities are counted, and the largest of the rest is found")
    func counts() {
        var count = FiniteCount()
        let values: [Float] = [1, -7, .nan, .infinity, -.infinity, 3]
        count.add(values.span)
        count.add([Float(2)].span)
        #expect(count.largest == 7 && count.others == 3)
        for format in FloatFormat.allCases {
            var bytes = [UInt8](repeating: 0, count: values.count * format.byteWidth)
            var elements = bytes.mutableSpan
            var raw = unsafe elements.mutableBytes
            Conversion.narrow(values.span, to: format, into: &raw)
            #expect(FiniteCount.others(of: unsafe bytes.span.bytes, in: format) == 3)
        }
    }

    @Test(
        "any count of floats gives what one at a time gives", arguments: [1, 3, 4, 31, 257, 4096])
    func lengths(count: Int) {
        var generator = SeededGenerator(seed: UInt64(count))
        var values = (0..<count).map { _ in
            Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()))
        }
        values[count / 2] = .greatestFiniteMagnitude
        var found = FiniteCount()
        found.add(values.span)
        #expect(found.largest == .greatestFiniteMagnitude)
        #expect(found.others == values.count { !$0.isFinite })
        let small = values.map { $0.isFinite ? $0 * 0x1p-20 : $0 }
        var again = FiniteCount()
        again.add(small.span)
        let largest = small.filter(\.isFinite).map(\.magnitude).max()
        #expect(again.largest == largest && again.others == found.others)
        // And as stored: what is none already stays none in every format, at every place.
        for format in FloatFormat.allCases {
            var bytes = [UInt8](repeating: 0, count: count * format.byteWidth)
            var elements = bytes.mutableSpan
            var raw = unsafe elements.mutableBytes
            Conversion.narrow(values.span, to: format, into: &raw)
            let overflowing = values.count { $0.isFinite && format.overflows($0.magnitude) }
            #expect(
                FiniteCount.others(of: unsafe bytes.span.bytes, in: format)
                    == found.others + overflowing)
        }
    }
}

// Memory that shows when a kernel reads or writes outside what it was given.

import TensorMath

/// Floats between margins of NaN, at an address that is aligned as a float and no better.
///
/// A read outside turns results into NaN, a write outside changes a margin.
@safe
final class GuardedFloats {
    let count: Int
    private let base: UnsafeMutablePointer<Float>

    /// Odd, so that no vector of any width is aligned.
    private static let margin = 33

    /// An area to be written, NaN everywhere.
    init(count: Int) {
        self.count = count
        unsafe base = .allocate(capacity: count + 2 * Self.margin)
        unsafe base.initialize(repeating: .nan, count: count + 2 * Self.margin)
    }

    convenience init(_ values: [Float]) {
        self.init(count: values.count)
        for (index, value) in values.enumerated() { unsafe pointer[index] = value }
    }

    deinit { unsafe base.deallocate() }

    var pointer: UnsafeMutablePointer<Float> { unsafe base + Self.margin }

    var values: [Float] { (0..<count).map { unsafe pointer[$0] } }

    /// Whether the margins are as they were.
    var isIntact: Bool {
        (0..<Self.margin).allSatisfy { place in
            unsafe base[place].isNaN && base[Self.margin + count + place].isNaN
        }
    }
}

/// Lengths around the widths of vectors and of the kernels' 16 lanes and 256-element blocks.
let awkwardLengths = [1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 255, 256, 257, 1023]

extension SeededGenerator {
    /// Uniform in [-size, size].
    mutating func floats(_ count: Int, size: Float = 1) -> [Float] {
        (0..<count).map { _ in Float(2 * uniform() - 1) * size }
    }
}

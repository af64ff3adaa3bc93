// Owner of aligned 16-bit elements (bf16 bit patterns): inputs of bf16 products.

/// A fixed number of 16-bit elements, aligned to a cache line.
///
/// Sendable for the same reason as `FloatBuffer`: threads write disjoint ranges.
@safe
final class HalfBuffer: @unchecked Sendable {
    let count: Int
    private let base: UnsafeMutablePointer<UInt16>

    init(count: Int) {
        precondition(count >= 0, "a buffer cannot have a negative size")
        self.count = count
        let bytes = max(64, (count * 2 + 63) & ~63)
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        unsafe base = raw.bindMemory(to: UInt16.self, capacity: max(1, count))
    }

    deinit { unsafe base.deallocate() }

    /// Rounds `values` to bf16 (nearest, ties to even) into the elements from `offset`.
    func assign(_ values: UnsafeBufferPointer<Float>, at offset: Int) {
        precondition(offset + values.count <= count, "values leave the buffer")
        unsafe Conversion.narrow(
            values, to: .bf16,
            into: UnsafeMutableRawBufferPointer(
                start: pointer(at: offset), count: values.count * 2))
    }

    /// Rounds all values of a matrix, row by row without gaps, from the first element on.
    func assign(_ matrix: MatrixView) {
        let columns = matrix.columns
        Parallel.forEachRun(of: matrix.rows, grain: max(1, 16_384 / max(1, columns))) { run in
            for row in run {
                unsafe assign(
                    UnsafeBufferPointer(start: matrix.pointer(row: row), count: columns),
                    at: row * columns)
            }
        }
    }

    func pointer(at offset: Int) -> UnsafeMutablePointer<UInt16> {
        precondition(offset >= 0 && offset <= count, "offset outside the buffer")
        return unsafe base + offset
    }
}

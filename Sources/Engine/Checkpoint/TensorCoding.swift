// Tensors whose values are made of what is stored in their place: readers and writers see floats
// of a type and shape, and ask for rows.

package import DurableIO
import TensorMath

/// Bytes of a file that a tensor is made of.
package struct StoredBytes: Sendable {
    package let file: MappedFile
    package let range: Range<Int>

    package var count: Int { range.count }

    package func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try file.withBytes(range) { (bytes) throws(Failure) in try body(unsafe bytes.bytes) }
    }

    /// Lends some of the bytes, counted from their start.
    func withBytes<Result, Failure: Error>(
        _ part: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(part.lowerBound >= 0 && part.upperBound <= count, "bytes of the tensor")
        let start = range.lowerBound
        return try file.withBytes(start + part.lowerBound..<start + part.upperBound) {
            (bytes) throws(Failure) in
            try body(unsafe bytes.bytes)
        }
    }
}

/// How the values of a tensor are made. What is stored was checked when the checkpoint was opened.
package protocol TensorCoding: Sendable {
    /// As lists of tensors show it.
    var name: String { get }
    /// What is stored, the codes first.
    var parts: [StoredBytes] { get }
    /// Rows that are made together: those asked for begin at a multiple of it, and end at one or
    /// with the tensor.
    var grain: Int { get }
    /// Values of rows of the last dimension, in f32, before they are rounded to the tensor's type.
    func decode(_ rows: Range<Int>, into values: inout MutableSpan<Float>)
}

extension TensorCoding {
    var grain: Int { 1 }
}

extension StoredTensor {
    /// How its values are stored: its type, or the name of the coding.
    package var storedType: String { coding?.name ?? dtype.rawValue }

    /// What is stored of it.
    package var parts: [StoredBytes] {
        coding?.parts ?? [StoredBytes(file: file, range: entry.byteRange)]
    }

    /// Elements of the last dimension; a scalar has one.
    package var lineWidth: Int { shape.last ?? 1 }
    package var lineCount: Int { lineWidth == 0 ? 0 : entry.elementCount / lineWidth }

    /// Values of rows of the outermost dimension, before they are rounded.
    func decode(
        _ rows: Range<Int>, _ coding: any TensorCoding, into values: inout MutableSpan<Float>
    ) {
        guard shape.count > 1 else {
            // The rows of a vector are its numbers, which are one line.
            var whole = [Float](repeating: 0, count: entry.elementCount)
            var span = whole.mutableSpan
            coding.decode(0..<lineCount, into: &span)
            for (index, row) in rows.enumerated() { values[index] = whole[row] }
            return
        }
        let lines = entry.rowCount == 0 ? 0 : lineCount / entry.rowCount
        coding.decode(rows.lowerBound * lines..<rows.upperBound * lines, into: &values)
    }

    /// Calls `body` with the floats of a coded tensor, rounded to its type, piece by piece in
    /// their order; several pieces are made at once.
    func forEachPiece(
        of coding: any TensorCoding, _ body: (Span<Float>) throws -> Void
    ) rethrows {
        guard let format = dtype.floatFormat else { preconditionFailure("codes stand for floats") }
        let (width, count) = (lineWidth, lineCount)
        let step = max(1, Self.pieceLength / max(1, width * coding.grain)) * coding.grain
        let starts = Array(stride(from: 0, to: count, by: step))
        let together = 2 * Parallel.threadCount
        for first in stride(from: 0, to: starts.count, by: together) {
            let batch = starts[first..<min(starts.count, first + together)]
            let pieces = Parallel.map(batch.count) { index in
                let start = batch[first + index]
                let rows = start..<min(count, start + step)
                var values = [Float](repeating: 0, count: rows.count * width)
                var span = values.mutableSpan
                coding.decode(rows, into: &span)
                Conversion.round(&span, to: format)
                return values
            }
            for piece in pieces { try body(piece.span) }
        }
    }

    /// Floats that are made at once by one core (1 MiB).
    private static var pieceLength: Int { 1 << 18 }
}

// Rows of a tensor of a GGUF file as a checkpoint has them: decoded, put back in the order of
// config.json's heads, and with the 1 of Gemma's norms taken off.

import DurableIO
import TensorMath

struct GGUFRows: TensorCoding {
    let tensor: GGUFTensor
    /// Of the stored rows, those that are shown: one expert of many.
    let rows: Range<Int>
    /// Where set, what rotates together lies together in each head of so many rows, pair by pair;
    /// shown is one half of each head behind the other.
    let headWidth: Int?
    /// Added to every number.
    let offset: Float
    /// Numbers of a row: of a vector each number is a row.
    private let width: Int
    private let isVector: Bool

    /// - Parameter rows: nil for all.
    init(_ tensor: GGUFTensor, rows: Range<Int>? = nil, headWidth: Int? = nil, offset: Float = 0) {
        self.tensor = tensor
        isVector = tensor.shape.count == 1 && headWidth != nil
        width = isVector ? 1 : tensor.width
        let count = isVector ? tensor.width : tensor.rowCount
        self.rows = rows ?? 0..<count
        self.headWidth = headWidth
        self.offset = offset
        precondition(headWidth.map { self.rows.count % $0 == 0 } ?? true, "heads are whole")
        precondition(!isVector || tensor.type.blockLength == 1, "a vector holds plain numbers")
    }

    var name: String { tensor.type.name }
    var parts: [StoredBytes] { [StoredBytes(file: tensor.bytes.file, range: range(of: rows))] }
    var grain: Int { isVector ? 1 : headWidth ?? 1 }

    /// Whether the numbers lie in the file as they are shown.
    var isPlain: Bool { tensor.type.blockLength == 1 && headWidth == nil && offset == 0 }

    /// Of stored rows, in the file.
    private func range(of rows: Range<Int>) -> Range<Int> {
        let bytes = width / tensor.type.blockLength * tensor.type.blockByteCount
        let start = tensor.bytes.range.lowerBound
        return start + rows.lowerBound * bytes..<start + rows.upperBound * bytes
    }

    func decode(_ shown: Range<Int>, into values: inout MutableSpan<Float>) {
        let wanted = isVector ? 0..<rows.count : shown
        if let headWidth {
            decode(wanted, headWidth: headWidth, into: &values)
        } else {
            decodeStored(
                rows.lowerBound + wanted.lowerBound..<rows.lowerBound + wanted.upperBound,
                into: &values)
        }
        guard offset != 0 else { return }
        for index in values.indices { values[index] += offset }
    }

    /// Whole heads are decoded, and their rows dealt out.
    private func decode(
        _ wanted: Range<Int>, headWidth: Int, into values: inout MutableSpan<Float>
    ) {
        var head = wanted.lowerBound / headWidth * headWidth
        var stored = [Float](repeating: 0, count: headWidth * width)
        while head < wanted.upperBound {
            var span = stored.mutableSpan
            let first = rows.lowerBound + head
            decodeStored(first..<first + headWidth, into: &span)
            for row in max(head, wanted.lowerBound)..<min(head + headWidth, wanted.upperBound) {
                let (half, place) = (row - head).quotientAndRemainder(
                    dividingBy: headWidth / 2)
                let source = (2 * place + half) * width
                let target = (row - wanted.lowerBound) * width
                for column in 0..<width { values[target + column] = stored[source + column] }
            }
            head += headWidth
        }
    }

    private func decodeStored(_ rows: Range<Int>, into values: inout MutableSpan<Float>) {
        tensor.bytes.file.withBytes(range(of: rows)) { bytes in
            let bytes = unsafe bytes.bytes
            switch tensor.type {
            case .block(let code): code.decode(bytes, into: &values)
            case .float(let dtype):
                guard let format = dtype.floatFormat else {
                    preconditionFailure("floats of GGUF are those that are computed with")
                }
                Conversion.widen(bytes, from: format, into: &values)
            }
        }
    }
}

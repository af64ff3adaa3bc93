// FP8 with a scale for each block of a matrix, as DeepSeek and Qwen publish it: X in E4M3,
// X_scale_inv [rows / block rows, columns / block columns], rounded up. A weight is code times
// scale, rounded once. Reference: transformers integrations/finegrained_fp8.py.

import Schemes
import TensorMath

private struct FP8Blocks: TensorCoding {
    let name: String
    let codes: StoredBytes
    let scales: ScaleRows
    /// Of a matrix; more dimensions are matrices behind one another.
    let rows: Int
    let columns: Int
    let block: QuantizedFormat.Block

    var parts: [StoredBytes] { [codes, scales.bytes] }

    func decode(_ wanted: Range<Int>, into values: inout MutableSpan<Float>) {
        let scaleRows = block.count(rows, block.rows)
        var scaled = (index: -1, scales: [Float]())
        codes.withBytes(wanted.lowerBound * columns..<wanted.upperBound * columns) { codes in
            for row in wanted {
                let index = row / rows * scaleRows + row % rows / block.rows
                if index != scaled.index { scaled = (index, scales.row(index)) }
                let start = (row - wanted.lowerBound) * columns
                let line = start..<start + columns
                CodeDecoding.e4m3(
                    codes.extracting(line), scales: scaled.scales.span, group: block.columns,
                    into: &values, at: line)
            }
        }
    }
}

extension Presentation {
    /// Every tensor of E4M3, in bf16.
    mutating func addBlocks(
        _ weights: CheckpointWeights, _ block: QuantizedFormat.Block
    ) throws(CheckpointError) {
        let cure =
            "`weight_block_size` of config.json is \(block); where it is true, fetch the complete "
            + "checkpoint, else correct it"
        for tensor in weights.tensors where tensor.dtype == .f8E4M3 {
            let scale = tensor.name + "_scale_inv"
            guard tensor.shape.count >= 2 else {
                throw tensor.fault(
                    .part(
                        tensor.name, expected: "a matrix", found: "\(tensor.shape)", cure: cure))
            }
            let (rows, columns) = (tensor.shape[tensor.shape.count - 2], tensor.lineWidth)
            let scales = try weights.part(
                scale, of: tensor, types: ScaleRows.types,
                shape: tensor.shape.dropLast(2) + [
                    block.count(rows, block.rows), block.count(columns, block.columns),
                ], cure: cure)
            add(
                tensor.name, .bf16, tensor.shape,
                FP8Blocks(
                    name: "FP8 \(block)", codes: tensor.parts[0], scales: ScaleRows(scales),
                    rows: rows, columns: columns, block: block),
                hiding: [scale])
        }
    }
}

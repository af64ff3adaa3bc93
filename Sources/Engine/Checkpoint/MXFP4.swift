// Experts in MXFP4, as gpt-oss is published: X_blocks [experts, rows, columns / 32, 16] has two
// codes of E2M1 in a byte, the lower half first, X_scales [experts, rows, columns / 32] an exponent
// (E8M0) for each 32. Shown is X [experts, columns, rows], whose numbers bf16 holds exactly.
// Reference: transformers integrations/mxfp4.py.

import TensorMath

private struct MXFP4: TensorCoding {
    let name = "MXFP4"
    let codes: StoredBytes
    let scales: StoredBytes
    /// As stored: columns of what is shown.
    let rows: Int
    /// Of a stored row, 32 columns each.
    let blocks: Int

    var parts: [StoredBytes] { [codes, scales] }

    /// Four blocks fill a cache line, and are columns of one another's neighbours.
    var grain: Int { blocks % 4 == 0 ? 128 : 32 }

    func decode(_ wanted: Range<Int>, into values: inout MutableSpan<Float>) {
        precondition(
            wanted.lowerBound % 32 == 0 && wanted.upperBound % 32 == 0, "whole blocks")
        var block = wanted.lowerBound / 32
        while block < wanted.upperBound / 32 {
            let expert = block / blocks
            let end = min(wanted.upperBound / 32, (expert + 1) * blocks)
            let size = rows * blocks
            let start = (32 * block - wanted.lowerBound) * rows
            let lines = start..<start + 32 * (end - block) * rows
            codes.withBytes(16 * expert * size..<16 * (expert + 1) * size) { codes in
                scales.withBytes(expert * size..<(expert + 1) * size) { scales in
                    CodeDecoding.mxfp4(
                        codes, scales: scales, rows: rows,
                        blocks: block - expert * blocks..<end - expert * blocks, into: &values,
                        at: lines)
                }
            }
            block = end
        }
    }
}

extension Presentation {
    /// Every pair X_blocks and X_scales as X, in bf16.
    mutating func addExperts(_ weights: CheckpointWeights) throws(CheckpointError) {
        let ending = "_blocks"
        let cure = "fetch the complete checkpoint, with its own config.json"
        for tensor in weights.tensors where tensor.name.hasSuffix(ending) {
            let name = String(tensor.name.dropLast(ending.count))
            let shape = tensor.shape
            guard tensor.dtype == .u8, shape.count == 4, shape[3] == 16, !shape.contains(0) else {
                throw tensor.fault(
                    .part(
                        tensor.name, expected: "U8 [experts, rows, columns / 32, 16]",
                        found: "\(tensor.dtype.rawValue) \(shape)", cure: cure))
            }
            let scales = try weights.part(
                name + "_scales", of: tensor, types: [.u8, .f8E8M0],
                shape: Array(shape[..<3]), cure: cure)
            add(
                name, .bf16, [shape[0], 32 * shape[2], shape[1]],
                MXFP4(
                    codes: tensor.parts[0], scales: scales.parts[0], rows: shape[1],
                    blocks: shape[2]),
                hiding: [tensor.name, scales.name])
        }
    }
}

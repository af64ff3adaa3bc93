// Codes of compressed-tensors as floats: what its own decompression gives, in the type of the
// scales. Layout: docs/QUANTISATION.md.

import JSON
import Schemes
import TensorMath

private struct CompressedCodes: TensorCoding {
    let name: String
    let scheme: WeightScheme
    let isPacked: Bool
    let codes: StoredBytes
    let scales: ScaleRows
    let columns: Int

    var parts: [StoredBytes] { [codes, scales.bytes] }

    private var rowBytes: Int {
        isPacked ? 4 * BitPacking.wordCount(columns: columns, bits: scheme.bits) : columns
    }

    func decode(_ rows: Range<Int>, into values: inout MutableSpan<Float>) {
        let width = scheme.groupWidth(columns: columns)
        codes.withBytes(rows.lowerBound * rowBytes..<rows.upperBound * rowBytes) { codes in
            for (index, row) in rows.enumerated() {
                let scales = scales.row(row)
                let codes = codes.extracting(index * rowBytes..<(index + 1) * rowBytes)
                let line = index * columns..<(index + 1) * columns
                switch (scheme.kind, isPacked) {
                case (.int, true):
                    CodeDecoding.packed(
                        codes, bits: scheme.bits, scales: scales.span, group: width,
                        into: &values, at: line)
                case (.int, false):
                    CodeDecoding.int8(
                        codes, scales: scales.span, group: width, into: &values, at: line)
                case (.float, _):
                    CodeDecoding.e4m3(
                        codes, scales: scales.span, group: width, into: &values, at: line)
                }
            }
        }
    }
}

extension Presentation {
    /// Every weight P.weight that is stored as codes and scales.
    mutating func addCompressedTensors(
        _ weights: CheckpointWeights, _ scheme: QuantizationScheme
    ) throws(CheckpointError) {
        let ending = ".weight_scale"
        let cure = "fetch the complete checkpoint, with its own config.json"
        for scale in weights.tensors where scale.name.hasSuffix(ending) {
            let weight = String(scale.name.dropLast("_scale".count))
            let names = QuantizedNames(weight)
            let codeName = scheme.isPacked ? names.packed : names.codes
            guard let codes = weights.tensor(codeName) else {
                throw scale.fault(
                    .part(
                        codeName, expected: "\(scheme.codeType.rawValue) codes", found: "nothing",
                        cure: cure))
            }
            let sides = try sides(weights, codes, names, scheme, cure)
            guard scheme.weights.group.map({ sides.columns % $0 == 0 }) ?? true else {
                throw codes.fault(
                    .part(
                        codeName, expected: "columns in groups of \(scheme.weights.group ?? 0)",
                        found: "\(sides.columns) columns", cure: cure))
            }
            let width =
                scheme.isPacked
                ? BitPacking.wordCount(columns: sides.columns, bits: scheme.weights.bits)
                : sides.columns
            _ = try weights.part(
                codeName, of: codes, types: [scheme.codeType], shape: [sides.rows, width],
                cure: cure)
            _ = try weights.part(
                scale.name, of: codes, types: [.f32, .bf16, .f16],
                shape: [
                    sides.rows, scheme.weights.groupCount(columns: sides.columns),
                ], cure: cure)
            add(
                weight, scale.dtype, [sides.rows, sides.columns],
                CompressedCodes(
                    name: "\(scheme.name) (\(scheme.format))", scheme: scheme.weights,
                    isPacked: scheme.isPacked, codes: codes.parts[0], scales: ScaleRows(scale),
                    columns: sides.columns),
                hiding: names.all(scheme))
        }
    }

    /// Of the weight that the codes stand for.
    private func sides(
        _ weights: CheckpointWeights, _ codes: StoredTensor, _ names: QuantizedNames,
        _ scheme: QuantizationScheme, _ cure: String
    ) throws(CheckpointError) -> (rows: Int, columns: Int) {
        guard codes.shape.count == 2 else {
            throw codes.fault(
                .part(codes.name, expected: "a matrix", found: "\(codes.shape)", cure: cure))
        }
        guard scheme.isPacked else { return (codes.shape[0], codes.shape[1]) }
        let stored = try weights.part(
            names.shape, of: codes, types: [.i64], shape: [2], cure: cure)
        let sides = stored.withBytes { bytes in [0, 8].map { bytes.littleEndian(at: $0) } }
        guard let rows = Int(exactly: sides[0]), let columns = Int(exactly: sides[1]), rows >= 0,
            (0...SafetensorsHeader.byteLimit).contains(columns)
        else {
            throw codes.fault(
                .part(names.shape, expected: "two sides", found: "\(sides)", cure: cure))
        }
        return (rows, columns)
    }
}

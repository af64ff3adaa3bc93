// The quantised matrices of a checkpoint, by the names that the blueprint has for the weights they
// stand for. Layout: compressed-tensors, docs/QUANTISATION.md.

package import Checkpoint
package import Schemes
package import TensorMath

/// What lies in a checkpoint in the place of weights.
package struct StoredQuantization: Sendable {
    package let scheme: QuantizationScheme
    private let checkpoint: Checkpoint

    /// nil where the checkpoint is not quantised.
    package init?(_ checkpoint: Checkpoint) {
        guard let quantization = checkpoint.quantization else { return nil }
        scheme = quantization.scheme
        self.checkpoint = checkpoint
    }

    /// Whether the weight `P.weight` is stored as codes and scales.
    package func holds(_ weight: String) -> Bool {
        checkpoint.contains(QuantizedNames(weight).scale)
    }

    /// Of the stored tensors that stand for the weight.
    package func parts(_ weight: String) -> [String] { QuantizedNames(weight).all(scheme) }

    /// - Throws: `ModelError`, where the parts are not those of a weight of this shape.
    func check(_ weight: ExpectedTensor) throws {
        let names = QuantizedNames(weight.name)
        guard weight.shape.count == 2 else {
            throw ModelError.unsupported(
                key: names.scale, found: "there", advice: "only matrices are quantised")
        }
        let (rows, columns) = (weight.shape[0], weight.shape[1])
        guard scheme.weights.group.map({ columns % $0 == 0 }) ?? true else {
            throw ModelError.wrongShape(
                name: names.scale, expected: [rows, columns], found: [scheme.weights.group ?? 0])
        }
        let groups = scheme.weights.groupCount(columns: columns)
        _ = try part(names.scale, shape: [rows, groups]).floatFormat()
        let words = BitPacking.wordCount(columns: columns, bits: scheme.weights.bits)
        let (name, shape) =
            scheme.isPacked ? (names.packed, [rows, words]) : (names.codes, [rows, columns])
        let codes = try part(name, shape: shape)
        guard codes.dtype == scheme.codeType else {
            throw ModelError.unsupported(
                key: name, found: codes.dtype.rawValue,
                advice: "\(scheme.format) has \(scheme.codeType.rawValue) there")
        }
        guard scheme.isPacked else { return }
        let stored = try part(names.shape, shape: [2])
        let sides = stored.withBytes { bytes in
            stored.dtype == .i64
                ? [0, 8].map { Int(bytes.littleEndian(at: $0)) } : []
        }
        guard sides == weight.shape else {
            throw ModelError.wrongShape(name: names.shape, expected: weight.shape, found: sides)
        }
    }

    private func part(_ name: String, shape: [Int]) throws -> StoredTensor {
        guard checkpoint.contains(name) else {
            throw ModelError.missingTensor(name: name, expectedShape: shape)
        }
        let tensor = try checkpoint.tensor(name)
        guard tensor.shape == shape else {
            throw ModelError.wrongShape(name: name, expected: shape, found: tensor.shape)
        }
        return tensor
    }

    /// The format of the scales, which is the model's.
    package func format(_ weight: String) throws -> FloatFormat {
        try checkpoint.tensor(QuantizedNames(weight).scale).floatFormat()
    }

    /// The codes and scales of a weight, [rows, columns].
    package func matrix(_ weight: String) throws -> QuantizedMatrix {
        let names = QuantizedNames(weight)
        let scales = try checkpoint.tensor(names.scale)
        let rows = scales.shape[0]
        let codes: [Int8]
        let columns: Int
        if scheme.isPacked {
            let packed = try checkpoint.tensor(names.packed)
            let width = try checkpoint.tensor(names.shape).withBytes {
                Int($0.littleEndian(at: 8))
            }
            codes = packed.withBytes {
                BitPacking.unpacked($0, columns: width, bits: scheme.weights.bits)
            }
            columns = width
        } else {
            let stored = try checkpoint.tensor(names.codes)
            codes = stored.withBytes { $0.codes }
            columns = stored.shape[1]
        }
        return QuantizedMatrix(
            rows: rows, columns: columns, scheme: scheme.weights, codes: codes,
            scales: try scales.floats())
    }
}

extension RawSpan {
    /// A byte each.
    fileprivate var codes: [Int8] {
        (0..<byteCount).map { unsafe unsafeLoad(fromByteOffset: $0, as: Int8.self) }
    }
}

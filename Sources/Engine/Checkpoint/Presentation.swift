// What a checkpoint shows in the place of tensors that are no floats by themselves.

import DurableIO
import JSON
import Schemes
import SystemPackage
import TensorMath

/// Tensors that are made of stored ones, and stored ones that are only parts of them.
struct Presentation: Sendable {
    private(set) var made: [ExactString: StoredTensor] = [:]
    private(set) var hidden: Set<ExactString> = []

    /// Of nothing yet.
    init() {}

    /// Of a checkpoint of safetensors.
    ///
    /// - Parameter format: of its codes; nil where it has none, or where they stay codes.
    init(_ weights: CheckpointWeights, _ format: QuantizedFormat?) throws(CheckpointError) {
        switch format {
        case nil: break
        case .compressedTensors(let config):
            try addCompressedTensors(weights, config.scheme)
        case .fp8Blocks(let block): try addBlocks(weights, block)
        case .mxfp4: try addExperts(weights)
        }
        for tensor in weights.tensors where tensor.dtype == .f64 {
            add(tensor.name, .f32, tensor.shape, DoubleCoding(tensor))
        }
    }

    /// - Parameter hiding: names of stored tensors that are nothing else from now on.
    mutating func add(
        _ name: String, _ dtype: DType, _ shape: [Int], _ coding: any TensorCoding,
        hiding parts: [String] = []
    ) {
        made[ExactString(name)] = StoredTensor(name: name, dtype, shape, coding)
        for part in parts where part != name { hidden.insert(ExactString(part)) }
    }

    mutating func add(_ tensor: StoredTensor) { made[ExactString(tensor.name)] = tensor }

    /// Whether the stored tensor is shown as it is.
    func shows(_ name: String) -> Bool {
        let key = ExactString(name)
        return made[key] == nil && !hidden.contains(key)
    }
}

/// Doubles, read as the nearest floats.
private struct DoubleCoding: TensorCoding {
    let name = DType.f64.rawValue
    let bytes: StoredBytes
    let width: Int

    init(_ tensor: StoredTensor) {
        bytes = tensor.parts[0]
        width = tensor.lineWidth
    }

    var parts: [StoredBytes] { [bytes] }

    func decode(_ rows: Range<Int>, into values: inout MutableSpan<Float>) {
        bytes.withBytes(8 * width * rows.lowerBound..<8 * width * rows.upperBound) {
            CodeDecoding.doubles($0, into: &values)
        }
    }
}

extension CheckpointWeights {
    /// As they lie in the files.
    var tensors: [StoredTensor] {
        files.flatMap { file in
            file.tensors.map { StoredTensor(entry: $0, file: file.file) }
        }
    }

    /// nil where there is none of the name.
    func tensor(_ name: String) -> StoredTensor? {
        guard let owner = owners[ExactString(name)] else { return nil }
        return try? files[owner].tensor(name)
    }

    /// A tensor that codes need beside them.
    ///
    /// - Parameters:
    ///   - types: those it may have.
    ///   - cure: said where it is not what is expected.
    func part(
        _ name: String, of tensor: StoredTensor, types: [DType], shape: [Int], cure: String
    ) throws(CheckpointError) -> StoredTensor {
        let expected = types.map(\.rawValue).joined(separator: " or ") + " \(shape)"
        guard let found = self.tensor(name) else {
            throw tensor.fault(.part(name, expected: expected, found: "nothing", cure: cure))
        }
        guard types.contains(found.dtype), found.shape == shape else {
            throw tensor.fault(
                .part(
                    name, expected: expected, found: "\(found.dtype.rawValue) \(found.shape)",
                    cure: cure))
        }
        return found
    }
}

extension StoredTensor {
    func fault(_ fault: WeightFault) -> CheckpointError {
        .weight(tensor: name, path: file.path.string, fault)
    }
}

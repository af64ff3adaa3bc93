// A model becomes a compressed-tensors folder: which tensors it will have, its config.json, and the
// writing of both, tensor by tensor.

package import Checkpoint
package import DurableIO
package import Model
package import Schemes
package import SystemPackage
import TensorMath

/// The quantised checkpoint of a model, before it is written.
package struct QuantizedCheckpoint {
    package let model: Model
    package let scheme: QuantizationScheme
    package let config: ModelConfig
    private let weights: QuantizableWeights
    private let tensors: any QuantizedTensors

    /// - Parameter tensors: of this model and scheme.
    package init(
        _ model: Model, _ scheme: QuantizationScheme, tensors: any QuantizedTensors
    ) throws {
        weights = QuantizableWeights(model.blueprint)
        try weights.check(scheme)
        self.model = model
        self.scheme = scheme
        self.tensors = tensors
        var config = model.checkpoint.config
        try model.settle(&config)
        config.set(
            QuantizationConfig.key,
            to: QuantizationConfig(scheme, ignore: weights.ignore).json)
        self.config = config
    }

    // MARK: What it will take

    /// Of the files of tensors, and of those beside them.
    package func byteCount(shardByteLimit: Int?) throws -> Int {
        CheckpointWriter.weightByteCount(
            of: try outputs().map(\.plan), shardByteLimit: shardByteLimit)
            + model.checkpoint.companionByteCount
    }

    /// Bytes that writing holds at its peak: a weight as floats, its codes, and those packed.
    package var peakByteCount: Int {
        let largest = weights.tensors.map { $0.shape.reduce(1, *) }.max() ?? 0
        return 7 * largest + tensors.heldByteCount + (16 << 20)
    }

    // MARK: Tensors

    /// Every tensor with its source, in the order of the forward pass.
    package func outputs() throws -> [OutputTensor] {
        try model.blueprint.tensors.flatMap { tensor -> [OutputTensor] in
            let stored = try model.checkpoint.tensor(tensor.name)
            if weights.contains(tensor.name) {
                return quantised(tensor, scalesAs: stored.dtype)
            }
            guard let dense = try tensors.dense(tensor.name) else {
                return [.copy(stored, as: tensor.name)]
            }
            return [
                .produce(tensor.name, stored.dtype, stored.shape) { sink in
                    try dense.withContiguousValues { try sink.write(floats: $0) }
                }
            ]
        }
    }

    private func quantised(_ tensor: ExpectedTensor, scalesAs dtype: DType) -> [OutputTensor] {
        let names = QuantizedNames(tensor.name)
        let (rows, columns) = (tensor.shape[0], tensor.shape[1])
        let bits = scheme.weights.bits
        let scales = OutputTensor.produce(
            names.scale, dtype, [rows, scheme.weights.groupCount(columns: columns)]
        ) { sink in
            let values = try tensors.scales(tensor.name)
            try sink.write(floats: values.span)
        }
        guard scheme.isPacked else {
            let codes = OutputTensor.produce(names.codes, scheme.codeType, tensor.shape) { sink in
                let codes = try tensors.matrix(tensor.name).codes
                try sink.write(unsafe codes.span.bytes)
            }
            return [codes, scales]
        }
        let words = BitPacking.wordCount(columns: columns, bits: bits)
        return [
            .produce(names.packed, .i32, [rows, words]) { sink in
                let matrix = try tensors.matrix(tensor.name)
                let bytes = BitPacking.packed(matrix.codes.span, columns: columns, bits: bits)
                try sink.write(unsafe bytes.span.bytes)
            },
            scales,
            .produce(names.shape, .i64, [2]) { sink in
                let sides = tensor.shape.map { Int64($0).littleEndian }
                try sink.write(unsafe sides.span.bytes)
            },
        ]
    }

    // MARK: Writing

    /// Writes the quantised model into an empty folder.
    ///
    /// - Parameter reader: reads a file while it is written; see `CheckpointWriter.reader`.
    package func write(
        to folder: FilePath, shardByteLimit: Int?,
        reader: ((_ name: String) -> any ByteReader)? = nil, observer: some WorkObserver
    ) throws -> WrittenCheckpoint {
        var writer = CheckpointWriter(folder: folder)
        writer.shardByteLimit = shardByteLimit
        writer.reader = reader
        return try writer.write(
            try outputs(), config: config, companionsOf: model.checkpoint
        ) { done, total in
            try observer.checkpoint()
            observer.progress(done: done, total: total, unit: "bytes", detail: "quantising")
        }
    }
}

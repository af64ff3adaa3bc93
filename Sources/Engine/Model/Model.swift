// An opened model: its checkpoint as a source of weights, and what it is made of.

package import Checkpoint
import JSON
import TensorMath

/// An opened model: its checkpoint, what it is made of, and that the two agree.
package struct Model: Sendable {
    package let checkpoint: Checkpoint
    package let architecture: any Architecture
    package let blueprint: ModelBlueprint
    /// Of a quantised model, whose weights are read through it.
    package let quantization: StoredQuantization?
    /// Stored tensors that nothing needs (old buffers, a second copy of a tied head); they are
    /// left out of folded models.
    package let unread: [String]
    /// Stored tensors of parts that no result has.
    package let leftOut: [String]
    /// Keys of config.json that have no effect here and are not known to have none elsewhere.
    package let unreadKeys: [String]

    /// Checks the full tensor list: a missing tensor, a wrong shape, or one that no part of the
    /// model reads is an error.
    package init(_ checkpoint: Checkpoint) throws {
        let log = KeyLog()
        let config = checkpoint.config.noting(in: log)
        let architecture = try Architectures.find(config)
        let blueprint = try architecture.blueprint(of: checkpoint, config)
        unreadKeys = try config.unreadKeys(log, modelType: blueprint.modelType)
        let quantization = StoredQuantization(checkpoint)
        let projections = Set(blueprint.layers.flatMap { $0.tensors.map(\.name) })
        let carried = Set(blueprint.carried.map(\.name))
        for expected in blueprint.tensors {
            if let quantization, quantization.holds(expected.name) {
                // Embedding and head are read as stored, without the rounding of activations.
                guard projections.contains(expected.name) else {
                    throw ModelError.unsupported(
                        key: expected.name, found: "quantised",
                        advice: "only weights of layers are read so; give the original checkpoint")
                }
                try quantization.check(expected)
                continue
            }
            guard checkpoint.contains(expected.name) else {
                throw ModelError.missingTensor(
                    name: expected.name, expectedShape: expected.shape)
            }
            let tensor = try checkpoint.tensor(expected.name)
            guard tensor.shape == expected.shape else {
                throw ModelError.wrongShape(
                    name: expected.name, expected: expected.shape, found: tensor.shape)
            }
            if !carried.contains(expected.name) { _ = try tensor.floatFormat() }
        }
        self.checkpoint = checkpoint
        self.architecture = architecture
        self.blueprint = blueprint
        self.quantization = quantization
        let read = Set(
            blueprint.tensors.flatMap { tensor in
                guard let quantization, quantization.holds(tensor.name) else {
                    return [tensor.name]
                }
                return quantization.parts(tensor.name)
            })
        func isLeftOut(_ name: String) -> Bool {
            blueprint.leftOut.contains { name.hasPrefix($0) }
        }
        let others = checkpoint.tensorNames.filter { !read.contains($0) }
        leftOut = others.filter(isLeftOut)
        unread = others.filter { !isLeftOut($0) }
        let lost = unread.filter { name in
            name != blueprint.tiedHead && !architecture.oldBuffers.contains { name.hasSuffix($0) }
        }
        if let unread = UnreadTensors(lost, of: blueprint, in: checkpoint.folderText) {
            throw ModelError.unread(unread)
        }
    }

    /// A model of the same tensors with another config.json: one that is not written yet.
    package init(_ original: Model, shapedAs config: ModelConfig) throws {
        checkpoint = original.checkpoint
        architecture = original.architecture
        var blueprint = try architecture.blueprint(config)
        blueprint.carried = original.blueprint.carried
        self.blueprint = blueprint
        quantization = nil
        unread = []
        leftOut = []
        unreadKeys = []
    }

    /// Makes a result's config.json true of its tensors: of what is left out, and of a head that is
    /// stored by itself, where loaders would take it for the embedding.
    package func settle(_ config: inout ModelConfig) throws {
        try architecture.leaveOut(&config)
        if !blueprint.isTied, try architecture.blueprint(config).isTied {
            try architecture.untie(&config)
        }
    }

    /// A fresh view of the weights for one forward pass.
    package var weights: ModelWeights {
        ModelWeights(
            blueprint: blueprint,
            source: quantization.map { QuantizedWeights($0, checkpoint) }
                ?? MappedWeights(checkpoint))
    }

    /// Parameters of the model as a runtime counts them: tied heads once, unread tensors not.
    package var parameterCount: Int {
        blueprint.tensors.reduce(0) { $0 + $1.shape.reduce(1, *) }
    }
}

// Which weights of a model are quantised: the projections of attention and MLPs, experts included.
// Embedding, head, norms, routers and Mamba mixers stay as they are.

package import Model
package import Schemes

/// The weights of a model that a scheme changes, and the modules that it leaves.
package struct QuantizableWeights: Sendable {
    /// `P.weight`, [rows, columns], each stored tensor once, in the order of the forward pass.
    package let tensors: [ExpectedTensor]
    /// For `quantization_config`.
    package let ignore: [String]
    /// The first thing that is not rounded, and of which layer; nil where all can be.
    package let obstacle: QuantizationRefusal?
    private let hasExperts: Bool
    private let names: Set<String>

    package init(_ blueprint: ModelBlueprint) {
        var seen: Set<String> = []
        tensors = blueprint.layers.flatMap(\.projections).filter { seen.insert($0.tensor).inserted }
            .map { ExpectedTensor(name: $0.tensor, shape: [$0.totalRows, $0.inputs]) }
        names = seen
        obstacle =
            blueprint.layers.enumerated().lazy.compactMap { index, layer in
                layer.roundingObstacle.map { .layer(index, what: $0) }
            }.first
        hasExperts = blueprint.layers.contains {
            if case .experts = $0.feedForward { true } else { false }
        }
        // Other parts of a larger model stay as they are stored, and its head has a longer name.
        var patterns = ["lm_head"] + blueprint.carried.map { "re:.*\($0.name.tower).*" }
        if blueprint.outputHead.hasSuffix(".lm_head.weight") {
            patterns.append(blueprint.outputHead.module)
        }
        for layer in blueprint.layers {
            if case .mamba(let mamba) = layer.mixer {
                let name = layer.localName(mamba.input.tensor).prefix { $0 != "." }
                patterns.append("re:.*\(name).*")
            }
            if case .experts(let experts) = layer.feedForward {
                for dense in [experts.router, experts.sharedGate].compactMap({ $0 }) {
                    patterns.append("re:.*\(layer.localName(dense.tensor.module))$")
                }
            }
        }
        ignore = patterns.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// - Throws: where no loader takes the model in such a scheme.
    package func check(_ scheme: QuantizationScheme) throws(QuantizationRefusal) {
        if let obstacle { throw obstacle }
        if scheme.activations != .none, hasExperts {
            throw .expertsWithActivations(scheme: scheme.name)
        }
    }

    package func contains(_ tensor: String) -> Bool { names.contains(tensor) }
}

extension LayerBlueprint {
    /// What of the layer cannot be rounded or written; nil where all can.
    fileprivate var roundingObstacle: String? {
        if isParallel { return branchObstacle }
        switch mixer {
        case .shortConvolution, .mamba2, .deltaNet:
            return "its mixer is recurrent, and loaders name the parts that stay in other ways"
        case .absent: return "it has no mixer, and loaders name the parts that stay in other ways"
        default: break
        }
        return projections.contains { $0.form != .rows || $0.shape != nil }
            ? "its projections are fused or lie in columns, and loaders take codes of rows" : nil
    }
}

extension String {
    /// The part of a larger model that a tensor is of: `vision_tower`, `visual`.
    fileprivate var tower: Substring {
        let parts = split(separator: ".")
        return parts.first { $0 != "model" } ?? ""
    }

    /// The module of a tensor called `MODULE.weight`.
    package var module: String {
        hasSuffix(".weight") ? String(dropLast(".weight".count)) : self
    }
}

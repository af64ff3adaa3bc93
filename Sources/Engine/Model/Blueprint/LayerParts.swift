// The matrices of a layer, whatever its kind.

extension LayerBlueprint {
    /// The MLPs of the layer: one, or its experts with what they share.
    package var perceptrons: [MLPBlueprint] {
        switch feedForward {
        case .mlp(let mlp): [mlp]
        case .experts(let experts): experts.experts + (experts.shared.map { [$0] } ?? [])
        case .absent: []
        }
    }

    /// The matrices of attention and MLPs; a recurrent mixer has none here.
    package var projections: [ProjectionBlueprint] {
        var list = perceptrons.flatMap(\.projections)
        switch mixer {
        case .attention(let attention):
            list += [attention.query, attention.key, attention.value, attention.output]
        case .latent(let latent): list += latent.projections
        case .mamba, .shortConvolution, .mamba2, .deltaNet, .absent: break
        }
        return list
    }

    /// All matrices whose products the layer computes.
    var multiplied: [ProjectionBlueprint] {
        let gate =
            if case .attention(let attention) = mixer { attention.outputGate } else {
                nil as ProjectionBlueprint?
            }
        return projections + mixer.recurrentProjections + [gate].compactMap { $0 }
    }

    /// Why the branches cannot be taken one behind the other, each added as it is; nil where they
    /// can.
    package var branchObstacle: String? {
        if isParallel { return "its attention and its MLP read the same input" }
        return residualScale == 1 ? nil : "its branches are scaled before they are added"
    }
}

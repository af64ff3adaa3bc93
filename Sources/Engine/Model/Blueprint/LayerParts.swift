// The matrices of a layer, whatever its kind.

extension LayerBlueprint {
    /// The MLPs of the layer: one, or its experts.
    package var perceptrons: [GatedBlueprint] {
        switch feedForward {
        case .gated(let gated): [gated]
        case .experts(let experts): experts.experts
        }
    }

    /// The matrices of attention and MLPs; a Mamba mixer has none here.
    package var projections: [ProjectionBlueprint] {
        var list = perceptrons.flatMap { [$0.gate, $0.up, $0.down] }
        if case .attention(let attention) = mixer {
            list += [attention.query, attention.key, attention.value, attention.output]
        }
        return list
    }
}

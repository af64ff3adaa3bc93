// Attention whose keys and values are made of a narrow latent (MLA of DeepSeek), as data.

/// A projection through a narrow middle: norm(projection x).
package struct LatentBlueprint: Sendable, Equatable {
    package var projection: ProjectionBlueprint
    package var norm: NormBlueprint
}

/// softmax(scale q k') v per head, causal. A token's latent is the normalised first outputs of
/// `latent`; what is behind them is rotated, and ends the key of every head.
package struct LatentAttentionBlueprint: Sendable, Equatable {
    package var heads: Int
    /// Features of a head's query and key before those that rotate.
    package var plainWidth: Int
    /// Of the features behind them, all of which rotate.
    package var rotary: RotaryBlueprint
    /// Features of a head's value.
    package var valueWidth: Int
    /// What `query` reads; nil: the layer's input.
    package var queryLatent: LatentBlueprint?
    /// [heads * headWidth, _].
    package var query: ProjectionBlueprint
    /// [latentWidth + rotated features, hidden].
    package var latent: ProjectionBlueprint
    package var latentNorm: NormBlueprint
    /// For each head in turn its key's plain features and its value,
    /// [heads * (plainWidth + valueWidth), latentWidth].
    package var expansion: ProjectionBlueprint
    /// [hidden, heads * valueWidth].
    package var output: ProjectionBlueprint
    package var scale: Float

    /// Features of a head's query and key.
    package var headWidth: Int { plainWidth + rotary.width }
    package var latentWidth: Int { latentNorm.width }
    /// In the order in which they are read.
    package var projections: [ProjectionBlueprint] {
        [queryLatent?.projection, query, latent, expansion, output].compactMap { $0 }
    }
}

extension MixerBlueprint {
    /// Whether tokens look at keys of those before them; if not, they go by a state.
    package var attends: Bool { kept != nil }

    /// Floats of the keys and of the values of a token; nil: a state is kept instead.
    var kept: (keys: Int, values: Int)? {
        switch self {
        case .attention(let attention):
            let width = attention.keyValueHeads * attention.headWidth
            return (width, width)
        case .latent(let latent):
            return (latent.heads * latent.headWidth, latent.heads * latent.valueWidth)
        case .mamba, .shortConvolution, .mamba2, .deltaNet, .absent: return nil
        }
    }

    /// nil: no rotation.
    var rotary: RotaryBlueprint? {
        switch self {
        case .attention(let attention): attention.rotary
        case .latent(let latent): latent.rotary
        case .mamba, .shortConvolution, .mamba2, .deltaNet, .absent: nil
        }
    }

    /// For people, after "its mixer is".
    package var words: String {
        switch self {
        case .attention: "attention"
        case .latent: "attention over a latent that its heads share"
        case .mamba, .mamba2: "a Mamba mixer"
        case .shortConvolution: "a short convolution"
        case .deltaNet: "a gated delta net"
        case .absent: "not there"
        }
    }
}

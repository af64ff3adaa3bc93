// What a decoder is made of, as data: an architecture file turns config.json into a blueprint,
// the forward pass, the tensor check and the folds all read it.

/// A decoder-only language model: shapes and tensor names, no weights.
package struct ModelBlueprint: Sendable, Equatable {
    /// `model_type` of config.json.
    package var modelType: String
    package var hiddenWidth: Int
    package var vocabularySize: Int
    /// Longest sequence the model was made for, in tokens.
    package var contextLength: Int
    /// [vocabulary, hidden].
    package var embedding: String
    /// What embeddings are multiplied with.
    var embeddingScale: EmbeddingScale?
    package var layers: [LayerBlueprint]
    package var finalNorm: NormBlueprint
    /// [vocabulary, hidden]; the embedding's own name when the two are tied.
    package var outputHead: String
    /// Whether embedding and head are one tensor.
    package var isTied: Bool { outputHead == embedding }
    /// logits = cap * tanh(logits / cap).
    package var finalSoftCap: Float?
    /// The name under which a checkpoint may hold the head as well, though it is tied.
    var tiedHead: String?
    /// What the plain words of config.json do not say.
    package var readings: [ModelReading] = []
}

/// What the rows of the embedding are multiplied with before the first layer.
enum EmbeddingScale: Sendable, Equatable {
    /// Gemma: sqrt(hidden), rounded to the format of the embedding.
    case squareRootOfHidden
}

/// RMS norm: x / sqrt(mean(x^2) + epsilon) * (gain + gainOffset).
package struct NormBlueprint: Sendable, Equatable {
    package var tensor: String
    package var width: Int
    package var epsilon: Float
    /// Gemma stores gain - 1.
    package var gainOffset: Float = 0
}

/// y = x W^T (+ bias), possibly rows of a fused tensor.
package struct ProjectionBlueprint: Sendable, Equatable {
    /// Stored tensor, [totalRows, inputs].
    package var tensor: String
    /// Rows of the stored tensor that belong to this projection.
    package var rows: Range<Int>
    package var totalRows: Int
    package var inputs: Int
    /// Stored bias, [totalRows]; the same rows belong to this projection.
    package var bias: String?

    package init(_ tensor: String, outputs: Int, inputs: Int, bias: String? = nil) {
        self.tensor = tensor
        self.rows = 0..<outputs
        self.totalRows = outputs
        self.inputs = inputs
        self.bias = bias
    }

    /// Rows of this projection as one of their own.
    package func slice(_ range: Range<Int>) -> ProjectionBlueprint {
        var result = self
        result.rows = rows.lowerBound + range.lowerBound..<rows.lowerBound + range.upperBound
        return result
    }
}

/// Grouped-query attention: softmax(softCap(scale q k')) v per head, causal. Queries and the input
/// of `output` are [tokens, heads * headWidth], keys and values
/// [tokens, keyValueHeads * headWidth]; query heads in a row share a key-value head.
package struct AttentionBlueprint: Sendable, Equatable {
    package var heads: Int
    package var keyValueHeads: Int
    package var headWidth: Int
    package var query: ProjectionBlueprint
    package var key: ProjectionBlueprint
    package var value: ProjectionBlueprint
    package var output: ProjectionBlueprint
    /// Qwen3: RMS norm over each head before the rotation.
    package var queryNorm: NormBlueprint?
    package var keyNorm: NormBlueprint?
    /// nil: no rotation (Jamba).
    package var rotary: RotaryBlueprint?
    package var window: Int?
    package var scale: Float
    package var softCap: Float?
}

/// The nonlinearity of a gated MLP, element by element; geluTanh is gelu_pytorch_tanh.
package enum Activation: String, Sendable, Equatable {
    case silu
    case geluTanh
}

/// down(activation(gate x) * up x).
package struct GatedBlueprint: Sendable, Equatable {
    package var gate: ProjectionBlueprint
    package var up: ProjectionBlueprint
    package var down: ProjectionBlueprint
    package var activation: Activation
}

/// A router that sends each token to its top experts.
package struct ExpertsBlueprint: Sendable, Equatable {
    package var router: ProjectionBlueprint
    package var experts: [GatedBlueprint]
    package var expertsPerToken: Int
    /// Mixtral divides the chosen probabilities by their sum, Jamba does not.
    package var renormalised: Bool
}

/// Mamba-1 mixer as Jamba has it (norms on dt, B and C).
package struct MambaBlueprint: Sendable, Equatable {
    /// Inner width D = expand * hidden.
    var innerWidth: Int
    var stateWidth: Int
    var timeStepRank: Int
    var convolutionWidth: Int
    package var input: ProjectionBlueprint
    var convolutionWeight: String
    var convolutionBias: String?
    package var parameters: ProjectionBlueprint
    var timeStep: ProjectionBlueprint
    package var decayLog: String
    package var skip: String
    package var output: ProjectionBlueprint
    var timeStepNorm: NormBlueprint
    package var inputNorm: NormBlueprint
    var outputNorm: NormBlueprint
}

/// What mixes tokens, the first branch of a layer: [tokens, hidden] to the same.
package enum MixerBlueprint: Sendable, Equatable {
    case attention(AttentionBlueprint)
    case mamba(MambaBlueprint)
}

/// What works on each token alone, the second branch of a layer: [tokens, hidden] to the same.
package enum FeedForwardBlueprint: Sendable, Equatable {
    case gated(GatedBlueprint)
    case experts(ExpertsBlueprint)
}

/// x += [postMixerNorm](mixer(inputNorm x)); x += [postFeedForwardNorm](feedForward(norm x)).
package struct LayerBlueprint: Sendable, Equatable {
    /// Prefix of all the layer's tensors, with the trailing dot: `model.layers.3.`.
    package var prefix: String
    package var inputNorm: NormBlueprint
    package var mixer: MixerBlueprint
    package var postMixerNorm: NormBlueprint?
    package var feedForwardNorm: NormBlueprint
    package var feedForward: FeedForwardBlueprint
    package var postFeedForwardNorm: NormBlueprint?

    /// What must be equal for two layers to be foldable into one another, in words.
    package var kind: String {
        let mixerName =
            switch mixer {
            case .attention(let attention):
                attention.window.map { "attention with window \($0)" } ?? "attention"
            case .mamba: "mamba"
            }
        switch feedForward {
        case .gated: return mixerName + " + mlp"
        case .experts(let experts): return mixerName + " + \(experts.experts.count) experts"
        }
    }
}

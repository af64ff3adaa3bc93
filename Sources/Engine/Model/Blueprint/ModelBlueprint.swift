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
    /// Learned rows that are added to the embeddings (GPT-2, OPT).
    package var positions: PositionTable?
    /// Granite, Cohere: logits are multiplied with it.
    package var logitScale: Float?
    /// [vocabulary], added to the logits (Phi).
    package var headBias: String?
    /// The name under which a checkpoint may hold the head as well, though it is tied.
    var tiedHead: String?
    /// Of other parts of the model, which go along as they are stored (towers that see).
    package var carried: [ExpectedTensor] = []
    /// What names of stored tensors begin with that no result has: layers that predict further
    /// tokens, for which the model's own need not be computed.
    package var leftOut: [String] = []
    /// What the plain words of config.json do not say.
    package var readings: [ModelReading] = []
}

/// What the rows of the embedding are multiplied with before the first layer.
enum EmbeddingScale: Sendable, Equatable {
    /// Gemma: sqrt(hidden), rounded to the format of the embedding.
    case squareRootOfHidden
    /// Granite.
    case factor(Float)
}

/// A row for each position, [rows, hidden]: position p takes row p + offset.
package struct PositionTable: Sendable, Equatable {
    package var tensor: String
    package var rows: Int
    package var offset = 0
}

/// RMS norm: x / sqrt(mean(x^2) + epsilon) * (gain + gainOffset); or, centred, LayerNorm:
/// (x - mean) / sqrt(variance + epsilon) * gain (+ bias).
package struct NormBlueprint: Sendable, Equatable {
    /// The gains, [width].
    package var tensor: String
    package var width: Int
    package var epsilon: Float
    /// Gemma stores gain - 1.
    package var gainOffset: Float = 0
    /// Whether the mean is taken off first.
    package var isCentred = false
    /// [width].
    package var bias: String?
    /// Features of a group that is normalised by itself; nil: the width.
    package var group: Int?
    /// How the gains are stored, where it is not [width].
    package var shape: [Int]?
}

/// Where the outputs of a projection lie in its tensor.
package enum StoredForm: Sendable, Equatable {
    /// As rows of [totalRows, inputs].
    case rows
    /// As columns of [inputs, totalRows] (GPT-2).
    case columns
    /// Output i is row start + (i / size) * step + i % size (fused by head: Falcon, GPT-NeoX).
    case blocks(start: Int, size: Int, step: Int)
    /// Of one of [experts, inputs, totalRows]: output i is column start + i * step (gpt-oss).
    case expertColumns(expert: Int, start: Int, step: Int)
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
    package var form = StoredForm.rows
    /// How the tensor is stored, where its form does not say it: [experts, rows, inputs].
    package var shape: [Int]?

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
    /// Over each head (Qwen3), or over all of them together (OLMo 2), before the rotation.
    package var queryNorm: NormBlueprint?
    package var keyNorm: NormBlueprint?
    /// nil: no rotation (Jamba).
    package var rotary: RotaryBlueprint?
    package var window: Int?
    package var scale: Float
    package var softCap: Float?
    /// Hunyuan: the norms of queries and keys come behind the rotation.
    package var normsFollowRotation = false
    /// [heads]: a score of each head that takes its share of the softmax and gives nothing.
    package var sinks: String?
    /// Queries, keys and values are held between -clip and clip, before the rotation.
    package var clip: Float?
    package var temperature: QueryTemperature?
    /// Qwen3-Next: what the heads put out is multiplied with the sigmoid of its outputs.
    package var outputGate: ProjectionBlueprint?
}

/// Queries are multiplied with 1 + beta log(1 + floor(position / length)) (Ministral 3).
package struct QueryTemperature: Sendable, Equatable {
    package var beta: Float
    package var length: Int
}

/// The nonlinearity of an MLP, element by element; geluTanh is gelu_pytorch_tanh.
package enum Activation: String, Sendable, Equatable {
    case silu
    case geluTanh
    case gelu
    case relu
    case reluSquared
    /// gpt-oss: (u + 1) g sigmoid(1.702 g) with g = min(gate, 7) and u = up between -7 and 7.
    case clampedSwish
}

/// down(activation(gate x) * up x); without a gate down(activation(up x)).
package struct MLPBlueprint: Sendable, Equatable {
    package var gate: ProjectionBlueprint?
    package var up: ProjectionBlueprint
    package var down: ProjectionBlueprint
    package var activation: Activation

    /// What reads the stream, in the order of their names.
    package var readers: [ProjectionBlueprint] { [gate, up].compactMap { $0 } }
    package var projections: [ProjectionBlueprint] { readers + [down] }
    package var neuronCount: Int { up.rows.count }
}

/// A router that sends each token to its top experts.
package struct ExpertsBlueprint: Sendable, Equatable {
    package var router: ProjectionBlueprint
    package var experts: [MLPBlueprint]
    package var expertsPerToken: Int
    /// Mixtral divides the chosen weights by their sum, Jamba does not.
    package var renormalised: Bool
    package var routing = Routing()
    /// Works on every token.
    package var shared: MLPBlueprint?
    /// [1, hidden]: the shared part is multiplied with its sigmoid (Qwen2-MoE).
    package var sharedGate: ProjectionBlueprint?
}

/// How scores of experts become weights.
package struct Routing: Sendable, Equatable {
    package enum Scores: Sendable, Equatable {
        case softmax
        case sigmoid
    }

    package var scores = Scores.softmax
    /// Added to the scores where experts are chosen, and not to their weights; [experts].
    package var correction: String?
    /// How the correction is stored, where it is not [experts].
    package var correctionShape: [Int]?
    /// DeepSeek: experts are chosen from the best groups, each rated by the sum of its best two.
    package var groups: ExpertGroups?
    /// Weights are multiplied with it at the end.
    package var scale: Float = 1
    /// Added to the sum that weights are divided by.
    package var sumOffset: Float = 0
    /// The sum that weights are divided by is at least this.
    package var sumMin: Float = 0
}

/// Groups that experts lie in, in a row, and how many of them a token's experts come from.
package struct ExpertGroups: Sendable, Equatable {
    package var count: Int
    package var kept: Int
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
    case latent(LatentAttentionBlueprint)
    case mamba(MambaBlueprint)
    case shortConvolution(ShortConvolutionBlueprint)
    case mamba2(Mamba2Blueprint)
    case deltaNet(DeltaNetBlueprint)
    /// The layer has a feed-forward part alone (Nemotron-H).
    case absent
}

/// What works on each token alone, the second branch of a layer: [tokens, hidden] to the same.
package enum FeedForwardBlueprint: Sendable, Equatable {
    case mlp(MLPBlueprint)
    case experts(ExpertsBlueprint)
    /// The layer has a mixer alone.
    case absent
}

/// x += r [postMixerNorm](mixer([inputNorm] x)), then
/// x += r [postFeedForwardNorm](feedForward([feedForwardNorm] x)), with r = `residualScale`.
/// Parallel branches both read the layer's input.
package struct LayerBlueprint: Sendable, Equatable {
    /// Prefix of all the layer's tensors, with the trailing dot: `model.layers.3.`.
    package var prefix: String
    /// nil: the mixer reads the stream itself (OLMo 2).
    package var inputNorm: NormBlueprint?
    package var mixer: MixerBlueprint
    package var postMixerNorm: NormBlueprint?
    /// nil: the stream itself; of parallel branches what `inputNorm` made.
    package var feedForwardNorm: NormBlueprint?
    package var feedForward: FeedForwardBlueprint
    package var postFeedForwardNorm: NormBlueprint?
    package var isParallel = false
    package var residualScale: Float = 1

    /// What must be equal for two layers to be foldable into one another, in words.
    package var kind: String {
        let mixerName =
            switch mixer {
            case .attention(let attention):
                (attention.window.map { "attention with window \($0)" } ?? "attention")
                    + (attention.rotary == nil ? " without rotation" : "")
            case .latent: "latent attention"
            case .mamba: "mamba"
            case .shortConvolution: "short convolution"
            case .mamba2: "mamba-2"
            case .deltaNet: "gated delta net"
            case .absent: "no mixer"
            }
        switch feedForward {
        case .absent: return mixerName
        case .mlp: return mixerName + " + mlp"
        case .experts(let experts): return mixerName + " + \(experts.experts.count) experts"
        }
    }
}

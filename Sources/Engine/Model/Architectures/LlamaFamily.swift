// What Llama-like architectures share: config keys, tensor names, rotary parameters. The files
// beside this one say where they differ.
//
// | config key | meaning | tensors |
// | --- | --- | --- |
// | hidden_size, intermediate_size, num_hidden_layers, vocab_size | widths and counts | |
// | num_attention_heads, num_key_value_heads, head_dim | attention | self_attn.{q,k,v,o}_proj |
// | rms_norm_eps | norms | input_layernorm, post_attention_layernorm, model.norm |
// | rope_parameters, or rope_theta and rope_scaling | rotation | |
// | tie_word_embeddings | head = embedding | model.embed_tokens, lm_head |

import Checkpoint
import JSON

/// Values an architecture assumes where config.json is silent (transformers 5 configurations).
struct FamilyDefaults {
    /// nil: as many as query heads.
    var keyValueHeads: Int?
    /// nil: hidden / heads.
    var headWidth: Int?
    var epsilonKey = "rms_norm_eps"
    var epsilon = 1e-6
    var ropeBase = 10_000.0
    var tied = false
    var activation = Activation.silu
    var contextLength = 2048
    /// Of `original_max_position_embeddings`; nil: what the rotary parameters say.
    var originalLength: Int?
    /// Whether `partial_rotary_factor` holds without a scaling, too.
    var rotatesPart = false
    /// Where config.json names no `partial_rotary_factor`.
    var partialRotary = 1.0
    var pairing = RotaryPairing.halves
    var headName = "lm_head.weight"
    /// What earlier builds read of this family in another way.
    var readOtherwise: Set<ModelReading> = []
    /// Whether attention has rotary positions at all.
    var rotates = true
}

/// The numbers of a Llama-like config and the blueprints made from them.
struct LlamaFamily {
    let config: ModelConfig
    /// What the names of all tensors but the head begin with.
    let root: String
    let hidden: Int
    let inner: Int
    let layerCount: Int
    let heads: Int
    let keyValueHeads: Int
    let headWidth: Int
    let vocabulary: Int
    let epsilon: Float
    let tied: Bool
    let contextLength: Int
    let rotary: RotaryBlueprint
    let activation: Activation
    private let headName: String
    private let readings: [ModelReading]

    init(
        _ config: ModelConfig, root: String, _ defaults: FamilyDefaults = FamilyDefaults(),
        activationKey: String = "hidden_act"
    ) throws {
        self.config = config
        self.root = root
        hidden = try config.count("hidden_size")
        inner = try config.count("intermediate_size")
        layerCount = try config.layerCount()
        heads = try config.count("num_attention_heads")
        vocabulary = try config.count("vocab_size")
        keyValueHeads =
            config.isNull("num_key_value_heads")
            ? heads
            : try config.count("num_key_value_heads", default: defaults.keyValueHeads ?? heads)
        let derived = defaults.headWidth ?? hidden / heads
        headWidth =
            config.isNull("head_dim") ? derived : try config.count("head_dim", default: derived)
        epsilon = Float(try config.number(defaults.epsilonKey, default: defaults.epsilon))
        tied = try config.flag("tie_word_embeddings", default: defaults.tied)
        contextLength = try config.count(
            "max_position_embeddings", default: defaults.contextLength)
        headName = defaults.headName
        let named = try config.activation(activationKey)
        activation = named ?? defaults.activation
        rotary = try RotaryBlueprint(
            config, headWidth: headWidth, defaults, contextLength: contextLength)
        // Earlier builds took silu, and the parameters that are not in force.
        readings =
            (named == nil && defaults.readOtherwise.contains(.activation) ? [.activation] : [])
            + (defaults.readOtherwise.contains(.rotation)
                && rotary.isContested(
                    config, headWidth: headWidth, base: defaults.ropeBase,
                    contextLength: contextLength)
                ? [.rotation] : [])
        if defaults.rotates { try rotary.validate(headWidth: headWidth) }
        guard heads % keyValueHeads == 0 else {
            throw ModelError.unsupported(
                key: "num_key_value_heads", found: "\(keyValueHeads) for \(heads) heads",
                advice: "query heads must share key-value heads evenly")
        }
    }

    func prefix(_ layer: Int) -> String { root + "layers.\(layer)." }

    func norm(_ name: String, width: Int? = nil, offset: Float = 0) -> NormBlueprint {
        NormBlueprint(
            tensor: name + ".weight", width: width ?? hidden, epsilon: epsilon, gainOffset: offset)
    }

    /// LayerNorm: the mean is taken off.
    func layerNorm(_ name: String, width: Int? = nil, bias: Bool = true) -> NormBlueprint {
        var norm = norm(name, width: width)
        norm.isCentred = true
        norm.bias = bias ? name + ".bias" : nil
        return norm
    }

    func projection(
        _ name: String, outputs: Int, inputs: Int, bias: Bool = false
    ) -> ProjectionBlueprint {
        ProjectionBlueprint(
            name + ".weight", outputs: outputs, inputs: inputs, bias: bias ? name + ".bias" : nil)
    }

    func attention(
        _ layer: Int, bias: Bool = false, outputBias: Bool = false, window: Int? = nil,
        rotates: Bool = true
    ) -> AttentionBlueprint {
        let name = prefix(layer) + "self_attn."
        let queries = heads * headWidth
        let keys = keyValueHeads * headWidth
        return AttentionBlueprint(
            heads: heads, keyValueHeads: keyValueHeads, headWidth: headWidth,
            query: projection(name + "q_proj", outputs: queries, inputs: hidden, bias: bias),
            key: projection(name + "k_proj", outputs: keys, inputs: hidden, bias: bias),
            value: projection(name + "v_proj", outputs: keys, inputs: hidden, bias: bias),
            output: projection(name + "o_proj", outputs: hidden, inputs: queries, bias: outputBias),
            queryNorm: nil, keyNorm: nil, rotary: rotates ? rotary : nil, window: window,
            scale: Float(1 / Double(headWidth).squareRoot()), softCap: nil)
    }

    /// gate, up, down under `name` (with its trailing dot).
    ///
    /// - Parameter width: neurons, where they are not `intermediate_size`.
    func gated(
        _ name: String, bias: Bool = false,
        names: (gate: String, up: String, down: String) = ("gate_proj", "up_proj", "down_proj"),
        inner width: Int? = nil
    ) -> MLPBlueprint {
        var mlp = plain(name, bias: bias, names: (names.up, names.down), inner: width)
        mlp.gate = projection(
            name + names.gate, outputs: width ?? inner, inputs: hidden, bias: bias)
        return mlp
    }

    /// up and down, without a gate.
    func plain(
        _ name: String, bias: Bool = false, names: (up: String, down: String),
        inner width: Int? = nil
    ) -> MLPBlueprint {
        let inner = width ?? inner
        return MLPBlueprint(
            gate: nil,
            up: projection(name + names.up, outputs: inner, inputs: hidden, bias: bias),
            down: projection(name + names.down, outputs: hidden, inputs: inner, bias: bias),
            activation: activation)
    }

    /// A pre-norm layer with Llama's norm names.
    func layer(
        _ index: Int, mixer: MixerBlueprint, feedForward: FeedForwardBlueprint,
        feedForwardNorm: String = "post_attention_layernorm"
    ) -> LayerBlueprint {
        LayerBlueprint(
            prefix: prefix(index), inputNorm: norm(prefix(index) + "input_layernorm"),
            mixer: mixer, postMixerNorm: nil,
            feedForwardNorm: norm(prefix(index) + feedForwardNorm), feedForward: feedForward,
            postFeedForwardNorm: nil)
    }

    func model(
        _ layers: [LayerBlueprint], finalNorm: String = "norm"
    ) throws -> ModelBlueprint {
        let embedding = root + "embed_tokens.weight"
        return ModelBlueprint(
            modelType: try config.string("model_type"), hiddenWidth: hidden,
            vocabularySize: vocabulary, contextLength: contextLength,
            embedding: embedding, embeddingScale: nil, layers: layers,
            finalNorm: norm(root + finalNorm), outputHead: tied ? embedding : headName,
            finalSoftCap: nil, tiedHead: tied ? headName : nil, readings: readings)
    }

    /// The window of each layer: that of the layers that slide (nil: all of them).
    func windows(_ window: Int?, of sliding: [Bool]?) throws -> [Int?] {
        guard let sliding else { return [Int?](repeating: window, count: layerCount) }
        guard window != nil || !sliding.contains(true) else {
            throw ModelError.unsupported(
                key: "sliding_window", found: "null",
                advice: "`layer_types` names layers that slide: give the width of their window")
        }
        return sliding.map { $0 ? window : nil }
    }

    /// `layer_types` where it is given: whether each layer's attention slides.
    func slidingLayers() throws -> [Bool]? {
        guard let types = try config.strings("layer_types") else { return nil }
        guard types.count == layerCount else {
            throw ModelError.unsupported(
                key: "layer_types", found: "\(types.count) entries",
                advice: "one for each of the \(layerCount) layers is expected")
        }
        return try types.map { type in
            switch type {
            case "sliding_attention": true
            case "full_attention": false
            default:
                throw ModelError.unsupported(
                    key: "layer_types", found: quoted(type),
                    advice: "known are full_attention and sliding_attention")
            }
        }
    }
}

extension ModelConfig {
    /// nil where the key is absent or null.
    func activation(_ key: String) throws -> Activation? {
        guard let name = try stringIfPresent(key) else { return nil }
        switch name {
        case "silu", "swish": return .silu
        case "gelu_pytorch_tanh", "gelu_tanh", "gelu_new", "gelu_fast": return .geluTanh
        case "gelu", "gelu_python": return .gelu
        case "relu": return .relu
        case "relu2": return .reluSquared
        default:
            throw ModelError.unsupported(
                key: key, found: quoted(name),
                advice: "known are silu, gelu, gelu_pytorch_tanh, gelu_new, relu and relu2")
        }
    }
}

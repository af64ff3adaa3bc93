// config.json of a model that came as a GGUF file, as its original had it. Keys: `gguf`,
// constants.py (Keys); where a loader goes by something else than a key: llama.cpp, src/models.

import DurableIO
import JSON
import SystemPackage

struct GGUFConfig {
    let family: GGUFFamily
    let config: ModelConfig
    let heads: Int
    let keyHeads: Int

    init(_ file: GGUFFile) throws(GGUFFault) {
        let architecture = try file.text("general.architecture") ?? "nothing"
        let metadata = GGUFMetadata(file, architecture)
        let parts = try file.integer("split.count") ?? 1
        guard parts <= 1 else { throw .split(count: parts) }
        let isMixture = metadata.has("expert_count")
        var found = GGUFFamily.all.first { $0.architecture == architecture }
        if isMixture, found?.experts == nil {
            found = architecture == "llama" ? GGUFFamily.mixture : nil
        }
        guard let found else {
            throw .architecture(
                isMixture ? architecture + " with experts" : architecture,
                known: GGUFFamily.all.map(\.architecture))
        }
        family = found
        heads = try metadata.count("attention.head_count")
        keyHeads = try metadata.countIfPresent("attention.head_count_kv") ?? heads
        var writer = ConfigWriter(file: file, metadata: metadata, family: found)
        config = try writer.config(heads: heads, keyHeads: keyHeads)
    }
}

private struct ConfigWriter {
    let file: GGUFFile
    let metadata: GGUFMetadata
    let family: GGUFFamily
    private var result: ModelConfig

    init(file: GGUFFile, metadata: GGUFMetadata, family: GGUFFamily) {
        self.file = file
        self.metadata = metadata
        self.family = family
        result = ModelConfig(file: file.file.path.string)
    }

    mutating func config(heads: Int, keyHeads: Int) throws(GGUFFault) -> ModelConfig {
        guard let embedding = file.tensor("token_embd.weight"), embedding.shape.count == 2 else {
            throw .key("token_embd.weight", expected: "a matrix among the tensors", found: "none")
        }
        let layers = try metadata.count("block_count", upTo: GGUFReader.Limit.layers)
        let hidden = try metadata.count("embedding_length")
        let headWidth = try headWidth(hidden, heads)
        result.set("architectures", to: [family.className])
        result.set("model_type", to: .string(family.modelType))
        result.set("hidden_size", to: hidden)
        result.set("num_hidden_layers", to: layers)
        result.set("num_attention_heads", to: heads)
        result.set("num_key_value_heads", to: keyHeads)
        if family.hasHeadWidth { result.set("head_dim", to: headWidth) }
        result.set("vocab_size", to: embedding.shape[0])
        result.set("max_position_embeddings", to: try metadata.count("context_length"))
        try set("rms_norm_eps", real: metadata.float("attention.layer_norm_rms_epsilon"))
        result.set(
            family.isGemma ? "hidden_activation" : "hidden_act",
            to: .string(family.isGemma ? "gelu_pytorch_tanh" : "silu"))
        result.set("tie_word_embeddings", to: .bool(file.tensor("output.weight") == nil))
        try setMLP()
        setBiases()
        try setRotation(headWidth)
        if family.isGemma {
            try setGemma(layers: layers, hidden: hidden, heads: heads, headWidth: headWidth)
        }
        for (key, name) in [
            ("bos_token_id", "bos"), ("eos_token_id", "eos"), ("pad_token_id", "padding"),
        ] {
            if let id = try file.token(name) { result.set(key, to: id) }
        }
        result.set("torch_dtype", to: .string(dtype(embedding).configName))
        return result
    }

    /// Of the weights as they are written.
    private func dtype(_ embedding: GGUFTensor) -> DType {
        let weights = file.tensors.filter { $0.shape.count > 1 }.map(\.type.shown)
        return weights.contains(.bf16) ? .bf16 : weights.contains(.f16) ? .f16 : .f32
    }

    private func headWidth(_ hidden: Int, _ heads: Int) throws(GGUFFault) -> Int {
        let width = try metadata.countIfPresent("attention.key_length") ?? hidden / heads
        for key in ["attention.value_length", "rope.dimension_count"] {
            guard try metadata.countIfPresent(key) ?? width == width else {
                throw metadata.fault(key, expected: "the width of a head, \(width)")
            }
        }
        guard family.hasHeadWidth || width * heads == hidden else {
            throw metadata.fault("attention.key_length", expected: "hidden / heads")
        }
        return width
    }

    private mutating func setMLP() throws(GGUFFault) {
        guard family.experts != nil else {
            result.set("intermediate_size", to: try metadata.count("feed_forward_length"))
            return
        }
        let own = try metadata.countIfPresent("expert_feed_forward_length")
        let used = try metadata.count("expert_used_count")
        let experts = try metadata.count("expert_count", upTo: GGUFReader.Limit.experts)
        if family.modelType == "mixtral" {
            let width = if let own { own } else { try metadata.count("feed_forward_length") }
            result.set("intermediate_size", to: width)
            result.set("num_local_experts", to: experts)
        } else {
            result.set("intermediate_size", to: try metadata.count("feed_forward_length"))
            result.set(
                "moe_intermediate_size", to: try metadata.count("expert_feed_forward_length"))
            result.set("num_experts", to: experts)
            // The loader divides by the sum of the chosen weights.
            result.set("norm_topk_prob", to: .bool(true))
        }
        result.set("num_experts_per_tok", to: used)
    }

    private mutating func setBiases() {
        if family.modelType != "qwen2", family.modelType != "mixtral" {
            result.set("attention_bias", to: .bool(file.tensor("blk.0.attn_q.bias") != nil))
        }
        if family.modelType == "llama" {
            result.set("mlp_bias", to: .bool(file.tensor("blk.0.ffn_up.bias") != nil))
        }
    }

    // MARK: Positions

    private mutating func setRotation(_ headWidth: Int) throws(GGUFFault) {
        let base = try metadata.float("rope.freq_base") ?? 10_000
        try set("rope_theta", real: base)
        if let scaling = try scaling(base: base, headWidth: headWidth) {
            result.set("rope_scaling", to: .object(JSONObject(scaling)))
        }
    }

    private func scaling(
        base: Float, headWidth: Int
    ) throws(GGUFFault) -> [(String, JSONValue)]? {
        if let factors = file.tensor("rope_freqs.weight") {
            let values = StoredTensor(name: factors.name, .f32, factors.shape, GGUFRows(factors))
            guard factors.type == .float(.f32), let found = try? values.floats(),
                let scaling = Llama3Scaling(
                    factors: found, base: Double(base), headWidth: headWidth)
            else {
                throw .rotation("tensor `rope_freqs.weight` holds factors that are not Llama 3's")
            }
            return scaling.json
        }
        // As llama.cpp: without a type a factor is linear, and with `none` it says nothing.
        let type = try metadata.text("rope.scaling.type") ?? "linear"
        switch type {
        case "none": return nil
        case "linear":
            guard let factor = try scalingFactor(), factor != 1 else { return nil }
            return [("rope_type", "linear"), ("factor", real(factor))]
        case "yarn":
            guard let factor = try scalingFactor() else {
                throw metadata.fault("rope.scaling.factor", expected: "a number above 0")
            }
            var json: [(String, JSONValue)] = [
                ("rope_type", "yarn"), ("factor", real(factor)),
                (
                    "original_max_position_embeddings",
                    .integer(try metadata.count("rope.scaling.original_context_length"))
                ),
            ]
            for (key, name) in [
                ("beta_fast", "rope.scaling.yarn_beta_fast"),
                ("beta_slow", "rope.scaling.yarn_beta_slow"),
            ] {
                if let value = try metadata.float(name) { json.append((key, real(value))) }
            }
            try refuseOwnYarn()
            return json
        default: throw .rotation("`rope.scaling.type` is \(quoted(type))")
        }
    }

    /// nil where nothing is scaled: to llama.cpp a factor of 0 is none.
    private func scalingFactor() throws(GGUFFault) -> Float? {
        let key =
            metadata.has("rope.scaling.factor") ? "rope.scaling.factor" : "rope.scale_linear"
        guard let factor = try metadata.float(key), factor != 0 else { return nil }
        guard factor > 0 else { throw metadata.fault(key, expected: "0 or a number above it") }
        return factor
    }

    /// What llama.cpp multiplies and mixes by, beside what `yarn` gives by itself.
    private func refuseOwnYarn() throws(GGUFFault) {
        for key in ["attn_factor", "yarn_attn_factor", "yarn_ext_factor"] {
            guard let value = try metadata.float("rope.scaling.\(key)"), value != 1 else {
                continue
            }
            // Below 0 it is not given.
            if key == "yarn_ext_factor", value < 0 { continue }
            throw .rotation("`rope.scaling.\(key)` of \(value) stands beside `yarn`")
        }
    }

    // MARK: Gemma

    private mutating func setGemma(
        layers: Int, hidden: Int, heads: Int, headWidth: Int
    ) throws(GGUFFault) {
        let isThird = family.architecture == "gemma3"
        // Models of 27 billion parameters are known by their layers.
        let isCounted = layers == (isThird ? 62 : 46)
        result.set("query_pre_attn_scalar", to: isCounted ? hidden / heads : headWidth)
        if !isThird {
            try set("attn_logit_softcapping", real: metadata.float("attn_logit_softcapping"))
        }
        try set("final_logit_softcapping", real: metadata.float("final_logit_softcapping"))
        result.set("sliding_window", to: try metadata.count("attention.sliding_window"))
        if isThird {
            let key = "rope.freq_base_swa"
            let local = try metadata.float(metadata.has(key) ? key : "rope.local.freq_base")
            try set("rope_local_base_freq", real: local ?? 10_000)
        }
        let key = "attention.sliding_window_pattern"
        let sliding: [Bool]
        if metadata.isList(key) {
            sliding = try metadata.flags(key) ?? []
        } else {
            let period = try metadata.has(key) ? metadata.count(key) : isThird ? 6 : 2
            sliding = (0..<layers).map { ($0 + 1) % period != 0 }
        }
        guard sliding.count == layers else {
            throw metadata.fault(key, expected: "\(layers) layers")
        }
        result.set(
            "layer_types", to: sliding.map { $0 ? "sliding_attention" : "full_attention" })
    }

    // MARK: Numbers

    /// A key without a value stays away.
    private mutating func set(_ key: String, real value: Float?) throws(GGUFFault) {
        guard let value else { return }
        result.set(key, to: real(value))
    }

    /// In the decimals of a float: 1e-05, not what a double makes of it.
    private func real(_ value: Float) -> JSONValue {
        let whole = value == value.rounded() && abs(value) < 1e15
        return .real(whole ? Double(value) : Double("\(value)") ?? Double(value))
    }
}

// Qwen2 and Qwen3. References: transformers modeling_qwen2.py, modeling_qwen3.py.
//
// | config key | Qwen2 | Qwen3 |
// | --- | --- | --- |
// | attention_bias | q, k, v always have biases, o never | q, k, v and o, off by default |
// | head_dim | hidden / heads | 128 where absent |
// | - | | self_attn.{q,k}_norm: RMS norm over each head before the rotation |
// | use_sliding_window, sliding_window, max_window_layers, layer_types | windows | same |

import Checkpoint

/// Qwen2 after modeling_qwen2.py.
struct Qwen2: Architecture {
    let modelType = "qwen2"
    let className = "Qwen2ForCausalLM"
    let reference = "transformers/models/qwen2/modeling_qwen2.py"
    let summary = "Llama with biases on q, k and v"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root,
            FamilyDefaults(keyValueHeads: 32, contextLength: 32_768, readOtherwise: [.rotation]))
        let windows = try family.qwenWindows()
        return try family.model(
            (0..<family.layerCount).map { index in
                family.layer(
                    index,
                    mixer: .attention(
                        family.attention(index, bias: true, window: windows[index])),
                    feedForward: .mlp(family.gated(family.prefix(index) + "mlp.")))
            })
    }

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        try config.keepQwenLayers(kept, blueprint: blueprint)
    }
}

/// Qwen3 after modeling_qwen3.py.
struct Qwen3: Architecture {
    let modelType = "qwen3"
    let className = "Qwen3ForCausalLM"
    let reference = "transformers/models/qwen3/modeling_qwen3.py"
    let summary = "Llama with RMS norms on queries and keys and a head width of its own"

    init() {}

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root,
            FamilyDefaults(
                keyValueHeads: 32, headWidth: 128, contextLength: 32_768,
                readOtherwise: [.rotation]))
        return try family.qwen3(windows: family.qwenWindows())
    }

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        try config.keepQwenLayers(kept, blueprint: blueprint)
    }
}

/// The language model of Qwen3-VL after modeling_qwen3_vl.py: text has one position in all three
/// parts of its rotation, which makes it Qwen3's.
struct Qwen3VLText: Architecture {
    let modelType = "qwen3_vl_text"
    let className = "Qwen3VLTextModel"
    let reference = "transformers/models/qwen3_vl/modeling_qwen3_vl.py"
    let summary = "Qwen3, as it lies in a Qwen3-VL"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root,
            FamilyDefaults(
                keyValueHeads: 32, headWidth: 128, ropeBase: 500_000, contextLength: 128_000))
        return try family.qwen3(windows: family.windows(nil, of: nil))
    }
}

extension LlamaFamily {
    fileprivate func qwen3(windows: [Int?]) throws -> ModelBlueprint {
        let bias = try config.flag("attention_bias", default: false)
        return try model(
            (0..<layerCount).map { index in
                var attention = self.attention(
                    index, bias: bias, outputBias: bias, window: windows[index])
                let name = prefix(index) + "self_attn."
                attention.queryNorm = norm(name + "q_norm", width: headWidth)
                attention.keyNorm = norm(name + "k_norm", width: headWidth)
                return layer(
                    index, mixer: .attention(attention),
                    feedForward: .mlp(gated(prefix(index) + "mlp.")))
            })
    }

    /// The window of each layer: `layer_types` where given, else every layer from
    /// `max_window_layers` on; none unless `use_sliding_window`.
    fileprivate func qwenWindows() throws -> [Int?] {
        guard try config.flag("use_sliding_window", default: false),
            !config.isNull("sliding_window")
        else { return [Int?](repeating: nil, count: layerCount) }
        let window = try config.count("sliding_window", default: 4096)
        let first = try config.index("max_window_layers", default: 28)
        let sliding = try slidingLayers() ?? (0..<layerCount).map { $0 >= first }
        return sliding.map { $0 ? window : nil }
    }
}

extension ModelConfig {
    /// `layer_types` is written out, so that nobody derives it from a wrong `max_window_layers`.
    fileprivate mutating func keepQwenLayers(_ kept: [Int], blueprint: ModelBlueprint) throws {
        try keepLayers(kept, of: blueprint.layers.count)
        try keepWindowStart(kept)
        if has("layer_types") || blueprint.layers.contains(where: \.slides) {
            setLayerTypes(kept.map { blueprint.layers[$0].slides })
        }
    }

    /// `max_window_layers`, where it is given: as many of the kept layers as were below it.
    mutating func keepWindowStart(_ kept: [Int]) throws {
        guard has("max_window_layers"), !isNull("max_window_layers") else { return }
        let old = try index("max_window_layers", default: 28)
        set("max_window_layers", to: kept.count { $0 < old })
    }

    mutating func setLayerTypes(_ sliding: [Bool]) {
        set("layer_types", to: sliding.map { $0 ? "sliding_attention" : "full_attention" })
    }
}

extension LayerBlueprint {
    /// Whether the layer's attention has a window.
    var slides: Bool {
        if case .attention(let attention) = mixer { attention.window != nil } else { false }
    }
}

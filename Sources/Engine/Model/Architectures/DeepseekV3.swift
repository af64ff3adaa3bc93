// DeepSeek V3 and R1, Kimi K2, Moonlight. Reference: transformers modeling_deepseek_v3.py.
//
// | config key | meaning |
// | --- | --- |
// | q_lora_rank (1536) | q_a_proj, q_a_layernorm, q_b_proj; null: q_proj |
// | kv_lora_rank (512) | kv_a_proj_with_mqa and the keys' shared end, kv_a_layernorm, kv_b_proj |
// | qk_nope_head_dim (128), qk_rope_head_dim (64), v_head_dim (128) | parts of a head, value |
// | rope_interleave (true) | neighbours rotate together, not the halves of the rotated part |
// | rope_scaling.mscale_all_dim | scores * (0.1 m ln(factor) + 1)^2 |
// | attention_bias (false) | biases on q_a_proj, kv_a_proj_with_mqa and o_proj |
// | first_k_dense_replace (3) | layers before it have an MLP, all others experts |
//
// The norms of both latents have an epsilon of 1e-6, whatever rms_norm_eps says. head_dim and
// num_key_value_heads change nothing: all heads rotate qk_rope_head_dim features and have keys of
// their own. Experts: GroupedExperts.swift.

import Checkpoint
import Foundation

/// DeepSeek V3 after modeling_deepseek_v3.py.
struct DeepseekV3: Architecture {
    let modelType = "deepseek_v3"
    let className = "DeepseekV3ForCausalLM"
    let reference = "transformers/models/deepseek_v3/modeling_deepseek_v3.py"
    let summary = "keys and values from a latent, sigmoid routers with groups and a shared expert"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let rotated = try config.count("qk_rope_head_dim", default: 64)
        var plain = config
        plain.set("head_dim", to: nil)
        let family = try LlamaFamily(
            plain, root: root, FamilyDefaults(headWidth: rotated, contextLength: 4096))
        guard family.rotary.width == rotated else {
            throw ModelError.unsupported(
                key: "partial_rotary_factor", found: "another than 1",
                advice: "all features of `qk_rope_head_dim` rotate")
        }
        let dense = try config.index("first_k_dense_replace", default: 3)
        let attention = try self.attention(family)
        let routed = try family.groupedExperts(
            GroupedDefaults(
                experts: 256, perToken: 8, inner: 2048, groups: ExpertGroups(count: 8, kept: 4),
                scale: 2.5))
        var model = try family.model(
            (0..<family.layerCount).map { index in
                let name = family.prefix(index) + "mlp."
                return family.layer(
                    index, mixer: .latent(attention(family.prefix(index) + "self_attn.")),
                    feedForward: index < dense ? .mlp(family.gated(name)) : .experts(routed(name)))
            })
        model.leftOut = try family.furtherLayers()
        return model
    }

    private func attention(
        _ family: LlamaFamily
    ) throws -> (String) -> LatentAttentionBlueprint {
        let config = family.config
        let plain = try config.count("qk_nope_head_dim", default: 128)
        let value = try config.count("v_head_dim", default: 128)
        let rank = try config.count("kv_lora_rank", default: 512)
        let queryRank =
            config.isNull("q_lora_rank") ? nil : try config.count("q_lora_rank", default: 1536)
        let bias = try config.flag("attention_bias", default: false)
        let interleaves =
            config.isNull("rope_interleave")
            ? false : try config.flag("rope_interleave", default: true)
        var rotary = family.rotary
        rotary.pairing = interleaves ? .neighbours : .halves
        let (heads, hidden, head) = (family.heads, family.hidden, plain + rotary.width)
        let scale = try Self.scale(family, headWidth: head)
        func norm(_ name: String, _ width: Int) -> NormBlueprint {
            NormBlueprint(tensor: name + ".weight", width: width, epsilon: 1e-6)
        }
        return { [rotary] name in
            let (query, latent) = (heads * head, rank + rotary.width)
            return LatentAttentionBlueprint(
                heads: heads, plainWidth: plain, rotary: rotary, valueWidth: value,
                queryLatent: queryRank.map {
                    LatentBlueprint(
                        projection: family.projection(
                            name + "q_a_proj", outputs: $0, inputs: hidden, bias: bias),
                        norm: norm(name + "q_a_layernorm", $0))
                },
                query: family.projection(
                    name + (queryRank == nil ? "q_proj" : "q_b_proj"), outputs: query,
                    inputs: queryRank ?? hidden),
                latent: family.projection(
                    name + "kv_a_proj_with_mqa", outputs: latent, inputs: hidden, bias: bias),
                latentNorm: norm(name + "kv_a_layernorm", rank),
                expansion: family.projection(
                    name + "kv_b_proj", outputs: heads * (plain + value), inputs: rank),
                output: family.projection(
                    name + "o_proj", outputs: hidden, inputs: heads * value, bias: bias),
                scale: scale)
        }
    }

    /// 1 / sqrt(head width), and what YaRN multiplies scores with.
    private static func scale(_ family: LlamaFamily, headWidth: Int) throws -> Float {
        let scale = 1 / Double(headWidth).squareRoot()
        guard family.rotary.scaling != .none, let scope = try family.config.rotarySection(),
            let weight = try scope.optionalNumber("mscale_all_dim", default: nil), weight != 0
        else { return Float(scale) }
        let stretch = RotaryScaling.stretch(weight, try scope.number("factor"))
        return Float(scale * stretch * stretch)
    }

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        try config.keepDenseFirst(kept, of: blueprint)
    }

    func leaveOut(_ config: inout ModelConfig) { config.dropFurtherLayers() }

    /// llama.cpp knows by the number of layers whether queries have a latent (its deepseek2).
    func caveats(kept: [Int], mlpWidth: Int?, blueprint: ModelBlueprint) -> [String] {
        guard case .latent(let latent) = blueprint.layers.first?.mixer else { return [] }
        let hasLatent = latent.queryLatent != nil
        func takesLatent(_ count: Int) -> Bool {
            ![26, 27].contains(count) && (count != 48 || blueprint.vocabularySize != 128_256)
        }
        guard takesLatent(blueprint.layers.count) == hasLatent, takesLatent(kept.count) != hasLatent
        else { return [] }
        return [
            "llama.cpp takes models of 26 and 27 layers for such whose queries have no latent "
                + "(`q_lora_rank`), and all others for such that have one: it does not load this "
                + "one of \(kept.count) layers; transformers and vLLM do"
        ]
    }
}

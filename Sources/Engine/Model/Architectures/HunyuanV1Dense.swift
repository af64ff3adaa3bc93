// Hunyuan, dense. Reference: transformers modeling_hunyuan_v1_dense.py.
//
// | config key | meaning | tensors |
// | --- | --- | --- |
// | rms_norm_eps (1e-5) | - | |
// | attention_bias (false) | biases on q, k, v and o | |
// | rope_scaling.alpha | with type dynamic: a larger base, whatever the length | |
// | - | RMS norms over each head behind the rotation | self_attn.{query,key}_layernorm |
//
// base = rope_theta * alpha^(d / (d - 2)) with d = head_dim; without alpha dynamic is the usual
// rule. The published code had switches that transformers does not read: use_qk_norm, use_cla,
// use_rotary_pos_emb.

import Checkpoint
import Foundation

/// Hunyuan after modeling_hunyuan_v1_dense.py.
struct HunyuanV1Dense: Architecture {
    let modelType = "hunyuan_v1_dense"
    let className = "HunYuanDenseV1ForCausalLM"
    let reference = "transformers/models/hunyuan_v1_dense/modeling_hunyuan_v1_dense.py"
    let summary = "Llama with norms on rotated queries and keys"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(config, root: root, FamilyDefaults(epsilon: 1e-5))
        let attention = try self.attention(family)
        return try family.model(
            (0..<family.layerCount).map { index in
                family.layer(
                    index, mixer: .attention(attention(index)),
                    feedForward: .mlp(family.gated(family.prefix(index) + "mlp.")))
            })
    }

    /// Of each layer, by its number.
    func attention(_ family: LlamaFamily) throws -> (Int) -> AttentionBlueprint {
        try refuseSwitches(family.config)
        let rotary = try self.rotary(family)
        let bias = try family.config.flag("attention_bias", default: false)
        return { index in
            let name = family.prefix(index) + "self_attn."
            var attention = family.attention(index, bias: bias, outputBias: bias)
            attention.rotary = rotary
            attention.queryNorm = family.norm(name + "query_layernorm", width: family.headWidth)
            attention.keyNorm = family.norm(name + "key_layernorm", width: family.headWidth)
            attention.normsFollowRotation = true
            return attention
        }
    }

    private func rotary(_ family: LlamaFamily) throws -> RotaryBlueprint {
        guard case .dynamic = family.rotary.scaling,
            let scope = try family.config.rotarySection(),
            let alpha = try scope.optionalNumber("alpha", default: nil), alpha != 0
        else { return family.rotary }
        let width = Double(family.headWidth)
        let base = family.rotary.base * pow(alpha, width / (width - 2))
        guard base.isFinite, base > 0 else {
            throw ModelError.unsupported(
                key: "alpha", found: "\(alpha)", advice: "a positive number is expected")
        }
        var rotary = family.rotary
        rotary.base = base
        rotary.scaling = .none
        return rotary
    }

    private func refuseSwitches(_ config: ModelConfig) throws {
        let computed = [("use_qk_norm", true), ("use_rotary_pos_emb", true), ("use_cla", false)]
        for (key, expected) in computed {
            guard try config.flag(key, default: expected) != expected else { continue }
            throw ModelError.unsupported(
                key: key, found: "\(!expected)",
                advice: "transformers computes these models with \(expected) only")
        }
    }
}

// Qwen3-Next and Qwen3.5. References: transformers modeling_qwen3_next.py, modeling_qwen3_5.py.
//
// | config key | Qwen3-Next | Qwen3.5 |
// | --- | --- | --- |
// | layer_types, linear_*, attention | as DeltaNetConfig has it | same |
// | num_key_value_heads | 2 where absent | 4 |
// | linear_attn.in_proj_* | qkvz and ba, by key head | qkv, z, b and a |
// | num_experts (512; 0: none), num_experts_per_tok (10) | mlp.experts.E | - |
// | moe_intermediate_size (512) | their width | - |
// | shared_expert_intermediate_size (512) | mlp.shared_expert, shared_expert_gate | - |
// | norm_topk_prob (true) | whether the chosen weights are divided by their sum | - |
// | decoder_sparse_step (1), mlp_only_layers | as Qwen3 MoE's | - |
// | rope_parameters.mrope_* | - | of pictures; text has one position in all parts |
//
// Tensors that guess further tokens (`mtp.`) are left out.

import Checkpoint
import JSON

/// Qwen3-Next after modeling_qwen3_next.py.
struct Qwen3Next: Architecture {
    let modelType = "qwen3_next"
    let className = "Qwen3NextForCausalLM"
    let reference = "transformers/models/qwen3_next/modeling_qwen3_next.py"
    let summary = "gated DeltaNets with gated attention in every 4th layer, experts"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root,
            FamilyDefaults(
                keyValueHeads: 2, headWidth: 256, contextLength: 32_768, rotatesPart: true,
                partialRotary: 0.25))
        let net = try DeltaNetConfig(config)
        _ = try config.index("num_nextn_predict_layers", default: 0)
        let hasExperts = try config.index("num_experts", default: 512) > 0
        let routes = try config.routedLayers(of: family.layerCount)
        let shared = try config.count("shared_expert_intermediate_size", default: 512)
        let routed =
            hasExperts
            ? try family.softmaxExperts(
                anyOf: ["num_experts"], count: 512, perToken: 10,
                inner: config.count("moe_intermediate_size", default: 512), renormalised: true)
            : nil
        return try family.deltaNetModel(net, readers: { net.fused(family, $0) }) { index in
            let name = family.prefix(index) + "mlp."
            guard routes[index], var experts = routed?(name) else {
                return .mlp(family.gated(name))
            }
            experts.shared = family.gated(name + "shared_expert.", inner: shared)
            experts.sharedGate = family.projection(
                name + "shared_expert_gate", outputs: 1, inputs: family.hidden)
            return .experts(experts)
        }
    }

    func leaveOut(_ config: inout ModelConfig) { config.dropFurtherTokens() }

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        let routes = try config.routedLayers(of: blueprint.layers.count)
        try config.keepDeltaNetLayers(kept, blueprint: blueprint)
        config.setRoutedLayers(kept, of: routes)
    }
}

/// The language model of Qwen3.5 after modeling_qwen3_5.py.
struct Qwen35Text: Architecture {
    let modelType = "qwen3_5_text"
    let className = "Qwen3_5ForCausalLM"
    let reference = "transformers/models/qwen3_5/modeling_qwen3_5.py"
    let summary = "gated DeltaNets with gated attention in every 4th layer"

    var roots: [String] { ["model.", "model.language_model.", ""] }

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root,
            FamilyDefaults(
                keyValueHeads: 4, headWidth: 256, contextLength: 32_768, rotatesPart: true,
                partialRotary: 0.25))
        let net = try DeltaNetConfig(config)
        _ = try config.index("mtp_num_hidden_layers", default: 0)
        return try family.deltaNetModel(net, readers: { net.separate(family, $0) }) { index in
            .mlp(family.gated(family.prefix(index) + "mlp."))
        }
    }

    func leaveOut(_ config: inout ModelConfig) { config.dropFurtherTokens() }

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        try config.keepDeltaNetLayers(kept, blueprint: blueprint)
    }
}

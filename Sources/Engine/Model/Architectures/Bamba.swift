// Bamba: Mamba-2 mixers with attention now and then. Reference: transformers modeling_bamba.py.
//
// | config key | meaning |
// | --- | --- |
// | attn_layer_indices (none) | layers that attend; the others have a Mamba-2 mixer |
// | mamba_*, time_step_limit | of mamba.*, see Mamba2Config |
// | attention_bias (false), mlp_bias (false) | biases of self_attn.* and feed_forward.* |
// | rms_norm_eps (1e-5), num_key_value_heads (8) | |
//
// Half of a head is rotated, whatever `partial_rotary_factor` says beside the rotary parameters.
// Norms: input_layernorm, pre_ff_layernorm, model.final_layernorm.

import Checkpoint

/// Bamba after modeling_bamba.py.
struct Bamba: Architecture {
    let modelType = "bamba"
    let className = "BambaForCausalLM"
    let reference = "transformers/models/bamba/modeling_bamba.py"
    let summary = "Mamba-2 mixers with attention in some layers"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        var spelled = config
        spelled.set("partial_rotary_factor", to: nil)
        let family = try LlamaFamily(
            spelled, root: root,
            FamilyDefaults(
                keyValueHeads: 8, epsilon: 1e-5, contextLength: 262_144, rotatesPart: true,
                partialRotary: 0.5))
        let mamba = try Mamba2Config(config, hidden: family.hidden)
        let attending = try config.integers("attn_layer_indices") ?? []
        let attentionBias = try config.flag("attention_bias", default: false)
        let mlpBias = try config.flag("mlp_bias", default: false)
        return try family.model(
            (0..<family.layerCount).map { index in
                let prefix = family.prefix(index)
                return family.layer(
                    index,
                    mixer: attending.contains(index)
                        ? .attention(
                            family.attention(
                                index, bias: attentionBias, outputBias: attentionBias))
                        : .mamba2(mamba.mixer(family, prefix + "mamba.")),
                    feedForward: .mlp(family.gated(prefix + "feed_forward.", bias: mlpBias)),
                    feedForwardNorm: "pre_ff_layernorm")
            }, finalNorm: "final_layernorm")
    }

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        try config.keepLayers(kept, of: blueprint.layers.count)
        try config.keepEntries("layers_block_type", kept, of: blueprint.layers.count)
        config.setIndices("attn_layer_indices", where: kept.map { blueprint.layers[$0].attends })
    }
}

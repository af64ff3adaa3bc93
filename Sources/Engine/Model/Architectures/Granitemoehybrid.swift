// Granite 4: Mamba-2 mixers with attention now and then, experts beside a part that every token
// takes. Reference: transformers modeling_granitemoehybrid.py.
//
// | config key | meaning |
// | --- | --- |
// | layer_types, or layers_block_type (all Mamba-2) | mamba or attention, by old names or new |
// | mamba_*, time_step_limit | of mamba.*, see Mamba2Config |
// | position_embedding_type | "rope": attention rotates; null or anything else: it does not |
// | attention_bias (false) | biases on q, k, v and o |
// | shared_intermediate_size (1024) | of shared_mlp |
// | num_local_experts (8; 0: none), num_experts_per_tok (2), intermediate_size | the experts |
// | embedding_multiplier, ... | as Granite's |
//
// | tensor | shape |
// | --- | --- |
// | shared_mlp.input_linear | [2 * inner, hidden]: gates, then ups |
// | shared_mlp.output_linear | [hidden, inner] |
// | block_sparse_moe.* | as GraniteMoe's |

import Checkpoint
import JSON

/// Granite 4 after modeling_granitemoehybrid.py.
struct Granitemoehybrid: Architecture {
    let modelType = "granitemoehybrid"
    let className = "GraniteMoeHybridForCausalLM"
    let reference = "transformers/models/granitemoehybrid/modeling_granitemoehybrid.py"
    let summary = "Granite with Mamba-2 mixers and attention, experts beside a shared part"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let rotates = config.isWord("position_embedding_type", "rope")
        let family = try LlamaFamily(config, root: root, FamilyDefaults(rotates: rotates))
        let multipliers = try Multipliers(config)
        let count = family.layerCount
        let known: Set<LayerMixer> = [.attention, .recurrent]
        let mixers =
            try config.mixers("layer_types", count: count, known: known)
            ?? config.mixers("layers_block_type", count: count, known: known)
            ?? [LayerMixer](repeating: .recurrent, count: count)
        let mamba = try Mamba2Config(config, hidden: family.hidden)
        let bias = try config.flag("attention_bias", default: false)
        let shared = try config.count("shared_intermediate_size", default: 1024)
        let experts =
            try config.index("num_local_experts", default: 8) == 0
            ? 0 : config.expertCount(anyOf: ["num_local_experts"], default: 8, layers: count)
        let perToken = try config.index("num_experts_per_tok", default: 2)
        return multipliers.applied(
            to: try family.model(
                (0..<count).map { index in
                    let prefix = family.prefix(index)
                    var feedForward = FeedForwardBlueprint.mlp(
                        fused(family, prefix + "shared_mlp.", inner: shared))
                    if experts > 0, case .mlp(let common) = feedForward {
                        var part = family.fusedExperts(
                            prefix + "block_sparse_moe.", count: experts, perToken: perToken)
                        part.shared = common
                        feedForward = .experts(part)
                    }
                    return family.layer(
                        index,
                        mixer: mixers[index] == .attention
                            ? .attention(
                                family.attention(
                                    index, bias: bias, outputBias: bias, rotates: rotates))
                            : .mamba2(mamba.mixer(family, prefix + "mamba.")),
                        feedForward: feedForward)
                }))
    }

    func narrow(_ config: inout ModelConfig, to width: Int) {
        config.set("shared_intermediate_size", to: width)
    }

    /// Gates and ups as rows of one tensor.
    private func fused(_ family: LlamaFamily, _ name: String, inner: Int) -> MLPBlueprint {
        let both = family.projection(
            name + "input_linear", outputs: 2 * inner, inputs: family.hidden)
        return MLPBlueprint(
            gate: both.slice(0..<inner), up: both.slice(inner..<2 * inner),
            down: family.projection(
                name + "output_linear", outputs: family.hidden, inputs: inner),
            activation: family.activation)
    }

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        try config.keepLayers(kept, of: blueprint.layers.count)
        try config.keepEntries("layers_block_type", kept, of: blueprint.layers.count)
    }
}

// A small config.json of every architecture: what shows the kinds of its layers before there is a
// checkpoint of it.

package import Checkpoint
import JSON

extension Architecture {
    /// A config.json of twelve layers; what the architecture need not be told is its own default.
    /// Keys of other architectures are in it, too.
    package var typicalConfig: ModelConfig {
        var text = JSONObject()
        for (key, value) in Self.numbers { text[key] = .integer(value) }
        for key in Self.attending { text[key] = .array([2, 5, 8].map { .integer($0) }) }
        var whole = text
        whole["text_config"] = .object(text)
        whole["model_type"] = .string(modelType)
        whole["architectures"] = .array([.string(className)])
        return ModelConfig(file: "config.json", object: whole)
    }

    /// Which layers attend; without them there would be one kind of layer alone, which no
    /// published model of such a family has.
    private static var attending: [String] { ["attn_layer_indices", "full_attn_idxs"] }

    private static var numbers: [(String, Int)] {
        [
            ("hidden_size", 64), ("n_embd", 64), ("word_embed_proj_dim", 64),
            ("intermediate_size", 128), ("n_inner", 128), ("ffn_dim", 128),
            ("moe_intermediate_size", 32), ("num_hidden_layers", 12), ("n_layer", 12),
            ("num_attention_heads", 4), ("n_head", 4), ("num_key_value_heads", 2),
            ("head_dim", 16), ("vocab_size", 256), ("num_experts", 4), ("num_local_experts", 4),
            ("n_routed_experts", 16), ("num_experts_per_tok", 2), ("max_position_embeddings", 512),
            ("n_positions", 512),
        ]
    }
}

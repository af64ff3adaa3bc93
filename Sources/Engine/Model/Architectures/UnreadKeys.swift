// Keys of config.json that the architecture does not read: told, so that nobody believes that they
// have an effect; refused where their name is that of a known switch of the function.

import Checkpoint
import JSON

/// What is known of keys beside those that architectures read.
enum ConfigKeys {
    /// They change nothing that is computed here: training, generation, names, other parts.
    private static let harmless: Set<String> = [
        "_name_or_path", "add_classification_head", "apply_residual_connection_post_layernorm",
        "architectures", "attention_softmax_in_fp32", "auto_map", "cache_implementation",
        "classifier_dropout", "dtype", "embd_pdrop", "exponential_decay_length_penalty", "eos_bos",
        "finetuning_task", "generation_config", "gradient_checkpointing", "id2label",
        "initial_context_length", "init_std", "initializer_factor", "initializer_range",
        "is_decoder", "keys_to_ignore_at_inference", "label2id", "layerdrop", "max_length",
        "model_max_length", "model_type", "mlp_type", "moe_topk", "n_ctx", "norm_type",
        "num_logits_to_keep", "output_attentions", "output_hidden_states", "output_router_logits",
        "pp_seg_method", "prefix", "pretraining_tp", "problem_type", "reorder_and_upcast_attn",
        "router_aux_loss_coef", "router_jitter_noise", "router_z_loss_coef",
        "scale_attention_softmax_in_fp32", "scale_attn_weights", "task_specific_params",
        "torch_dtype", "transformers_version", "transformers.js_config", "unsloth_fixed",
        "unsloth_version", "use_cache", "use_flash_attention", "use_mamba_kernels", "use_mambapy",
        "use_associative_scan",
        "_sliding_window_pattern", "sliding_window_pattern",
        "experts_per_token", "attention_head_dim", "weight_share_add_bias",
        "capacity_factor", "cla_share_factor", "moe_aux_loss_lambda", "moe_capacity",
        "moe_drop_tokens", "moe_random_routing_dropped_token", "mtp_transformer_layers",
        "num_mtp_modules", "use_mtp",
        "aux_loss_alpha", "seq_aux", "ep_size", "bos", "eos", "max_window_layers",
        "sliding_window", "use_sliding_window", "layer_types", "no_rope_layer_interval",
        "quantization_config", "compression_config", "head_dim", "hidden_act", "qk_head_dim",
        "vision_config", "audio_config", "mm_tokens_per_image", "vision_feature_layer",
        "spatial_merge_size", "projector_hidden_act", "multimodal_projector_bias",
        "mrope_section", "mrope_interleaved", "tie_word_embeddings",
        // LFM2.
        "block_dim", "block_mlp_init_scale", "block_norm_eps", "block_out_init_scale",
        "block_use_swiglu", "block_use_xavier_init", "conv_dim", "conv_dim_out",
        "conv_use_xavier_init", "num_heads", "use_pos_enc",
        // Mamba-2 and delta nets: the length of chunks, what states are kept in, beginnings.
        "mamba_chunk_size", "chunk_size", "mamba_ssm_cache_dtype", "mamba_ssm_dtype",
        "time_step_max", "time_step_floor", "attn_rotary_emb", "z_loss_coefficient",
        "rescale_prenorm_residual", "residual_in_fp32", "init_method", "normalization_function",
        "mtp_use_dedicated_embeddings", "mtp_layers_block_type", "mtp_hybrid_override_pattern",
        "moe_shared_expert_overlap",
    ]
    /// Of every configuration that transformers 4 wrote.
    private static let oldDefaults: Set<String> = [
        "_model_name_or_path", "bad_words_ids", "begin_suppress_tokens",
        "chunk_size_feed_forward", "cross_attention_hidden_size", "diversity_penalty",
        "do_sample", "early_stopping", "encoder_no_repeat_ngram_size", "forced_bos_token_id",
        "forced_eos_token_id", "length_penalty", "min_length", "no_repeat_ngram_size",
        "num_beam_groups", "num_beams", "num_return_sequences", "output_scores", "pruned_heads",
        "remove_invalid_values", "repetition_penalty", "return_dict", "return_dict_in_generate",
        "suppress_tokens", "temperature", "tf_legacy_loss", "tokenizer_class", "top_k", "top_p",
        "torchscript", "typical_p", "use_bfloat16",
    ]
    private static let harmlessEnds = [
        "_token_id", "_token_index", "_dropout", "_dropout_prob", "_pdrop", "dropout",
    ]
    private static let harmlessBeginnings = ["summary_", "fuse_", "label"]

    /// Switches of the function, and the values at which they are off (false is 0).
    private static let switches: [String: [Double]] = [
        "add_cross_attention": [0], "alibi": [0],
        "altup_num_inputs": [], "attention_bias": [0],
        "attention_k_eq_v": [0], "attention_multiplier": [],
        "attn_logit_softcapping": [], "attn_output_gate": [0],
        "clip_qkv": [], "embedding_multiplier": [1],
        "final_logit_softcapping": [], "hidden_size_per_layer_input": [0],
        "is_causal": [1], "is_encoder_decoder": [0],
        "kv_lora_rank": [], "logit_scale": [1],
        "logits_scaling": [1], "mlp_bias": [0],
        "n_routed_experts": [0], "no_rope_layers": [],
        "num_experts": [0, 1], "num_kv_shared_layers": [0],
        "num_local_experts": [0, 1],
        "num_nextn_predict_layers": [0], "qk_layernorm": [0],
        "query_pre_attn_scalar": [], "residual_multiplier": [1],
        "scale_attn_by_inverse_layer_idx": [0], "use_alibi": [0],
        "use_bidirectional_attention": [0], "use_mla": [0],
    ]

    static func isHarmless(_ key: String) -> Bool {
        harmless.contains(key) || oldDefaults.contains(key)
            || harmlessEnds.contains { key.hasSuffix($0) }
            || harmlessBeginnings.contains { key.hasPrefix($0) }
    }

    static func isSwitch(_ key: String) -> Bool { switches[key] != nil }

    /// Whether the key has an effect elsewhere that it would not have here.
    static func isSwitchedOn(_ key: String, _ value: JSONValue) -> Bool {
        guard let off = switches[key], value != .null else { return false }
        guard let number = value.finiteDouble ?? value.bool.map({ $0 ? 1 : 0 }) else { return true }
        return !off.contains(number)
    }
}

extension ModelConfig {
    /// Keys that nobody asked for and that are not known to be harmless, by their paths, sorted.
    ///
    /// - Throws: `ModelError.unsupported` for a switch of the function that is on.
    func unreadKeys(_ log: KeyLog, modelType: String) throws(ModelError) -> [String] {
        var result: [String] = []
        for (key, value) in object {
            let name = (path + [key]).joined(separator: ".")
            // Sections of rotations are merged, and taken kind of layer by kind of layer.
            let isMerged =
                path.contains { $0.hasPrefix("rope_") }
                && log.contains(key, inSectionsOf: "rope_")
            if log.contains(name) || isMerged {
                if case .object(let inner) = value {
                    let section = ModelConfig(file: file, path: path + [key], object: inner)
                    result += try section.unreadKeys(log, modelType: modelType)
                }
            } else if ConfigKeys.isSwitchedOn(key, value) {
                throw .unsupported(
                    key: name, found: value.shown,
                    advice: "a \(modelType) has no such part here: what is computed would be "
                        + "another model; if the key has no effect, take it out of config.json")
            } else if !ConfigKeys.isHarmless(key) && value != .null
                && !ConfigKeys.isSwitch(key)
            {
                result.append(name)
            }
        }
        return result.sorted()
    }
}

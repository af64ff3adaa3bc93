"""Tiny random checkpoints of every architecture: config.json by name, for make_arch_fixtures.py.

Sizes that no vector width divides, several kinds of layers, windows shorter than the texts. Names
begin with the family; the numbers of heads, widths and layers are as small as its rules allow.
"""

# What to write otherwise than transformers does: the keys of config.json as they stand here, and
# names of tensors without what they begin with in a whole model. And factors on the deviation of
# tensors, by a part of their names; and shapes of more tensors, which transformers does not read.
KEEP_CONFIG, BARE_NAMES, SCALES = "(keep config)", "(bare names)", "(scales)"
MORE_TENSORS = "(more tensors)"

SHORT, LONG = [1.0, 1.05, 1.2], [1.5, 4.0, 9.0]

def next_token_layer(index: int, hidden: int, vocabulary: int, **more: list) -> dict:
    """Tensors of a layer that predicts a token further, behind those of the model."""
    shapes = {"enorm": [hidden], "hnorm": [hidden], "eh_proj": [hidden, 2 * hidden],
              "embed_tokens": [vocabulary, hidden], "shared_head.norm": [hidden],
              "shared_head.head": [vocabulary, hidden], "input_layernorm": [hidden],
              "post_attention_layernorm": [hidden]}
    return {f"model.layers.{index}.{name}.weight": shape
            for name, shape in (shapes | more).items()}


CHECKPOINTS = {
    # Sizes that no vector width divides; heads wider than hidden / heads; biases everywhere.
    "llama-odd-linear": dict(
        model_type="llama", hidden_size=25, intermediate_size=27, num_hidden_layers=2,
        num_attention_heads=5, num_key_value_heads=5, head_dim=6, vocab_size=37,
        max_position_embeddings=64, attention_bias=True, mlp_bias=True, tie_word_embeddings=False,
        rope_parameters=dict(rope_type="linear", factor=4.0, rope_theta=10000.0)),
    "llama-tied-yarn": dict(
        model_type="llama", hidden_size=18, intermediate_size=40, num_hidden_layers=2,
        num_attention_heads=6, num_key_value_heads=2, head_dim=8, vocab_size=33,
        max_position_embeddings=128, tie_word_embeddings=True, dtype="bfloat16",
        rope_parameters=dict(rope_type="yarn", factor=4.0, rope_theta=10000.0,
                             original_max_position_embeddings=32)),
    # The layers from 1 on slide; sequences outgrow the context, so the base does too.
    "qwen2-dynamic-window": dict(
        model_type="qwen2", hidden_size=16, intermediate_size=24, num_hidden_layers=3,
        num_attention_heads=2, num_key_value_heads=1, vocab_size=35, max_position_embeddings=50,
        use_sliding_window=True, sliding_window=7, max_window_layers=1, tie_word_embeddings=True,
        dtype="float16", rope_parameters=dict(rope_type="dynamic", factor=2.0, rope_theta=1e4)),
    "phi3-longrope-partial": dict(
        model_type="phi3", hidden_size=24, intermediate_size=20, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=1, vocab_size=31, max_position_embeddings=128,
        original_max_position_embeddings=32, sliding_window=9, tie_word_embeddings=False,
        pad_token_id=0, bos_token_id=0, eos_token_id=1,
        rope_parameters=dict(rope_type="longrope", rope_theta=10000.0, partial_rotary_factor=0.5,
                             short_factor=SHORT, long_factor=LONG)),
    "jamba-odd": dict(
        model_type="jamba", hidden_size=10, intermediate_size=11, num_hidden_layers=4,
        num_attention_heads=2, num_key_value_heads=1, vocab_size=29, max_position_embeddings=64,
        attn_layer_period=3, attn_layer_offset=1, expert_layer_period=2, expert_layer_offset=1,
        num_experts=3, num_experts_per_tok=2, mamba_d_state=5, mamba_d_conv=3, mamba_expand=2,
        mamba_dt_rank=3, mamba_proj_bias=True, use_mamba_kernels=False,
        tie_word_embeddings=False),
    # --- experts ---
    # Window everywhere; experts in layers 1 and 5, where neither the step nor the list says dense.
    "qwen3_moe-mixed": dict(
        model_type="qwen3_moe", hidden_size=14, intermediate_size=13, moe_intermediate_size=7,
        num_hidden_layers=6, num_attention_heads=3, num_key_value_heads=1, head_dim=6,
        vocab_size=29, max_position_embeddings=64, decoder_sparse_step=2, mlp_only_layers=[0, 3],
        num_experts=5, num_experts_per_tok=2, norm_topk_prob=True, use_sliding_window=True,
        sliding_window=9, attention_bias=True, tie_word_embeddings=True, dtype="bfloat16"),
    "qwen3_moe-plain": dict(
        model_type="qwen3_moe", hidden_size=18, intermediate_size=10, moe_intermediate_size=9,
        num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, head_dim=8,
        vocab_size=31, max_position_embeddings=128, num_experts=6, num_experts_per_tok=3,
        rope_parameters=dict(rope_type="default", rope_theta=1e6), dtype="bfloat16"),
    # Layers 0 and 2 slide, 1 is dense.
    "qwen2_moe-mixed": dict(
        model_type="qwen2_moe", hidden_size=15, intermediate_size=17, moe_intermediate_size=7,
        shared_expert_intermediate_size=11, num_hidden_layers=4, num_attention_heads=3,
        num_key_value_heads=1, head_dim=6, vocab_size=29, max_position_embeddings=64,
        mlp_only_layers=[1], num_experts=4, num_experts_per_tok=2, use_sliding_window=True,
        sliding_window=9, max_window_layers=3, tie_word_embeddings=True),
    "qwen2_moe-plain": dict(
        model_type="qwen2_moe", hidden_size=16, intermediate_size=10, moe_intermediate_size=6,
        shared_expert_intermediate_size=13, num_hidden_layers=3, num_attention_heads=2,
        num_key_value_heads=2, vocab_size=31, max_position_embeddings=64, decoder_sparse_step=2,
        num_experts=5, num_experts_per_tok=3, norm_topk_prob=True, qkv_bias=False),
    "olmoe-clipped": dict(
        model_type="olmoe", hidden_size=18, intermediate_size=7, num_hidden_layers=3,
        num_attention_heads=3, num_key_value_heads=1, vocab_size=29, max_position_embeddings=64,
        clip_qkv=0.6, num_experts=5, num_experts_per_tok=2, norm_topk_prob=True,
        eos_token_id=2),
    "olmoe-biased": dict(
        model_type="olmoe", hidden_size=16, intermediate_size=9, num_hidden_layers=3,
        num_attention_heads=4, vocab_size=31, max_position_embeddings=64, attention_bias=True,
        num_experts=4, num_experts_per_tok=3, tie_word_embeddings=True, eos_token_id=2),
    # Experts of a layer in two tensors; the softmax runs over the chosen.
    "granitemoe-scaled": dict(
        model_type="granitemoe", hidden_size=18, intermediate_size=7, num_hidden_layers=3,
        num_attention_heads=3, num_key_value_heads=1, vocab_size=29, max_position_embeddings=64,
        attention_bias=True, num_local_experts=5, num_experts_per_tok=2, embedding_multiplier=3.5,
        logits_scaling=1.75, residual_multiplier=0.375, attention_multiplier=0.3,
        tie_word_embeddings=True),
    # --- switches ---
    # Layers 2 and 5 do not rotate.
    "smollm3-unrotated": dict(
        model_type="smollm3", hidden_size=15, intermediate_size=13, num_hidden_layers=6,
        num_attention_heads=3, num_key_value_heads=1, head_dim=6, vocab_size=29,
        max_position_embeddings=64, no_rope_layer_interval=3, attention_bias=True, mlp_bias=True,
        pad_token_id=0, bos_token_id=0, eos_token_id=1),
    # The layers without rotation have a window.
    "smollm3-window": dict(
        model_type="smollm3", hidden_size=16, intermediate_size=13, num_hidden_layers=4,
        num_attention_heads=4, num_key_value_heads=2, vocab_size=31, max_position_embeddings=64,
        no_rope_layers=[0, 1, 1, 0], use_sliding_window=True, sliding_window=8,
        tie_word_embeddings=False, pad_token_id=0, bos_token_id=0, eos_token_id=1),
    "seed_oss-biased": dict(
        model_type="seed_oss", hidden_size=15, intermediate_size=21, num_hidden_layers=3,
        num_attention_heads=3, num_key_value_heads=1, head_dim=8, vocab_size=29,
        max_position_embeddings=64, attention_out_bias=True, mlp_bias=True),
    "seed_oss-plain": dict(
        model_type="seed_oss", hidden_size=18, intermediate_size=21, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=2, head_dim=6, vocab_size=31,
        max_position_embeddings=64, tie_word_embeddings=True,
        rope_parameters=dict(rope_type="default", rope_theta=1e7)),
    "granite-scaled": dict(
        model_type="granite", hidden_size=18, intermediate_size=21, num_hidden_layers=3,
        num_attention_heads=3, num_key_value_heads=1, vocab_size=29, max_position_embeddings=64,
        attention_bias=True, mlp_bias=True, embedding_multiplier=3.5, logits_scaling=1.75,
        residual_multiplier=0.375, attention_multiplier=0.3, tie_word_embeddings=True),
    "granite-half": dict(
        model_type="granite", hidden_size=20, intermediate_size=23, num_hidden_layers=4,
        num_attention_heads=2, vocab_size=31, max_position_embeddings=64, dtype="bfloat16",
        embedding_multiplier=3, logits_scaling=2.0, residual_multiplier=0.8,
        attention_multiplier=0.125, rope_parameters=dict(rope_type="default", rope_theta=1e7)),
    "ministral-mixed": dict(
        model_type="ministral", hidden_size=15, intermediate_size=19, num_hidden_layers=5,
        num_attention_heads=3, num_key_value_heads=1, head_dim=6, vocab_size=29,
        max_position_embeddings=64, sliding_window=7, rms_norm_eps=1e-5,
        layer_types=["full_attention", "sliding_attention", "sliding_attention",
                     "full_attention", "sliding_attention"]),
    "ministral-window": dict(
        model_type="ministral", hidden_size=16, intermediate_size=19, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=2, head_dim=8, vocab_size=31,
        max_position_embeddings=64, sliding_window=11, tie_word_embeddings=True),
    # Six steps of the queries' temperature within the longest text.
    "ministral3-tempered": dict(
        model_type="ministral3", hidden_size=15, intermediate_size=19, num_hidden_layers=3,
        num_attention_heads=3, num_key_value_heads=1, head_dim=10, vocab_size=29,
        max_position_embeddings=64, pad_token_id=0,
        rope_parameters=dict(
            rope_type="yarn", type="yarn", rope_theta=1e6, factor=4.0, beta_fast=32.0,
            beta_slow=1.0, mscale=1.0, mscale_all_dim=1.0, llama_4_scaling_beta=0.4,
            original_max_position_embeddings=16)),
    "ministral3-window": dict(
        model_type="ministral3", hidden_size=16, intermediate_size=19, num_hidden_layers=3,
        num_attention_heads=2, num_key_value_heads=2, head_dim=6, vocab_size=31,
        max_position_embeddings=64, sliding_window=9, pad_token_id=0, tie_word_embeddings=True,
        rope_parameters=dict(
            rope_type="default", rope_theta=1e4, llama_4_scaling_beta=0.3,
            original_max_position_embeddings=40)),
    "ernie4_5-biased": dict(
        model_type="ernie4_5", hidden_size=15, intermediate_size=19, num_hidden_layers=3,
        num_attention_heads=3, num_key_value_heads=1, head_dim=10, vocab_size=29,
        max_position_embeddings=64, use_bias=True),
    "ernie4_5-linear": dict(
        model_type="ernie4_5", hidden_size=18, intermediate_size=19, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=2, head_dim=6, vocab_size=31,
        max_position_embeddings=64, tie_word_embeddings=False,
        rope_parameters=dict(rope_type="linear", factor=2.0, rope_theta=5e5)),
    "hunyuan_v1_dense-alpha": dict(
        model_type="hunyuan_v1_dense", hidden_size=15, intermediate_size=19, num_hidden_layers=3,
        num_attention_heads=3, num_key_value_heads=1, head_dim=10, vocab_size=29,
        max_position_embeddings=32, attention_bias=True,
        rope_parameters=dict(rope_type="dynamic", type="dynamic", rope_theta=1e4, factor=1.0,
                             alpha=50.0)),
    # Without alpha the base grows with texts of more than 32 tokens.
    "hunyuan_v1_dense-dynamic": dict(
        model_type="hunyuan_v1_dense", hidden_size=18, intermediate_size=19, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=2, head_dim=6, vocab_size=31,
        max_position_embeddings=32, tie_word_embeddings=True,
        rope_parameters=dict(rope_type="dynamic", rope_theta=1e4, factor=2.0)),
    "arcee-biased": dict(
        model_type="arcee", hidden_size=18, intermediate_size=23, num_hidden_layers=3,
        num_attention_heads=3, num_key_value_heads=1, head_dim=8, vocab_size=29,
        max_position_embeddings=64, attention_bias=True, mlp_bias=True, bos_token_id=0,
        eos_token_id=1),
    "arcee-yarn": dict(
        model_type="arcee", hidden_size=20, intermediate_size=21, num_hidden_layers=3,
        num_attention_heads=2, vocab_size=31, max_position_embeddings=64, tie_word_embeddings=True,
        bos_token_id=0, eos_token_id=1,
        rope_parameters=dict(rope_type="yarn", factor=4.0, rope_theta=1e4,
                             original_max_position_embeddings=16)),
    # --- windows ---
    # Two rotations. The root of the width is the same in any format.
    "gemma3-text-two-rotations": dict(
        model_type="gemma3_text", hidden_size=16, intermediate_size=21, num_hidden_layers=5,
        num_attention_heads=2, num_key_value_heads=1, head_dim=6, vocab_size=31,
        max_position_embeddings=128, query_pre_attn_scalar=19, sliding_window=7,
        pad_token_id=0, bos_token_id=1, eos_token_id=2, dtype="bfloat16",
        layer_types=["sliding_attention", "sliding_attention", "full_attention",
                     "sliding_attention", "full_attention"],
        rope_parameters=dict(
            full_attention=dict(rope_type="linear", factor=8.0, rope_theta=1e6),
            sliding_attention=dict(rope_type="default", rope_theta=1e4))),
    # The same words as the published files, biases, a cap on the logits, a head of its own.
    "gemma3-text-old-keys": dict(
        model_type="gemma3_text", hidden_size=15, intermediate_size=19, num_hidden_layers=4,
        num_attention_heads=3, num_key_value_heads=3, head_dim=8, vocab_size=30,
        max_position_embeddings=128, query_pre_attn_scalar=8, sliding_window=9,
        sliding_window_pattern=2, attention_bias=True, final_logit_softcapping=3.0,
        attn_logit_softcapping=None, tie_word_embeddings=False, pad_token_id=0, bos_token_id=1,
        eos_token_id=2, rope_theta=5e4, rope_local_base_freq=5e3,
        rope_scaling=dict(rope_type="linear", factor=4.0), **{KEEP_CONFIG: True}),
    # Gates and ups so large that some are clamped.
    "gpt-oss-odd": dict(
        model_type="gpt_oss", hidden_size=18, intermediate_size=7, num_hidden_layers=4,
        num_attention_heads=6, num_key_value_heads=2, head_dim=4, vocab_size=30,
        num_local_experts=5, num_experts_per_tok=2, sliding_window=6, max_position_embeddings=128,
        dtype="bfloat16", rope_parameters=dict(
            rope_type="yarn", factor=4.0, beta_fast=32.0, beta_slow=1.0, truncate=False,
            original_max_position_embeddings=32, rope_theta=15e4),
        **{SCALES: {"gate_up_proj": 4.0}}),
    # No biases in attention, rotation by default, layers of a kind together.
    "gpt-oss-plain-attention": dict(
        model_type="gpt_oss", hidden_size=10, intermediate_size=12, num_hidden_layers=3,
        num_attention_heads=2, num_key_value_heads=2, head_dim=6, vocab_size=29,
        num_local_experts=3, num_experts_per_tok=3, sliding_window=11,
        max_position_embeddings=4096, attention_bias=False, tie_word_embeddings=True,
        layer_types=["full_attention", "sliding_attention", "sliding_attention"]),
    # --- inside a larger model ---
    "gemma3-seeing": dict(
        model_type="gemma3", text_config=dict(
            model_type="gemma3_text", hidden_size=16, intermediate_size=21, num_hidden_layers=3,
            num_attention_heads=2, num_key_value_heads=1, head_dim=6, vocab_size=31,
            max_position_embeddings=128, sliding_window=7, query_pre_attn_scalar=6,
            layer_types=["sliding_attention", "full_attention", "sliding_attention"]),
        vision_config=dict(hidden_size=8, intermediate_size=8, num_hidden_layers=1,
                           num_attention_heads=2, image_size=8, patch_size=4),
        mm_tokens_per_image=4, image_token_id=30, boi_token_id=29, eoi_token_id=28,
        pad_token_id=0, bos_token_id=1, eos_token_id=2),
    "mistral3-seeing": dict(
        model_type="mistral3", text_config=dict(
            model_type="mistral", hidden_size=18, intermediate_size=20, num_hidden_layers=3,
            num_attention_heads=3, num_key_value_heads=1, head_dim=8, vocab_size=33,
            max_position_embeddings=128, sliding_window=None, rope_theta=1e6),
        vision_config=dict(model_type="pixtral", hidden_size=8, intermediate_size=8,
                           num_hidden_layers=1, num_attention_heads=2, image_size=8, patch_size=4,
                           head_dim=4),
        image_token_index=30, tie_word_embeddings=False),
    "qwen3-vl-seeing": dict(
        model_type="qwen3_vl", text_config=dict(
            model_type="qwen3_vl_text", hidden_size=16, intermediate_size=20, num_hidden_layers=3,
            num_attention_heads=2, num_key_value_heads=1, head_dim=8, vocab_size=35,
            max_position_embeddings=128, rope_parameters=dict(
                rope_type="default", rope_theta=5e6, mrope_section=[2, 1, 1],
                mrope_interleaved=True)),
        vision_config=dict(hidden_size=8, intermediate_size=8, depth=1, num_heads=2,
                           patch_size=4, out_hidden_size=16, num_position_embeddings=4,
                           deepstack_visual_indexes=[0]),
        image_token_id=30, video_token_id=31, vision_start_token_id=32, vision_end_token_id=33,
        tie_word_embeddings=True),
    # --- post-norm ---
    "olmo2-bias": dict(
        model_type="olmo2", hidden_size=20, intermediate_size=23, num_hidden_layers=3,
        num_attention_heads=5, num_key_value_heads=1, vocab_size=31, max_position_embeddings=64,
        attention_bias=True, tie_word_embeddings=True, pad_token_id=1, eos_token_id=2,
        dtype="bfloat16"),
    # Three layers slide, one sees everything and is scaled.
    "olmo3-yarn": dict(
        model_type="olmo3", hidden_size=18, intermediate_size=17, num_hidden_layers=5,
        num_attention_heads=3, num_key_value_heads=3, vocab_size=30, max_position_embeddings=128,
        sliding_window=8, pad_token_id=1, eos_token_id=2, rope_parameters=dict(
            full_attention=dict(
                rope_type="yarn", factor=4.0, rope_theta=5e5, attention_factor=1.2,
                beta_fast=32.0, beta_slow=1.0, original_max_position_embeddings=32),
            sliding_attention=dict(rope_type="default", rope_theta=5e5))),
    # As published: rope_scaling is of the layers that see everything.
    "olmo3-old-keys": dict(
        model_type="olmo3", hidden_size=16, intermediate_size=17, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=2, vocab_size=29, max_position_embeddings=128,
        sliding_window=13, attention_bias=True, pad_token_id=1, eos_token_id=2, rope_theta=500000,
        rope_scaling=dict(rope_type="yarn", factor=8.0, attention_factor=1.2, beta_fast=32,
                          beta_slow=1, original_max_position_embeddings=16),
        layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        **{KEEP_CONFIG: True}),
    # Layers that see everything have no rotation.
    "exaone4-window": dict(
        model_type="exaone4", hidden_size=18, intermediate_size=20, num_hidden_layers=4,
        num_attention_heads=3, num_key_value_heads=1, head_dim=8, vocab_size=30,
        max_position_embeddings=128, sliding_window=10, sliding_window_pattern=3,
        bos_token_id=1, eos_token_id=2, rope_parameters=dict(
            rope_type="llama3", factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
            original_max_position_embeddings=32, rope_theta=1e6)),
    # As published: all layers see everything, and all have a rotation.
    "exaone4-full": dict(
        model_type="exaone4", hidden_size=15, intermediate_size=22, num_hidden_layers=3,
        num_attention_heads=3, num_key_value_heads=3, head_dim=4, vocab_size=31,
        max_position_embeddings=128, sliding_window=None, sliding_window_pattern=None,
        layer_types=["full_attention"] * 3, tie_word_embeddings=True, bos_token_id=1,
        eos_token_id=2, dtype="bfloat16", rope_theta=1000000, rope_scaling=None,
        **{KEEP_CONFIG: True}),
    "glm4-odd": dict(
        model_type="glm4", hidden_size=20, intermediate_size=17, num_hidden_layers=3,
        num_attention_heads=6, num_key_value_heads=2, head_dim=8, vocab_size=31,
        max_position_embeddings=128, pad_token_id=0, eos_token_id=[1, 2], dtype="bfloat16"),
    # Another part of the head, no biases.
    "glm4-old-keys": dict(
        model_type="glm4", hidden_size=14, intermediate_size=19, num_hidden_layers=3,
        num_attention_heads=2, num_key_value_heads=1, head_dim=16, vocab_size=29,
        max_position_embeddings=128, attention_bias=False, partial_rotary_factor=0.25,
        rope_theta=5000.0, tie_word_embeddings=True, pad_token_id=0, eos_token_id=[1, 2],
        **{KEEP_CONFIG: True}),
    # --- classics ---
    "gpt-neox-parallel": dict(
        model_type="gpt_neox", hidden_size=24, intermediate_size=29, num_hidden_layers=3,
        num_attention_heads=3, vocab_size=31, max_position_embeddings=128, bos_token_id=0,
        eos_token_id=1, rotary_pct=0.25, rotary_emb_base=10000, hidden_act="gelu",
        dtype="float16", **{KEEP_CONFIG: True}),
    "gpt-neox-sequential": dict(
        model_type="gpt_neox", hidden_size=18, intermediate_size=25, num_hidden_layers=3,
        num_attention_heads=3, vocab_size=30, max_position_embeddings=64, bos_token_id=0,
        eos_token_id=1, use_parallel_residual=False, attention_bias=False, hidden_act="gelu_fast",
        tie_word_embeddings=True, rope_parameters=dict(
            rope_type="linear", factor=2.0, rope_theta=2e4, partial_rotary_factor=1.0)),
    "phi-odd": dict(
        model_type="phi", hidden_size=20, intermediate_size=27, num_hidden_layers=3,
        num_attention_heads=2, vocab_size=31, max_position_embeddings=128,
        partial_rotary_factor=0.4, rope_theta=10000.0, dtype="float16", **{KEEP_CONFIG: True}),
    "phi-norms": dict(
        model_type="phi", hidden_size=18, intermediate_size=23, num_hidden_layers=3,
        num_attention_heads=3, num_key_value_heads=1, vocab_size=30, max_position_embeddings=64,
        qk_layernorm=True, rope_parameters=dict(
            rope_type="dynamic", factor=2.0, rope_theta=1e4, partial_rotary_factor=0.67)),
    "stablelm-bias": dict(
        model_type="stablelm", hidden_size=24, intermediate_size=21, num_hidden_layers=3,
        num_attention_heads=3, num_key_value_heads=3, vocab_size=31, max_position_embeddings=128,
        use_qkv_bias=True, dtype="float16"),
    "stablelm-parallel": dict(
        model_type="stablelm", hidden_size=20, intermediate_size=22, num_hidden_layers=3,
        num_attention_heads=5, num_key_value_heads=1, vocab_size=30, max_position_embeddings=128,
        use_parallel_residual=True, tie_word_embeddings=True, partial_rotary_factor=0.5,
        rope_theta=20000, **{KEEP_CONFIG: True}),
    "starcoder2-window": dict(
        model_type="starcoder2", hidden_size=18, intermediate_size=25, num_hidden_layers=3,
        num_attention_heads=3, num_key_value_heads=1, vocab_size=31, max_position_embeddings=128,
        sliding_window=9, bos_token_id=0, eos_token_id=0, dtype="bfloat16", rope_theta=999999.5,
        norm_epsilon=1e-3, **{KEEP_CONFIG: True}),
    "starcoder2-no-bias": dict(
        model_type="starcoder2", hidden_size=16, intermediate_size=23, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=2, vocab_size=30, max_position_embeddings=128,
        use_bias=False, tie_word_embeddings=False, bos_token_id=0, eos_token_id=0,
        hidden_act="gelu"),
    "cohere-norms": dict(
        model_type="cohere", hidden_size=20, intermediate_size=23, num_hidden_layers=3,
        num_attention_heads=6, num_key_value_heads=2, head_dim=4, vocab_size=31,
        max_position_embeddings=128, use_qk_norm=True, logit_scale=0.3, bos_token_id=1,
        eos_token_id=2, dtype="float16", rope_theta=8000000.0, **{KEEP_CONFIG: True}),
    "cohere-bias": dict(
        model_type="cohere", hidden_size=18, intermediate_size=19, num_hidden_layers=3,
        num_attention_heads=3, vocab_size=30, max_position_embeddings=128, attention_bias=True,
        tie_word_embeddings=False, bos_token_id=1, eos_token_id=2),
    # Layers that see everything have no rotation.
    "cohere2-pattern": dict(
        model_type="cohere2", hidden_size=18, intermediate_size=20, num_hidden_layers=5,
        num_attention_heads=3, num_key_value_heads=1, vocab_size=31, max_position_embeddings=128,
        sliding_window=8, sliding_window_pattern=4, logit_scale=0.25, rope_theta=50000,
        bos_token_id=1, eos_token_id=2, dtype="bfloat16", **{KEEP_CONFIG: True}),
    "cohere2-types": dict(
        model_type="cohere2", hidden_size=16, intermediate_size=21, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=2, vocab_size=30, max_position_embeddings=128,
        sliding_window=12, attention_bias=True, bos_token_id=1, eos_token_id=2,
        layer_types=["full_attention", "sliding_attention", "full_attention"]),
    "falcon-multi-query": dict(
        model_type="falcon", hidden_size=18, ffn_hidden_size=25, num_hidden_layers=3,
        num_attention_heads=3, num_kv_heads=3, vocab_size=31, max_position_embeddings=128,
        bos_token_id=1, eos_token_id=2, dtype="bfloat16"),
    "falcon-grouped": dict(
        model_type="falcon", hidden_size=16, num_hidden_layers=3, num_attention_heads=4,
        num_kv_heads=2, vocab_size=30, max_position_embeddings=128, new_decoder_architecture=True,
        bias=True, tie_word_embeddings=False, bos_token_id=1, eos_token_id=2),
    # One norm for both branches.
    "falcon-grouped-one-norm": dict(
        model_type="falcon", hidden_size=16, ffn_hidden_size=19, num_hidden_layers=3,
        num_attention_heads=4, num_kv_heads=1, vocab_size=29, max_position_embeddings=128,
        new_decoder_architecture=True, num_ln_in_parallel_attn=1, bos_token_id=1, eos_token_id=2),
    "falcon-sequential": dict(
        model_type="falcon", hidden_size=20, ffn_hidden_size=21, num_hidden_layers=3,
        num_attention_heads=5, vocab_size=29, max_position_embeddings=128, multi_query=False,
        parallel_attn=False, bias=True, bos_token_id=1, eos_token_id=2, rope_theta=5000.0,
        activation="gelu_new", **{KEEP_CONFIG: True}),
    "opt-odd": dict(
        model_type="opt", hidden_size=18, ffn_dim=25, num_hidden_layers=3, num_attention_heads=3,
        vocab_size=31, max_position_embeddings=97, word_embed_proj_dim=18, pad_token_id=1,
        bos_token_id=2, eos_token_id=2, dtype="float16"),
    "opt-no-bias": dict(
        model_type="opt", hidden_size=16, ffn_dim=21, num_hidden_layers=3, num_attention_heads=4,
        vocab_size=30, max_position_embeddings=101, enable_bias=False, activation_function="gelu",
        tie_word_embeddings=False, pad_token_id=1, bos_token_id=2, eos_token_id=2),
    "gpt2-odd": dict(
        model_type="gpt2", n_embd=18, n_inner=25, n_layer=3, n_head=3, n_positions=97,
        vocab_size=31, scale_attn_weights=False, bos_token_id=1, eos_token_id=1, dtype="bfloat16"),
    # As published: names without `transformer.`.
    "gpt2-bare-names": dict(
        model_type="gpt2", n_embd=16, n_ctx=99, n_layer=3, n_head=4, n_positions=99,
        vocab_size=30, bos_token_id=1, eos_token_id=1, **{KEEP_CONFIG: True, BARE_NAMES: True}),
    # --- latent attention ---
    # Queries through a latent, too; the norms of both have an epsilon of their own. Layer 0 is
    # dense, layer 4 predicts a token further and is no part of the model.
    "deepseek_v3-latent": dict(
        model_type="deepseek_v3", hidden_size=18, intermediate_size=13, moe_intermediate_size=5,
        num_hidden_layers=4, num_attention_heads=3, num_key_value_heads=3, q_lora_rank=7,
        kv_lora_rank=9, qk_nope_head_dim=5, qk_rope_head_dim=6, v_head_dim=7, vocab_size=31,
        max_position_embeddings=128, n_routed_experts=8, n_shared_experts=2, n_group=4,
        topk_group=2, num_experts_per_tok=3, routed_scaling_factor=1.7, first_k_dense_replace=1,
        rms_norm_eps=1e-3, attention_bias=True, dtype="bfloat16",
        rope_parameters=dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, mscale=0.8,
                             mscale_all_dim=1.2, beta_fast=16.0, beta_slow=2.0,
                             original_max_position_embeddings=32),
        **{MORE_TENSORS: next_token_layer(4, 18, 31)}),
    # As Moonlight: queries without a latent, one group; values wider than keys.
    "deepseek_v3-old-keys": dict(
        model_type="deepseek_v3", hidden_size=16, intermediate_size=15, moe_intermediate_size=6,
        num_hidden_layers=4, num_attention_heads=2, num_key_value_heads=2, q_lora_rank=None,
        kv_lora_rank=6, qk_nope_head_dim=3, qk_rope_head_dim=4, v_head_dim=9, vocab_size=29,
        max_position_embeddings=128, n_routed_experts=5, n_shared_experts=1, n_group=1,
        topk_group=1, num_experts_per_tok=2, norm_topk_prob=False, routed_scaling_factor=0.7,
        first_k_dense_replace=2, moe_layer_freq=1, scoring_func="sigmoid", topk_method="noaux_tc",
        num_nextn_predict_layers=0, rope_interleave=False, rope_theta=5000.0, rope_scaling=None,
        tie_word_embeddings=True, **{KEEP_CONFIG: True}),
    "glm4_moe-norms": dict(
        model_type="glm4_moe", hidden_size=18, intermediate_size=13, moe_intermediate_size=5,
        num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2, head_dim=8,
        vocab_size=30, max_position_embeddings=128, n_routed_experts=6, n_shared_experts=2,
        n_group=2, topk_group=1, num_experts_per_tok=2, routed_scaling_factor=1.5,
        first_k_dense_replace=2, use_qk_norm=True, attention_bias=True, dtype="bfloat16",
        rope_parameters=dict(rope_type="yarn", rope_theta=10000.0, factor=4.0,
                             original_max_position_embeddings=32),
        **{MORE_TENSORS: next_token_layer(4, 18, 30)}),
    "glm4_moe-old-keys": dict(
        model_type="glm4_moe", hidden_size=24, intermediate_size=13, moe_intermediate_size=7,
        num_hidden_layers=3, num_attention_heads=3, num_key_value_heads=1, vocab_size=29,
        max_position_embeddings=128, n_routed_experts=5, n_shared_experts=1, n_group=1,
        topk_group=1, num_experts_per_tok=3, norm_topk_prob=False, first_k_dense_replace=0,
        num_nextn_predict_layers=0, partial_rotary_factor=0.25, rope_theta=5000.0,
        rope_scaling=None, dtype="float16", **{KEEP_CONFIG: True}),
    # Dense, experts, experts, dense; biases but in experts; a tensor for further tokens.
    "ernie4_5_moe-biased": dict(
        model_type="ernie4_5_moe", hidden_size=18, intermediate_size=13, moe_intermediate_size=5,
        num_hidden_layers=4, num_attention_heads=3, num_key_value_heads=1, vocab_size=31,
        max_position_embeddings=128, moe_num_experts=6, moe_k=2, moe_num_shared_experts=2,
        moe_layer_start_index=1, moe_layer_end_index=2, use_bias=True, tie_word_embeddings=False,
        dtype="bfloat16", **{MORE_TENSORS: {"model.mtp_emb_norm.0.weight": [18],
                                            "model.mtp_linear_proj.0.weight": [18, 36]}}),
    "ernie4_5_moe-unshared": dict(
        model_type="ernie4_5_moe", hidden_size=16, intermediate_size=15, moe_intermediate_size=7,
        num_hidden_layers=3, num_attention_heads=2, num_key_value_heads=2, vocab_size=29,
        max_position_embeddings=64, moe_num_experts=5, moe_k=3, moe_num_shared_experts=0,
        moe_layer_start_index=1, moe_norm_min=0.4, dtype="float16",
        rope_parameters=dict(rope_type="linear", rope_theta=20000.0, factor=2.0)),
    "minimax_m2-old-keys": dict(
        model_type="minimax_m2", hidden_size=18, intermediate_size=7, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=2, head_dim=8, rotary_dim=4, vocab_size=31,
        max_position_embeddings=128, num_local_experts=6, num_experts_per_tok=2,
        rope_theta=5000.0, attn_type_list=[1, 1, 1], scoring_func="sigmoid", use_qk_norm=True,
        qk_norm_type="per_layer", use_routing_bias=True, shared_intermediate_size=0,
        dtype="bfloat16", **{KEEP_CONFIG: True}),
    "hunyuan_v1_moe-alpha": dict(
        model_type="hunyuan_v1_moe", hidden_size=16, intermediate_size=9, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=2, head_dim=6, vocab_size=31, num_experts=5,
        moe_topk=[2, 2, 2], moe_intermediate_size=[9, 9, 9], num_shared_expert=[1, 1, 1],
        max_position_embeddings=128, attention_bias=True, tie_word_embeddings=True,
        rope_theta=10000.0, rope_scaling=dict(type="dynamic", alpha=50.0, factor=1.0),
        dtype="bfloat16", **{KEEP_CONFIG: True}),
    # --- recurrent ---
    # Convolutions with biases; attention in layers 1 and 4.
    "lfm2-biased": dict(
        model_type="lfm2", hidden_size=18, intermediate_size=34, num_hidden_layers=5,
        num_attention_heads=3, num_key_value_heads=1, vocab_size=29, max_position_embeddings=128,
        conv_bias=True, conv_L_cache=4, block_multiple_of=5, block_ffn_dim_multiplier=1.1,
        layer_types=["conv", "full_attention", "conv", "conv", "full_attention"]),
    # Spelled as published.
    "lfm2-indices": dict(
        model_type="lfm2", hidden_size=16, block_ff_dim=25, num_hidden_layers=4,
        num_attention_heads=4, num_key_value_heads=2, vocab_size=30, max_position_embeddings=128,
        block_auto_adjust_ff_dim=False, full_attn_idxs=[2], conv_L_cache=3, norm_eps=1e-5,
        tie_embedding=False, rope_theta=1000000.0, bos_token_id=1, eos_token_id=7,
        dtype="bfloat16", **{KEEP_CONFIG: True}),
    # Chunks of 16 tokens; two groups of B and C; attention in layers 1 and 3.
    "bamba-groups": dict(
        model_type="bamba", hidden_size=18, intermediate_size=23, num_hidden_layers=5,
        num_attention_heads=3, num_key_value_heads=1, head_dim=8, vocab_size=29,
        max_position_embeddings=128, attn_layer_indices=[1, 3], mamba_n_heads=6, mamba_d_head=6,
        mamba_n_groups=2, mamba_d_state=5, mamba_d_conv=3, mamba_expand=2, mamba_chunk_size=16,
        mamba_proj_bias=True, mlp_bias=True, attention_bias=True,
        time_step_limit=[0.3, 0.8], tie_word_embeddings=True, dtype="float16"),
    "bamba-plain": dict(
        model_type="bamba", hidden_size=16, intermediate_size=21, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=2, vocab_size=30, max_position_embeddings=128,
        attn_layer_indices=[2], mamba_n_heads=4, mamba_d_state=19, mamba_d_conv=4,
        mamba_conv_bias=False, dtype="bfloat16", **{KEEP_CONFIG: True}),
    # Rotated; experts in two tensors beside a part that all tokens take.
    "granitemoehybrid-experts": dict(
        model_type="granitemoehybrid", hidden_size=18, intermediate_size=7,
        shared_intermediate_size=11, num_hidden_layers=4, num_attention_heads=3,
        num_key_value_heads=1, vocab_size=29, max_position_embeddings=64, attention_bias=True,
        layer_types=["mamba", "attention", "mamba", "attention"], num_local_experts=5,
        num_experts_per_tok=2, position_embedding_type="rope", mamba_n_heads=6, mamba_n_groups=3,
        mamba_d_state=7, mamba_d_conv=4, mamba_chunk_size=32, embedding_multiplier=3.5,
        logits_scaling=1.75, residual_multiplier=0.375, attention_multiplier=0.3,
        tie_word_embeddings=True, dtype="float16"),
    # No rotation, no experts.
    "granitemoehybrid-dense": dict(
        model_type="granitemoehybrid", hidden_size=16, intermediate_size=9,
        shared_intermediate_size=21, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=2, vocab_size=30, max_position_embeddings=64,
        layer_types=["mamba", "mamba", "attention", "mamba"], num_local_experts=0,
        num_experts_per_tok=0, position_embedding_type="nope", mamba_n_heads=8, mamba_d_head=4,
        mamba_d_state=6, mamba_d_conv=4, mamba_chunk_size=256, mamba_proj_bias=True,
        mamba_conv_bias=False, embedding_multiplier=2, logits_scaling=3.0,
        residual_multiplier=0.5, attention_multiplier=0.25, dtype="bfloat16",
        **{KEEP_CONFIG: True}),
    # Two value heads for each key head; layer 2 is dense.
    "qwen3_next-experts": dict(
        model_type="qwen3_next", hidden_size=18, intermediate_size=13, moe_intermediate_size=7,
        shared_expert_intermediate_size=9, num_hidden_layers=4, num_attention_heads=3,
        num_key_value_heads=1, head_dim=8, vocab_size=29, max_position_embeddings=128,
        linear_conv_kernel_dim=3, linear_key_head_dim=5, linear_value_head_dim=7,
        linear_num_key_heads=2, linear_num_value_heads=4, mlp_only_layers=[2], num_experts=5,
        num_experts_per_tok=2, attention_bias=True, full_attention_interval=4,
        tie_word_embeddings=True, dtype="float16", **{KEEP_CONFIG: True}),
    "qwen3_next-types": dict(
        model_type="qwen3_next", hidden_size=16, intermediate_size=21, moe_intermediate_size=6,
        shared_expert_intermediate_size=5, num_hidden_layers=5, num_attention_heads=4,
        num_key_value_heads=2, head_dim=6, vocab_size=30, max_position_embeddings=128,
        linear_key_head_dim=6, linear_value_head_dim=4, linear_num_key_heads=3,
        linear_num_value_heads=3, decoder_sparse_step=2, num_experts=4, num_experts_per_tok=3,
        norm_topk_prob=False, partial_rotary_factor=1.0, dtype="bfloat16",
        layer_types=["full_attention", "linear_attention", "linear_attention", "full_attention",
                     "linear_attention"]),
    "qwen3_5_text-shared": dict(
        model_type="qwen3_5_text", hidden_size=18, intermediate_size=23, num_hidden_layers=4,
        num_attention_heads=3, num_key_value_heads=1, head_dim=8, vocab_size=29,
        max_position_embeddings=128, linear_conv_kernel_dim=4, linear_key_head_dim=6,
        linear_value_head_dim=5, linear_num_key_heads=2, linear_num_value_heads=6,
        attention_bias=True, full_attention_interval=2, tie_word_embeddings=True,
        dtype="float16", **{KEEP_CONFIG: True}),
    "qwen3_5_text-listed": dict(
        model_type="qwen3_5_text", hidden_size=16, intermediate_size=21, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=2, head_dim=12, vocab_size=30,
        max_position_embeddings=128, linear_key_head_dim=5, linear_value_head_dim=9,
        linear_num_key_heads=2, linear_num_value_heads=2, dtype="bfloat16",
        layer_types=["linear_attention", "full_attention", "linear_attention"],
        rope_parameters=dict(rope_type="default", rope_theta=1e7, partial_rotary_factor=0.5,
                             mrope_interleaved=True, mrope_section=[1, 1, 1])),
    # Each layer is one thing; experts of two groups, of which one is taken.
    "nemotron_h-experts": dict(
        model_type="nemotron_h", hidden_size=18, intermediate_size=23,
        layers_block_type=["linear_attention", "moe", "full_attention", "mlp",
                           "linear_attention", "moe"],
        num_attention_heads=3, num_key_value_heads=1, head_dim=8, vocab_size=29,
        max_position_embeddings=128, ssm_state_size=7, mamba_num_heads=6, mamba_head_dim=5,
        n_groups=2, conv_kernel=3, chunk_size=16, time_step_min=0.2, use_bias=True, mlp_bias=True,
        n_routed_experts=6, moe_intermediate_size=7, moe_shared_expert_intermediate_size=9,
        num_experts_per_tok=2, n_group=2, topk_group=1, routed_scaling_factor=1.5,
        dtype="float16"),
    # Spelled as published.
    "nemotron_h-pattern": dict(
        model_type="nemotron_h", hidden_size=16, intermediate_size=21, num_hidden_layers=5,
        hybrid_override_pattern="M-M*-", num_attention_heads=4, num_key_value_heads=2, head_dim=6,
        vocab_size=30, max_position_embeddings=128, ssm_state_size=6, mamba_num_heads=4,
        mamba_head_dim=8, n_groups=1, conv_kernel=4, use_conv_bias=False, dtype="bfloat16",
        **{KEEP_CONFIG: True}),
    "qwen3_5-sees": dict(
        model_type="qwen3_5", text_config=dict(
            model_type="qwen3_5_text", hidden_size=16, intermediate_size=20, num_hidden_layers=3,
            num_attention_heads=2, num_key_value_heads=1, head_dim=8, vocab_size=35,
            max_position_embeddings=128, linear_key_head_dim=5, linear_value_head_dim=4,
            linear_num_key_heads=2, linear_num_value_heads=4,
            layer_types=["linear_attention", "full_attention", "linear_attention"],
            rope_parameters=dict(
                rope_type="default", rope_theta=1e7, partial_rotary_factor=0.5,
                mrope_section=[1, 1, 0], mrope_interleaved=True)),
        vision_config=dict(depth=1, hidden_size=8, intermediate_size=8, num_heads=2,
                           out_hidden_size=16, patch_size=2, num_position_embeddings=4),
        image_token_id=34, video_token_id=33, vision_start_token_id=32, vision_end_token_id=31,
        tie_word_embeddings=True),
}

#!/usr/bin/env python3
"""Makes Tests/Fixtures/arch: tiny random checkpoints with what transformers computes.

`<name>/` holds config.json and model.safetensors; `expected.safetensors` holds, for checkpoint
NAME and sequence i, all F32: NAME.ids.i (I32), NAME.hidden.i.l (input of layer l), NAME.final.i
(after the final norm), NAME.logits.i. Sequences run alone, so no padding is involved.
`rotary.json` holds inverse frequencies and attention factors by sequence length.

Needs torch, transformers, safetensors (made with torch 2.15, transformers 5.23). Run it from the
package's root, commit what it wrote.
"""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, CONFIG_MAPPING
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

ROOT = Path("Tests/Fixtures/arch")
LENGTHS = [1, 5, 97]
SHORT, LONG = [1.0, 1.05, 1.2], [1.5, 4.0, 9.0]

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
}


def scaled(kind: str, head_dim: int = 16, context: int = 64, theta: float = 1e4, **more) -> dict:
    """config.json of a Llama that differs in its rotary parameters only."""
    return dict(
        model_type="llama", hidden_size=2 * head_dim, intermediate_size=8, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=2, head_dim=head_dim, vocab_size=8,
        max_position_embeddings=context,
        rope_parameters=dict(rope_type=kind, rope_theta=theta, **more))


SHORT8 = [1.0 + 0.1 * i for i in range(8)]
LONG8 = [2.0 + 1.5 * i for i in range(8)]
ROTARY = {
    "default": scaled("default"),
    "default, odd half": scaled("default", head_dim=10, theta=5e5),
    "linear": scaled("linear", factor=8.0),
    "dynamic": scaled("dynamic", factor=3.0),
    "llama3": scaled("llama3", context=512, theta=5e5, head_dim=64, factor=8.0,
                     low_freq_factor=1.0, high_freq_factor=4.0,
                     original_max_position_embeddings=128),
    "yarn": scaled("yarn", factor=16.0, head_dim=64, original_max_position_embeddings=256),
    "yarn, betas": scaled("yarn", factor=4.0, head_dim=64, beta_fast=16.0, beta_slow=2.0,
                          original_max_position_embeddings=4096),
    "yarn, not truncated": scaled("yarn", factor=4.0, head_dim=64, truncate=False,
                                  original_max_position_embeddings=2048),
    "yarn, attention factor": scaled("yarn", factor=4.0, attention_factor=0.7,
                                     original_max_position_embeddings=64),
    "yarn, mscale": scaled("yarn", factor=40.0, mscale=0.707, mscale_all_dim=0.9, head_dim=64,
                           original_max_position_embeddings=4096),
    "yarn, factor below 1": scaled("yarn", factor=1.0, original_max_position_embeddings=64),
    "yarn, original from context": scaled("yarn", factor=2.0, context=4096, head_dim=64),
    "longrope": scaled("longrope", context=128, short_factor=SHORT8, long_factor=LONG8,
                       original_max_position_embeddings=32),
    "longrope, factor": scaled("longrope", context=128, short_factor=SHORT8, long_factor=LONG8,
                               factor=8.0, original_max_position_embeddings=32),
    "longrope, attention factor": scaled(
        "longrope", context=128, short_factor=SHORT8, long_factor=LONG8, attention_factor=1.25,
        original_max_position_embeddings=32),
    # Phi-3 keeps the length of its training outside; there it counts more than inside.
    "longrope, original outside": scaled(
        "longrope", context=128, short_factor=SHORT8, long_factor=LONG8,
        original_max_position_embeddings=64) | dict(original_max_position_embeddings=32),
}
# Spelled as transformers 4 did.
OLD = {key: value for key, value in scaled("x").items() if key != "rope_parameters"}
ROTARY["old linear"] = OLD | dict(rope_theta=2e4, rope_scaling=dict(type="linear", factor=2.0))
ROTARY["old dynamic"] = OLD | dict(rope_theta=1e4, rope_scaling=dict(rope_type="dynamic", factor=2.0))
ROTARY["old none"] = OLD | dict(rope_theta=3e4, rope_scaling=None)


def rotary_goldens() -> list:
    found = []
    for name, values in ROTARY.items():
        config = CONFIG_MAPPING["llama"].from_dict(json.loads(json.dumps(values)))
        kind = config.rope_parameters["rope_type"]
        lengths = []
        for length in [1, 32, 33, 64, 65, 200]:
            if kind == "default":
                from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding
                frequencies, factor = LlamaRotaryEmbedding.compute_default_rope_parameters(config)
            else:
                frequencies, factor = ROPE_INIT_FUNCTIONS[kind](config, "cpu", seq_len=length)
            lengths.append({"length": length, "frequencies": frequencies.tolist()})
        found.append({"name": name, "config": values, "attention_factor": float(factor),
                      "lengths": lengths})
    return found


def checkpoint(name: str, values: dict, seed: int) -> dict:
    torch.manual_seed(seed)
    config = CONFIG_MAPPING[values["model_type"]].from_dict(values)
    dtype = getattr(torch, values.get("dtype", "float32"))
    config._attn_implementation = "eager"
    config._experts_implementation = "eager"
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    for key, tensor in model.state_dict().items():
        if tensor.dtype.is_floating_point and "A_log" not in key:
            near = 1.0 if "norm" in key and key.endswith("weight") else 0.0
            tensor.copy_(near + torch.randn(tensor.shape) * (0.05 if near else 0.2))
        tensor.copy_(tensor.to(dtype).to(tensor.dtype))
    found = {}
    for index, length in enumerate(LENGTHS):
        ids = torch.randint(0, config.vocab_size, (1, length))
        with torch.no_grad():
            out = model(input_ids=ids, output_hidden_states=True, use_cache=False)
        found[f"{name}.ids.{index}"] = ids[0].to(torch.int32)
        for layer, hidden in enumerate(out.hidden_states[:-1]):
            found[f"{name}.hidden.{index}.{layer}"] = hidden[0].clone()
        found[f"{name}.final.{index}"] = out.hidden_states[-1][0].clone()
        found[f"{name}.logits.{index}"] = out.logits[0].clone()
    model.to(dtype).save_pretrained(ROOT / name)
    for extra in (ROOT / name).glob("generation_config.json"):
        extra.unlink()
    return found


def main() -> None:
    shutil.rmtree(ROOT, ignore_errors=True)
    ROOT.mkdir(parents=True)
    expected = {}
    for seed, (name, values) in enumerate(CHECKPOINTS.items()):
        expected |= checkpoint(name, values, seed)
    save_file({key: value.contiguous() for key, value in expected.items()},
              ROOT / "expected.safetensors")
    lines = ",\n".join(json.dumps(golden) for golden in rotary_goldens())
    (ROOT / "rotary.json").write_text("[\n" + lines + "\n]\n")
    for path in ROOT.rglob("*.safetensors"):
        path.chmod(0o644)


if __name__ == "__main__":
    main()

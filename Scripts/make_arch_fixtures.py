#!/usr/bin/env python3
"""Makes Tests/Fixtures/arch: tiny random checkpoints with what transformers computes.

`NAME/` holds config.json and model.safetensors; `expected/NAME.safetensors` holds, for sequence i,
all F32: ids.i (I32), hidden.i.l (input of layer l), final.i (after the final norm), logits.i.
Sequences run alone, so no padding is involved.
`rotary.json` holds inverse frequencies and attention factors by sequence length.

usage: make_arch_fixtures.py [NAME ...]     all of arch_checkpoints.py, or these

Needs torch, transformers, safetensors (made with torch 2.15, transformers 5.24). Run it from the
package's root, commit what it wrote.
"""

import json
import shutil
import sys
import zlib
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForImageTextToText, CONFIG_MAPPING
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from arch_checkpoints import BARE_NAMES, CHECKPOINTS, KEEP_CONFIG, MORE_TENSORS, SCALES

ROOT = Path("Tests/Fixtures/arch")
LENGTHS = [1, 5, 97]



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
    asked, values = values, {key: value for key, value in values.items() if key[0] != "("}
    config = CONFIG_MAPPING[values["model_type"]].from_dict(json.loads(json.dumps(values)))
    dtype = getattr(torch, values.get("dtype", "float32"))
    config._attn_implementation = "eager"
    config._experts_implementation = "eager"
    kind = AutoModelForImageTextToText if "text_config" in values else AutoModelForCausalLM
    model = kind.from_config(config, dtype=torch.float32).eval()
    text = config.get_text_config()
    for key, tensor in model.state_dict().items():
        if tensor.dtype.is_floating_point and "A_log" not in key:
            # The gains of a norm, whatever it is called, are the only weights of one axis.
            gains = key.endswith("weight") and ("norm" in key or tensor.ndim == 1)
            near, deviation = (1.0, 0.05) if gains else (0.0, 0.2)
            for part, factor in asked.get(SCALES, {}).items():
                deviation *= factor if part in key else 1.0
            tensor.copy_(near + torch.randn(tensor.shape) * deviation)
        tensor.copy_(tensor.to(dtype).to(tensor.dtype))
    found = {}
    for index, length in enumerate(LENGTHS):
        # The last ids stand for pictures, where there are any.
        ids = torch.randint(0, text.vocab_size - (8 if text is not config else 0), (1, length))
        with torch.no_grad():
            out = model(input_ids=ids, output_hidden_states=True, use_cache=False)
        found[f"ids.{index}"] = ids[0].to(torch.int32)
        for layer, hidden in enumerate(out.hidden_states[:-1]):
            found[f"hidden.{index}.{layer}"] = hidden[0].clone()
        found[f"final.{index}"] = out.hidden_states[-1][0].clone()
        found[f"logits.{index}"] = out.logits[0].clone()
    model.to(dtype).save_pretrained(ROOT / name)
    for extra in (ROOT / name).glob("generation_config.json"):
        extra.unlink()
    if KEEP_CONFIG in asked:
        written = json.loads((ROOT / name / "config.json").read_text())
        given = values | {key: written[key] for key in ["architectures", "dtype"]}
        (ROOT / name / "config.json").write_text(json.dumps(given, indent=2) + "\n")
    if BARE_NAMES in asked:
        path = ROOT / name / "model.safetensors"
        prefix = model.base_model_prefix + "."
        save_file({key.removeprefix(prefix): tensor for key, tensor in load_file(path).items()},
                  path, metadata={"format": "pt"})
    if MORE_TENSORS in asked:
        path = ROOT / name / "model.safetensors"
        more = {key: (torch.randn(shape) * 0.2).to(dtype)
                for key, shape in asked[MORE_TENSORS].items()}
        save_file(load_file(path) | more, path, metadata={"format": "pt"})
    return found


def main() -> None:
    names = sys.argv[1:] or list(CHECKPOINTS)
    (ROOT / "expected").mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.rmtree(ROOT / name, ignore_errors=True)
        # A seed of the name's own: a new checkpoint changes no other. The first ones keep the seeds
        # they had: other goldens were made of them.
        place = list(CHECKPOINTS).index(name)
        seed = place if place < 5 else zlib.crc32(name.encode())
        expected = checkpoint(name, CHECKPOINTS[name], seed)
        save_file({key: value.contiguous() for key, value in expected.items()},
                  ROOT / "expected" / f"{name}.safetensors")
    lines = ",\n".join(json.dumps(golden) for golden in rotary_goldens())
    (ROOT / "rotary.json").write_text("[\n" + lines + "\n]\n")
    for path in ROOT.rglob("*.safetensors"):
        path.chmod(0o644)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes a Llama checkpoint of a named shape with random or empty weights, for benchmarks.

usage: make_checkpoint.py SHAPE FOLDER [--repeat | --sparse]

SHAPE: tiny, 1b, 3-of-half-8b, 3-of-8b, 8b or 70b (see SHAPES). One safetensors file per layer, bfloat16, normal weights of
deviation 0.02. --repeat: every layer has the first layer's numbers (fast to make; the arithmetic is the
same). --sparse: all weights are holes in sparse files, so that a 70b shape needs no disk; products with
zeros take as long as others, but nothing is read from the disk. The tokenizer is the demo model's.
"""
import json, shutil, struct, sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
SHAPES = {  # layers, hidden, MLP, heads, KV heads, vocabulary
    "tiny": (4, 256, 704, 8, 4, 4096),
    "1b": (22, 2048, 5632, 32, 4, 32000),
    "3-of-half-8b": (3, 2048, 7168, 16, 4, 4096),
    "3-of-8b": (3, 4096, 14336, 32, 8, 128256),
    "8b": (32, 4096, 14336, 32, 8, 128256),
    "70b": (80, 8192, 28672, 64, 8, 128256),
}


def layer_tensors(hidden, mlp, heads, groups):
    width = hidden // heads
    return {
        "input_layernorm.weight": (hidden,),
        "self_attn.q_proj.weight": (heads * width, hidden),
        "self_attn.k_proj.weight": (groups * width, hidden),
        "self_attn.v_proj.weight": (groups * width, hidden),
        "self_attn.o_proj.weight": (hidden, heads * width),
        "post_attention_layernorm.weight": (hidden,),
        "mlp.gate_proj.weight": (mlp, hidden),
        "mlp.up_proj.weight": (mlp, hidden),
        "mlp.down_proj.weight": (hidden, mlp),
    }


def bfloat16(shape, generator):
    if len(shape) == 1:
        return np.full(shape, 0x3F80, np.uint16)
    values = generator.standard_normal(shape, np.float32) * np.float32(0.02)
    return (values.view(np.uint32) >> 16).astype(np.uint16)


def write(path, tensors, generator, mode):
    """`tensors`: name -> shape. Returns the bytes of the tensors."""
    header, start = {}, 0
    for name, shape in tensors.items():
        size = 2 * int(np.prod(shape))
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [start, start + size]}
        start += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        if mode == "--sparse":
            out.truncate(8 + len(text) + start)
        else:
            for shape in tensors.values():
                bfloat16(shape, generator).tofile(out)
    return start


def main():
    shape, folder = sys.argv[1], Path(sys.argv[2])
    mode = sys.argv[3] if len(sys.argv) > 3 else ""
    layers, hidden, mlp, heads, groups, vocabulary = SHAPES[shape]
    folder.mkdir(parents=True, exist_ok=True)
    config = json.loads((ROOT / "inbox-example/models/demo/config.json").read_text())
    config |= dict(
        hidden_size=hidden, intermediate_size=mlp, num_hidden_layers=layers, vocab_size=vocabulary,
        num_attention_heads=heads, num_key_value_heads=groups, head_dim=hidden // heads,
        tie_word_embeddings=False, max_position_embeddings=4096)
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    shutil.copy(ROOT / "inbox-example/models/demo/tokenizer.json", folder)
    generator = np.random.default_rng(1)
    files, total = {}, 0
    groups_of_tensors = [{"model.embed_tokens.weight": (vocabulary, hidden)}]
    groups_of_tensors += [
        {f"model.layers.{i}.{n}": s for n, s in layer_tensors(hidden, mlp, heads, groups).items()}
        for i in range(layers)]
    groups_of_tensors += [{"model.norm.weight": (hidden,), "lm_head.weight": (vocabulary, hidden)}]
    count = len(groups_of_tensors)
    for index, tensors in enumerate(groups_of_tensors):
        name = f"model-{index + 1:05}-of-{count:05}.safetensors"
        seed = np.random.default_rng(7) if mode == "--repeat" and 0 < index <= layers else generator
        total += write(folder / name, tensors, seed, mode)
        files |= dict.fromkeys(tensors, name)
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {"total_size": total}, "weight_map": files}))
    print(f"{folder}: {total / 2 / 1e9:.2f} G parameters, {total / 1e9:.1f} GB")


main()

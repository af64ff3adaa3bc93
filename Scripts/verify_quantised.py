#!/usr/bin/env python3
"""Loads quantised results in transformers and holds their logits against `layerfold forward`.

usage: verify_quantised.py LAYERFOLD_BINARY MODEL_FOLDER...

Where the format rounds activations, the folder is loaded as transformers does by default, in float32;
where it does not, as a plain model (`dequantize=True`), whose weights are rounded to the model's type
as in every loader, and computed in float32.
Prints the largest difference as a share of the largest logit. A number that sums in another order
carry over a rounding step changes all behind it, so where activations are rounded the difference
is held against that of transformers from itself, with another attention kernel: at most four times that.
Needs torch, transformers, compressed-tensors and safetensors (PyPI).
"""
import json, logging, subprocess, sys, tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, CompressedTensorsConfig, logging as transformers_logging

LENGTHS = (48, 7, 23)
LIMIT = 1e-3


def logits(folder, sequences, plain, attention="eager"):
    options = {"quantization_config": CompressedTensorsConfig(dequantize=True)} if plain else {}
    # Scales and weights are those of the file; sums are in float32.
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype="auto" if plain else torch.float32, attn_implementation=attention,
        **options).eval()
    model = model.float() if plain else model
    with torch.no_grad():
        return [model(torch.tensor([ids])).logits[0].float() for ids in sequences]


def difference(found, expected):
    return max(((a - b).abs().max() / b.abs().max()).item() for a, b in zip(found, expected))


def main(binary, folders):
    transformers_logging.disable_progress_bar()
    logging.disable(logging.WARNING)
    failed = False
    for folder in folders:
        config = json.loads((Path(folder) / "config.json").read_text())
        group = config["quantization_config"]["config_groups"]["group_0"]
        torch.manual_seed(1)
        sequences = [torch.randint(0, config["vocab_size"], (n,)).tolist() for n in LENGTHS]
        with tempfile.TemporaryDirectory() as scratch:
            tokens, output = Path(scratch) / "t.json", Path(scratch) / "o.safetensors"
            tokens.write_text(json.dumps(sequences))
            subprocess.run(
                [binary, "forward", folder, "--tokens", tokens, "--output", output, "--logits-only"],
                check=True, capture_output=True)
            ours = load_file(output)
        theirs = logits(folder, sequences, plain=group["input_activations"] is None)
        error = difference([ours[f"logits.{i}"] for i in range(len(theirs))], theirs)
        text = f"{Path(folder).name}: {config['quantization_config']['format']}: {error:.1e}"
        limit = LIMIT
        if group["input_activations"] is not None:
            own = difference(logits(folder, sequences, False, "sdpa"), theirs)
            limit = 4 * max(own, LIMIT)
            text += f" (transformers from itself: {own:.1e})"
        failed |= not error < limit
        print(text)
    sys.exit(failed)


main(sys.argv[1], sys.argv[2:])

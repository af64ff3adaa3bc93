#!/usr/bin/env python3
"""Loads quantised results in transformers and holds their logits against `layerfold forward`.

usage: verify_quantised.py LAYERFOLD_BINARY MODEL_FOLDER...

Where the format rounds activations, the folder is loaded as transformers does by default, in float32;
where it does not, as a plain model (`dequantize=True`), whose weights are rounded to the model's type
as in every loader, and computed in float32.
Prints the largest difference as a share of the largest logit: at most 1e-3 where activations stay as
they are. Where they are rounded, a number halfway between two codes (of 3,072 in the first layer of a
small bfloat16 model ten are) goes where the last bit of a sum sends it, and changes all behind it:
there 0.2 is allowed, and equality to 1e-5 is a matter of CompressedTensorsTests, on a model without
such numbers.
Needs torch, transformers, compressed-tensors and safetensors (PyPI).
"""
import json, logging, subprocess, sys, tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, CompressedTensorsConfig, logging as transformers_logging

LENGTHS = (48, 7, 23)
LIMITS = {"pack-quantized": 1e-3, "int-quantized": 0.2, "float-quantized": 0.2}


def logits(folder, sequences, plain):
    options = {"quantization_config": CompressedTensorsConfig(dequantize=True)} if plain else {}
    # Scales and weights are those of the file; sums are in float32.
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype="auto" if plain else torch.float32, attn_implementation="eager",
        experts_implementation="eager",
        **options).eval()
    model = model.float() if plain else model
    with torch.no_grad():
        return [model(torch.tensor([ids])).logits[0].float() for ids in sequences]


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
        error = max(
            ((ours[f"logits.{i}"] - t).abs().max() / t.abs().max()).item()
            for i, t in enumerate(theirs))
        form = config["quantization_config"]["format"]
        failed |= not error < LIMITS[form]
        print(f"{Path(folder).parent.name}/{Path(folder).name}: {form}: {error:.1e}")
    sys.exit(failed)


main(sys.argv[1], sys.argv[2:])

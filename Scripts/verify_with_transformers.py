#!/usr/bin/env python3
"""Loads a job's folded models in transformers and compares them with Layerfold.

usage: verify_with_transformers.py RESULTS_FOLDER ORIGINAL_MODEL LAYERFOLD_BINARY

For every result of report.json: AutoModelForCausalLM and AutoTokenizer load the folder; logits in
float32 equal `layerfold forward` on the same ids to 1e-3; every tensor of a folded layer equals
the weighted sum of the original's, recomputed here, to one rounding of its dtype; copied tensors
are equal bit by bit (not where the method computes weights, or keeps norms as laco does). Needs torch, transformers and safetensors (PyPI).
"""
import json, subprocess, sys, tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

COMPUTES = {"fold", "replaceme", "come", "sparsegpt", "laco"}
results, original, binary = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
report = json.loads((results / "report.json").read_text())
source = {}
for file in sorted(original.glob("*.safetensors")):
    source |= load_file(file)
text = "It was the best of times, it was the worst of times, and the moon rose late over the sea."
worst = 0.0
for result in report["results"]:
    folder = results / result["path"]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model, info = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, output_loading_info=True
    )
    assert not info["missing_keys"] and not info["unexpected_keys"], info
    assert model.config.num_hidden_layers == result["layers"]
    ids = [tokenizer(text).input_ids, tokenizer(text[:20]).input_ids]
    with tempfile.TemporaryDirectory() as scratch:
        tokens, output = Path(scratch) / "tokens.json", Path(scratch) / "out.safetensors"
        tokens.write_text(json.dumps(ids))
        subprocess.run(
            [binary, "forward", folder, "--tokens", tokens, "--output", output, "--compute", "f32"],
            check=True, capture_output=True,
        )
        ours = load_file(output)
    error = 0.0
    with torch.no_grad():
        for index, sequence in enumerate(ids):
            logits = model(torch.tensor([sequence])).logits[0]
            error = max(error, (logits - ours[f"logits.{index}"]).abs().max().item())
    assert error < 1e-3, (result["id"], error)

    if result["method"] in COMPUTES:
        print(f"{result['id']}: loads; logits differ by {error:.1e} at most")
        continue
    folded = {}
    for file in sorted(folder.glob("*.safetensors")):
        folded |= load_file(file)
    checked = merged = 0
    for entry in result["plan"]:
        prefix = f"model.layers.{entry['into']}."
        for name in [n for n in folded if n.startswith(prefix)]:
            local = name[len(prefix):]
            shares = [(source[f"model.layers.{s['layer']}.{local}"], s["weight"]) for s in entry["from"]]
            # The official reading keeps the norms of the first layer.
            if len(shares) == 1 or result["method"] == "mka-official" and "norm" in local:
                assert torch.equal(folded[name], shares[0][0]), name
            else:
                total = sum(w * t.double() for t, w in shares)
                rounded = total.to(folded[name].dtype)
                # One unit in the last place: the sum in float32 may round to the neighbour, and
                # where terms cancel, their own rounding in float32 is what is left.
                size = sum(abs(w) * t.double().abs() for t, w in shares)
                step = torch.maximum(
                    total.abs() * torch.finfo(folded[name].dtype).eps,
                    size * 2.0**-23 + 1e-37,
                )
                difference = (folded[name].double() - rounded.double()).abs() / step
                worst = max(worst, difference.max().item())
                assert difference.max() <= 1, (name, difference.max())
                merged += 1
            checked += 1
    print(
        f"{result['id']}: loads; logits differ by {error:.1e} at most; {checked} layer tensors "
        f"checked, {merged} of them weighted sums"
    )
print(f"largest difference of a folded tensor: {worst:.2f} units in the last place")

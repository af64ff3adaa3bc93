#!/usr/bin/env python3
"""Makes Tests/Fixtures/decoding.json: what transformers' greedy decoding says, f32, eager.

    Scripts/make_decoding_goldens.py FOLDER...

Each folder holds tiny checkpoints, one a folder. For each checkpoint: prompts of several lengths
(drawn with a fixed seed), the 256 tokens that follow each, and of each step the distance of the two
best logits, as a share of the largest; only those below 1e-3 are kept ({step: distance}).

Needs torch, transformers, safetensors (made with torch 2.15, transformers 5.24). Run it from the
package's root on Tests/Fixtures/arch and the reference checkpoints, commit what it wrote.
"""

import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

LENGTHS = [1, 6, 45]
TOKENS = 256
CLOSE = 1e-3


def decode(folder):
    config = json.loads((folder / "config.json").read_text())
    # Grouped products want sizes that tiny models do not have.
    experts = {"experts_implementation": "eager"} if "num_local_experts" in config or "num_experts" in config else {}
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", **experts).eval()
    model.generation_config.eos_token_id = None
    model.generation_config.pad_token_id = 0
    generator = torch.Generator().manual_seed(11)
    texts = []
    for length in LENGTHS:
        prompt = torch.randint(
            3, model.config.vocab_size, (1, length), generator=generator)
        made = model.generate(
            prompt, attention_mask=torch.ones_like(prompt), do_sample=False,
            max_new_tokens=TOKENS, output_scores=True, return_dict_in_generate=True)
        close = {}
        for step, scores in enumerate(made.scores):
            best = scores[0].topk(2).values
            distance = float((best[0] - best[1]) / scores[0].abs().max())
            if distance < CLOSE:
                close[str(step)] = float(f"{distance:.2g}")
        texts.append(dict(
            prompt=prompt[0].tolist(), tokens=made.sequences[0, length:].tolist(), close=close))
    return texts


def main():
    found = {}
    for folder in map(Path, sys.argv[1:]):
        for config in sorted(folder.glob("*/config.json")):
            found[config.parent.name] = decode(config.parent)
    text = ",\n".join(f"{json.dumps(name)}: {json.dumps(texts, separators=(',', ':'))}"
                      for name, texts in sorted(found.items()))
    Path("Tests/Fixtures/decoding.json").write_text("{\n" + text + "\n}\n")


main()

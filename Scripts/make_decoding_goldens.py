#!/usr/bin/env python3
"""Makes Tests/Fixtures/decoding.json: what transformers' greedy decoding says, f32, eager.

    Scripts/make_decoding_goldens.py [--tokens 256] CHECKPOINT...

Adds to what is there. For each checkpoint: prompts of several lengths (drawn with a fixed seed), the
tokens that follow each (fewer where positions are learned and end), and of each step the distance of the two
best logits, as a share of the largest; only those below 1e-3 are kept ({step: distance}).

Needs torch, transformers, safetensors (made with torch 2.15, transformers 5.24). Run it from the
package's root on those of Tests/Fixtures/arch (--tokens 64 is enough for all but the longest windows)
and the reference checkpoints, commit what it wrote.
"""

import argparse
import json
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

LENGTHS = [1, 6, 45]
LEARNED = ["gpt2", "opt"]
CLOSE = 1e-3


def holds_steps(config):
    """Whether Mamba-2 steps are held within limits that matter: in whole texts transformers does so,
    in single steps with a cache it does not."""
    return config.get("time_step_min", 0) > 0.01 or config.get("time_step_limit", [0])[0] > 0


def decode(folder, tokens):
    config = json.loads((folder / "config.json").read_text())
    # Grouped products want sizes that tiny models do not have.
    counts = ["num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"]
    experts = {"experts_implementation": "eager"} if any(key in config for key in counts) else {}
    kind = AutoModelForImageTextToText if "text_config" in config else AutoModelForCausalLM
    model = kind.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", **experts).eval()
    model.generation_config.eos_token_id = None
    model.generation_config.pad_token_id = 0
    text = model.config.get_text_config()
    generator = torch.Generator().manual_seed(11)
    texts = []
    for length in LENGTHS:
        prompt = torch.randint(
            3, text.vocab_size - (8 if text is not model.config else 0), (1, length), generator=generator)
        room = text.max_position_embeddings - length if text.model_type in LEARNED else tokens
        made = model.generate(
            prompt, attention_mask=torch.ones_like(prompt), do_sample=False,
            max_new_tokens=min(room, tokens), output_scores=True, return_dict_in_generate=True,
            use_cache=not holds_steps(config))
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
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("checkpoints", type=Path, nargs="+")
    options = parser.parse_args()
    target = Path("Tests/Fixtures/decoding.json")
    found = json.loads(target.read_text())
    for folder in options.checkpoints:
        found[folder.name] = decode(folder, options.tokens)
    text = ",\n".join(f"{json.dumps(name)}: {json.dumps(texts, separators=(',', ':'))}"
                      for name, texts in sorted(found.items()))
    target.write_text("{\n" + text + "\n}\n")


main()

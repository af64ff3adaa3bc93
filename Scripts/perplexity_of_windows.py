#!/usr/bin/env python3
"""Perplexity on windows spread evenly over a text, computed by transformers or vLLM; never run by CI.

    perplexity_of_windows.py TEXT [--windows 48] [--length 512] [--engine vllm] MODEL [MODEL ...]

Each model is read in float32, without any code of its own; a window starts without BOS, and all its tokens but the
first are predicted. 48 windows of 512 tokens of heldout.txt are those that the first sketch of `fold` was judged
by, so that its figures can be compared with.
"""
import argparse
import math
from pathlib import Path

import numpy
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM


def windows(model, text, count, length):
    tokenizer = Tokenizer.from_file(str(Path(model) / "tokenizer.json"))
    ids = numpy.array(tokenizer.encode(Path(text).read_text(), add_special_tokens=False).ids)
    starts = numpy.linspace(0, len(ids) - length - 1, count).astype(int)
    return torch.from_numpy(numpy.stack([ids[start:start + length] for start in starts]))


@torch.no_grad()
def perplexity(model, batch):
    network = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()
    total = 0.0
    for rows in batch.split(8):
        logits = network(rows).logits[:, :-1]
        total += torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), rows[:, 1:].flatten(), reduction="sum").item()
    return math.exp(total / batch[:, 1:].numel())


def perplexity_by_vllm(model, batch):
    from vllm import LLM, SamplingParams
    engine = LLM(model=str(model), dtype="float32", enforce_eager=True, gpu_memory_utilization=0.2)
    found = engine.generate(
        [{"prompt_token_ids": row} for row in batch.tolist()],
        SamplingParams(max_tokens=1, temperature=0, prompt_logprobs=0))
    total = sum(-scores[token].logprob for row, result in zip(batch.tolist(), found)
                for token, scores in zip(row[1:], result.prompt_logprobs[1:]))
    return math.exp(total / batch[:, 1:].numel())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("text")
    parser.add_argument("models", nargs="+")
    parser.add_argument("--windows", type=int, default=48)
    parser.add_argument("--length", type=int, default=512)
    parser.add_argument("--engine", choices=["transformers", "vllm"], default="transformers")
    options = parser.parse_args()
    measure = perplexity if options.engine == "transformers" else perplexity_by_vllm
    for model in options.models:
        batch = windows(model, options.text, options.windows, options.length)
        print(f"{measure(model, batch):9.3f}  {model}", flush=True)


if __name__ == "__main__":
    main()

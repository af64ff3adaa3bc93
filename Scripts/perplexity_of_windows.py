#!/usr/bin/env python3
"""Perplexity on windows of a text, by an engine that others wrote; never run by CI.

    perplexity_of_windows.py TEXT [--windows 48] [--length 512] [--engine vllm] [--halves] MODEL [MODEL ...]

Each model is read in float32, without any code of its own. The windows are spread evenly over the
text, start without BOS, and all their tokens but the first are predicted. 48 windows of 512 tokens of
heldout.txt are those that the first sketch of `fold` was judged by, so that its figures can be compared with.

With --halves they are what llama-perplexity takes of a model that was converted to GGUF: consecutive windows,
each with BOS in place of its first token, of which the second half is predicted.
"""
import argparse
import math
from pathlib import Path

import numpy
import torch
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModelForCausalLM


def windows(model, text, count, length, halves):
    tokenizer = Tokenizer.from_file(str(Path(model) / "tokenizer.json"))
    ids = numpy.array(tokenizer.encode(Path(text).read_text(), add_special_tokens=False).ids)
    if halves:
        bos = AutoConfig.from_pretrained(model).bos_token_id
        batch = numpy.concatenate([[bos], ids])[:count * length].reshape(count, length)
        batch[:, 0] = bos
    else:
        starts = numpy.linspace(0, len(ids) - length - 1, count).astype(int)
        batch = numpy.stack([ids[start:start + length] for start in starts])
    return torch.from_numpy(batch)


@torch.no_grad()
def by_transformers(model, batch):
    """Minus the log-likelihood of every token but the first, [windows, length - 1]."""
    network = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()
    return torch.cat([
        torch.nn.functional.cross_entropy(
            network(rows).logits[:, :-1].transpose(1, 2), rows[:, 1:], reduction="none")
        for rows in batch.split(8)])


def by_vllm(model, batch):
    from vllm import LLM, SamplingParams
    engine = LLM(model=str(model), dtype="float32", enforce_eager=True, gpu_memory_utilization=0.2)
    found = engine.generate(
        [{"prompt_token_ids": row} for row in batch.tolist()],
        SamplingParams(max_tokens=1, temperature=0, prompt_logprobs=0))
    return torch.tensor(
        [[-scores[token].logprob for token, scores in zip(row[1:], result.prompt_logprobs[1:])]
         for row, result in zip(batch.tolist(), found)])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("text")
    parser.add_argument("models", nargs="+")
    parser.add_argument("--windows", type=int, default=48)
    parser.add_argument("--length", type=int, default=512)
    parser.add_argument("--engine", choices=["transformers", "vllm"], default="transformers")
    parser.add_argument("--halves", action="store_true")
    options = parser.parse_args()
    measure = by_vllm if options.engine == "vllm" else by_transformers
    for model in options.models:
        batch = windows(model, options.text, options.windows, options.length, options.halves)
        losses = measure(model, batch).double()
        if options.halves:
            losses = losses[:, options.length // 2:]
        print(f"{math.exp(losses.mean()):9.4f}  {model}", flush=True)


if __name__ == "__main__":
    main()

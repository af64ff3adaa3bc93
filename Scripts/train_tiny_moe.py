#!/usr/bin/env python3
"""Trains a tiny mixture of experts, for measuring `fold` on experts: a Qwen3 MoE of 12 layers, hidden
width 64, 8 experts of which a token gets 2, over a small byte-level BPE vocabulary.

usage: train_tiny_moe.py FOLDER TEXT... [--minutes 4.5] [--threads 2] [--shared]

FOLDER gets config.json, model.safetensors (F32), tokenizer.json, calibration.txt and heldout.txt: the
texts' last parts, a tenth each, which are not trained on. TEXT is plain text, or JSON lines with
`text`. `--shared` makes it a Qwen2 MoE, whose experts share a gated part, instead.

    train_tiny_moe.py moe Sources/BuiltInTexts/heldout.txt Sources/BuiltInTexts/calibration.jsonl

It stops after so many minutes, whatever the loss is; the loss on the held-out text is printed as it
goes. Needs torch, transformers, tokenizers, safetensors (written with torch 2.15, transformers 5.24).
"""
import argparse
import json
import time
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, CONFIG_MAPPING

VOCABULARY = 512
LENGTH = 128
BATCH = 12
COMMON = dict(
    vocab_size=VOCABULARY, hidden_size=64, num_hidden_layers=12, num_attention_heads=4,
    num_key_value_heads=2, moe_intermediate_size=48, intermediate_size=96, num_experts=8,
    num_experts_per_tok=2, norm_topk_prob=True, max_position_embeddings=512, tie_word_embeddings=True,
    router_aux_loss_coef=0.02, output_router_logits=True)


def read(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".jsonl":
        return text
    return "\n\n".join(json.loads(line)["text"] for line in text.splitlines() if line.strip())


def train_tokenizer(text: str) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        [text], trainers.BpeTrainer(
            vocab_size=VOCABULARY, special_tokens=["<|endoftext|>"], show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return tokenizer


def batch(ids: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    starts = torch.randint(len(ids) - LENGTH, (BATCH,), generator=generator)
    return torch.stack([ids[start:start + LENGTH] for start in starts])


def held_out_loss(model, ids: torch.Tensor) -> float:
    rows = ids[:len(ids) // LENGTH * LENGTH].view(-1, LENGTH)[:32]
    model.eval()
    with torch.no_grad():
        logits = model(input_ids=rows, use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(
            logits[:, :-1].reshape(-1, VOCABULARY), rows[:, 1:].reshape(-1))
    model.train()
    return loss.item()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("texts", type=Path, nargs="+")
    parser.add_argument("--minutes", type=float, default=4.5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--shared", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    options.folder.mkdir(parents=True, exist_ok=True)

    # Of every text its last tenth is held out, the one before it is for calibration.
    parts = [[], [], []]
    for path in options.texts:
        text = read(path)
        ends = [len(text) * 8 // 10, len(text) * 9 // 10]
        for part, piece in zip(parts, [text[:ends[0]], text[ends[0]:ends[1]], text[ends[1]:]]):
            part.append(piece)
    trained, calibration, held_out = ["\n\n".join(part) for part in parts]
    (options.folder / "calibration.txt").write_text(calibration, encoding="utf-8")
    (options.folder / "heldout.txt").write_text(held_out, encoding="utf-8")
    tokenizer = train_tokenizer(trained)
    tokenizer.save(str(options.folder / "tokenizer.json"))
    (options.folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"}, indent=1) + "\n")
    ids = torch.tensor(tokenizer.encode(trained).ids)
    judged = torch.tensor(tokenizer.encode(held_out).ids)
    print(f"{len(ids)} tokens to train on, {len(judged)} held out")

    kind = "qwen2_moe" if options.shared else "qwen3_moe"
    more = dict(shared_expert_intermediate_size=64) if options.shared else dict(head_dim=16)
    config = CONFIG_MAPPING[kind](**COMMON, **more)
    model = AutoModelForCausalLM.from_config(
        config, attn_implementation="sdpa", experts_implementation="eager")
    count = sum(value.numel() for value in model.parameters())
    print(f"{count} parameters")
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.95), weight_decay=0.01)
    generator = torch.Generator().manual_seed(1)
    start, step, told = time.monotonic(), 0, 0.0
    model.train()
    while True:
        share = (time.monotonic() - start) / (60 * options.minutes)
        if share >= 1:
            break
        # Up in the first twentieth, then down to a twentieth: by time, so that it ends in time.
        rate = 3e-3 * min(1.0, 20 * share + 0.01) * (1 - 0.95 * share)
        for group in optimizer.param_groups:
            group["lr"] = rate
        rows = batch(ids, generator)
        loss = model(input_ids=rows, labels=rows, use_cache=False).loss
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        if share - told >= 0.1:
            told = share
            print(f"step {step}: {loss.item():.3f}, held out {held_out_loss(model, judged):.3f}",
                  flush=True)
    print(f"{step} steps, held out {held_out_loss(model, judged):.3f}")
    config.output_router_logits = False
    model.save_pretrained(options.folder)


main()

#!/usr/bin/env python3
"""Trains a small Mixtral and a small Jamba and draws their layers' similarity (docs/heat-maps.png).

usage: make_heat_maps.py LAYERFOLD_BINARY WORK_FOLDER [STEPS]

The published models of the paper's Figure 4 are too large for a laptop; these have the same
architectures, 12 and 16 layers, and learn the demo text for some minutes, so that their layers differ
as trained layers do. Then one job each: npib on the last tokens, mka at one ratio, maps before and
after. Needs torch and transformers (PyPI) and Chromium.
"""
import re, shutil, subprocess, sys
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, JambaConfig, MixtralConfig

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "inbox-example/models/demo"
SHARED = dict(hidden_size=96, intermediate_size=192, num_attention_heads=6,
              num_key_value_heads=2, tie_word_embeddings=True, num_experts_per_tok=2,
              max_position_embeddings=512, attn_implementation="eager",
              experts_implementation="eager", use_cache=False)


def configs(vocabulary):
    yield "mixtral", MixtralConfig(
        vocab_size=vocabulary, num_hidden_layers=12, num_local_experts=4, **SHARED)
    yield "jamba", JambaConfig(
        vocab_size=vocabulary, num_hidden_layers=16, num_experts=4, attn_layer_period=8,
        attn_layer_offset=4, expert_layer_period=2, expert_layer_offset=1, mamba_d_state=8,
        mamba_expand=1, use_mamba_kernels=False, **SHARED)


def train(config, tokens, steps, length):
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps)
    for step in range(steps):
        starts = torch.randint(0, len(tokens) - length, (8,))
        batch = torch.stack([tokens[s:s + length] for s in starts.tolist()])
        loss = model(batch, labels=batch).loss
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 20 == 0:
            print(f"{config.model_type} step {step}: loss {loss.item():.2f}", flush=True)
    return model


def main():
    binary, work = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    steps = int(sys.argv[3]) if len(sys.argv) > 3 else 200
    tokenizer = Tokenizer.from_file(str(DEMO / "tokenizer.json"))
    tokens = torch.tensor(tokenizer.encode((DEMO / "calibration.txt").read_text()).ids)
    pictures = []
    for name, config in configs(tokenizer.get_vocab_size()):
        folder = work / name
        if not (folder / "config.json").exists():
            train(config, tokens, steps, 48 if name == "jamba" else 96).save_pretrained(folder)
            shutil.copy(DEMO / "tokenizer.json", folder)
        shutil.copy(DEMO / "calibration.txt", work)
        shutil.copy(DEMO / "heldout.txt", work)
        (work / f"{name}.yaml").write_text(f"""\
version: 1
name: {name}
model: {name}
calibration: {{dataset: text, path: calibration.txt, samples: 200, max_tokens: 64}}
analysis: {{similarity: npib, sigma: median}}
compress: [{{method: mka, ratios: [0.25]}}]
evaluate: [{{task: perplexity, path: heldout.txt, limit: 4000}}]
""")
        done = subprocess.run(
            [binary, "run", work / f"{name}.yaml", "--state", work / "state", "--output",
             work / "out"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        report = Path(done.stdout.split()[-1]).parent / "report.html"
        html = report.read_text()
        maps = re.findall(r"<figure.*?</figure>", html, re.S)
        style = re.search(r"<style>.*?</style>", html, re.S).group(0)
        pictures.append((name, style, [m for m in maps if "<svg" in m and "map" in m]))
    page = work / "maps.html"
    page.write_text(
        "<!DOCTYPE html><meta charset=utf-8>" + pictures[0][1] + "<body style='padding:1rem'>"
        + "".join(f"<h2>{name}</h2><div style='display:flex;gap:2rem'>{''.join(maps)}</div>"
                  for name, _, maps in pictures))
    subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
         "--window-size=900,1050", f"--screenshot={ROOT / 'docs/heat-maps.png'}", page.as_uri()],
        check=True, capture_output=True)


main()

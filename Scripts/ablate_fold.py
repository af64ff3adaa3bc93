#!/usr/bin/env python3
"""What each part of `fold` is worth, and how many calibration tokens it needs; prints docs/METHODS.md's tables.

usage: ablate_fold.py LAYERFOLD MODEL CALIBRATION HELDOUT WORK_FOLDER [--samples 96] [--tokens 512]

Needs nothing but Python. Every row is one more part; each cell is held-out perplexity and KL to the original.
"""
import argparse
import shutil
from pathlib import Path

from compare_methods import RATIOS, figures_of, run

NOTHING = {"select": "loss", "search_samples": 16, "exchange": False, "neurons": False, "group_run": 1,
           "inputs": False, "refit": False, "tuning_steps": 0}
PARTS = [
    ("drop by loss (sleb)", None),
    ("+ refit", {"refit": True}),
    ("+ neurons", {"neurons": True}),
    ("+ inputs", {"inputs": True}),
    ("+ groups, chosen by held-back sequences", {"group_run": 4}),
    ("+ exchange", {"exchange": True}),
    ("layers by divergence instead", {"select": "divergence", "search_samples": 32, "exchange": None}),
    ("+ tuning (fold)", {"tuning_steps": 320}),
]
CURVE = [(8, 128), (8, 512), (24, 512), (48, 512), (96, 512), (174, 512)]


def main():
    parser = argparse.ArgumentParser()
    for name in ("layerfold", "model", "calibration", "heldout", "work"):
        parser.add_argument(name, type=lambda p: Path(p).resolve())
    parser.add_argument("--samples", type=int, default=96)
    parser.add_argument("--tokens", type=int, default=512)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    shutil.copytree(options.model, options.work / "model", dirs_exist_ok=True)
    shutil.copy(options.calibration, options.work / "calibration.txt")
    shutil.copy(options.heldout, options.work / "heldout.txt")
    evaluate = [{"task": task, "path": "heldout.txt", "window": options.tokens}
                for task in ("perplexity", "divergence")]
    state = options.work / "state"

    def cell(result):
        figures = figures_of(result)
        return f"{figures['heldout']['value']:.2f}, {figures['kl']['value']:.4f}"

    methods, settings = [], dict(NOTHING)
    for _, part in PARTS:
        settings = {k: v for k, v in (settings | (part or {})).items() if v is not None}
        methods.append({"method": "fold", **settings} if part else {"method": "sleb"})
    results = run(options, "ablation", methods, RATIOS, evaluate, state)["results"]
    print("| | 2 of 16 | 4 of 16 | 7 of 16 |")
    print("| --- | --- | --- | --- |")
    for index, (name, _) in enumerate(PARTS):
        cells = [cell(r) for r in results[index * len(RATIOS):(index + 1) * len(RATIOS)]]
        print(f"| {name} | {' | '.join(cells)} |")
    print()
    print("| samples of tokens | calibration tokens | 4 of 16, untuned | layers that go |")
    print("| --- | --- | --- | --- |")
    for samples, tokens in CURVE:
        options.samples, options.tokens = samples, tokens
        fold = {"method": "fold", "tuning_steps": 0}
        report = run(options, f"curve-{samples}-{tokens}", [fold], [0.25], evaluate, state)
        # What the text gave, which may be less than was asked: "fold, 12 layers on 49152 tokens".
        found = next(s["detail"] for s in report["stages"] if s["name"] == "weights").split()[-2]
        result = report["results"][0]
        gone = ", ".join(map(str, result["removed_layers"]))
        print(f"| {samples} of {tokens} | {int(found):,} | {cell(result)} | {gone} |", flush=True)


main()

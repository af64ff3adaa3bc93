#!/usr/bin/env python3
"""Compares methods on a real chat model; prints the first table of docs/METHODS.md.

usage: compare_on_real_model.py LAYERFOLD MODEL WIKI_VALID WIKI_TEST PIQA ARC WORK_FOLDER
           [--ratios 0.1,0.2] [--calibration mixture] [--tokens 45000] [--questions 800]
           [--methods '{"fold": {"method": "fold"}, ...}'] [--only 'fold;come']

Every method learns from the same tokens (the sets of compare_calibrations.py) and is judged on 20,000
tokens of WikiText-2's test part, on chats that the model wrote itself (none of them learnt from), on
PIQA and ARC-Easy, and by what it writes in answer to built-in prompts. MODEL is a folder, or ORG/NAME
of the Hugging Face cache; nothing here knows which. Each method is a job of its own on one store, so
that its seconds are those of the stages that it computed: what another method left there (streams,
similarities, costs of layers at another ratio) is free. Seconds are of the processor, all threads
together. Needs only Python.
"""
import argparse
import json
import sys
from pathlib import Path

import compare_calibrations as texts

METHODS = {
    "fold": {"method": "fold"},
    "fold, untuned": {"method": "fold", "tuning_steps": 0},
    "fold, untuned, healed": {"method": "fold", "tuning_steps": 0, "heal_steps": 96},
    "replaceme": {"method": "replaceme"},
    "sleb": {"method": "sleb"},
    "come": {"method": "come"},
    "shortgpt": {"method": "shortgpt"},
    "mka": {"method": "mka"},
}
NOT_ITS_OWN = {"digest", "tokenise", "evaluate", "questions", "folded-similarity", "report"}
KINDS = ["wiki", "chats"]


def figures_of(evaluations):
    """Evaluations by name, in the order in which the job lists its tasks."""
    found = {}
    divergences = iter(KINDS)
    accuracies, flips = iter(["piqa", "arc"]), iter(["piqa-kl", "arc-kl"])
    for e in evaluations:
        if e["metric"] == "kl_divergence":
            found[next(divergences)] = e
        elif e["metric"] == "accuracy":
            found[next(accuracies)] = e
        elif e["metric"] == "choice_divergence":
            found[next(flips)] = e
        else:
            found.setdefault(e["metric"], e)
    return found


def job(options, calibration, label, method, ratio):
    limit = {"limit": options.questions}
    return {
        "version": 1, "name": f"{label.replace(', ', '-')}-{ratio}", "model": options.model,
        "calibration": calibration,
        "analysis": {"similarity": "npib" if method["method"] == "mka" else "cosine"},
        "compress": [{"ratios": [ratio]} | method],
        "evaluate": [
            {"task": "divergence", "path": str(options.wiki_test), "limit": 20000},
            {"task": "divergence", "path": str(texts.own_text(options)), "limit": 20000},
            {"task": "multiple-choice", "path": str(options.piqa), **limit},
            {"task": "multiple-choice", "path": str(options.arc), **limit},
            {"task": "perplexity", "path": str(options.wiki_test), "limit": 20000},
            {"task": "generation"},
        ],
    }


def row(label, layers, figures, key, seconds):
    def cell(name, form="{:.3f}"):
        value = figures[name].get(key)
        return "" if value is None else form.format(value)

    kl = cell if key == "value" else lambda *_: "0"
    return (f"| {label} | {layers} | {cell('perplexity', '{:.2f}')} | {kl('wiki')} | {kl('chats')} "
            f"| {cell('piqa')} | {kl('piqa-kl')} | {cell('arc')} | {kl('arc-kl')} "
            f"| {kl('agreement') if key == 'value' else '1'} | {cell('repetition', '{:.2f}')} "
            f"| {seconds} |")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    for name in ("layerfold", "model", "wiki_valid", "wiki_test", "piqa", "arc", "work"):
        parser.add_argument(name, type=Path if name not in ("layerfold", "model") else str)
    parser.add_argument("--ratios", default="0.1,0.2")
    parser.add_argument("--calibration", default="mixture")
    parser.add_argument("--tokens", type=int, default=45000)
    parser.add_argument("--questions", type=int, default=800)
    parser.add_argument("--methods", type=json.loads, default=METHODS)
    parser.add_argument("--only", type=lambda names: names.split(";"))
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    calibration = texts.sets(options)[options.calibration]
    methods = {k: v for k, v in options.methods.items() if not options.only or k in options.only}
    print(f"| method | layers | perplexity | KL wiki | KL chats | PIQA | its KL | ARC-Easy | its KL "
          f"| greedy agreement | repetition | processor seconds |\n{'| --- ' * 12}|")
    told = False
    for ratio in map(float, options.ratios.split(",")):
        for label, method in methods.items():
            report = texts.run(options, job(options, calibration, label, method, ratio))
            result = report["results"][0]
            figures = figures_of(result["evaluations"])
            if not told:
                print(row("original", report["model"]["layers"], figures, "original", ""))
                told = True
            seconds = sum(s["processor_seconds"] for s in report["stages"]
                          if s["name"] not in NOT_ITS_OWN)
            print(row(label, result["layers"], figures, "value", f"{seconds:.0f}"))
            sys.stdout.flush()


if __name__ == "__main__":
    main()

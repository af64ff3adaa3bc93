#!/usr/bin/env python3
"""Compares all methods on one model at 2, 4 and 7 of 16 layers; prints docs/METHODS.md's table.

usage: compare_methods.py LAYERFOLD MODEL CALIBRATION HELDOUT OTHER CLOZE WORK_FOLDER
           [--samples 96] [--tokens 512] [--questions N] [--methods a,b]

CALIBRATION, HELDOUT and OTHER (another kind of text) are text files, CLOZE is a file of questions in
HellaSwag's format. Texts are read in windows of as many tokens as calibration samples have. One job
folds and evaluates everything (so that the report compares it at equal parameter counts); then each
method folds once more alone, at the greatest ratio and with an empty store, for its time and memory:
all stages but hashing, tokenising, evaluation and the heat map of the folded model. The memory is the
process's peak while they run. Needs nothing but Python.
"""
import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

RATIOS = [0.125, 0.25, 0.4375]
METHODS = ["reverse", "mka", "mka-official", "shortgpt", "angular", "sleb", "laco", "replaceme", "come",
           "fold", "sparsegpt"]
NOT_ITS_OWN = {"digest", "tokenise", "evaluate", "questions", "folded-similarity", "report"}


def run(options, name, methods, ratios, evaluate, state):
    job = {
        "version": 1, "name": name, "model": "model",
        "calibration": {"dataset": "text", "path": "calibration.txt", "samples": options.samples,
                        "max_tokens": options.tokens},
        "analysis": {"similarity": "npib", "representation": "last-token", "sigma": "median"},
        "compress": [{"ratios": ratios} | (m if isinstance(m, dict) else {"method": m})
                     for m in methods],
        "evaluate": evaluate,
    }
    manifest = options.work / f"{name}.yaml"
    manifest.write_text(json.dumps(job))
    done = subprocess.run(
        [options.layerfold, "run", manifest, "--state", state, "--output", options.work / "out"],
        stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"the job {name} failed")
    return json.loads(Path(done.stdout.split()[-1]).read_text())


def cost(options, method):
    """Seconds and peak bytes of a method by itself."""
    state = options.work / "alone"
    shutil.rmtree(state, ignore_errors=True)
    ratio = 0.5 if method == "sparsegpt" else RATIOS[-1]
    report = run(options, f"cost-{method}", [method], [ratio], [], state)
    stages = [s for s in report["stages"] if s["name"] not in NOT_ITS_OWN]
    # The job's own analysis runs for every method; it is charged to those that read it.
    if method not in ("mka", "mka-official", "shortgpt", "angular", "replaceme"):
        stages = [s for s in stages if s["name"] not in ("activations", "embedding", "similarity")]
    return sum(s["seconds"] for s in stages), max(s["peak_bytes"] for s in stages)


def figures_of(result):
    """Evaluations by name, in the order in which the job lists its tasks."""
    texts = [e for e in result["evaluations"] if e["metric"] == "perplexity"]
    named = {"heldout": texts[0]}
    if len(texts) > 1:
        named["other"] = texts[1]
    divergences = [e for e in result["evaluations"] if e["metric"] == "kl_divergence"]
    named |= zip(("kl", "other-kl"), divergences)
    questions = {"accuracy_normalised": "cloze", "flips": "flips", "choice_divergence": "choice-kl"}
    named |= {questions[e["metric"]]: e for e in result["evaluations"] if e["metric"] in questions}
    return named


def main():
    parser = argparse.ArgumentParser()
    for name in ("layerfold", "model", "calibration", "heldout", "other", "cloze", "work"):
        parser.add_argument(name, type=lambda p: Path(p).resolve())
    parser.add_argument("--samples", type=int, default=96)
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--questions", type=int, help="cloze questions; default: all")
    parser.add_argument("--methods", type=lambda m: m.split(","), default=METHODS)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    shutil.copytree(options.model, options.work / "model", dirs_exist_ok=True)
    for source, name in ((options.calibration, "calibration.txt"), (options.heldout, "heldout.txt"),
                         (options.other, "other.txt"), (options.cloze, "cloze.jsonl")):
        shutil.copy(source, options.work / name)
    window = {"window": options.tokens}
    questions = {"limit": options.questions} if options.questions else {}
    evaluate = [
        {"task": "perplexity", "path": "heldout.txt", **window},
        {"task": "divergence", "path": "heldout.txt", **window},
        {"task": "perplexity", "path": "other.txt", **window},
        {"task": "divergence", "path": "other.txt", **window},
        {"task": "hellaswag", "path": "cloze.jsonl", **questions},
    ]
    report = run(options, "methods", options.methods, RATIOS, evaluate, options.work / "state")
    costs = {method: cost(options, method) for method in options.methods}
    print("| method | layers | parameters | perplexity | KL | other text | its KL | cloze | flips "
          "| KL of choices | seconds | memory |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    figures = [figures_of(r) for r in report["results"]]
    first = {name: e.get("original") for name, e in figures[0].items()}
    print(f"| original | {report['model']['layers']} | {report['model']['parameters'] / 1e6:.2f} M "
          f"| {first['heldout']:.2f} | 0 | {first['other']:.2f} | 0 | {first['cloze']:.3f} | 0 | 0 | | |")
    for result, values in zip(report["results"], figures):
        method = result["method"]
        label = f"{method}, {result['ratio']:.1%} zeros" if method == "sparsegpt" else method
        seconds, peak = costs[method]
        price = (f"{seconds:.1f} | {peak / 2**20:.0f} MiB"
                 if result["ratio"] == RATIOS[-1] else " | ")
        print(f"| {label} | {result['layers']} | {result['parameters'] / 1e6:.2f} M "
              f"| {values['heldout']['value']:.2f} | {values['kl']['value']:.4f} "
              f"| {values['other']['value']:.2f} | {values['other-kl']['value']:.4f} "
              f"| {values['cloze']['value']:.3f} | {values['flips']['value']:.3f} "
              f"| {values['choice-kl']['value']:.4f} | {price} |")


if __name__ == "__main__":
    main()

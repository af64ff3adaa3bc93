#!/usr/bin/env python3
"""What `fold` is worth by the text it is calibrated on; prints the table of docs/METHODS.md.

usage: compare_calibrations.py LAYERFOLD MODEL WIKI_VALID WIKI_TEST PIQA ARC WORK_FOLDER
           [--layers 13,14,15,18,19,21] [--tokens 45000] [--sets wiki,built-in,self,mixture]
           [--fold '{"lambda": 0.1}']

The same layers go, untuned, and the same number of tokens is learnt from. PIQA and ARC are files of
multiple-choice questions (context, choices, answer). Answers to forty built-in prompts, drawn by the
model itself, are the chats that it is judged on: none of them is calibrated on. Needs only Python.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path

PROMPTS = Path(__file__).parent.parent / "Sources/BuiltInTexts/generation-prompts.jsonl"


def own_text(options):
    """Chats as the model writes them, in one file."""
    file = options.work / "chats.txt"
    if file.exists():
        return file
    lines = [json.loads(line) for line in PROMPTS.read_text().splitlines()]
    prompts = [line["prompt"] for line in lines if line["language"] == "en"][:40]
    chats = []
    for number, prompt in enumerate(prompts):
        answer = subprocess.run(
            [options.layerfold, "generate", options.model, "--chat", "--prompt", prompt,
             "--tokens", "220", "--temperature", "1", "--top-p", "0.95",
             "--seed", str(1000 + number)], capture_output=True, text=True, check=True).stdout
        chats.append(f"<|im_start|>user\n{prompt}<|im_end|>\n"
                     f"<|im_start|>assistant\n{answer.strip()}<|im_end|>\n")
    file.write_text("".join(chats))
    return file


def sets(options):
    tokens = options.tokens
    wiki = {"dataset": "text", "path": str(options.wiki_valid), "max_tokens": 512,
            "samples": tokens // 512 + 1}
    built_in = {"dataset": "jsonl", "path": "layerfold:calibration.jsonl", "samples": 227,
                "max_tokens": 512}
    own = {"dataset": "self", "samples": tokens // 180 + 1, "max_tokens": 256}

    def mixture(*parts):
        return {"dataset": "mixture", "tokens": tokens,
                "parts": [{"share": share} | part for share, part in parts]}
    return {
        "wiki": mixture((1, wiki)), "built-in": mixture((1, built_in)), "self": mixture((1, own)),
        "mixture": mixture((0.6, own), (0.2, built_in), (0.2, wiki)),
    }


def fold_job(options, name, calibration):
    layers = [int(layer) for layer in options.layers.split(",")]
    config = json.loads((Path(options.model) / "config.json").read_text())
    return {
        "version": 1, "name": name, "model": options.model, "calibration": calibration,
        "analysis": {"similarity": "cosine"},
        "compress": [{"method": "fold", "select": "list", "layers": layers, "tuning_steps": 0,
                      "ratios": [len(layers) / config["num_hidden_layers"]]}
                     | json.loads(options.fold)],
        "evaluate": [
            {"task": "divergence", "path": str(options.wiki_test), "limit": 20000},
            {"task": "divergence", "path": str(own_text(options)), "limit": 20000},
            {"task": "multiple-choice", "path": str(options.piqa), "limit": 400},
            {"task": "multiple-choice", "path": str(options.arc), "limit": 400},
        ],
    }


def run(options, job):
    """The report of a job, run in the foreground on the work folder's store."""
    manifest = options.work / f"{job['name']}.yaml"
    manifest.write_text(json.dumps(job))
    done = subprocess.run(
        [options.layerfold, "run", manifest, "--state", options.work / "state",
         "--output", options.work / "out" / job["name"]], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"the job {job['name']} failed")
    return json.loads(Path(done.stdout.split()[-1]).read_text())


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    for name in ("layerfold", "model", "wiki_valid", "wiki_test", "piqa", "arc", "work"):
        parser.add_argument(name, type=Path if name != "layerfold" and name != "model" else str)
    parser.add_argument("--layers", default="13,14,15,18,19,21")
    parser.add_argument("--tokens", type=int, default=45000)
    parser.add_argument("--sets", default="wiki,built-in,self,mixture")
    parser.add_argument("--fold", default="{}")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    known = sets(options)
    print("| set | tokens | wiki KL | chat KL | PIQA KL | ARC KL | seconds (weights) |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in options.sets.split(","):
        report = run(options, fold_job(options, f"{name}-{options.tokens}", known[name]))
        result = report["results"][0]
        kinds = ("kl_divergence", "kl_divergence", "choice_divergence", "choice_divergence")
        values = [e["value"] for e in result["evaluations"] if e["metric"] in kinds]
        seconds = sum(s["seconds"] for s in report["stages"] if s["name"] == "weights")
        figures = " | ".join(f"{value:.3f}" for value in values)
        print(f"| {name} | {options.tokens} | {figures} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()

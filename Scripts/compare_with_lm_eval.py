#!/usr/bin/env python3
"""Compares `layerfold eval` with lm-evaluation-harness on the same model and local files.

    Scripts/compare_with_lm_eval.py --model MODEL --mmlu FOLDER --hellaswag JSONL --text FILE

Needs a Python with lm_eval 0.4.13, torch and transformers. PIQA, RACE, BoolQ and GSM8K are compared on
the small files under Tests/Fixtures/Evaluate. Prints the table of docs/EVALUATION.md; `--goldens
FOLDER` writes the harness's log-likelihoods and answers of the small files for the tests. Seconds are wall seconds and, in
brackets, processor seconds; the harness's without loading the model, Layerfold's with everything. The harness's own
task definitions are used; only where their data come from is changed.
"""

import argparse
import csv
import json
import math
import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import datasets
import lm_eval
import lm_eval.evaluator
import lm_eval.tasks
import torch
from lm_eval.api.instance import Instance
from lm_eval.api.task import ConfigurableTask
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks._yaml_loader import load_yaml

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "Tests/Fixtures/Evaluate"
HARNESS = Path(lm_eval.tasks.__file__).parent


class Watch:
    """Wall and processor seconds since it was made; of this process, or of its children."""

    def __init__(self, who=resource.RUSAGE_SELF):
        self.who = who
        self.start = self.now()

    def now(self):
        usage = resource.getrusage(self.who)
        return time.perf_counter(), usage.ru_utime + usage.ru_stime

    def read(self):
        return [end - start for end, start in zip(self.now(), self.start)]


def seconds_text(seconds):
    return f"{seconds[0]:.1f} ({seconds[1]:.1f})"


def config(path, **changes):
    """A task of the harness, reading its data from a function instead of the network."""
    values = load_yaml(HARNESS / path)
    values = dict(values)
    values.update(changes)
    for key in ["dataset_path", "dataset_name", "tag", "group"]:
        values.pop(key, None)
    return values


def rows(items):
    return datasets.Dataset.from_list(items)


def jsonl(path):
    return [json.loads(line) for line in Path(path).read_text("utf-8").split("\n") if line.strip()]


def mmlu_rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return [
            {"question": r[0], "choices": r[1:5], "answer": "ABCD".index(r[5])}
            for r in csv.reader(file)
        ]


def mmlu(folder):
    for path in sorted(Path(folder, "test").glob("*_test.csv")):
        subject = path.name.removesuffix("_test.csv")
        data = {
            "test": rows(mmlu_rows(path)),
            "dev": rows(mmlu_rows(Path(folder, "dev", f"{subject}_dev.csv"))),
        }
        yield config(
            f"mmlu/default/mmlu_{subject}.yaml",
            custom_dataset=lambda data=data, **_: data, num_fewshot=5)


def hellaswag(path):
    items = [
        {k: r[k] for k in ["activity_label", "ctx_a", "ctx_b", "endings"]}
        | {"label": str(r["label"])}
        for r in jsonl(path)
    ]
    data = {"validation": rows(items)}
    yield config(
        "hellaswag/hellaswag.yaml", custom_dataset=lambda **_: data, training_split=None)


def piqa(path):
    labels = Path(str(path).removesuffix(".jsonl") + "-labels.lst").read_text().split()
    data = {"validation": rows([r | {"label": int(l)} for r, l in zip(jsonl(path), labels)])}
    yield config("piqa/piqa.yaml", custom_dataset=lambda **_: data, training_split=None)


def boolq(path):
    items = [
        {
            "passage": r["title"] + " -- " + r["passage"],
            "question": r["question"],
            "label": int(r["answer"]),
        }
        for r in jsonl(path)
    ]
    data = {"validation": rows(items)}
    yield config(
        "super_glue/boolq/default.yaml", custom_dataset=lambda **_: data, training_split=None)


def race(folder):
    items = []
    for path in sorted(Path(folder, "test/high").glob("*.txt")):
        raw = json.loads(path.read_text("utf-8"))
        problems = [
            {"question": q, "answer": a, "options": o}
            for q, o, a in zip(raw["questions"], raw["options"], raw["answers"])
        ]
        items.append({"article": raw["article"], "problems": str(problems)})
    data = {"test": rows(items)}
    yield config("race/race.yaml", custom_dataset=lambda **_: data)


def gsm8k(folder):
    data = {split: rows(jsonl(Path(folder, f"{split}.jsonl"))) for split in ["train", "test"]}
    return config("gsm8k/gsm8k.yaml", custom_dataset=lambda **_: data)


def run_written(model, config):
    """Prompts, what the harness's model writes, and what each filter makes of it."""
    watch = Watch()
    result = lm_eval.simple_evaluate(
        model=model, tasks=[ConfigurableTask(config=config)], bootstrap_iters=0, batch_size=1,
        log_samples=True)
    seconds = watch.read()
    samples = sorted(result["samples"][config["task"]], key=lambda sample: sample["doc_id"])
    strict = [s for s in samples if s["filter"] == "strict-match"]
    flexible = [s for s in samples if s["filter"] == "flexible-extract"]
    return {
        "prompts": [s["arguments"][0][0] for s in strict], "texts": [s["resps"][0][0] for s in strict],
        "strict": [s["filtered_resps"][0] for s in strict],
        "flexible": [s["filtered_resps"][0] for s in flexible],
        "exact_match_strict": sum(s["exact_match"] for s in strict) / len(strict),
        "exact_match_flexible": sum(s["exact_match"] for s in flexible) / len(flexible),
    }, seconds


def run_harness(model, configs, limit, batch):
    """Log-likelihoods per question, accuracies by task, and seconds of requests alone."""
    tasks = [ConfigurableTask(config=c) for c in configs]
    # The harness's own seconds: tokenising and scoring requests, without loading anything and
    # without its report of the environment.
    spent = []
    original = HFLM.loglikelihood

    def timed(self, *arguments, **keywords):
        watch = Watch()
        try:
            return original(self, *arguments, **keywords)
        finally:
            spent.append(watch.read())

    HFLM.loglikelihood = timed
    result = lm_eval.simple_evaluate(
        model=model, tasks=tasks, limit=limit, bootstrap_iters=0, batch_size=batch,
        log_samples=True, random_seed=None, numpy_random_seed=None, torch_random_seed=None,
        fewshot_random_seed=None)
    HFLM.loglikelihood = original
    values, right, right_norm = [], [], []
    for task in tasks:
        for sample in sorted(result["samples"][task.config.task], key=lambda s: s["doc_id"]):
            values.append([float(r[0][0]) for r in sample["resps"]])
            right.append(sample["acc"])
            right_norm.append(sample.get("acc_norm"))
    norm = None if right_norm[0] is None else sum(right_norm) / len(right_norm)
    return {
        "values": values, "accuracy": sum(right) / len(right), "normalised": norm,
        "seconds": [sum(part) for part in zip(*spent)],
    }


def run_layerfold(program, model, task, data, extra):
    command = [program, "eval", model, "--task", task, "--data", str(data)] + extra
    watch = Watch(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command + ["--json"] + ([] if task in ["perplexity", "gsm8k"] else ["--likelihoods"]),
        capture_output=True, text=True)
    seconds = watch.read()
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    lines = done.stdout.split("\n")
    end = next(i for i, line in enumerate(lines) if line == "{")
    listing = json.loads("\n".join(lines[end:]))
    figures = {f["metric"]: f["value"] for f in listing["figures"]}
    questions = [json.loads(line) for line in lines[:end] if line.strip()]
    return {
        "values": [q["loglikelihoods"] for q in questions], "figures": figures,
        "seconds": seconds,
    }


def best_batch(model, configs, arguments):
    """The batch size with which the harness is fastest on a few questions, and the trials."""
    seconds = {}
    run_harness(model, configs, 1, 1)  # warms up, so that the first size has no disadvantage
    for batch in arguments.batches:
        model.batch_size_per_gpu = batch
        seconds[batch] = run_harness(model, configs, arguments.trial, batch)["seconds"][0]
        print(f"batch size {batch}: {seconds[batch]:.1f} s", file=sys.stderr)
    best = min(seconds, key=seconds.get)
    model.batch_size_per_gpu = best
    trials = ", ".join(f"{batch}: {value:.1f} s" for batch, value in seconds.items())
    return best, trials


def rolling(model, text):
    """Word, byte and bits-per-byte figures of one document, by the harness's own windows."""
    watch = Watch()
    request = Instance(
        request_type="loglikelihood_rolling", doc={}, arguments=(text,), idx=0,
        metadata=("text", 0, 1))
    value = float(model.loglikelihood_rolling([request], disable_tqdm=True)[0])
    seconds = watch.read()
    words = len(re.split(r"\s+", text))
    size = len(text.encode("utf-8"))
    return {
        "word_perplexity": math.exp(-value / words),
        "byte_perplexity": math.exp(-value / size),
        "bits_per_byte": -value / size / math.log(2),
        "seconds": seconds,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--mmlu")
    parser.add_argument("--hellaswag")
    parser.add_argument("--text")
    parser.add_argument("--limit", type=int, help="questions per subject of MMLU; default all")
    parser.add_argument(
        "--batches", type=int, nargs="+", default=[1, 8, 16],
        help="batch sizes of the harness to try; the fastest is taken")
    parser.add_argument(
        "--trial", type=int, default=3,
        help="questions per subject of the first task in a trial of batch sizes")
    parser.add_argument("--program", default=str(ROOT / ".build/release/layerfold"))
    parser.add_argument("--goldens", help="write the harness's figures of the small files here")
    arguments = parser.parse_args()

    runs = []
    if arguments.mmlu:
        runs.append(("mmlu", arguments.mmlu, list(mmlu(arguments.mmlu))))
    if arguments.hellaswag:
        runs.append(("hellaswag", arguments.hellaswag, list(hellaswag(arguments.hellaswag))))
    runs.append(("piqa", FIXTURES / "piqa.jsonl", list(piqa(FIXTURES / "piqa.jsonl"))))
    runs.append(("boolq", FIXTURES / "boolq.jsonl", list(boolq(FIXTURES / "boolq.jsonl"))))
    runs.append(("race", FIXTURES / "race", list(race(FIXTURES / "race"))))

    model = HFLM(pretrained=arguments.model, device="cpu", dtype="float32")
    print(f"lm_eval {lm_eval.__version__}, torch {torch.__version__}, "
          f"{torch.get_num_threads()} threads", file=sys.stderr)
    table = [["task", "figure", "lm-eval", "layerfold", "difference", "lm-eval seconds", "layerfold seconds"]]
    goldens = {}
    batch, trials = best_batch(model, runs[0][2], arguments)
    for task, data, configs in runs:
        limit = arguments.limit if task == "mmlu" else None
        extra = [] if limit is None else ["--limit", str(limit)]
        ours = run_layerfold(arguments.program, arguments.model, task, data, extra)
        theirs = run_harness(model, configs, limit, batch)
        goldens[task] = {k: theirs[k] for k in ["values", "accuracy", "normalised"]}
        if [len(v) for v in ours["values"]] != [len(v) for v in theirs["values"]]:
            sys.exit(f"{task}: the questions differ")
        worst = max(
            abs(a - b) for x, y in zip(ours["values"], theirs["values"]) for a, b in zip(x, y))
        count = sum(len(v) for v in theirs["values"])
        times = [seconds_text(theirs["seconds"]), seconds_text(ours["seconds"])]
        pairs = [("accuracy", "accuracy"), ("normalised", "accuracy_normalised")]
        for key, metric in pairs:
            if theirs[key] is None:
                continue
            difference = ours["figures"][metric] - theirs[key]
            table.append([
                task, f"{metric} ({len(theirs['values'])})", f"{theirs[key]:.6f}",
                f"{ours['figures'][metric]:.6f}", f"{difference:.1e}" if difference else "0",
                *times])
        table.append([task, f"log-likelihoods ({count})", "", "", f"at most {worst:.1e}", "", ""])
    if arguments.text:
        text = Path(arguments.text).read_text("utf-8")
        theirs = rolling(model, text)
        ours = run_layerfold(
            arguments.program, arguments.model, "perplexity", arguments.text,
            ["--set", "windows=rolling"])
        for metric in ["word_perplexity", "byte_perplexity", "bits_per_byte"]:
            relative = ours["figures"][metric] / theirs[metric] - 1
            table.append([
                "perplexity", metric, f"{theirs[metric]:.6f}", f"{ours['figures'][metric]:.6f}",
                f"{relative:.1e} relative", seconds_text(theirs["seconds"]),
                seconds_text(ours["seconds"])])
    written, seconds = run_written(model, gsm8k(FIXTURES / "gsm8k"))
    ours = run_layerfold(arguments.program, arguments.model, "gsm8k", FIXTURES / "gsm8k", [])
    for metric in ["exact_match_strict", "exact_match_flexible"]:
        difference = ours["figures"][metric] - written[metric]
        table.append([
            "gsm8k", f"{metric} ({len(written['texts'])})", f"{written[metric]:.6f}",
            f"{ours['figures'][metric]:.6f}", f"{difference:.1e}" if difference else "0",
            seconds_text(seconds), seconds_text(ours["seconds"])])
    for index, row in enumerate(table):
        print("| " + " | ".join(row) + " |")
        if index == 0:
            print("|" + " --- |" * len(row))
    print(f"\nlm-eval at batch size {batch}; tried on {arguments.trial} questions per subject "
          f"of {runs[0][0]}: {trials}")
    if arguments.goldens:
        small = {task: goldens[task] for task in ["piqa", "boolq", "race"]}
        Path(arguments.goldens, "gsm8k", "lm_eval.json").write_text(
            json.dumps(written, indent=1, ensure_ascii=False) + "\n")
        Path(arguments.goldens, "lm_eval.json").write_text(json.dumps(small, indent=1) + "\n")


if __name__ == "__main__":
    main()

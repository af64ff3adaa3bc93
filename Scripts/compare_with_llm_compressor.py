#!/usr/bin/env python3
"""GPTQ, AWQ and SmoothQuant here and in llm-compressor, from the same tokens; never run by CI.

usage: compare_with_llm_compressor.py LAYERFOLD_BINARY MODEL TEXT HELDOUT WORK_FOLDER [--ratio 0.1]
           [--samples 24] [--length 512] [--group 64] [--windows 31] [--only gptq,awq,smoothquant]

MODEL is folded (`shortgpt`, a tenth of its layers), and what both quantise is that. TEXT is cut into samples of at most
`length` tokens that are whole lines, so that both programs see the same tokens. Both write compressed-tensors
folders, which transformers judges on the same windows of HELDOUT: perplexity, its ratio to llm-compressor's, and two standard
errors of the paired difference of the windows' mean losses. Seconds are of whole processes, one after the other, reading and
writing included. Prints Markdown.
Needs torch, transformers, compressed-tensors and llmcompressor 0.14 (PyPI).
"""
import argparse
import json
import logging
import math
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, CompressedTensorsConfig
from transformers import logging as transformers_logging

OURS = {
    "gptq": [("`gptq`, `target: own`", {"method": "gptq", "target": "own"}),
             ("`gptq`, `target: original`", {"method": "gptq", "target": "original"})],
    "awq": [("`awq`", {"method": "awq"})],
    "smoothquant": [("`smoothquant`", {"method": "smoothquant"}),
                    ("`smoothquant`, `weights: gptq`", {"method": "smoothquant", "weights": "gptq"})],
}


def samples(model, text, count, length):
    """Texts of whole lines, each of as many as fit into `length` tokens, none of fewer than half."""
    tokenizer = AutoTokenizer.from_pretrained(model)
    found, now = [], ""
    for line in filter(None, map(str.strip, Path(text).read_text().splitlines())):
        longer = f"{now}\n{line}" if now else line
        if len(tokenizer(longer)["input_ids"]) <= length:
            now = longer
            continue
        if len(tokenizer(now)["input_ids"]) >= length // 2:
            found.append(now)
        now = line if len(tokenizer(line)["input_ids"]) <= length else ""
        if len(found) == count:
            return found
    sys.exit(f"{text} has {len(found)} samples, and {count} are asked for")


def theirs(method, model, calibration, group, output):
    """What a process of its own does: quantises by llm-compressor."""
    from datasets import Dataset
    from llmcompressor import oneshot
    from llmcompressor.modifiers.quantization import GPTQModifier, QuantizationModifier
    weights = {"num_bits": 4, "type": "int", "symmetric": True, "strategy": "group", "group_size": group}
    groups = {"group_0": {"targets": ["Linear"], "weights": weights}}
    if method == "gptq":
        recipe = [GPTQModifier(config_groups=groups, ignore=["lm_head"])]
    elif method == "awq":
        from llmcompressor.modifiers.transform.awq import AWQModifier
        recipe = [AWQModifier(), QuantizationModifier(config_groups=groups, ignore=["lm_head"])]
    else:
        from llmcompressor.modifiers.transform.smoothquant import SmoothQuantModifier
        recipe = [SmoothQuantModifier(smoothing_strength=0.5),
                  QuantizationModifier(targets="Linear", scheme="W8A8", ignore=["lm_head"])]
    if not torch.cuda.is_available():
        torch.Tensor.pin_memory = lambda tensor, *_: tensor   # AWQ asks for it without looking
    tokenizer = AutoTokenizer.from_pretrained(model)
    ids = [tokenizer(text)["input_ids"] for text in json.loads(Path(calibration).read_text())]
    network = AutoModelForCausalLM.from_pretrained(model, dtype="auto")
    oneshot(
        model=network, tokenizer=tokenizer, recipe=recipe, output_dir=output,
        dataset=Dataset.from_dict({"input_ids": ids, "attention_mask": [[1] * len(i) for i in ids]}),
        max_seq_length=max(map(len, ids)), num_calibration_samples=len(ids))


def folders(results):
    return (path.parent for path in sorted(Path(results).glob("**/config.json")))


def config(folder):
    return json.loads((Path(folder) / "config.json").read_text())


@torch.no_grad()
def losses(folder, windows):
    """Mean loss of every window. Rounded activations are rounded as transformers does it, in float32."""
    stored = config(folder).get("quantization_config")
    plain = stored is not None and stored["config_groups"]["group_0"]["input_activations"] is None
    options = {"quantization_config": CompressedTensorsConfig(dequantize=True)} if plain else {}
    network = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **options).eval()
    network = network.float() if plain else network
    return torch.tensor([
        torch.nn.functional.cross_entropy(network(row[None]).logits[0, :-1], row[1:]).item() for row in windows],
        dtype=torch.float64)


def timed(command, log):
    start = time.monotonic()
    with open(log, "w") as stream:
        subprocess.run(command, check=True, stdout=stream, stderr=subprocess.STDOUT)
    return time.monotonic() - start


def main():
    parser = argparse.ArgumentParser()
    for name in ("layerfold", "model", "text", "heldout", "folder"):
        parser.add_argument(name)
    parser.add_argument("--ratio", type=float, default=0.1)
    parser.add_argument("--samples", type=int, default=24)
    parser.add_argument("--length", type=int, default=512)
    parser.add_argument("--group", type=int, default=64)
    parser.add_argument("--windows", type=int, default=31)
    parser.add_argument("--only", default="gptq,awq,smoothquant")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    warnings.filterwarnings("ignore")
    transformers_logging.disable_progress_bar()
    folder = Path(options.folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    texts = samples(options.model, options.text, options.samples, options.length)
    (folder / "texts.json").write_text(json.dumps(texts))
    (folder / "texts.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    held = tokenizer(Path(options.heldout).read_text())["input_ids"]
    count = min(options.windows, len(held) // options.length)
    windows = torch.tensor(held[:count * options.length]).reshape(count, options.length)
    tokens = sum(len(tokenizer(text)["input_ids"]) for text in texts)

    def run(job, results):
        shutil.rmtree(results, ignore_errors=True)   # of an earlier run, whose models these are not
        (folder / f"{results.name}.json").write_text(json.dumps(job))
        return [options.layerfold, "run", folder / f"{results.name}.json", "--state", folder / "state",
                "--output", results]

    job = {"version": 1, "name": "peer", "model": str(Path(options.model).resolve()),
           "calibration": {"dataset": "jsonl", "path": str(folder / "texts.jsonl"), "samples": len(texts),
                           "max_tokens": options.length},
           "compress": [{"method": "shortgpt", "ratios": [options.ratio]}]}
    timed(run(job, folder / "folded"), folder / "folded.log")
    model = next(folders(folder / "folded"))
    plain = losses(model, windows)
    print(f"{len(texts)} samples, {tokens} tokens; {count} windows of {options.length} held out\n")
    print("| scheme | by | perplexity | to llm-compressor's | two standard errors | seconds |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    print(f"| bfloat16 | | {math.exp(plain.mean()):.2f} | | | |", flush=True)
    for method in options.only.split(","):
        scheme = "W8A8" if method == "smoothquant" else f"W4A16, groups of {options.group}"
        output = folder / f"llm-compressor-{method}"
        shutil.rmtree(output, ignore_errors=True)
        code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import {Path(__file__).stem} as s; " \
            f"s.theirs({method!r}, {str(model)!r}, {str(folder / 'texts.json')!r}, {options.group}, {str(output)!r})"
        seconds = timed([sys.executable, "-c", code], folder / f"{method}.log")
        reference = losses(output, windows)
        print(f"| {scheme} | llm-compressor, {method} | {math.exp(reference.mean()):.2f} | 1 | | {seconds:.0f} |", flush=True)
        for name, entry in OURS[method]:
            entry = entry | ({} if method == "smoothquant" else {"group": options.group})
            results = folder / ("layerfold-" + "-".join(str(v) for v in entry.values()))
            seconds = timed(run(job | {"quantize": [entry]}, results), folder / f"{results.name}.log")
            own = losses(next(path for path in folders(results) if "quantization_config" in config(path)), windows)
            ratio, error = math.exp((own - reference).mean()), 2 * (own - reference).std() / math.sqrt(count)
            print(f"| {scheme} | {name} | {math.exp(own.mean()):.2f} | {ratio:.4f} | {error:.4f} | {seconds:.0f} |",
                  flush=True)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Folds a checkpoint of every architecture and loads the results in transformers.

usage: verify_architectures.py LAYERFOLD_BINARY CHECKPOINT_FOLDER...

A folder without config.json is passed over, so that Tests/Fixtures/arch/* can be given. Each gets a
small tokenizer of its vocabulary's size (random checkpoints have none), then a job with several
methods and ratios. Of every result: transformers finds no tensor missing, unexpected or of another
shape; its logits in float32 equal those of `layerfold forward` on the same ids to 1e-4 of the
largest logit; generation runs. Refusals are printed with their reason; a folder that
`layerfold inspect` cannot read is a failure.

Gated delta nets: transformers solves them in chunks of 64 tokens, and its float32 is then further
from the exact numbers (the same in float64) than the bound: 1.2e-4 of the largest logit for
qwen3_next-experts by mka-official, where its own recurrence is at 3e-6 and Layerfold at 7e-6. A
norm of rows whose root mean square is 1e-3 follows, and makes those roundings some hundred times
larger. So the logits are held to 1e-4 against transformers' recurrence, and to CHUNKS against its chunks.
Needs torch, transformers, tokenizers and safetensors (PyPI).
"""
import contextlib, json, shutil, subprocess, sys, tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

BOUND = 1e-4
CHUNKS = 1e-3  # of transformers' chunked delta rule; measured up to 1.2e-4

WORDS = "a model of many layers is folded into one of few and keeps what both of them know ".split()
TEXT = "\n".join(" ".join(WORDS[(i * k) % len(WORDS)] for k in range(1, 40)) for i in range(1, 60))


def make_tokenizer(size):
    """Byte-level BPE where the vocabulary is large enough for all bytes, else single letters."""
    if size >= 270:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.train_from_iterator(TEXT.splitlines(), trainers.BpeTrainer(
            vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False))
        return tokenizer
    letters = ["<unk>", *sorted(set(TEXT) - {"\n"})][:size]
    return Tokenizer(models.BPE(
        vocab={letter: index for index, letter in enumerate(letters)}, merges=[],
        unk_token="<unk>"))


def run(binary, *arguments):
    return subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True)


def manifest(layers):
    few, many = 1 / layers, max(2, layers // 4) / layers
    more = f", {many}" if many < 1 else ""
    kept = [i for i in range(layers) if i != 1]
    return f"""\
version: 1
name: arch
model: model
calibration: {{dataset: text, path: text.txt, samples: 60, max_tokens: 32}}
analysis: {{similarity: npib, sigma: median, compute: f32}}
compress:
METHODS
evaluate: [{{task: perplexity, path: text.txt, window: 64, limit: 400}}]
""", [
        f"{{method: mka, ratios: [{few}]}}",
        f"{{method: mka, ratios: [{few}{more}], pairs: any}}",
        f"{{method: mka-official, ratios: [{few}]}}",
        f"{{method: reverse, ratios: [{few}{more}]}}",
        f"{{method: passthrough, layers: {kept}}}",
    ]


def logits_of(binary, folder, ids, target):
    ids_file = target / "ids.json"
    ids_file.write_text(json.dumps(ids))
    out = target / "out.safetensors"
    done = run(binary, "forward", folder, "--tokens", ids_file, "--output", out, "--compute", "f32")
    assert done.returncode == 0, done.stderr
    tensors = load_file(out)
    return [tensors[f"logits.{i}"] for i in range(len(ids))]


def look(binary, folder):
    """Layers and size of the vocabulary, as Layerfold reads them; configs say it in many ways.
    Raises ValueError with its words where it refuses the folder."""
    done = run(binary, "inspect", folder, "--json")
    if done.returncode:
        raise ValueError(done.stderr.strip() or f"layerfold inspect ended with {done.returncode}")
    found = json.loads(done.stdout)
    return found["layers"], found["vocabulary"]


def check(binary, folder, workshop):
    # Which class of transformers loads it.
    sees = "text_config" in json.loads((folder / "config.json").read_text())
    kind = AutoModelForImageTextToText if sees else AutoModelForCausalLM
    model, info = kind.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager",
        experts_implementation="eager", output_loading_info=True)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        assert not info[kind], (kind, info[kind])
    # Not AutoTokenizer, which rebuilds the tokenizers of some architectures.
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    ids = [tokenizer.encode(text).ids for text in (
        " ".join(WORDS), "a", "of many layers is folded into one")]
    ours = logits_of(binary, folder, ids, workshop)
    worst = difference(model, ours, ids)
    assert worst < (CHUNKS if delta_modules(model) else BOUND), worst
    if delta_modules(model):
        with recurrence(model):
            worst = difference(model, ours, ids)
        assert worst < BOUND, worst
    model.generate(torch.tensor([ids[1]]), max_new_tokens=4, do_sample=False, use_cache=False)
    return worst


def difference(model, ours, ids):
    """The largest difference of logits, as a share of the largest logit of a sequence."""
    worst = 0.0
    for found, sequence in zip(ours, ids):
        with torch.no_grad():
            theirs = model(torch.tensor([sequence]), use_cache=False).logits[0]
        worst = max(worst, ((found - theirs).abs().max() / theirs.abs().max()).item())
    return worst


def delta_modules(model):
    """The modules of transformers whose delta rule this model calls."""
    found = {sys.modules[type(layer).__module__] for layer in model.modules()
             if type(layer).__name__.endswith("GatedDeltaNet")}
    return [module for module in found if hasattr(module, "torch_chunk_gated_delta_rule")]


@contextlib.contextmanager
def recurrence(model):
    """Lets delta nets go from token to token, as they are defined, in place of chunks."""
    kept = {module: module.torch_chunk_gated_delta_rule for module in delta_modules(model)}
    for module in kept:
        module.torch_chunk_gated_delta_rule = module.torch_recurrent_gated_delta_rule
    try:
        yield
    finally:
        for module, rule in kept.items():
            module.torch_chunk_gated_delta_rule = rule


def main():
    binary, failures = Path(sys.argv[1]).resolve(), 0
    for source in map(Path, sys.argv[2:]):
        if not (source / "config.json").exists():
            print(f"{source.name:24} passed over: no config.json", flush=True)
            continue
        try:
            layers, size = look(binary, source)
        except ValueError as error:
            failures += 1
            print(f"{source.name:24} FAILED inspect: {str(error)[:300]}", flush=True)
            continue
        with tempfile.TemporaryDirectory() as name:
            workshop = Path(name)
            shutil.copytree(source, workshop / "model", ignore=shutil.ignore_patterns("expected*"))
            make_tokenizer(size).save(str(workshop / "model/tokenizer.json"))
            prose = TEXT if size >= 270 else TEXT.replace("\n", " ")
            (workshop / "text.txt").write_text(prose)
            head, methods = manifest(layers)
            for method in methods:
                (workshop / "job.yaml").write_text(head.replace("METHODS", f"- {method}"))
                done = run(binary, "run", workshop / "job.yaml", "--state", workshop / "state",
                           "--output", workshop / "out")
                label = f"{source.name:24} {method}"
                if done.returncode:
                    reason = [l for l in done.stderr.splitlines() if "layerfold:" in l]
                    print(f"{label}: refused: {(reason or [done.stderr[-300:]])[-1].strip()}")
                    continue
                results = Path(done.stdout.split()[-1]).parent
                for result in json.loads((results / "report.json").read_text())["results"]:
                    try:
                        worst = check(binary, results / result["path"], workshop)
                        print(f"{label}: {layers} -> {result['layers']} layers, loads, logits "
                              f"differ by {worst:.1e} of the largest", flush=True)
                    except Exception as error:
                        failures += 1
                        print(f"{label}: FAILED {type(error).__name__}: {str(error)[:300]}")
    print(f"{failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

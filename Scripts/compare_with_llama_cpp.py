#!/usr/bin/env python3
"""Exports models as GGUF and holds what llama.cpp makes of the files against transformers.

usage: compare_with_llama_cpp.py LAYERFOLD_BINARY CHECKPOINT_FOLDER...

Of every folder, as bf16 and as q8_0:
- `gguf` reads the file; the bytes of every weight are those of its quantisers;
- token ids of 200 lines (heldout.txt) equal those of the tokenizers library;
- bf16: logits over 100 tokens lie within 2e-2 of transformers' largest (float32 arithmetic on the
  same weights), or as near as transformers in bf16 comes to that; over fewer where the export warns of windows that the loader has not, and without
  tokens for which two experts are as good as equal;
- behind each of 32 greedy tokens of transformers the next is the same, wherever the two best
  logits lie further apart than that.
Prints a line for each; ends with 1 where one fails. Needs gguf, llama-cpp-python, numpy,
safetensors, tokenizers, torch and transformers (PyPI). Run it from the package's root.
"""
import re, subprocess, sys, tempfile
from pathlib import Path

import gguf
import numpy as np
import torch
from llama_cpp import Llama
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

BINARY, FOLDERS = sys.argv[1], [Path(folder) for folder in sys.argv[2:]]
TOLERANCE = 2e-2
failures = 0


def lines():
    """200 lines, some of them with what tokenizers stumble over."""
    plain = Path("Sources/BuiltInTexts/heldout.txt").read_text().splitlines()
    odd = ["  two spaces, then  two more", "tabs\tand\ttabs", "12345 6789 0.5 3,141", "don't we'll I'D",
           "naïve café – “quotes” … €", "数字と言葉 日本語", "emoji 🙂🙂 and 👩‍💻", "a\n\n\nb\r\nc",
           "trailing space ", "Привет, мир!", "if (x == 1) { return y[0]; }", "snake_case CamelCase"]
    return odd + [line for line in plain if line.strip()][:188]


def tell(name, kind, what, passed, figure=""):
    global failures
    failures += not passed
    print(f"{'ok  ' if passed else 'FAIL'} {name:12} {kind:5} {what} {figure}", flush=True)


def bytes_agree(path):
    """Whether each quantised tensor is what the package makes of the same numbers."""
    exact = gguf.GGUFReader(str(path["bf16"]))
    numbers = {t.name: gguf.quants.dequantize(t.data, t.tensor_type) for t in exact.tensors}
    for kind in ("q8_0", "q4_0"):
        for tensor in gguf.GGUFReader(str(path[kind])).tensors:
            expected = gguf.quants.quantize(
                np.ascontiguousarray(numbers[tensor.name], np.float32), tensor.tensor_type)
            if expected.tobytes() != tensor.data.tobytes():
                return False, f"{kind} {tensor.name}"
    return True, f"{len(exact.tensors)} tensors"


def logits(llama, ids):
    llama.reset()
    llama.eval(ids)
    return np.array(llama.scores[:len(ids)])


def greedy(model, start, count):
    """The tokens that transformers goes on with, and the logits that each was chosen by."""
    ids, rows = list(start), []
    with torch.no_grad():
        for _ in range(count):
            rows.append(model(torch.tensor([ids])).logits[0, -1].numpy())
            ids.append(int(rows[-1].argmax()))
    return ids, np.array(rows)


def experts(model):
    """How many experts a token takes; 0 where there are none."""
    return getattr(model.config, "num_experts_per_tok", 0) if hasattr(model.config, "num_local_experts") else 0


def routed(out, chosen, count):
    """Tokens whose experts no rounding changes: the last one chosen lies clearly above the next."""
    certain = np.ones(count, bool)
    for logits in out.router_logits if chosen else ():
        ranked = np.sort(logits.numpy(), axis=1)[:, ::-1]
        certain &= ranked[:, chosen - 1] - ranked[:, chosen] > TOLERANCE * abs(ranked).max()
    return certain


def compare(folder, work):
    name = folder.name
    path, length = {}, 100
    for kind in ("bf16", "q8_0", "q4_0"):
        path[kind] = work / f"{name}-{kind}.gguf"
        done = subprocess.run([BINARY, "export", str(folder), "--type", kind, "-o", str(path[kind])],
                              capture_output=True, text=True)
        if done.returncode:
            return tell(name, kind, "export", False, done.stderr.strip())
        if done.stderr:
            print(f"     {done.stderr.strip()}")
        told = re.search(r"no attention windows.* than (\d+) tokens", done.stderr)
        length = min(length, int(told[1]) if told else length)
    tell(name, "all", "bytes", *bytes_agree(path))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    text = "\n".join(lines()[12:40])
    ids = tokenizer.encode(text).ids[:length]
    with torch.no_grad():
        out = model(torch.tensor([ids]), **({"output_router_logits": True} if experts(model) else {}))
    expected = out.logits[0].numpy()
    largest = abs(expected).max()
    # What bf16 costs in any program: llama.cpp rounds activations to it, too.
    with torch.no_grad():
        half = model.to(torch.bfloat16)(torch.tensor([ids])).logits[0].float().numpy()
    model.float()
    certain_rows = routed(out, experts(model), len(ids))
    for kind in ("bf16", "q8_0"):
        llama = Llama(str(path[kind]), n_ctx=160, logits_all=True, verbose=False, n_threads=1)
        # transformers' greedy way of the whole text, and llama.cpp's.
        wrong = [line for line in lines() if
                 tokenizer.encode(line).ids != llama.tokenize(line.encode(), add_bos=True, special=False)]
        tell(name, kind, "token ids", not wrong, f"{200 - len(wrong)} of 200" +
             (f", first: {wrong[0]!r}" if wrong else ""))
        found = logits(llama, ids)
        error = abs(found - expected)[certain_rows].max() / largest
        other = abs(half - expected)[certain_rows].max() / largest
        tell(name, kind, "logits", error < max(TOLERANCE, other) or kind != "bf16",
             f"{error:.2e} of the largest (transformers in bf16: {other:.2e}), "
             f"{certain_rows.sum()} of {len(ids)} tokens")
        if kind == "bf16":
            # Longer than any model's short factors of rotary positions, where there is room.
            start = ids[:40] if length >= 72 else ids[:4]
            count = min(32, length - len(start))
            wanted, rows = greedy(model, start, count)
            own = logits(llama, wanted[:-1])[len(start) - 1:].argmax(1)
            best = np.sort(rows, axis=1)[:, -2:]
            clear = best[:, 1] - best[:, 0] > TOLERANCE * largest
            tell(name, kind, "greedy", (own == wanted[len(start):])[clear].all(),
                 f"{(own == wanted[len(start):]).sum()} of {count} tokens equal, {clear.sum()} of "
                 "them no near tie")
        llama.close()


with tempfile.TemporaryDirectory() as work:
    for folder in FOLDERS:
        compare(folder, Path(work))
print(f"{failures} failures")
sys.exit(failures > 0)

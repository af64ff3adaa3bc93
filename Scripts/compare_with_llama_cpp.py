#!/usr/bin/env python3
"""Exports models as GGUF and holds what llama.cpp makes of the files against transformers.

usage: compare_with_llama_cpp.py LAYERFOLD_BINARY CHECKPOINT_FOLDER...

Of every folder, as bf16 and as q8_0:
- `gguf` reads the file; the bytes of every weight are those of its quantisers;
- token ids of 200 lines (heldout.txt) equal those of the tokenizers library;
- bf16: logits over 100 tokens lie within 2e-2 of transformers' largest (float32 arithmetic on the
  same weights), for windows beyond their width too where the file says them;
- 32 greedy tokens are equal as long as the two best logits lie further apart than that.
Prints a line for each; ends with 1 where one fails. Needs gguf, llama-cpp-python, numpy,
safetensors, tokenizers, torch and transformers (PyPI). Run it from the package's root.
"""
import subprocess, sys, tempfile
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


def greedy(step, start, count, spread):
    """Tokens by `step`, up to where the two best lie closer than `spread` apart."""
    ids, certain = list(start), 0
    for _ in range(count):
        row = step(ids)
        best = np.partition(row, -2)[-2:]
        if abs(best[1] - best[0]) <= spread:
            break
        ids.append(int(row.argmax()))
        certain += 1
    return ids[len(start):], certain


def compare(folder, work):
    name = folder.name
    path = {}
    for kind in ("bf16", "q8_0", "q4_0"):
        path[kind] = work / f"{name}-{kind}.gguf"
        done = subprocess.run([BINARY, "export", str(folder), "--type", kind, "-o", str(path[kind])],
                              capture_output=True, text=True)
        if done.returncode:
            return tell(name, kind, "export", False, done.stderr.strip())
        if done.stderr:
            print(f"     {done.stderr.strip()}")
    tell(name, "all", "bytes", *bytes_agree(path))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    text = "\n".join(lines()[12:40])
    ids = tokenizer.encode(text).ids[:100]
    with torch.no_grad():
        expected = model(torch.tensor([ids])).logits[0].numpy()
    largest = abs(expected).max()
    for kind in ("bf16", "q8_0"):
        llama = Llama(str(path[kind]), n_ctx=160, logits_all=True, verbose=False, n_threads=1)
        # transformers' greedy way of the whole text, and llama.cpp's.
        wrong = [line for line in lines() if
                 tokenizer.encode(line).ids != llama.tokenize(line.encode(), add_bos=True, special=False)]
        tell(name, kind, "token ids", not wrong, f"{200 - len(wrong)} of 200" +
             (f", first: {wrong[0]!r}" if wrong else ""))
        found = logits(llama, ids)
        error = abs(found - expected).max() / largest
        tell(name, kind, "logits", error < TOLERANCE or kind != "bf16", f"{error:.2e} of the largest")
        if kind == "bf16":
            def step(ids):
                with torch.no_grad():
                    return model(torch.tensor([ids])).logits[0, -1].numpy()
            wanted, certain = greedy(step, ids[:8], 32, TOLERANCE * largest)
            own, _ = greedy(lambda ids: logits(llama, ids)[-1], ids[:8], certain, -1)
            tell(name, kind, "greedy", own == wanted, f"{certain} tokens before a near tie")
        llama.close()


with tempfile.TemporaryDirectory() as work:
    for folder in FOLDERS:
        compare(folder, Path(work))
print(f"{failures} failures")
sys.exit(failures > 0)

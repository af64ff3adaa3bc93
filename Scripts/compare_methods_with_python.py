#!/usr/bin/env python3
"""Compares folded models with an independent implementation of their methods.

usage: compare_methods_with_python.py LAYERFOLD_BINARY MODEL CALIBRATION_TEXT [SAMPLES [TOKENS]]

Layerfold folds MODEL (a Llama checkpoint) by mka, shortgpt and replaceme at three ratios, in
float32. The same methods are computed here from transformers' hidden states with numpy alone; the
plans must be equal, and every tensor of every folded model equal to 1e-5. Layerfold draws windows
of a text with a generator of its own, so it is given the beginning of the text, of which all windows
are taken: SAMPLES (default 57) of TOKENS (default 256) tokens.
Needs torch, transformers, safetensors, scipy (PyPI).
"""
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from scipy.special import digamma, softmax
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

RATIOS = [0.125, 0.25, 0.4375]
NEIGHBOURS, RIDGE, TOLERANCE = 5, 1e-4, 1e-5


def observe(model, windows):
    """Boundaries [L + 1][windows][tokens, d] of the residual stream, before the final norm, and the
    MLP output of every layer."""
    boundaries, outputs = [], []
    layers = model.model.layers
    hooks = [layers[0].register_forward_pre_hook(
        lambda _, args: record[0].append(args[0][0].double().numpy()))]
    for layer in layers:
        hooks.append(layer.register_forward_hook(
            lambda _, __, out: record[0].append(
                (out[0] if isinstance(out, tuple) else out).reshape(-1, width).double().numpy())))
        hooks.append(layer.mlp.register_forward_hook(
            lambda _, __, out: record[1].append(out[0].double().numpy())))
    width = model.config.hidden_size
    for window in windows:
        record = ([], [])
        with torch.no_grad():
            model.model(torch.tensor([window]))
        boundaries.append(record[0])
        outputs.append(record[1])
    for hook in hooks:
        hook.remove()
    return list(zip(*boundaries)), list(zip(*outputs))


# mka: arXiv 2406.16330, the paper's reading.

def embedding(rows):
    squared = ((rows[:, None] - rows[None]) ** 2).sum(-1)
    # Where sigma is small against the distances, as the paper's 8 is, the graph falls apart and its
    # eigenvectors are rounding noise.
    sigma = np.median(squared[np.triu_indices(len(rows), 1)])
    kernel = np.exp(-np.sqrt(squared / sigma))
    _, vectors = np.linalg.eigh(np.diag(kernel.sum(1)) - kernel)
    return vectors[:, 1:3]


def distances(x):
    return np.abs(x[:, None] - x[None]).max(-1)


def npib(rows):
    scaled = [e / e.std(0) for e in map(embedding, rows)]
    n = len(scaled[0])

    def entropy(x):
        radius = np.sort(distances(x), 1)[:, NEIGHBOURS]
        value = digamma(n) - digamma(NEIGHBOURS) + x.shape[1] * np.log(2 * radius).mean()
        return max(value, 0.25 * x.shape[1])

    def information(x, y):
        a, b = distances(x), distances(y)
        joint = np.maximum(a, b) + np.diag(np.full(n, np.inf))
        radius = np.sort(joint, 1)[:, [NEIGHBOURS - 1]]
        counts = [(d < radius).sum(1) for d in (a, b)]
        value = digamma(NEIGHBOURS) + digamma(n) - sum(digamma(c).mean() for c in counts)
        return max(0, value)

    entropies = [entropy(x) for x in scaled]
    size = len(scaled)
    matrix = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            top = (digamma(n) - digamma(NEIGHBOURS)) if i == j else information(scaled[i], scaled[j])
            matrix[i, j] = top / np.sqrt(entropies[i] * entropies[j])
    return matrix


def mka(matrix, removed):
    means = matrix.mean(1)
    groups = [{layer: 1.0} for layer in range(len(matrix))]
    for _ in range(removed):
        near = [np.mean([matrix[a, b] for a in groups[i] for b in groups[i + 1]])
                for i in range(len(groups) - 1)]
        best = max(range(len(near)), key=lambda i: (near[i], i))
        first, second = groups[best], groups.pop(best + 1)
        share, rest = softmax([np.mean([means[a] for a in g]) for g in (first, second)])
        groups[best] = {a: w * share for a, w in first.items()} | {a: w * rest for a, w in second.items()}
    return groups, {}


# shortgpt: arXiv 2403.03853. replaceme: arXiv 2505.02819, the closed form.

def cosine(a, b):
    return np.mean((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1))


def shortgpt(last, removed):
    size = len(last) - 1
    order = sorted(range(size), key=lambda i: (cosine(last[i], last[i + 1]), i))
    return [{layer: 1.0} for layer in sorted(order[:size - removed])], {}


def replaceme(last, boundaries, outputs, removed, tensors):
    size = len(last) - 1
    start = max(range(1, size - removed + 1),
                key=lambda i: (cosine(last[i], last[i + removed]), i))
    m = np.concatenate(outputs[start - 1])
    h, end = (np.concatenate(boundaries[i]) for i in (start, start + removed))
    gram = m.T @ m
    gram += RIDGE * np.diag(gram).mean() * np.eye(len(gram))
    change = np.linalg.solve(gram, m.T @ (end - (h - m)))
    name = f"model.layers.{start - 1}.mlp.down_proj.weight"
    plan = [{layer: 1.0} for layer in range(size) if not start <= layer < start + removed]
    return plan, {name: change.T @ tensors[name].double().numpy()}


def compare(result, folder, plan, computed, tensors):
    found = [{s["layer"]: s["weight"] for s in e["from"]} for e in result["plan"]]
    assert [list(f) for f in found] == [sorted(p) for p in plan], (result["id"], found, plan)
    assert all(abs(f[a] - p[a]) < TOLERANCE for f, p in zip(found, plan) for a in p), result["id"]
    folded = load_file(folder / "model.safetensors")
    worst = (0.0, "")
    for name, tensor in folded.items():
        if name in computed:
            wanted = computed[name]
        elif name.startswith("model.layers."):
            place, local = name[len("model.layers."):].split(".", 1)
            wanted = sum(w * tensors[f"model.layers.{a}.{local}"].double().numpy()
                         for a, w in plan[int(place)].items())
        else:
            wanted = tensors[name].double().numpy()
        worst = max(worst, (np.abs(tensor.double().numpy() - wanted).max(), name))
    assert set(folded) <= set(tensors) and worst[0] < TOLERANCE, (result["id"], worst)
    print(f"{result['id']}: plans equal; {len(folded)} tensors differ by {worst[0]:.1e} at most ({worst[1]})")


def main():
    binary, model_folder, text = (Path(a).resolve() for a in sys.argv[1:4])
    samples, length = (int(a) for a in (sys.argv[4:] + ["57", "256"][len(sys.argv) - 4:]))
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    tensors = {}
    for file in sorted(model_folder.glob("*.safetensors")):
        tensors |= load_file(file)
    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        ids = tokenizer(text.read_text(), add_special_tokens=False).input_ids
        # Cut where the tokenizer cuts again into the same tokens.
        cut = tokenizer.decode(ids[:samples * length + 64], clean_up_tokenization_spaces=False)
        ids = tokenizer(cut, add_special_tokens=False).input_ids
        while len(ids) // length > samples:
            cut = cut[:cut.rindex(" ")]
            ids = tokenizer(cut, add_special_tokens=False).input_ids
        windows = [ids[i * length:(i + 1) * length] for i in range(len(ids) // length)]
        (scratch / "text.txt").write_text(cut)
        shutil.copytree(model_folder, scratch / "model")
        job = {
            "version": 1, "name": "compare", "model": "model",
            "calibration": {"dataset": "text", "path": "text.txt", "samples": samples,
                            "max_tokens": length},
            "analysis": {"similarity": "npib", "representation": "last-token", "sigma": "median",
                         "compute": "f32"},
            "compress": [{"method": m, "ratios": RATIOS} for m in ("mka", "shortgpt", "replaceme")],
            "output": {"dtype": "float32"},
        }
        (scratch / "compare.yaml").write_text(json.dumps(job))
        done = subprocess.run(
            [binary, "run", scratch / "compare.yaml", "--state", scratch / "state", "--output",
             scratch / "out"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        results = Path(done.stdout.split()[-1]).parent
        report = json.loads((results / "report.json").read_text())
        boundaries, outputs = observe(model, windows)
        last = [np.stack([window[-1] for window in boundary]) for boundary in boundaries]
        size = len(last) - 1
        # The estimate counts neighbours: where two distances tie within float32's rounding, one
        # count differs, and the folds below follow Layerfold's matrix.
        matrix = np.array(report["similarity"][0]["matrix"])
        errors = np.abs(npib(last[1:]) - matrix)
        assert report["similarity"][0]["measure"] == "npib"
        assert np.mean(errors > 1e-9) < 0.05 and errors.max() < 0.02, errors.max()
        print(f"npib: {np.mean(errors <= 1e-9):.1%} of the entries equal to 1e-9, all to {errors.max():.1e}")
        for result in report["results"]:
            removed = size - result["layers"]
            plan, computed = {
                "mka": lambda: mka(matrix, removed),
                "shortgpt": lambda: shortgpt(last, removed),
                "replaceme": lambda: replaceme(last, boundaries, outputs, removed, tensors),
            }[result["method"]]()
            compare(result, results / result["path"], plan, computed, tensors)


main()

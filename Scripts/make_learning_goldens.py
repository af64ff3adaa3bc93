#!/usr/bin/env python3
"""Makes Tests/Fixtures/learn/*.json; never run by CI.

    make_learning_goldens.py ARCH_FIXTURES OUTPUT

gradient.json: derivatives of cross-entropy and of KL(original || folded) by merge weights, by torch
autograd in double over transformers' own Llama (functional_call on blended tensors), for the tiny
checkpoints of Tests/Fixtures/arch. Token ids are made by SplitMix64, as
ArchitectureFixtures.tokens makes them.
adam.json: torch.optim.Adam, in float64.
gaussian.json: scikit-learn's GaussianProcessRegressor with a Matern 5/2 kernel, on seeded points.
"""
import json
import os
import sys

import numpy as np
import torch
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern
from transformers import AutoModelForCausalLM

from split_mix import Generator


def gradients(folder, name, lengths, lambdas):
    model = AutoModelForCausalLM.from_pretrained(
        os.path.join(folder, name), dtype=torch.float64, attn_implementation="eager")
    model.eval()
    generator = Generator(1)
    vocabulary = model.config.vocab_size
    sequences = [[generator.index(vocabulary) for _ in range(n)] for n in lengths]
    state = {k: v.detach() for k, v in model.state_dict().items()}
    if model.config.tie_word_embeddings:
        del state["lm_head.weight"]
    locals_ = sorted(k[len("model.layers.0."):] for k in state if k.startswith("model.layers.0."))
    with torch.no_grad():
        teachers = [torch.log_softmax(model(torch.tensor([s])).logits[0, :-1], -1) for s in sequences]
    del model.model.layers[1:]
    out = []
    for objective in ["loss", "kl"]:
        for scope in ["pair", "tensor"]:
            count = 1 if scope == "pair" else len(locals_)
            values = torch.tensor([lambdas[i % len(lambdas)] for i in range(count)],
                                  dtype=torch.float64, requires_grad=True)
            tensors = {k: v for k, v in state.items() if not k.startswith("model.layers.")}
            for place, local in enumerate(locals_):
                value = values[0] if scope == "pair" else values[place]
                tensors["model.layers.0." + local] = (
                    value * state["model.layers.0." + local]
                    + (1 - value) * state["model.layers.1." + local])
            total, tokens = 0, 0
            for sequence, teacher in zip(sequences, teachers):
                logits = torch.func.functional_call(
                    model, tensors, (torch.tensor([sequence]),), {"use_cache": False}).logits[0, :-1]
                logs = torch.log_softmax(logits, -1)
                if objective == "loss":
                    total = total - logs[torch.arange(len(sequence) - 1),
                                         torch.tensor(sequence[1:])].sum()
                else:
                    total = total + (teacher.exp() * (teacher - logs)).sum()
                tokens += len(sequence) - 1
            loss = total / tokens
            loss.backward()
            out.append({"model": name, "objective": objective, "scope": scope, "lengths": lengths,
                        "tensors": locals_ if scope == "tensor" else [],
                        "values": values.tolist(), "loss": loss.item(),
                        "gradient": values.grad.tolist()})
    return out


def gaussian():
    out = []
    for seed, (dimensions, count, scale, signal, noise) in enumerate(
            [(1, 5, 0.3, 1.0, 1e-6), (2, 12, 0.45, 1.0, 1e-4), (4, 30, 0.7, 2.5, 1e-2),
             (3, 1, 1.5, 1.0, 1e-6)], 1):
        generator = Generator(seed)
        points = np.array([[generator.uniform() for _ in range(dimensions)] for _ in range(count)])
        asked = np.array([[generator.uniform() for _ in range(dimensions)] for _ in range(6)])
        values = np.sin(5 * points).sum(1) - points.prod(1)
        kernel = ConstantKernel(signal) * Matern(length_scale=scale, nu=2.5)
        process = GaussianProcessRegressor(kernel, alpha=noise, optimizer=None).fit(points, values)
        mean, deviation = process.predict(asked, return_std=True)
        out.append({"points": points.tolist(), "values": values.tolist(), "scale": scale,
                    "signal": signal, "noise": noise, "asked": asked.tolist(),
                    "mean": mean.tolist(), "variance": (deviation**2).tolist(),
                    "likelihood": float(process.log_marginal_likelihood(kernel.theta))})
    return out


def adam():
    """Five steps of torch.optim.Adam on four numbers, down given slopes."""
    out = []
    for decays, epsilon, rate in [((0.9, 0.999), 1e-8, 0.02), ((0.9, 0.99), 1e-20, 0.3)]:
        generator = Generator(7)
        values = torch.tensor([generator.uniform() for _ in range(4)], dtype=torch.float64)
        start = values.tolist()
        optimizer = torch.optim.Adam([values], lr=rate, betas=decays, eps=epsilon)
        slopes, steps = [], []
        for _ in range(5):
            slopes.append([generator.uniform() - 0.4 for _ in range(4)])
            values.grad = torch.tensor(slopes[-1], dtype=torch.float64)
            optimizer.step()
            steps.append(values.tolist())
        out.append({"decays": decays, "epsilon": epsilon, "rate": rate, "start": start,
                    "slopes": slopes, "steps": steps})
    return out


folder, output = sys.argv[1:3]
os.makedirs(output, exist_ok=True)
goldens = (gradients(folder, "llama-odd-linear", [3, 17], [0.4, 0.7, 0.55])
           + gradients(folder, "llama-tied-yarn", [9, 20], [0.35, 0.6, 0.8]))
for name, value in [("gradient", goldens), ("gaussian", gaussian()), ("adam", adam())]:
    with open(os.path.join(output, name + ".json"), "w") as file:
        json.dump(value, file, indent=0, separators=(",", ":"))
        file.write("\n")

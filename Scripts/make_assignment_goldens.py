#!/usr/bin/env python3
"""Makes Tests/Fixtures/align/assignment.json; never run by CI.

    make_assignment_goldens.py OUTPUT

Costs are made from a seed by SplitMix64, here and in AssignmentTests.swift alike, so that only the total
cost that scipy.optimize.linear_sum_assignment finds is stored. Assignments of equal cost may differ.
"""
import json
import sys

import numpy as np
from scipy.optimize import linear_sum_assignment

MASK = (1 << 64) - 1


def uniforms(seed, count):
    state = seed
    values = []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        z ^= z >> 31
        values.append((z >> 11) * 2.0**-53)
    return np.array(values)


def costs(kind, size, seed):
    u = uniforms(seed, size * size).reshape(size, size)
    if kind == "uniform":
        return (u - 0.5).astype(np.float32)
    if kind == "ties":
        return np.floor(4 * u).astype(np.float32)
    if kind == "constant":
        return np.full((size, size), 0.75, np.float32)
    if kind == "product":  # the worst case of many solvers
        return np.outer(np.arange(1, size + 1), np.arange(1, size + 1)).astype(np.float32)
    if kind == "skewed":  # a few rows and columns far from the others
        return ((u - 0.5) * np.where(np.arange(size) % 7 == 0, 1000, 1)[:, None]
                + np.where(np.arange(size) % 5 == 0, -300, 0)[None, :]).astype(np.float32)
    raise ValueError(kind)


cases = []
for kind in ["uniform", "ties", "constant", "product", "skewed"]:
    for size in list(range(1, 13)) + [31, 64, 200] + ([701] if kind != "constant" else []):
        for seed in ([1, 2, 3] if size < 100 and kind not in ("constant", "product") else [1]):
            c = costs(kind, size, seed).astype(np.float64)
            rows, columns = linear_sum_assignment(c)
            cases.append({"kind": kind, "size": size, "seed": seed,
                          "total": float(c[rows, columns].sum())})
with open(sys.argv[1], "w") as file:
    json.dump(cases, file, indent=0, separators=(",", ":"))
    file.write("\n")

#!/usr/bin/env python3
"""Makes Tests/Fixtures/similarity/correlations.json with scipy; never run by CI.

    make_correlation_goldens.py OUTPUT

Pairs of numbers with Pearson's and Spearman's correlation (ties among them), and two symmetric
matrices with the correlations of their upper triangles, with and without the diagonal.
"""
import json
import sys

import numpy as np
from scipy.stats import pearsonr, rankdata, spearmanr


def pair(x, y):
    return {
        "first": [float(v) for v in x], "second": [float(v) for v in y],
        "ranks": rankdata(x).tolist(),
        "pearson": float(pearsonr(x, y)[0]), "spearman": float(spearmanr(x, y)[0]),
    }


def triangle(matrix, offset):
    return matrix[np.triu_indices(len(matrix), offset)]


def matrices(rng, size):
    first, second = (rng.normal(size=(size, size)) for _ in range(2))
    second += first
    first, second = (np.round(m + m.T, 1) for m in (first, second))
    np.fill_diagonal(first, 1)
    result = {"first": first.tolist(), "second": second.tolist()}
    for name, offset in (("", 0), ("_off_diagonal", 1)):
        x, y = triangle(first, offset), triangle(second, offset)
        result["pearson" + name] = float(pearsonr(x, y)[0])
        result["spearman" + name] = float(spearmanr(x, y)[0])
    return result


def main(output):
    rng = np.random.default_rng(1)
    pairs = [pair([1, 2], [3, 1])]
    for count in (3, 8, 33):
        x = rng.normal(size=count)
        pairs.append(pair(x, x + rng.normal(size=count)))
        pairs.append(pair(rng.integers(0, 4, count).tolist() + [9], rng.integers(0, 3, count).tolist() + [9]))
    pairs.append(pair(1e9 + rng.normal(size=20), rng.normal(size=20)))
    with open(output, "w") as file:
        json.dump({"pairs": pairs, "matrices": matrices(rng, 7)}, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

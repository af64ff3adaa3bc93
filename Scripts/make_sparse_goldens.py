#!/usr/bin/env python3
"""Makes Tests/Fixtures/fold/sparse.safetensors; never run by CI. Needs numpy, safetensors.

usage: make_sparse_goldens.py OUTPUT

SparseGPT (arXiv 2301.00774) by its definition, independent of the Swift code: instead of one Cholesky
factor, the inverse of the Hessian of the columns that are left is computed anew for every column.
"""
import sys

import numpy as np
from safetensors.numpy import save_file


def prune(weight, inputs, share, block, damping=0.01):
    """`share` of every block of columns; None: two of every four."""
    w = weight.copy()
    rows, columns = w.shape
    hessian = inputs.T @ inputs
    w[:, np.diag(hessian) == 0] = 0
    hessian += damping * np.diag(hessian).mean() * np.eye(columns)
    # Inverses over the columns j, j + 1, ...: their first row is what column j's zero costs and does.
    inverse = [np.linalg.inv(hessian[j:, j:]) for j in range(columns)]
    pivot = np.array([i[0, 0] for i in inverse])
    for start in range(0, columns, block):
        end = min(columns, start + block)
        mask = np.zeros((rows, end - start), bool)
        if share is not None:
            cost = (w[:, start:end] ** 2 / pivot[start:end]).ravel()
            order = np.argsort(cost, kind="stable")
            mask.ravel()[order[:int(np.floor(share * cost.size + 0.5))]] = True
        for j in range(start, end):
            if share is None and (j - start) % 4 == 0:
                group = slice(j, min(j + 4, end))
                cost = w[:, group] ** 2 / pivot[group]
                for row in range(rows):
                    gone = np.argsort(cost[row], kind="stable")[:cost.shape[1] // 2]
                    mask[row, j - start + gone] = True
            gone = np.where(mask[:, j - start], w[:, j], 0)
            w[:, j:] -= np.outer(gone / pivot[j], inverse[j][0])
            w[mask[:, j - start], j] = 0
    return w


def main():
    generator = np.random.default_rng(7)
    arrays = {}
    for name, rows, columns, tokens in (("even", 24, 40, 200), ("few", 9, 30, 12), ("odd", 11, 27, 90)):
        mix = generator.normal(size=(columns, columns)) * generator.uniform(0.1, 2, columns)
        inputs = generator.normal(size=(tokens, columns)) @ mix
        if name == "odd":
            inputs[:, 5] = 0
        weight = generator.normal(size=(rows, columns))
        arrays |= {f"{name}.weight": weight, f"{name}.inputs": inputs}
        for label, share in (("0.25", 0.25), ("0.5", 0.5), ("2of4", None)):
            arrays[f"{name}.{label}"] = prune(weight, inputs, share, block=16)
    save_file(arrays, sys.argv[1], metadata={"made by": "Scripts/make_sparse_goldens.py"})


main()

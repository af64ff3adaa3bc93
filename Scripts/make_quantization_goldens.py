#!/usr/bin/env python3
"""Makes Tests/Fixtures/quantization/algorithms.safetensors; never run by CI. Needs numpy,
safetensors.

usage: make_quantization_goldens.py OUTPUT

GPTQ (arXiv 2210.17323), AWQ (arXiv 2306.00978) and SmoothQuant (arXiv 2211.10438) by their
formulas, in double and independent of the Swift code: instead of one Cholesky factor, the inverse of
the Hessian of the columns that are left is computed anew for every column. Scales as in
compressed-tensors: largest magnitude / (half of the range), rounded to bfloat16.
"""
import sys

import numpy as np
from safetensors.numpy import save_file


def bfloat16(x):
    bits = np.asarray(x, np.float32).view(np.uint32).astype(np.uint64)
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return bits.astype(np.uint32).view(np.float32).astype(np.float64)


def scales_of(peaks, bits):
    scales = bfloat16(np.asarray(peaks, np.float32) / np.float32((2 ** bits - 1) / 2))
    return np.where(scales == 0, 2.0 ** -7, scales)


def peaks_of(weight, group):
    rows, columns = weight.shape
    return np.abs(weight).reshape(rows, columns // group, group).max(2)


def codes_of(weight, scales, bits):
    return np.clip(np.round(weight / scales), -2 ** (bits - 1), 2 ** (bits - 1) - 1)


def rounded(weight, group, bits):
    scales = np.repeat(scales_of(peaks_of(weight, group), bits), group, 1)
    return codes_of(weight, scales, bits) * scales


def gptq(weight, inputs, group, bits, by_activation, damping=0.01):
    rows, columns = weight.shape
    scales = np.repeat(scales_of(peaks_of(weight, group), bits), group, 1)
    hessian = inputs.T @ inputs
    diagonal = np.diag(hessian).copy()
    order = np.argsort(-diagonal, kind="stable") if by_activation else np.arange(columns)
    hessian = hessian[np.ix_(order, order)]
    mean = diagonal.mean()
    hessian[np.arange(columns), np.arange(columns)] += np.where(diagonal[order] == 0, mean, 0)
    hessian += damping * mean * np.eye(columns)
    w, s = weight[:, order].copy(), scales[:, order]
    codes = np.zeros_like(w)
    for j in range(columns):
        inverse = np.linalg.inv(hessian[j:, j:])
        codes[:, j] = codes_of(w[:, j], s[:, j], bits)
        error = (w[:, j] - codes[:, j] * s[:, j]) / inverse[0, 0]
        w[:, j:] -= np.outer(error, inverse[0])
    found = np.zeros_like(codes)
    found[:, order] = codes
    nearest = codes_of(weight, scales, bits)
    loss = [np.square(inputs @ (c * scales - weight).T).sum(0) for c in (found, nearest)]
    return np.where((loss[0] > loss[1])[:, None], nearest, found)


def activation_aware(ratio, duo, activations, shares):
    s = activations ** ratio
    if duo:
        s = s / (shares ** (1 - ratio) + 1e-4)
    s = np.maximum(s, 1e-4)
    s = s / np.sqrt(s.max() * s.min())
    return np.where(np.isfinite(s), s, 1)


def clipped_scales(weight, inputs, group, bits):
    """The scales whose errors count least on the inputs, for each row and group."""
    rows, columns = weight.shape
    peaks = peaks_of(weight, group)
    best = np.zeros_like(peaks)
    for g in range(columns // group):
        span = slice(g * group, (g + 1) * group)
        least = np.full(rows, np.inf)
        for i in range(10):
            share = np.float32(1) - np.float32(i) / np.float32(20)
            scales = scales_of(peaks[:, g].astype(np.float32) * share, bits)
            error = codes_of(weight[:, span], scales[:, None], bits) * scales[:, None] - weight[:, span]
            loss = np.square(inputs[:, span] @ error.T).sum(0)
            best[:, g] = np.where(loss < least, scales, best[:, g])
            least = np.minimum(loss, least)
    return best


def single(x):
    return np.asarray(x, np.float32).astype(np.float64)


def main():
    generator = np.random.default_rng(11)
    arrays = {}
    problems = (("even", 12, 64, 300, 16, 4), ("dead", 9, 48, 200, 16, 4), ("few", 7, 160, 24, 32, 4),
                ("channel", 6, 37, 90, 37, 8))
    for name, rows, columns, tokens, group, bits in problems:
        mix = generator.normal(size=(columns, columns)) * generator.uniform(0.1, 2, columns)
        inputs = generator.normal(size=(tokens, columns)) @ mix
        if name == "dead":
            inputs[:, [3, 40]] = 0
        inputs, weight = single(inputs), single(generator.normal(size=(rows, columns)) * 0.1)
        arrays |= {f"{name}.weight": weight, f"{name}.inputs": inputs,
                   f"{name}.nearest": codes_of(
                       weight, np.repeat(scales_of(peaks_of(weight, group), bits), group, 1), bits)}
        for label, by_activation in (("ordered", True), ("plain", False)):
            arrays[f"{name}.{label}"] = gptq(weight, inputs, group, bits, by_activation)
        if name == "even":
            # Of inputs that deviate, least squares towards what the true ones gave.
            true = single(inputs + 0.3 * generator.normal(size=inputs.shape) @ mix)
            missing = (true - inputs) @ weight.T
            hessian = inputs.T @ inputs
            hessian += 0.01 * np.diag(hessian).mean() * np.eye(columns)
            arrays["even.true"] = true
            arrays["even.step"] = np.linalg.solve(hessian, inputs.T @ missing).T
            second = single(generator.normal(size=(20, columns)))
            both = [weight, second]
            shares = np.concatenate(
                [np.abs(w) / (np.repeat(peaks_of(w, group), group, 1) + 1e-6) for w in both]).mean(0)
            means = np.abs(inputs).mean(0)
            arrays |= {"even.second": second, "even.shares": shares, "even.means": means,
                       "even.clipped": clipped_scales(weight, inputs, group, bits)}
            for i, (ratio, duo) in enumerate([(0, False), (0, True), (0.5, True), (1, True)]):
                arrays[f"even.aware{i}"] = activation_aware(ratio, duo, means, shares)
            peaks = np.abs(np.concatenate(both)).max(0)
            for strength in (0.5, 0.85):
                arrays[f"even.smooth{strength}"] = np.maximum(
                    np.abs(inputs).max(0) ** strength / np.maximum(peaks, 1e-5) ** (1 - strength), 1e-5)
    arrays = {name: np.ascontiguousarray(np.atleast_2d(array)) for name, array in arrays.items()}
    save_file(arrays, sys.argv[1], metadata={"made by": "Scripts/make_quantization_goldens.py"})


main()

#!/usr/bin/env python3
"""Makes Tests/Fixtures/manifold/*.safetensors; never run by CI.

Needs numpy, scipy, scikit-learn, safetensors, torch, transformers. Independent of the Swift code: the
distances are computed directly, eigenvectors by scipy, neighbour estimates by comparing all pairs.

    OPENBLAS_CORETYPE=Haswell make_manifold_goldens.py MODEL TOKEN_IDS.json OUTPUT [HIDDEN_OUT]

MODEL      the demo model's folder; TOKEN_IDS.json holds {"token_ids": [[...], ...]}, 57 prompts
HIDDEN_OUT where to put the first 57 hidden states of every layer (too large to commit)

OPENBLAS_CORETYPE=Haswell on two threads is part of the recipe: the official float32 distances between
equal tokens (boundary 0) are rounding noise of the matrix product, and differ by BLAS kernel.
"""
import json
import os
import sys

import numpy as np
import scipy.linalg
import scipy.special
from safetensors.numpy import save_file
from sklearn.feature_selection import _mutual_info as sk_information
from sklearn.feature_selection import mutual_info_regression
from sklearn.neighbors import NearestNeighbors

TOKENS = 57


# The paper's reading.

def direct_squared_distances(x):
    x = x.astype(np.float64)
    return ((x[:, None, :] - x[None, :, :]) ** 2).sum(-1)


def paper_embedding(x, sigma, dimensions):
    squared = direct_squared_distances(x)
    if sigma is None:
        sigma = np.median(squared[np.triu_indices(len(x), 1)])
    kernel = np.exp(-np.sqrt(squared / sigma))
    laplacian = np.diag(kernel.sum(1)) - kernel
    values, vectors = scipy.linalg.eigh(laplacian)
    vectors = vectors[:, 1:dimensions + 1]
    leaders = vectors[np.abs(vectors).argmax(0), np.arange(dimensions)]
    return vectors * np.sign(leaders), values[1:dimensions + 1], np.linalg.cond(kernel), sigma


def max_norm(x):
    return np.abs(x[:, None, :] - x[None, :, :]).max(-1)


def ksg(x, y, k):
    n = len(x)
    dx, dy = max_norm(x), max_norm(y)
    joint = np.maximum(dx, dy)
    np.fill_diagonal(joint, np.inf)
    radius = np.sort(joint, 1)[:, k - 1][:, None]
    nx, ny = (dx < radius).sum(1), (dy < radius).sum(1)
    psi = scipy.special.digamma
    return psi(k) + psi(n) - np.mean(psi(nx) + psi(ny))


def knn_entropy(x, k):
    n, d = x.shape
    distance = max_norm(x)
    np.fill_diagonal(distance, np.inf)
    radius = np.sort(distance, 1)[:, k - 1]
    psi = scipy.special.digamma
    return psi(n) - psi(k) + d * np.mean(np.log(2 * radius))


def paper_npib(embeddings, k):
    scaled = [e / e.std(0) for e in embeddings]
    n, size = len(scaled[0]), len(scaled)
    psi = scipy.special.digamma
    entropy = [max(knn_entropy(e, k), 0.25 * e.shape[1]) for e in scaled]
    result = np.zeros((size, size))
    for i in range(size):
        for j in range(size):
            information = psi(n) - psi(k) if i == j else max(0, ksg(scaled[i], scaled[j], k))
            result[i, j] = information / np.sqrt(entropy[i] * entropy[j])
    return result, np.array(entropy)


# The measures that compare vectors directly; layers are lists of [samples, width].

def pairwise(layers, function):
    return np.array([[function(a, b) for b in layers] for a in layers])


def cosines(a, b):
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def from_distances(distances):
    size = len(distances)
    mean = distances[~np.eye(size, dtype=bool)].mean()
    return 1 / (1 + distances / mean)


def mahalanobis(layers, ridge):
    pooled = np.concatenate([x - x.mean(0) for x in layers])
    covariance = pooled.T @ pooled / len(pooled)
    covariance += ridge * np.diag(covariance).mean() * np.eye(len(covariance))
    inverse = np.linalg.inv(covariance)
    return pairwise(layers, lambda a, b: np.mean(
        np.sqrt(np.einsum("si,ij,sj->s", a - b, inverse, a - b))))


def linear_cka(layers):
    centred = [x - x.mean(0) for x in layers]

    def hsic(a, b):
        return np.linalg.norm(a.T @ b) ** 2
    return pairwise(centred, lambda a, b: hsic(a, b) / np.sqrt(hsic(a, a) * hsic(b, b)))


def unbiased_cka(layers):
    def hsic(a, b):
        n = len(a)
        k, l = a @ a.T, b @ b.T
        np.fill_diagonal(k, 0)
        np.fill_diagonal(l, 0)
        one = np.ones(n)
        return (np.trace(k @ l) + one @ k @ one * (one @ l @ one) / ((n - 1) * (n - 2))
                - 2 / (n - 2) * (one @ k @ l @ one)) / (n * (n - 3))
    return pairwise(layers, lambda a, b: hsic(a, b) / np.sqrt(hsic(a, a) * hsic(b, b)))


def over_runs(boundaries, function):
    size = len(boundaries) - 1
    return np.array([[function(boundaries[min(i, j)], boundaries[max(i, j) + 1])
                      for j in range(size)] for i in range(size)])


def measures(boundaries):
    boundaries = [x.astype(np.float64) for x in boundaries]
    outputs = boundaries[1:]
    return {
        "cosine": pairwise(outputs, lambda a, b: cosines(a, b).mean()),
        "euclidean": from_distances(
            pairwise(outputs, lambda a, b: np.linalg.norm(a - b, axis=1).mean())),
        "mahalanobis": from_distances(mahalanobis(outputs, 0.01)),
        "cka": linear_cka(outputs),
        "cka-unbiased": unbiased_cka(outputs),
        "block-influence": over_runs(boundaries, lambda a, b: cosines(a, b).mean()),
        "angular": over_runs(
            boundaries, lambda a, b: 1 - np.mean(np.arccos(cosines(a, b))) / np.pi),
    }


# The official reading.

def official_embedding(x):
    squares = np.sum(x ** 2, axis=1, keepdims=True)
    distance = np.sqrt(np.abs(squares + squares.T - 2 * (x @ x.T)))
    np.fill_diagonal(distance, 0)
    kernel = np.exp(-((distance / 8) ** 0.5))
    p = kernel.sum(0)
    kernel = kernel / (p * p.reshape(-1, 1)) ** 0.5
    v = np.sqrt(kernel.sum(0))
    operator = np.nan_to_num(kernel / np.outer(v, v))
    operator[np.abs(operator) < 1e-12] = 1e-12
    left = np.linalg.svd(operator)[0][:, :3]
    left[:, 0] = np.where(left[:, 0] == 0, 1e-8, left[:, 0])
    return np.nan_to_num((left / left[:, :1])[:, 1:], nan=0.0, posinf=0.0, neginf=0.0)


def official_entropy(x, k=50):
    distance = NearestNeighbors(n_neighbors=k + 1).fit(x).kneighbors(x)[0][:, -1]
    return -np.mean(np.log(k / (len(x) * distance ** x.shape[1])))


def official_similarity(ranked):
    np.random.seed(1)
    size = len(ranked)
    entropy = [official_entropy(x) for x in ranked]
    result = np.zeros((size, size))
    for i in range(size):
        for j in range(i, size):
            scores = [np.mean(mutual_info_regression(ranked[i], ranked[j][:, dim], n_neighbors=5))
                      for dim in range(2)]
            result[i, j] = result[j, i] = np.mean(scores) / np.sqrt(entropy[i] * entropy[j])
    return result


def official_ratios(similarity):
    means, ratios = similarity.mean(1), []
    for i in range(len(means) - 2, -1, -1):
        share = means[i] / (means[i] + means[i + 1])
        ratio = np.exp(share) / (1 + np.exp(share))
        ratios.append((ratio, 1 - ratio))
    return np.array(ratios)


def hidden_states(model_folder, ids):
    import torch
    from transformers import AutoModelForCausalLM
    model = AutoModelForCausalLM.from_pretrained(
        model_folder, dtype=torch.float32, attn_implementation="eager").eval()
    with torch.no_grad():
        states = model(torch.tensor([ids]), output_hidden_states=True).hidden_states
    return [s[0].numpy()[:TOKENS] for s in states]


def rank(x):
    return np.argsort(np.argsort(x, axis=0), axis=0) / len(x)


def official_fixture(model_folder, ids, output, hidden_out):
    hidden = hidden_states(model_folder, ids)[:-1]
    arrays = {}
    embeddings = [official_embedding(h) for h in hidden]
    ranked = [rank(e) for e in embeddings]
    for layer, (e, r) in enumerate(zip(embeddings, ranked)):
        arrays[f"embedding.{layer}"] = e.astype(np.float64)
        arrays[f"ranked.{layer}"] = r
    for layer in (0, 8, 15):
        arrays[f"hidden.{layer}"] = np.ascontiguousarray(hidden[layer])
    arrays["similarity"] = official_similarity(ranked)
    arrays["fusion_ratios"] = official_ratios(arrays["similarity"])
    save_file(arrays, os.path.join(output, "official.safetensors"))
    if hidden_out:
        save_file({f"hidden.{i}": np.ascontiguousarray(h) for i, h in enumerate(hidden)}, hidden_out)


def paper_fixture(output):
    rng = np.random.default_rng(20)
    arrays = {}
    base = rng.standard_normal((60, 12))
    layers = [(base * np.cos(t) + rng.standard_normal((60, 12)) * np.sin(t)).astype(np.float32)
              for t in (0.0, 0.3, 0.8)]
    embeddings = []
    for index, x in enumerate(layers):
        arrays[f"rows.{index}"] = x
        for name, sigma in (("8", 8.0), ("median", None)):
            coordinates, values, condition, used = paper_embedding(x, sigma, 2)
            arrays[f"embedding.{name}.{index}"] = np.ascontiguousarray(coordinates)
            arrays[f"eigenvalues.{name}.{index}"] = values
            arrays[f"condition.{name}.{index}"] = np.array([condition, used])
            if name == "8":
                embeddings.append(coordinates)
    arrays["npib"], arrays["entropies"] = paper_npib(embeddings, 5)
    # Estimates on correlated points: one, two and three dimensions a side.
    for d in (1, 2, 3):
        x = rng.standard_normal((150, d))
        y = 0.7 * x + 0.5 * rng.standard_normal((150, d))
        arrays[f"points.{d}.x"], arrays[f"points.{d}.y"] = x, y
        arrays[f"points.{d}.expected"] = np.array(
            [ksg(x, y, 3), ksg(x, y, 5), knn_entropy(x, 3), knn_entropy(x, 5)])
    x, y = arrays["points.1.x"][:, 0], arrays["points.1.y"][:, 0]
    arrays["sklearn.1d"] = np.array(
        [sk_information._compute_mi_cc(x, y, k) for k in (1, 3, 5, 10)])
    # With scikit-learn's own scaling and noise, seeded as NumPy's global generator.
    np.random.seed(7)
    arrays["sklearn.noisy"] = np.array(
        [mutual_info_regression(arrays["points.2.x"], arrays["points.2.y"][:, dim], n_neighbors=5)
         for dim in range(2)])
    arrays["normals.1"] = np.random.RandomState(1).standard_normal(700)
    boundaries = [layers[0], layers[0] + 0.5 * layers[1], layers[1], layers[1] - layers[2], layers[2]]
    for index, x in enumerate(boundaries):
        arrays[f"boundary.{index}"] = x
    for name, matrix in measures(boundaries).items():
        arrays[f"measure.{name}"] = np.ascontiguousarray(matrix)
    save_file(arrays, os.path.join(output, "paper.safetensors"))


def main():
    model_folder, ids_file, output = sys.argv[1:4]
    with open(ids_file) as file:
        ids = json.load(file)["token_ids"][0]
    os.makedirs(output, exist_ok=True)
    official_fixture(model_folder, ids, output, sys.argv[4] if len(sys.argv) > 4 else None)
    paper_fixture(output)


if __name__ == "__main__":
    main()

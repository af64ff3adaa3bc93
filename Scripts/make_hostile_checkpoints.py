#!/usr/bin/env python3
"""Makes Tests/Fixtures/hostile: one checkpoint folder per fault, named by it.

Each folder is a valid checkpoint but for one thing. HostileCheckpointTests.swift says which error
each must give. Needs nothing but Python; run it from the package's root, commit what it wrote.
"""

import json
import shutil
import struct
from pathlib import Path

ROOT = Path("Tests/Fixtures/hostile")
CONFIG = b'{\n  "model_type": "llama"\n}\n'
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"


def file(header: bytes, data: bytes = b"", length: int | None = None) -> bytes:
    """A safetensors file; `length` is what its first 8 bytes claim, if not the truth."""
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def entry(dtype='"F32"', shape="[1]", offsets="[0,4]", extra="") -> str:
    return f'{{"dtype":{dtype},"shape":{shape},"data_offsets":{offsets}{extra}}}'


def tensors(*pairs: tuple[str, str]) -> bytes:
    return ("{" + ",".join(f'"{name}":{text}' for name, text in pairs) + "}").encode()


def one(**fields: str) -> bytes:
    """A file with the single tensor `a`, four bytes of data, and the given fields."""
    return file(tensors(("a", entry(**fields))), bytes(4))


GOOD = one()
PAIR = (("a", entry()), ("b", entry(offsets="[4,8]")))


def weight_faults() -> dict[str, bytes]:
    two = tensors(*PAIR)
    faults = {
        "empty-file": b"",
        "short-length": b"\x02\0\0\0\0\0\0",
        "header-over-limit": file(b"{}", length=100_000_001),
        "header-length-maximal": file(b"{}", length=2**64 - 1),
        "header-beyond-file": file(b"{}", length=1000),
        "header-of-no-bytes": file(b""),
        "header-array": file(b"[]"),
        "leading-space": file(b" {}"),
        "cut-json": file(b'{"a":{"dtype":"F32"'),
        "missing-comma": file(b'{"__metadata__":{} "a":1}'),
        "not-utf8": file(b'{"\xff":{}}'),
        "nul-padding": file(b"{}\0\0\0\0\0\0"),
        "second-object": file(b"{}{}"),
        "lone-surrogate": file(b'{"\\ud800":{}}'),
        "control-character": file(b'{"a\nb":{}}'),
        "bad-escape": file(b'{"a\\x":{}}'),
        "metadata-not-an-object": file(b'{"__metadata__":["pt"]}'),
        "metadata-number": file(b'{"__metadata__":{"format":1}}'),
        "metadata-key-repeated": file(b'{"__metadata__":{"format":"pt","format":"pt"}}'),
        "metadata-repeated": file(b'{"__metadata__":{},"__metadata__":{}}'),
        "tensor-repeated": file(tensors(("a", entry()), ("a", entry(offsets="[4,8]"))), bytes(8)),
        "tensor-repeated-escaped": file(
            tensors(("a", entry()), ("\\u0061", entry(offsets="[4,8]"))), bytes(8)),
        "name-too-long": file(tensors(("n" * 1025, entry())), bytes(4)),
        "entry-not-an-object": file(b'{"a":[1]}'),
        "entry-empty": file(b'{"a":{}}'),
        "dtype-missing": file(b'{"a":{"shape":[1],"data_offsets":[0,4]}}', bytes(4)),
        "shape-missing": file(b'{"a":{"dtype":"F32","data_offsets":[0,4]}}', bytes(4)),
        "offsets-missing": file(b'{"a":{"dtype":"F32","shape":[1]}}', bytes(4)),
        "entry-key-repeated": one(extra=',"shape":[1]'),
        "deep-nesting": one(extra=',"x":' + "[" * 20_000 + "]" * 20_000),
        "dtype-number": one(dtype="32"),
        "dtype-unknown": one(dtype='"F31"'),
        "dtype-lower-case": one(dtype='"f32"'),
        "shape-number": one(shape="1"),
        "shape-of-strings": one(shape='["1"]'),
        "shape-null": one(shape="null"),
        "shape-negative": one(shape="[-1]"),
        "shape-minus-zero": one(shape="[-0]"),
        "shape-float": one(shape="[1.0]"),
        "shape-exponent": one(shape="[1e0]"),
        "shape-leading-zero": one(shape="[01]"),
        "shape-beyond-63-bits": one(shape="[9223372036854775808]"),
        "shape-overflow": one(shape="[4294967296,4294967296]"),
        "shape-overflow-behind-zero": one(
            shape="[0,4294967296,4294967296]", offsets="[0,0]"),
        "shape-overflow-in-bits": one(shape="[2305843009213693952]"),
        "rank-too-large": one(shape="[1,1,1,1,1,1,1,1,1]"),
        "half-a-byte": one(dtype='"F4"', shape="[3]", offsets="[0,1]"),
        "offsets-number": one(offsets="4"),
        "offsets-one": one(offsets="[0]"),
        "offsets-three": one(offsets="[0,4,8]"),
        "offsets-negative": one(offsets="[-4,0]"),
        "offsets-float": one(offsets="[0,4.5]"),
        "offsets-beyond-63-bits": one(offsets="[0,18446744073709551615]"),
        "offsets-reversed": one(offsets="[4,0]"),
        "offsets-end-overflow": one(
            dtype='"U8"', shape="[0]", offsets=f"[{2**63 - 1},{2**63 - 1}]"),
        "size-mismatch": one(shape="[2]"),
        "hole": file(tensors(("a", entry()), ("b", entry(offsets="[8,12]"))), bytes(12)),
        "hole-at-start": file(tensors(("a", entry(offsets="[4,8]"))), bytes(8)),
        "overlap": file(tensors(("a", entry()), ("b", entry(offsets="[2,6]"))), bytes(6)),
        "same-place": file(tensors(("a", entry()), ("b", entry())), bytes(4)),
        "trailing-byte": file(two, bytes(9)),
        "data-without-tensors": file(b"{}", bytes(4)),
        "short-data": file(two, bytes(7)),
        "truncated-file": file(two, bytes(8))[:-5],
        "f8-weight": one(dtype='"F8_E4M3"', shape="[4]"),
        "packed-weight": file(
            tensors(("model.layers.0.mlp.up_proj.qweight", entry(dtype='"I32"'))), bytes(4)),
    }
    return faults


def index(**fields) -> bytes:
    return json.dumps(fields, indent=2).encode()


def shard(name: str) -> bytes:
    return file(tensors((name, entry())), bytes(4))


def index_faults() -> dict[str, dict[str, bytes]]:
    first, second = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
    files = {first: shard("a"), second: shard("b")}

    def mapped(name: str) -> bytes:
        return index(weight_map={"a": first, "b": name})

    return {
        "index-parent-path": {**files, INDEX: mapped("../" + second)},
        "index-absolute-path": {**files, INDEX: mapped("/etc/passwd")},
        "index-other-format": {**files, INDEX: mapped("pytorch_model.bin")},
        "index-hidden-file": {**files, INDEX: mapped(".hidden.safetensors")},
        "index-nul-in-name": {**files, INDEX: mapped("a\0.safetensors")},
        "shard-missing": {first: shard("a"), INDEX: mapped(second)},
        "shard-truncated": {first: shard("a"), second: shard("b")[:-1], INDEX: mapped(second)},
        "tensor-in-two-shards": {
            first: shard("a"), second: file(tensors(*PAIR), bytes(8)), INDEX: mapped(second)},
        "tensor-not-in-shard": {
            **files, INDEX: index(weight_map={"a": first, "b": second, "c": second})},
        "tensor-in-other-shard": {**files, INDEX: index(weight_map={"a": second, "b": first})},
        "index-without-map": {**files, INDEX: index(metadata={"total_size": 8})},
        "index-map-empty": {**files, INDEX: index(weight_map={})},
        "index-array": {**files, INDEX: b"[]"},
        "index-map-array": {**files, INDEX: index(weight_map=[first])},
        "index-shard-number": {**files, INDEX: index(weight_map={"a": 1})},
        "index-tensor-repeated": {
            **files, INDEX: f'{{"weight_map":{{"a":"{first}","a":"{second}"}}}}'.encode()},
        "index-trailing-text": {**files, INDEX: mapped(second) + b"}"},
        "index-deep-nesting": {
            **files, INDEX: b'{"x":' + b'{"y":' * 100 + b"1" + b"}" * 101},
    }


def folder_faults() -> dict[str, dict[str, bytes]]:
    def config(text: bytes) -> dict[str, bytes]:
        return {"config.json": text, WEIGHTS: GOOD}

    return {
        "config-missing": {WEIGHTS: GOOD, "config.json": None},
        "config-empty": config(b""),
        "config-array": config(b"[]\n"),
        "config-cut": config(b'{\n  "model_type": "lla'),
        "config-key-repeated": config(b'{\n  "hidden_size": 8,\n  "hidden_size": 16\n}\n'),
        "config-deep-nesting": config(b'{"a":' * 65 + b"1" + b"}" * 65),
        "config-trailing-comma": config(b'{\n  "hidden_size": 8,\n}\n'),
        "config-second-object": config(CONFIG + CONFIG),
        "config-not-utf8": config(b'{"model_type": "\xc0\xaf"}'),
        "config-bare-word": config(b'{"model_type": llama}'),
        "quantised": config(
            b'{"model_type": "llama", "quantization_config": {"quant_method": "gptq"}}'),
        "no-weights": {},
        "other-name": {"consolidated.safetensors": GOOD},
        "torch-only": {"pytorch_model.bin": b"PK"},
        "gguf-only": {"model-q4.gguf": b"GGUF"},
    }


def main() -> None:
    folders = {name: {WEIGHTS: text} for name, text in weight_faults().items()}
    folders |= index_faults() | folder_faults()
    shutil.rmtree(ROOT, ignore_errors=True)
    for name, files in sorted(folders.items()):
        folder = ROOT / name
        folder.mkdir(parents=True)
        for file_name, text in sorted(({"config.json": CONFIG} | files).items()):
            if text is not None:
                (folder / file_name).write_bytes(text)
    print(f"{len(folders)} folders below {ROOT}")


if __name__ == "__main__":
    main()

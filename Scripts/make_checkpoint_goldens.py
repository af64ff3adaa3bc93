#!/usr/bin/env python3
"""Makes Tests/Fixtures/checkpoint: files as the Python libraries write them.

Needs torch, safetensors and huggingface_hub (made with torch 2.13, safetensors 0.8.0,
huggingface_hub 2.4.0). Run it from the package's root, commit what it wrote.
"""

import json
import math
import shutil
from pathlib import Path

import torch
from huggingface_hub import split_torch_state_dict_into_shards
from safetensors.torch import save_file

ROOT = Path("Tests/Fixtures/checkpoint")
BYTE_DTYPES = "float8_e5m2 float8_e4m3fn float8_e8m0fnu float8_e4m3fnuz float8_e5m2fnuz"
DTYPES = "bool uint8 int8 int16 uint16 float16 bfloat16 int32 uint32 float32 complex64 float64 int64 uint64"


def counting(dtype: torch.dtype, *shape: int) -> torch.Tensor:
    """Bytes 1, 2, 3, … (booleans: 1, 0, 1, …) seen as a tensor."""
    count = math.prod(shape) * torch.empty(0, dtype=dtype).element_size()
    raw = torch.arange(1, count + 1, dtype=torch.int64)
    raw = raw % 2 if dtype == torch.bool else raw % 256
    return raw.to(torch.uint8).view(dtype).reshape(shape)


def every_dtype() -> None:
    """The order of tensors, the spelling of names, the padding, empty and scalar tensors."""
    tensors = {f"z.{name}": counting(getattr(torch, name), 2, 3) for name in DTYPES.split()}
    for name in BYTE_DTYPES.split():
        tensors[f"y.{name}"] = counting(torch.uint8, 5).view(getattr(torch, name))
    tensors |= {
        "a.scalar": counting(torch.float32),
        "b.empty": counting(torch.float32, 0, 7),
        "\u00e9 \"quoted\\\n\x7f\U0001f600": counting(torch.float32, 1),
        "e\u0301 is not \u00e9": counting(torch.float32, 1),
        "Z": counting(torch.float32, 1),
    }
    save_file(tensors, ROOT / "every-dtype.safetensors", metadata={"format": "pt"})


def shards() -> None:
    """A checkpoint split as transformers does, with one tensor larger than a shard."""
    folder = ROOT / "sharded"
    folder.mkdir()
    shapes = {"embed": (4, 3), "head": (40, 4), "layers.0.w": (4, 4), "layers.1.w": (4, 4),
              "layers.10.w": (4, 4), "layers.2.w": (4, 4), "norm": (3,)}
    tensors = {
        name: counting(torch.bfloat16 if name == "norm" else torch.float32, *shape)
        for name, shape in sorted(shapes.items())
    }
    split = split_torch_state_dict_into_shards(
        tensors, filename_pattern="model{suffix}.safetensors", max_shard_size=150)
    for name, names in split.filename_to_tensors.items():
        save_file({key: tensors[key] for key in names}, folder / name, metadata={"format": "pt"})
    parameters = sum(tensor.numel() for tensor in tensors.values())
    index = {
        "metadata": {"total_parameters": parameters, **split.metadata},
        "weight_map": split.tensor_to_filename,
    }
    text = json.dumps(index, indent=2, sort_keys=True) + "\n"
    (folder / "model.safetensors.index.json").write_text(text)
    (folder / "config.json").write_text('{\n  "model_type": "llama"\n}\n')


def documents() -> None:
    """Spellings of numbers and strings as json.dumps gives them."""
    numbers = [0.0, -0.0, 1.0, -1.5, 1e-05, 1e-06, 0.0001, 1e15, 1e16, 1e17, 1e22, 123456789.125,
               9007199254740992.0, 9007199254740994.0, 1.2345678901234568e17, 5e-324,
               2.2250738585072014e-308, 1.7976931348623157e308, 0.1, 1 / 3, 500000.0, 1e6]
    document = {
        "numbers": numbers,
        "integers": [0, -1, 2**63 - 1, -(2**63), 2**64, 10**30],
        "not finite": [math.inf, -math.inf, math.nan],
        "strings": ["", "plain", "\"\\/\b\f\n\r\t", "\x00\x1f\x7f\x80\u00ff\u2028\uffff",
                    "\U0001f600\U0010ffff", "e\u0301\u00e9"],
        "e\u0301": 1, "\u00e9": 2,
        "words": [True, False, None], "empty": [[], {}, [[]], [{}]],
        "nested": {"b": {"z": 1, "a": [1, [2, {"k": "v"}]]}, "a": {}},
    }
    Path("Tests/Fixtures/python.json").write_text(json.dumps(document, indent=2) + "\n")


def main() -> None:
    shutil.rmtree(ROOT, ignore_errors=True)
    ROOT.mkdir(parents=True)
    every_dtype()
    shards()
    documents()


if __name__ == "__main__":
    main()

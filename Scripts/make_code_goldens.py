#!/usr/bin/env python3
"""Makes Tests/Fixtures/codes; never run by CI. Needs torch, transformers with accelerate, compressed-tensors, gguf.

usage: make_code_goldens.py FIXTURES

numbers.safetensors: codes as programs store them, each with the numbers that its own program makes of them.
fp8-blocks, mxfp4: checkpoints in these formats, with ids and the logits (float32 sums of bfloat16 weights) that
transformers gives for them.
"""
import json, sys
from pathlib import Path

import numpy as np
import torch
from gguf import GGMLQuantizationType, quants
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, FineGrainedFP8Config, GptOssConfig, GptOssForCausalLM, Mxfp4Config
from transformers.integrations.finegrained_fp8 import Fp8Dequantize
from transformers.integrations.mxfp4 import convert_moe_packed_tensors

F8 = torch.float8_e4m3fn


def in_blocks(weight, rows, columns):
    """E4M3 codes and scales of blocks; the last of a side may be smaller."""
    grid = -(-weight.shape[0] // rows), -(-weight.shape[1] // columns)
    scales = torch.empty(grid)
    codes = torch.empty(weight.shape, dtype=F8)
    for i in range(grid[0]):
        for j in range(grid[1]):
            place = slice(i * rows, (i + 1) * rows), slice(j * columns, (j + 1) * columns)
            scales[i, j] = weight[place].abs().max() / 448
            codes[place] = (weight[place] / scales[i, j]).to(F8)
    return codes, scales


def in_e2m1(weight):
    """Blocks and exponents of [..., columns], 32 columns each."""
    parts = weight.reshape(*weight.shape[:-1], -1, 32)
    exponent = torch.floor(torch.log2(parts.abs().amax(-1).clamp(min=2**-100))) - 2
    values = torch.tensor([0, .5, 1, 1.5, 2, 3, 4, 6])
    scaled = parts / torch.exp2(exponent)[..., None]
    codes = (scaled.abs()[..., None] - values).abs().argmin(-1) + 8 * (scaled < 0)
    codes = codes.to(torch.uint8)
    return codes[..., 0::2] | codes[..., 1::2] << 4, (exponent + 127).to(torch.uint8)


def numbers(folder):
    torch.manual_seed(11)
    out = {}
    every = torch.arange(256, dtype=torch.uint8)
    every = every[every & 0x7F != 0x7F].view(F8)
    out["e4m3.codes"], out["e4m3.values"] = every, every.float()

    # Where the grid divides the matrix, by transformers; elsewhere by the format's own rule.
    dequantise = Fp8Dequantize(None)
    for name, shape, scale in [("fp8", (32, 48), torch.float32), ("fp8half", (32, 48), torch.bfloat16),
                               ("fp8power", (32, 48), torch.float8_e8m0fnu), ("fp8odd", (21, 35), torch.float32)]:
        weight = torch.randn(shape) * torch.logspace(-4, 2, shape[1])
        codes, scales = in_blocks(weight, 16, 12)
        scales = scales.to(scale)
        if name == "fp8odd":
            grown = scales.repeat_interleave(16, 0)[:21].repeat_interleave(12, 1)[:, :35]
            values = (codes.float() * grown).bfloat16()
        else:
            values = dequantise._dequantize_one(codes, scales, torch.bfloat16)
        out |= {name + ".weight": codes, name + ".weight_scale_inv": scales, name + ".values": values}

    blocks = torch.randint(0, 256, (2, 45, 5, 16), dtype=torch.uint8)
    scales = torch.randint(1, 252, (2, 45, 5), dtype=torch.uint8)
    out |= {"mxfp4_blocks": blocks, "mxfp4_scales": scales,
            "mxfp4.values": convert_moe_packed_tensors(blocks, scales).contiguous()}

    out["f64"] = torch.randn(3, 5, dtype=torch.float64) * torch.logspace(-60, 30, 5, dtype=torch.float64)
    out["f64.values"] = out["f64"].float()

    random = np.random.default_rng(7)
    for name in ["Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q4_K", "Q6_K"]:
        kind = GGMLQuantizationType[name]
        length, size = quants.GGML_QUANT_SIZES[kind]
        data = random.integers(0, 256, (9, size), dtype=np.uint8)
        # Scales that are numbers.
        for start in {"Q4_1": [0, 2], "Q4_K": [0, 2], "Q6_K": [208]}.get(name, [0]):
            scale = random.normal(size=9).astype(np.float16)
            scale[0] = np.float16(3e-7)
            data[:, start:start + 2] = scale[:, None].view(np.uint8)
        out[name + ".blocks"] = torch.from_numpy(data)
        out[name + ".values"] = torch.from_numpy(quants.dequantize(data, kind))
    save_file({k: v.contiguous() for k, v in out.items()}, folder / "numbers.safetensors")


def judged(folder, vocabulary, options):
    torch.manual_seed(5)
    ids = torch.randint(0, vocabulary, (1, 17))
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.bfloat16, attn_implementation="eager", **options).eval().float()
    with torch.no_grad():
        logits = model(ids).logits[0].float()
    save_file({"ids": ids[0].int(), "logits": logits.contiguous()}, folder / "expected.safetensors")
    print(folder.name, f"{logits.abs().max():.4f}", {p.dtype for p in model.parameters()})


def written(folder, tensors, config):
    folder.mkdir(exist_ok=True)
    save_file({k: v.contiguous() for k, v in tensors.items()}, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def fp8(source, folder):
    config = json.loads((source / "config.json").read_text())
    config["dtype"] = "bfloat16"
    config["quantization_config"] = {"activation_scheme": "dynamic", "fmt": "e4m3", "quant_method": "fp8",
                                     "weight_block_size": [8, 8]}
    tensors = {}
    for name, tensor in load_file(source / "model.safetensors").items():
        tensors[name] = tensor.bfloat16()
        if name.endswith("_proj.weight"):
            tensors[name], tensors[name + "_scale_inv"] = in_blocks(tensor.float(), 8, 8)
    written(folder, tensors, config)
    judged(folder, config["vocab_size"], {"quantization_config": FineGrainedFP8Config(
        weight_block_size=(8, 8), dequantize=True)})


def mxfp4(folder):
    torch.manual_seed(23)
    config = GptOssConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=2, num_key_value_heads=1,
        head_dim=8, num_local_experts=3, num_experts_per_tok=2, vocab_size=29, sliding_window=6,
        dtype="bfloat16", eos_token_id=None, pad_token_id=None, bos_token_id=None)
    model = GptOssForCausalLM(config)
    tensors = {}
    for name, tensor in model.state_dict().items():
        tensor = 1 + torch.randn(tensor.shape) / 10 if "norm" in name else torch.randn(tensor.shape) / 5
        if name.endswith("_proj") and "experts" in name:
            tensors[name + "_blocks"], tensors[name + "_scales"] = in_e2m1(tensor.transpose(1, 2))
        else:
            tensors[name] = tensor.bfloat16()
    config = config.to_dict() | {"architectures": ["GptOssForCausalLM"]}
    config["quantization_config"] = {"modules_to_not_convert": ["model.layers.*.self_attn", "model.layers.*.mlp.router",
                                                                "model.embed_tokens", "lm_head"],
                                     "quant_method": "mxfp4"}
    config = {k: v for k, v in config.items() if not k.startswith("_")}
    written(folder, tensors, config)
    judged(folder, 29, {"quantization_config": Mxfp4Config(dequantize=True)})


fixtures = Path(sys.argv[1])
folder = fixtures / "codes"
folder.mkdir(exist_ok=True)
numbers(folder)
fp8(fixtures / "arch/qwen2-dynamic-window", folder / "fp8-blocks")
mxfp4(folder / "mxfp4")

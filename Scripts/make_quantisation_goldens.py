#!/usr/bin/env python3
"""Makes Tests/Fixtures/quantised; never run by CI. Needs torch, transformers, compressed-tensors.

usage: make_quantisation_goldens.py FIXTURES

numbers.safetensors: weights with the scales, codes and words that compressed-tensors makes of them.
One folder per scheme: a checkpoint of FIXTURES/arch, its weights quantised and packed by
compressed-tensors, with ids and the logits (float32) that transformers gives for them.
"""
import json, sys, tempfile
from pathlib import Path

import torch
from compressed_tensors.compressors.pack_quantized.helpers import pack_to_int32
from compressed_tensors.quantization import QuantizationArgs
from compressed_tensors.quantization.lifecycle.forward import fake_quantize, quantize
from compressed_tensors.quantization.utils.helpers import calculate_qparams
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, CompressedTensorsConfig

TOKEN = {"int": {"num_bits": 8, "type": "int", "symmetric": True, "strategy": "token", "dynamic": True},
         "float": {"num_bits": 8, "type": "float", "symmetric": True, "strategy": "token", "dynamic": True}}


def weights(kind, bits, group):
    shape = {"strategy": "group", "group_size": group} if group else {"strategy": "channel"}
    return {"num_bits": bits, "type": kind, "symmetric": True, **shape, "dynamic": False}


def quantised(weight, settings):
    """Codes [rows, columns] and scales [rows, groups] of a weight, by compressed-tensors."""
    args = QuantizationArgs(**settings)
    rows, columns = weight.shape
    parts = weight.reshape(rows, -1, settings.get("group_size", columns))
    scale, zero = calculate_qparams(parts.amin(-1), parts.amax(-1), args)
    kind = torch.int8 if settings["type"] == "int" else torch.float8_e4m3fn
    # In float32 from the rounded scales: codes of products that were rounded before are others.
    codes = quantize(weight.float(), scale.float(), zero.float(), args, dtype=kind)
    return codes, scale


def numbers(folder):
    torch.manual_seed(3)
    out = {}
    for name, (rows, columns), kind, bits, group, dtype in [
            ("w4", (5, 96), "int", 4, 32, torch.bfloat16), ("w4odd", (3, 67), "int", 4, None, torch.float16),
            ("w8", (4, 64), "int", 8, 16, torch.bfloat16), ("w8row", (3, 31), "int", 8, None, torch.float32),
            ("fp8", (4, 200), "float", 8, None, torch.bfloat16)]:
        weight = (torch.randn(rows, columns) * torch.logspace(-3, 1, rows)[:, None]).to(dtype)
        weight[0, :] = 0
        weight[1, 3] = -4 * weight[1].abs().max()
        codes, scale = quantised(weight, weights(kind, bits, group))
        out[name + ".weight"], out[name + ".scale"] = weight, scale.contiguous()
        out[name + ".codes"] = codes.view(torch.int8).contiguous()
        if kind == "int":
            out[name + ".packed"] = pack_to_int32(codes, bits).contiguous()
    tokens = torch.randn(9, 64) * torch.logspace(-4, 3, 9)[:, None]
    tokens[3] = 0
    tokens[5] *= tokens[5].abs() > 1
    out["tokens"] = tokens
    for kind, settings in TOKEN.items():
        args = QuantizationArgs(**settings)
        scale, zero = calculate_qparams(tokens.amin(-1, True), tokens.amax(-1, True), args)
        out["tokens." + kind] = fake_quantize(tokens, scale, zero, args)
    save_file(out, folder / "numbers.safetensors")


def checkpoint(source, target, kind, bits, group, activations, pack):
    target.mkdir(parents=True, exist_ok=True)
    config = json.loads((source / "config.json").read_text())
    settings = weights(kind, bits, group)
    config["quantization_config"] = {
        "quant_method": "compressed-tensors",
        "format": "pack-quantized" if pack else f"{kind}-quantized",
        "quantization_status": "compressed", "ignore": ["lm_head"],
        "config_groups": {"group_0": {"targets": ["Linear"], "weights": settings,
                                      "input_activations": activations}}}
    tensors = {}
    for name, tensor in load_file(source / "model.safetensors").items():
        if not name.endswith("_proj.weight"):
            tensors[name] = tensor
            continue
        codes, scale = quantised(tensor, settings)
        stem = name.removesuffix(".weight")
        tensors[stem + ".weight_scale"] = scale.contiguous()
        if pack:
            tensors[stem + ".weight_packed"] = pack_to_int32(codes, bits).contiguous()
            tensors[stem + ".weight_shape"] = torch.tensor(tensor.shape)
        else:
            tensors[stem + ".weight"] = codes.contiguous()
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
    (target / "config.json").write_text(json.dumps(config, indent=2) + "\n")

    torch.manual_seed(5)
    ids = torch.randint(0, config["vocab_size"], (1, 17))
    # Rounded activations need the quantised modules; the others plain float32 products.
    options = {} if activations else {"quantization_config": CompressedTensorsConfig(dequantize=True)}
    model = AutoModelForCausalLM.from_pretrained(
        target, dtype=getattr(torch, config.get("dtype") or "float32"),
        attn_implementation="eager", **options).eval()
    if not activations:
        model = model.float()
    with torch.no_grad():
        logits = model(ids).logits[0].float()
    save_file({"ids": ids[0].int(), "logits": logits.contiguous()}, target / "expected.safetensors")
    print(target.name, f"{logits.abs().max():.4f}")


fixtures = Path(sys.argv[1])
folder = fixtures / "quantised"
folder.mkdir(exist_ok=True)
numbers(folder)
plain, half = fixtures / "arch/llama-odd-linear", fixtures / "arch/qwen2-dynamic-window"
checkpoint(half, folder / "w4-groups", "int", 4, 8, None, True)
checkpoint(plain, folder / "w4-channels", "int", 4, None, None, True)
checkpoint(plain, folder / "w8a8", "int", 8, None, TOKEN["int"], False)
checkpoint(plain, folder / "fp8", "float", 8, None, TOKEN["float"], False)

#!/usr/bin/env python3
"""Reads a model's GGUF file in every type with Layerfold and holds what comes out against torch.

usage: verify_gguf_inputs.py LAYERFOLD FILE.gguf MODEL_FOLDER [TYPE...] [--eval TEXT]

FILE.gguf is of `llama` or `gemma3`, made by llama.cpp; MODEL_FOLDER has that model's config.json
and tokenizer.json. First FILE.gguf as it is, then the same with its matrices in each TYPE (default:
F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, and Q4_K, Q6_K where the package libgguf is installed; a matrix
whose rows such a block does not divide is Q8_0, or F16). Of each:
- `layerfold inspect` reads it;
- a removal of three layers (`passthrough`) writes safetensors whose every tensor equals, bit for
  bit, what the package `gguf` dequantises, rounded to BF16 where the file has blocks;
- logits of 40 tokens of that result, by `layerfold forward` of the folder, and of the file, equal
  transformers' (float32, eager) on the package's tensors to 1e-4 of the largest;
- with --eval: perplexity of 128 tokens of TEXT, from the file.
Needs gguf, torch, transformers, safetensors and tokenizers (PyPI), and some 2 GiB of disk in TMPDIR.
"""
import json, os, shutil, subprocess, sys, tempfile
from pathlib import Path

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Kind
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.initialization import no_init_weights

try:
    import libgguf
except ImportError:
    libgguf = None

TOP = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight",
       "output.weight": "lm_head.weight"}
PARTS = {"attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
         "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
         "attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm",
         "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
NORMS = {"llama": {"ffn_norm": "post_attention_layernorm"},
         "gemma3": {"post_attention_norm": "post_attention_layernorm",
                    "ffn_norm": "pre_feedforward_layernorm",
                    "post_ffw_norm": "post_feedforward_layernorm"}}
PLAIN = {Kind.F32: torch.float32, Kind.F16: torch.float16, Kind.BF16: torch.bfloat16}
TEXT = "The castle stood upon a hill above the river, and nobody who had seen it forgot its towers. "


def value(reader, key):
    return reader.fields[key].contents()


def checkpoint(path):
    """The file's tensors as a checkpoint of transformers has them, from the package's numbers."""
    reader = gguf.GGUFReader(path)
    family = value(reader, "general.architecture")
    heads = {"attn_q": f"{family}.attention.head_count",
             "attn_k": f"{family}.attention.head_count_kv"}
    parts, found = PARTS | NORMS[family], {}
    for tensor in reader.tensors:
        shape = tuple(int(size) for size in reversed(tensor.shape))
        numbers = gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float32).reshape(shape)
        if tensor.name in TOP:
            name, part = TOP[tensor.name], tensor.name.split(".")[0]
        else:
            _, layer, part, last = tensor.name.split(".")
            name = f"model.layers.{layer}.{parts[part]}.{last}"
        if family == "llama" and part in heads:  # pairs (2i, 2i + 1) become halves (i, i + d/2)
            count = value(reader, heads[part])
            numbers = numbers.reshape(count, shape[0] // count // 2, 2, -1).swapaxes(1, 2)
            numbers = numbers.reshape(shape)
        if family == "gemma3" and part.endswith("_norm"):
            numbers = numbers - np.float32(1)
        weight = torch.from_numpy(np.ascontiguousarray(numbers))
        found[name] = weight.to(PLAIN.get(tensor.tensor_type, torch.bfloat16))
    return found


def quantised(numbers, kind):
    try:
        return gguf.quants.quantize(numbers, kind)
    except NotImplementedError:
        return libgguf.quantize_rows(numbers, kind.value)


def convert(source, kind, target):
    """The same file with its matrices in another type; metadata goes along as it is."""
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, value(reader, "general.architecture"))
    for key, field in reader.fields.items():
        if not key.startswith("GGUF.") and key != "general.architecture":
            last = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(key, field.contents(), field.types[0], sub_type=last)
    for tensor in reader.tensors:
        numbers, used = tensor.data, tensor.tensor_type
        if len(tensor.shape) > 1:
            shape = tuple(int(size) for size in reversed(tensor.shape))
            fits = (one for one in (kind, Kind.Q8_0, Kind.F16)
                    if shape[-1] % gguf.GGML_QUANT_SIZES[one][0] == 0)
            used = next(fits)
            numbers = gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
            numbers = quantised(numbers.reshape(shape), used)
        writer.add_tensor(tensor.name, numbers, raw_dtype=used)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def run(binary, *arguments):
    done = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{arguments[0]} ended with {done.returncode}: {done.stderr[-300:]}")
    return done.stdout


def theirs(config, weights, ids):
    with no_init_weights():
        model = AutoModelForCausalLM.from_config(
            config, dtype=torch.float32, attn_implementation="eager").eval()
    state = {name: weight.float() for name, weight in weights.items()}
    if config.tie_word_embeddings:
        state["lm_head.weight"] = state["model.embed_tokens.weight"]
    model.load_state_dict(state)
    if config.model_type.startswith("gemma"):  # as its bf16 load, and Layerfold, round it
        scale = model.model.embed_tokens.embed_scale
        model.model.embed_tokens.embed_scale = scale.to(torch.bfloat16).float()
    with torch.no_grad():
        return model(torch.tensor([ids]), use_cache=False).logits[0]


def difference(binary, model, ids, reference, workshop):
    (workshop / "ids.json").write_text(json.dumps([ids]))
    run(binary, "forward", model, "--tokens", workshop / "ids.json", "--output",
        workshop / "out.safetensors", "--logits-only")
    ours = load_file(workshop / "out.safetensors")["logits.0"]
    return ((ours - reference).abs().max() / reference.abs().max()).item()


def removed(weights, gone):
    """The tensors of a model without these layers, under their new numbers."""
    left = {}
    for name, weight in weights.items():
        words = name.split(".")
        if words[1] == "layers":
            if int(words[2]) in gone:
                continue
            words[2] = str(int(words[2]) - sum(layer < int(words[2]) for layer in gone))
        left[".".join(words)] = weight
    return left


def check(binary, file, folder, workshop, text):
    config = AutoConfig.from_pretrained(folder)
    kinds = json.loads(run(binary, "inspect", file, "--json"))["quantization"]
    ids = Tokenizer.from_file(str(folder / "tokenizer.json")).encode(TEXT * 3).ids[:40]
    weights = checkpoint(file)
    whole = difference(binary, file, ids, theirs(config, weights, ids), workshop)
    layers, gone = config.num_hidden_layers, {3, 4, 8}
    kept = [layer for layer in range(layers) if layer not in gone]
    (workshop / "text.txt").write_text(TEXT * 20)
    (workshop / "job.yaml").write_text(f"""\
version: 1
name: gguf
model: {file}
calibration: {{dataset: text, path: text.txt, samples: 2, max_tokens: 16}}
compress: [{{method: passthrough, layers: {kept}}}]
""")
    printed = run(binary, "run", workshop / "job.yaml", "--state", workshop / "state",
                  "--output", workshop / "out")
    report = Path(printed.split()[-1])
    result = report.parent / json.loads(report.read_text())["results"][0]["path"]
    written = {}
    for part in result.glob("*.safetensors"):
        written |= load_file(part)
    left = removed(weights, gone)
    assert written.keys() == left.keys(), sorted(written.keys() ^ left.keys())[:6]
    other = [name for name, weight in left.items()
             if not torch.equal(written[name].float(), weight.float())]
    assert not other, (len(other), other[:6])
    config.num_hidden_layers = len(kept)
    if getattr(config, "layer_types", None):
        config.layer_types = [config.layer_types[layer] for layer in kept]
    fewer = difference(binary, result, ids, theirs(config, left, ids), workshop)
    assert max(whole, fewer) < 1e-4, (whole, fewer)
    figure = ""
    if text:
        found = json.loads(run(binary, "eval", file, "--data", text, "--limit", 128, "--window", 64,
                               "--json"))
        figure = f", perplexity {found}"
    return (f"{kinds}: {layers} -> {len(kept)} layers, {len(left)} tensors equal bit for bit, "
            f"logits differ by {whole:.1e} (file), {fewer:.1e} (result){figure}")


def main():
    arguments = sys.argv[1:]
    text = None
    if "--eval" in arguments:
        place = arguments.index("--eval")
        text = Path(arguments[place + 1]).resolve()
        del arguments[place:place + 2]
    binary, source, folder = (Path(argument).resolve() for argument in arguments[:3])
    kinds = arguments[3:] or ["F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0",
                              *(["Q4_K", "Q6_K"] if libgguf else [])]
    failures = 0
    for kind in ["as it is", *kinds]:
        with tempfile.TemporaryDirectory() as name:
            workshop = Path(name)
            file = workshop / "model.gguf"
            for side in ("tokenizer.json", "tokenizer_config.json"):
                if (folder / side).exists():
                    shutil.copy(folder / side, workshop)
            try:
                if kind == "as it is":
                    os.symlink(source, file)
                else:
                    convert(source, Kind[kind], file)
                print(f"{source.name} {kind}: {check(binary, file, folder, workshop, text)}",
                      flush=True)
            except Exception as error:
                failures += 1
                print(f"{source.name} {kind}: FAILED {type(error).__name__}: {str(error)[:400]}",
                      flush=True)
    print(f"{failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Makes Tests/Fixtures/gradients: tiny checkpoints of layers with norms inside heads, norms behind
branches, capped scores and experts, and torch's gradients of them.

`NAME/` holds config.json and model.safetensors (F32). NAME.safetensors holds `loss`, the sum of the
cross-entropies of all tokens that are predicted, and its derivative by each tensor of each layer,
by autograd in double over transformers' own model, as [rows, columns]. Token ids are made as
ArchitectureFixtures.tokens makes them.

`layers/NAME-L.safetensors` is of layer L of the checkpoint Tests/Fixtures/arch/NAME, where the function
bends or jumps too much for central differences in float32: `input` [tokens, hidden], `weights`, and of
the sum of weights times the layer's output the derivatives by the input (`slopes`) and by each tensor.

usage: make_gradient_goldens.py       from the package's root

Needs torch, transformers, safetensors (made with torch 2.15, transformers 5.24).
"""
import json
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, CONFIG_MAPPING

from split_mix import Generator

ROOT = Path("Tests/Fixtures/gradients")
LENGTHS = [33, 1, 20]
COMMON = dict(hidden_size=16, intermediate_size=20, num_hidden_layers=2, num_attention_heads=4,
              num_key_value_heads=2, vocab_size=31, max_position_embeddings=64)
MODELS = {
    "gemma2": dict(model_type="gemma2", head_dim=6, query_pre_attn_scalar=7, sliding_window=9,
                   attn_logit_softcapping=1.5, final_logit_softcapping=2.5, **COMMON),
    "qwen3": dict(model_type="qwen3", head_dim=6, attention_bias=True, tie_word_embeddings=False,
                  **COMMON),
    "qwen2_moe": dict(model_type="qwen2_moe", num_experts=5, num_experts_per_tok=2,
                      moe_intermediate_size=9, shared_expert_intermediate_size=7,
                      norm_topk_prob=True, tie_word_embeddings=False, **COMMON),
    "olmo2": dict(model_type="olmo2", attention_bias=False, tie_word_embeddings=True, **COMMON),
}


def published(tensors) -> dict:
    """Experts one by one, as checkpoints have them."""
    found = {}
    for name, value in tensors:
        if name.endswith("experts.gate_up_proj"):
            for expert, both in enumerate(value):
                for part, rows in zip(["gate_proj", "up_proj"], both.chunk(2)):
                    found[name[:-12] + f"{expert}.{part}.weight"] = rows.clone()
        elif name.endswith("experts.down_proj"):
            for expert, down in enumerate(value):
                found[name[:-9] + f"{expert}.down_proj.weight"] = down.clone()
        else:
            found[name] = value.clone()
    return found


def make(name: str, keys: dict) -> None:
    folder = ROOT / name
    folder.mkdir(parents=True, exist_ok=True)
    kind = keys["model_type"]
    config = CONFIG_MAPPING[kind](**{k: v for k, v in keys.items() if k != "model_type"})
    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_config(
        config, attn_implementation="eager", experts_implementation="eager")
    with torch.no_grad():
        for tensor, value in model.named_parameters():
            value.normal_(0, 0.3)
            # Gains around 1; Gemma stores them less 1.
            if value.dim() == 1 and tensor.endswith("norm.weight") and kind != "gemma2":
                value.add_(1)
    values = {"architectures": [type(model).__name__], **keys, "torch_dtype": "float32"}
    (folder / "config.json").write_text(json.dumps(values, indent=1) + "\n")
    save_file(published((k, v.detach()) for k, v in model.named_parameters()),
              folder / "model.safetensors")

    model = model.double().eval()
    generator = Generator(1)
    loss = 0
    for length in LENGTHS:
        ids = [generator.index(config.vocab_size) for _ in range(length)]
        logits = model(torch.tensor([ids]), use_cache=False).logits[0, :-1]
        loss = loss + torch.nn.functional.cross_entropy(
            logits, torch.tensor(ids[1:], dtype=torch.long), reduction="sum")
    loss.backward()
    found = {"loss": loss.detach().float().reshape(1, 1)}
    grads = published((k, v.grad.float()) for k, v in model.named_parameters())
    for tensor, value in grads.items():
        if ".layers." in tensor:
            found[tensor] = value.reshape(value.shape[0] if value.dim() == 2 else 1, -1)
    save_file(found, ROOT / f"{name}.safetensors")


# Norms inside heads that take the mean off, clips, gates behind heads, sinks, and experts that are
# chosen from groups, by sigmoids or by corrected scores.
LAYERS = [("cohere-norms", 0), ("phi-norms", 1), ("olmoe-clipped", 1), ("qwen3_next-types", 3),
          ("gpt-oss-odd", 0), ("glm4_moe-norms", 2), ("ernie4_5_moe-biased", 1)]


def make_layer(name: str, index: int) -> None:
    model = AutoModelForCausalLM.from_pretrained(
        Path("Tests/Fixtures/arch") / name, dtype=torch.float64, attn_implementation="eager",
        experts_implementation="eager").eval()
    layer = model.model.layers[index]
    seen = {}

    def before(module, args, kwargs):
        stream = args[0] if args else kwargs["hidden_states"]
        seen["input"] = stream.detach().requires_grad_()
        return ((seen["input"],) + args[1:], kwargs) if args else (
            (), {**kwargs, "hidden_states": seen["input"]})

    def behind(module, args, kwargs, output):
        seen["output"] = output[0] if isinstance(output, tuple) else output

    layer.register_forward_pre_hook(before, with_kwargs=True)
    layer.register_forward_hook(behind, with_kwargs=True)
    generator = Generator(1)
    ids = [generator.index(model.config.vocab_size) for _ in range(LENGTHS[0])]
    model(torch.tensor([ids]), use_cache=False)
    shape = seen["output"][0].shape
    weights = torch.tensor([2 * generator.uniform() - 1 for _ in range(shape.numel())],
                           dtype=torch.float64).reshape(shape)
    (seen["output"][0] * weights).sum().backward()
    found = {"input": seen["input"][0].detach(), "weights": weights, "slopes": seen["input"].grad[0]}
    # Saved as if they were the weights, so that they get the published names and shapes.
    for value in model.parameters():
        value.data = torch.zeros_like(value) if value.grad is None else value.grad
    for value in model.buffers():
        value.data = torch.zeros_like(value)
    with tempfile.TemporaryDirectory() as scratch:
        model.float().save_pretrained(scratch)
        state = load_file(Path(scratch) / "model.safetensors")
    for tensor, value in state.items():
        if f".layers.{index}." in tensor:
            found[tensor] = value.reshape(value.shape[0] if value.dim() > 1 else 1, -1)
    folder = ROOT / "layers"
    folder.mkdir(exist_ok=True)
    save_file({key: value.float().contiguous() for key, value in found.items()},
              folder / f"{name}-{index}.safetensors")


for name, keys in MODELS.items():
    make(name, keys)
for name, index in LAYERS:
    make_layer(name, index)

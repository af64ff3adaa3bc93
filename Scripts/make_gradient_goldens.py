#!/usr/bin/env python3
"""Makes Tests/Fixtures/gradients: tiny checkpoints of layers with norms inside heads, norms behind
branches, capped scores and experts, and torch's gradients of them.

`NAME/` holds config.json and model.safetensors (F32). NAME.safetensors holds `loss`, the sum of the
cross-entropies of all tokens that are predicted, and its derivative by each tensor of each layer,
by autograd in double over transformers' own model, as [rows, columns]. Token ids are made as
ArchitectureFixtures.tokens makes them.

usage: make_gradient_goldens.py       from the package's root

Needs torch, transformers, safetensors (made with torch 2.15, transformers 5.24).
"""
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
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


for name, keys in MODELS.items():
    make(name, keys)

#!/usr/bin/env python3
"""Makes Tests/Fixtures/gguf: tiny models and what llama.cpp's converter makes of them.

usage: make_gguf_goldens.py LLAMA_CPP

`blocks.safetensors`: values [blocks, 32] (F32) and their bytes by the quantisers of the package `gguf`
that llama.cpp holds. `<name>/`: a random checkpoint of each family with a tokenizer. `expected.json`: for each
name and type, tensors (type, shape, SHA-256 of the data) and metadata of the converted file; lists
of more than 16 values as the SHA-256 of their JSON.

LLAMA_CPP is a source folder of llama.cpp, such as `vendor/llama.cpp` in the source distribution of
`llama-cpp-python` on PyPI (made with 0.3.36). Needs numpy, safetensors, sentencepiece,
tokenizers, torch and transformers (PyPI). Run it from the package's root, commit what it wrote.
"""
import hashlib, json, shutil, sys, tempfile
from pathlib import Path

LLAMA_CPP = Path(sys.argv[1]).resolve()
sys.path[:0] = [str(LLAMA_CPP), str(LLAMA_CPP / "gguf-py")]
import convert_hf_to_gguf
import gguf
import numpy as np
import torch
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from conversion.base import TextModel
from transformers import AutoModelForCausalLM, CONFIG_MAPPING, PreTrainedTokenizerFast

ROOT = Path("Tests/Fixtures/gguf")
TOKENIZERS = Path("Tests/Fixtures/tokenizers")
SPECIAL = dict(bos_token="<s>", eos_token="</s>", unk_token="<unk>",
               tokenizer_class="LlamaTokenizer")
TEMPLATE = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"


def shape(kind, **more):
    return dict(model_type=kind, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
                num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128,
                rms_norm_eps=1e-5, dtype="bfloat16", tie_word_embeddings=False, **more)


MODELS = {
    # name: (config.json, tokenizer, name of its pre-tokenizer)
    "llama": (shape("llama", attention_bias=True, mlp_bias=True, rope_parameters=dict(
        rope_type="llama3", rope_theta=5e5, factor=8.0, low_freq_factor=1.0,
        high_freq_factor=4.0, original_max_position_embeddings=32)), "llama3", "llama-bpe"),
    "mistral": (shape("mistral", sliding_window=16, head_dim=16), "sentencepiece", None),
    "mixtral": (shape("mixtral", num_local_experts=3, num_experts_per_tok=2), "sentencepiece", None),
    "qwen2": (shape("qwen2") | dict(tie_word_embeddings=True), "qwen", "qwen2"),
    "qwen3": (shape("qwen3", head_dim=16), "qwen", "qwen2"),
    "phi3": (shape("phi3", original_max_position_embeddings=32, pad_token_id=0, eos_token_id=2, rope_parameters=dict(
        rope_type="longrope", rope_theta=1e4, short_factor=[1.0, 1.1, 1.2, 1.3],
        long_factor=[1.5, 2.0, 4.0, 9.0])), "sentencepiece", None),
    "gemma2": (shape("gemma2", head_dim=16, query_pre_attn_scalar=16, sliding_window=16)
               | dict(tie_word_embeddings=True), "sentencepiece-gemma", None),
}


def text():
    lines = Path("Sources/BuiltInTexts/heldout.txt").read_text().splitlines()
    return [line for line in lines if line.strip()][:200]


def sentencepiece(folder, size, is_gemma):
    """A SentencePiece model of byte-pairs, and the tokenizer.json that transformers makes of it."""
    import sentencepiece as sp
    sp.SentencePieceTrainer.train(
        sentence_iterator=iter(text()), model_prefix=str(folder / "tokenizer"), vocab_size=size,
        model_type="bpe", byte_fallback=True, character_coverage=0.99, unk_id=0, bos_id=1, eos_id=2,
        add_dummy_prefix=not is_gemma, remove_extra_whitespaces=False,
        normalization_rule_name="identity", hard_vocab_limit=False, minloglevel=2)
    (folder / "tokenizer.vocab").unlink()
    processor = sp.SentencePieceProcessor(str(folder / "tokenizer.model"))
    pieces = [processor.id_to_piece(i) for i in range(processor.vocab_size())]
    vocab = {piece: i for i, piece in enumerate(pieces)}
    # As transformers makes merges of a SentencePiece model (generate_merges).
    merges = []
    for piece in pieces:
        score = processor.get_score(vocab[piece])
        ways = [(piece[:k], piece[k:]) for k in range(1, len(piece))
                if piece[:k] in vocab and piece[k:] in vocab]
        merges += [(score, left, right) for left, right in
                   sorted(ways, key=lambda way: (vocab[way[0]], vocab[way[1]]))
                   if not processor.is_byte(vocab[piece]) and not processor.is_control(vocab[piece])]
    merges.sort(key=lambda merge: -merge[0])
    before = {"type": "Prepend", "prepend": "▁"}
    spaces = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    added = [dict(id=i, content=pieces[i], single_word=False, lstrip=False, rstrip=False,
                  normalized=False, special=True) for i in range(3)]
    first = [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    document = dict(
        version="1.0", truncation=None, padding=None, added_tokens=added,
        normalizer=spaces if is_gemma else {"type": "Sequence", "normalizers": [before, spaces]},
        pre_tokenizer=None,
        post_processor=dict(
            type="TemplateProcessing", single=first,
            pair=first + [{"Sequence": {"id": "B", "type_id": 1}}],
            special_tokens={"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}),
        decoder={"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"}]
            + ([] if is_gemma else [{"type": "Strip", "content": " ", "start": 1, "stop": 0}])},
        model=dict(type="BPE", dropout=None, unk_token="<unk>", continuing_subword_prefix=None,
                   end_of_word_suffix=None, fuse_unk=True, byte_fallback=True,
                   ignore_merges=False, vocab=vocab,
                   merges=[f"{left} {right}" for _, left, right in merges]))
    (folder / "tokenizer.json").write_text(json.dumps(document, ensure_ascii=False))
    (folder / "tokenizer_config.json").write_text(json.dumps(SPECIAL))
    return len(vocab)


def tokenizer(kind, folder):
    if kind.startswith("sentencepiece"):
        return sentencepiece(folder, 380, kind.endswith("gemma"))
    shutil.copy(TOKENIZERS / f"{kind}.tokenizer.json", folder / "tokenizer.json")
    names = (dict(bos_token="<|begin_of_text|>", eos_token="<|end_of_text|>") if kind == "llama3"
             else dict(eos_token="<|im_end|>", pad_token="<|endoftext|>"))
    (folder / "tokenizer_config.json").write_text(
        json.dumps(names | dict(tokenizer_class="PreTrainedTokenizerFast")))
    return Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab_size()


def checkpoint(name, config, kind, folder):
    size = tokenizer(kind, folder)
    # Rows of the embedding without a token, as many models have them.
    config = CONFIG_MAPPING[config["model_type"]](**config, vocab_size=size + 3)
    torch.manual_seed(sum(name.encode()))
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * (0.2 if parameter.ndim > 1 else 0.1)
                            + (0 if parameter.ndim > 1 or name == "gemma2" else 1))
    model.generation_config.eos_token_id = None
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    (folder / "chat_template.jinja").write_text(TEMPLATE)


def convert(folder, kind, pre):
    """The file that llama.cpp's converter makes; a tokenizer of tests has a hash it cannot know."""
    TextModel.get_vocab_base_pre = lambda self, tokenizer: pre
    target = folder / f"converted-{kind}.gguf"
    sys.argv = ["convert", str(folder), "--outtype", kind, "--outfile", str(target)]
    convert_hf_to_gguf.main()
    return target


def digest(data):
    return hashlib.sha256(data).hexdigest()


def shown(value):
    if isinstance(value, list) and len(value) > 16:
        return digest(json.dumps(value, ensure_ascii=False).encode())
    return value


def contents(path):
    reader = gguf.GGUFReader(path)
    tensors = {t.name: [t.tensor_type.name, list(map(int, reversed(t.shape))), digest(t.data.tobytes())]
               for t in reader.tensors}
    metadata = {name: shown(field.contents()) for name, field in reader.fields.items()
                if not name.startswith("GGUF.")}
    return dict(tensors=tensors, metadata=metadata)


def blocks():
    random = np.random.default_rng(1)
    values = [random.standard_normal((64, 32)) * scale for scale in (1e-6, 0.02, 1, 300)]
    odd = np.zeros((8, 32))
    odd[1] = 1
    odd[2, :2] = (-1, 1)          # the first of two equal magnitudes decides
    odd[3, :2] = (1, -1)
    odd[4] = np.arange(32) - 16    # halves
    odd[5] = (np.arange(32) - 15.5) / 127
    odd[6] = 1e-9                  # a scale that F16 makes 0
    odd[7, 5] = -0.0
    values = np.concatenate(values + [odd]).astype(np.float32)
    kinds = gguf.GGMLQuantizationType
    arrays = {"values": values}
    for kind in (kinds.Q8_0, kinds.Q4_0, kinds.BF16):
        arrays[kind.name.lower()] = np.ascontiguousarray(
            gguf.quants.quantize(values, kind).view(np.uint8))
    arrays["f16"] = values.astype(np.float16).view(np.uint8)
    save_file(arrays, ROOT / "blocks.safetensors")
    (ROOT / "blocks.safetensors").chmod(0o644)


def main():
    shutil.rmtree(ROOT, ignore_errors=True)
    ROOT.mkdir(parents=True)
    blocks()
    expected = {}
    for name, (config, kind, pre) in MODELS.items():
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            checkpoint(name, config, kind, folder)
            expected[name] = {t: contents(convert(folder, t, pre)) for t in ("bf16", "q8_0")}
            for file in folder.glob("*.gguf"):
                file.unlink()
            # What is committed is read by its tokenizer.json.
            (folder / "tokenizer.model").unlink(missing_ok=True)
            (ROOT / name).mkdir()
            for file in folder.iterdir():
                shutil.copyfile(file, ROOT / name / file.name)
    (ROOT / "expected.json").write_text(
        json.dumps(expected, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


main()

#!/usr/bin/env python3
"""Damages small models and lets `layerfold` read them, as a program: no build, no test host.

usage: fuzz_models.py LAYERFOLD [--seconds N] [--seed N] [--keep FOLDER]
       fuzz_models.py --seeds FOLDER        (writes the GGUF files, which Tests/Fuzz starts from)

Run from the package's root. In turn: a GGUF file (of `llama`, `qwen3`, `gemma3`, made here by the
package `gguf` with a tokenizer), the config.json, the tokenizer.json and the header of
model.safetensors of fixtures, each with one to four small damages (bits, bytes, numbers at their
ends, cuts, copies, words that readers know). `inspect` reads each; what it accepts goes on to
`tokenize`, or to `forward` of three tokens. A program that ends by a signal, takes more than ten
seconds of processor time, refuses without a word, or ends with a code that is not documented is
a finding: the model is kept. Seed and number decide an input.
Needs gguf and numpy (PyPI).
"""
import argparse, json, random, resource, shutil, struct, subprocess, sys, tempfile, time
from collections import Counter
from pathlib import Path

import gguf
import numpy as np

FIXTURES = Path("Tests/Fixtures")
WORDS = [b"GGUF", b"\0" * 8, b"\xff" * 8, b"\xff" * 4, b"\x80\0\0\0", b"general.architecture",
         b"llama", b"gemma3", b"null", b"-1", b"1e999", b"NaN", b"{}", b"[]", b'"', b"\\ud800", b"true",
         b"9223372036854775808", b"18446744073709551615", b"0", b'"llama"', b'"gemma2"', b"4097",
         b'"Split"', b'"Regex"', b'"BPE"', b'"F32"', b'"BF16"', b"\0", b"\xc3\xa9"]
CODES = {0, 1, 2, 3, 4, 6, 7}  # of docs/COMMANDS.md


def gguf_seed(path, family, extra):
    writer = gguf.GGUFWriter(path, family)
    writer.add_block_count(1); writer.add_context_length(64); writer.add_embedding_length(32)
    writer.add_feed_forward_length(32); writer.add_head_count(2); writer.add_head_count_kv(1)
    writer.add_key_length(16); writer.add_value_length(16); writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10000.0); writer.add_vocab_size(260)
    if family == "gemma3":
        writer.add_sliding_window(16)
    letters = [chr(code) for code in (*range(33, 127), *range(161, 173), *range(174, 324))]
    writer.add_tokenizer_model("gpt2"); writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(letters + ["ab", "abc", "<s>", "</s>"])
    writer.add_token_types([1] * 258 + [3, 3]); writer.add_token_merges(["a b", "ab c"])
    writer.add_bos_token_id(258); writer.add_eos_token_id(259)
    random_numbers = np.random.default_rng(1)

    def tensor(name, *shape):
        numbers = random_numbers.normal(size=shape).astype(np.float32)
        if len(shape) > 1:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(numbers, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, numbers)

    tensor("token_embd.weight", 260, 32); tensor("output_norm.weight", 32)
    for name, shape in {"attn_norm": (32,), "ffn_norm": (32,), "attn_q": (32, 32),
                        "attn_k": (16, 32), "attn_v": (16, 32), "attn_output": (32, 32),
                        "ffn_gate": (32, 32), "ffn_up": (32, 32), "ffn_down": (32, 32),
                        **extra}.items():
        tensor(f"blk.0.{name}.weight", *shape)
    writer.write_header_to_file(); writer.write_kv_data_to_file(); writer.write_tensors_to_file()
    writer.close()
    return path.read_bytes()


def gguf_seeds(folder):
    heads = {"attn_q_norm": (16,), "attn_k_norm": (16,)}
    posts = {"post_attention_norm": (32,), "post_ffw_norm": (32,)}
    return [gguf_seed(folder / f"{family}.gguf", family, extra) for family, extra in
            {"llama": {}, "qwen3": heads, "gemma3": heads | posts}.items()]


def damage(text, chance, near):
    """One to four small changes; half of them near the start, where a file says what it is."""
    text = bytearray(text)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(min(len(text), near if chance.random() < 0.5 else len(text)) + 1)
        end = min(len(text), place + chance.randrange(1, 40))
        kind = chance.randrange(9)
        if kind == 0: del text[place:end]
        elif kind == 1: text[place:place] = text[place:end]
        elif kind == 2: text[place:place] = chance.choice(WORDS)
        elif kind == 3: text[place:end] = chance.choice(WORDS)
        elif kind == 4 and place < len(text): text[place] ^= 1 << chance.randrange(8)
        elif kind == 5 and place < len(text): text[place] = chance.randrange(256)
        elif kind == 6: text[place:place + 8] = struct.pack("<Q", chance.choice(
            [0, 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**63, 2**64 - 1]))
        elif kind == 7:  # a number of a text
            while place < len(text) and not 48 <= text[place] <= 57: place += 1
            end = place
            while end < len(text) and 48 <= text[end] <= 57: end += 1
            text[place:end] = chance.choice([b"0", b"-1", b"1", b"3", b"1e400", b"4294967296",
                                             b"9223372036854775807", b"0.5", b"null", b'"x"'])
        elif chance.random() < 0.2: del text[place:]
    return bytes(text)


def make(kind, seeds, chance, folder):
    """A damaged model below `folder`; what to name on the command line."""
    if kind == "gguf":
        model = folder / "model.gguf"
        model.write_bytes(damage(chance.choice(seeds), chance, 2000))
        return model
    model = folder / "model"
    source = chance.choice(seeds)
    shutil.copytree(source, model, ignore=shutil.ignore_patterns("expected*"))
    if kind == "tokenizer":
        tokenizers = sorted((FIXTURES / "tokenizers").glob("**/*tokenizer.json"))
        small = [one for one in tokenizers if one.stat().st_size < 1 << 15]
        (model / "tokenizer.json").write_bytes(
            damage(chance.choice(small).read_bytes(), chance, 4000))
    elif kind == "config":
        text = (model / "config.json").read_bytes()
        (model / "config.json").write_bytes(damage(text, chance, len(text)))
    else:
        weights = (model / "model.safetensors").read_bytes()
        length = struct.unpack("<Q", weights[:8])[0] + 8
        (model / "model.safetensors").write_bytes(
            damage(weights[:length], chance, length) + weights[length:])
    return model


def limits():
    resource.setrlimit(resource.RLIMIT_CPU, (10, 12))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def tried(binary, *arguments):
    """Exit code, and what is wrong with it (nothing in most cases)."""
    try:
        done = subprocess.run([binary, *map(str, arguments)], capture_output=True, timeout=600,
                              stdin=subprocess.DEVNULL, preexec_fn=limits)
    except subprocess.TimeoutExpired:
        return None, "600 s without an end"
    if done.returncode not in CODES:
        return done.returncode, f"ended with {done.returncode}: {done.stderr[-300:]!r}"
    if done.returncode and not done.stderr.strip():
        return done.returncode, f"ended with {done.returncode} and said nothing"
    return done.returncode, None


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("layerfold", nargs="?"); options.add_argument("--seeds")
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--seed", type=int, default=1); options.add_argument("--keep", default=".")
    given = options.parse_args()
    if given.seeds:
        gguf_seeds(Path(given.seeds))
        return 0
    binary, counts, findings = str(Path(given.layerfold).resolve()), Counter(), 0
    with tempfile.TemporaryDirectory() as name:
        workshop = Path(name)
        folders = sorted(path.parent for path in (FIXTURES / "arch").glob("*/config.json"))
        folders += [FIXTURES / "codes/fp8-blocks", FIXTURES / "codes/mxfp4",
                    FIXTURES / "quantised/w4-groups"]
        seeds = {"gguf": gguf_seeds(workshop), "config": folders, "tokenizer": folders[:1],
                 "safetensors": folders}
        (workshop / "ids.json").write_text("[[1, 2, 3]]")
        (workshop / "lines.json").write_text('["Hello  world 123 \\u00e9"]')
        end, number = time.monotonic() + given.seconds, 0
        while time.monotonic() < end:
            kind = list(seeds)[number % len(seeds)]
            place = workshop / "try"
            place.mkdir()
            model = make(kind, seeds[kind], random.Random(f"{given.seed} {number}"), place)
            verbs = [("inspect", model)]
            if kind in ("gguf", "tokenizer"):
                verbs.append(("tokenize", model, "--file", workshop / "lines.json"))
            if kind != "tokenizer":
                verbs.append(("forward", model, "--tokens", workshop / "ids.json", "--output",
                              place / "out.safetensors"))
            for verb in verbs:
                code, wrong = tried(binary, *verb)
                counts[f"{kind}: {verb[0]} {'accepts' if code == 0 else 'refuses'}"] += 1
                if wrong:
                    findings += 1
                    kept = Path(given.keep) / f"fuzz-{given.seed}-{number}-{verb[0]}"
                    shutil.rmtree(kept, ignore_errors=True)
                    shutil.copytree(place, kept)
                    print(f"input {number}, {kind}, {verb[0]}: {wrong}; kept: {kept}", flush=True)
                if code:
                    break
            shutil.rmtree(place)
            number += 1
    for what, count in sorted(counts.items()):
        print(f"{what} {count}")
    print(f"seed {given.seed}: {number} inputs, {findings} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

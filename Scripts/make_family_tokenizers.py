#!/usr/bin/env python3
"""Small tokenizers in the form of each family's published one, and what the library makes of lines.

    make_family_tokenizers.py FOLDER        (Tests/Fixtures/tokenizers/families)

Trains a byte-pair vocabulary for each family on the texts of the program (Sources/BuiltInTexts),
with the normaliser, pre-tokenizer, added tokens, template and decoder of the published file, and
writes FOLDER/NAME.tokenizer.json and NAME.golden.json. The golden holds the ids of
lines.json (of compare_tokenizers.py): two digits of base 36 an id, one text a line; the ids
that the template puts around every line; and the decoded texts that differ from their line.

The models of SENTENCE_PIECE are trained by SentencePiece itself and written as NAME.model; their
goldens are its ids, for each stretch of text between special tokens that a line spells out.

Needs `tokenizers==0.23.* sentencepiece==0.2.*`. The vocabularies come of the program's texts:
where those change, make all of them again.

Behind the trained merges come some of tokens that stand on two sides of a cut in those lines. A
right implementation never meets them there; one that forgets a cut joins what should stay apart.
"""

import collections
import io
import json
import pathlib
import re
import sys

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders
from tokenizers import normalizers as n
from tokenizers import pre_tokenizers as p
from tokenizers import processors

import tokenizer_cases as cases

ROOT = pathlib.Path(__file__).resolve().parent.parent
DIGITS36 = "0123456789abcdefghijklmnopqrstuvwxyz"
# Published patterns that tokenizer_cases.py does not hold already.
CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*"
    r"|\s*[\r\n]|\s+(?!\S)|\s+"
)
TEKKEN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN35 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}"
    r"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
EXAONE_MOE = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"
)
ASIA = (
    "[一-鿿㐀-䶿豈-﫿぀-ゟ゠-ヿ･-ﾟ⼀-⿟เ-๿"
    "຀-໿ក-៿က-႟ꩠ-ꩿꧠ-꧿가-힯ᄀ-ᇿ]+"
)
BLOOM = r" ?[^(\s|[.,!?…。，、।۔،])]+"
SPACES = [AddedToken(" " * k, normalized=True) for k in range(24, 1, -1)]


def texts():
    """What is trained on: pieces of all kinds and languages, line by line."""
    pieces = [(ROOT / "Sources/BuiltInTexts/heldout.txt").read_text(encoding="utf-8")]
    with open(ROOT / "Sources/BuiltInTexts/calibration.jsonl", encoding="utf-8") as lines:
        pieces += [json.loads(line)["text"] for line in lines]
    return "\n".join(pieces)


def byte_level(*patterns):
    """Splits, one after the other, and the byte-level alphabet."""
    splits = [p.Split(Regex(pattern), "isolated") for pattern in patterns]
    return p.Sequence([*splits, p.ByteLevel(add_prefix_space=False, use_regex=False)])


def plain_byte_level(*before):
    """GPT-2's own pattern, after other pre-tokenizers."""
    last = p.ByteLevel(add_prefix_space=False, trim_offsets=True)
    return p.Sequence([*before, last]) if before else last


# What byte_level_family takes, by family. `tokens` are special and begin the vocabulary where `first`,
# else they follow it; `before` are the ones that the template puts before every text.
BYTE_LEVEL = {
    # gpt2; exaone4 with NFC.
    "gpt2": dict(pre=plain_byte_level(), tokens=["<|endoftext|>"], normalized=True),
    "exaone4": dict(norm=n.NFC(), pre=plain_byte_level(), first=True,
                    tokens=["[PAD]", "[BOS]", "[EOS]", "[UNK]", "[|system|]", "[|endofturn|]"]),
    "exaone_moe": dict(norm=n.NFC(), pre=byte_level(EXAONE_MOE), tokens=["[|endofturn|]"]),
    "opt": dict(pre=plain_byte_level(), first=True, tokens=["<s>", "<pad>", "</s>", "<unk>"],
                before=["</s>"], normalized=True),
    "phi": dict(pre=plain_byte_level(), tokens=["<|endoftext|>"],
                plain=SPACES + [AddedToken("\t" * k, normalized=True) for k in range(9, 1, -1)]),
    # gpt_neox, stablelm, olmoe.
    "gpt_neox": dict(norm=n.NFC(), pre=plain_byte_level(), first=True,
                     tokens=["<|endoftext|>", "<|padding|>"],
                     plain=SPACES + [AddedToken("|||EMAIL_ADDRESS|||", normalized=False)]),
    # starcoder2, granite, exaone, smollm.
    "starcoder2": dict(pre=plain_byte_level(p.Digits(individual_digits=True)), first=True,
                       tokens=["<|endoftext|>", "<fim_prefix>", "<fim_suffix>", "<file_sep>"]),
    "cohere": dict(norm=n.NFC(), pre=plain_byte_level(p.Digits(individual_digits=True)), first=True,
                   tokens=["<PAD>", "<UNK>", "<BOS_TOKEN>", "<|END_OF_TURN_TOKEN|>"],
                   before=["<BOS_TOKEN>"]),
    "cohere2_aya": dict(pre=byte_level(r"\d{1,3}(?=(?:\d{3})*\b)", cases.O200K), first=True,
                        tokens=["<PAD>", "<BOS_TOKEN>"], before=["<BOS_TOKEN>"]),
    # Its digits are split after the bytes became characters, some of which count as digits.
    "falcon": dict(pre=p.Sequence([
        p.Punctuation("contiguous"), plain_byte_level(), p.Digits(individual_digits=False),
        p.Split(Regex("[0-9][0-9][0-9]"), "isolated")]), first=True,
        tokens=[">>TITLE<<", ">>ABSTRACT<<", ">>QUESTION<<", "<|endoftext|>"]),
    # mistral3, ministral, ministral3, nemotron_h.
    "ministral": dict(pre=byte_level(TEKKEN), first=True, ignore_merges=True,
                      tokens=["<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[TOOL_CALLS]"],
                      before=["<s>"]),
    # olmo2, olmo3; granite 4 and phi4 by the possessive pattern below.
    "olmo2": dict(pre=byte_level(cases.LLAMA3), tokens=["<|endoftext|>", "<|im_start|>"],
                  plain=[AddedToken("|||IP_ADDRESS|||", normalized=False)]),
    "cl100k": dict(pre=byte_level(CL100K), tokens=["<|endoftext|>", "<|fim_prefix|>"]),
    # smollm3, lfm2, arcee: Llama 3's.
    "smollm3": dict(pre=byte_level(cases.LLAMA3), ignore_merges=True,
                    before=["<|begin_of_text|>"],
                    tokens=["<|begin_of_text|>", "<|end_of_text|>", "<|im_start|>"],
                    sequence=True),
    "lfm2": dict(pre=byte_level(cases.LLAMA3), first=True, before=["<|startoftext|>"],
                 tokens=["<|pad|>", "<|startoftext|>", "<|im_end|>"]),
    "glm4": dict(pre=byte_level(cases.LLAMA3), ignore_merges=True, before=["[gMASK]", "<sop>"],
                 tokens=["<|endoftext|>", "[MASK]", "[gMASK]", "<sop>", "<|user|>"]),
    "gpt_oss": dict(pre=byte_level(cases.O200K), tokens=[
        "<|startoftext|>", "<|endoftext|>", "<|start|>", "<|message|>", "<|channel|>"]),
    # hunyuan_v1_dense has the same; hunyuan_v1_moe and stablelm 2 have Qwen's without NFC.
    "deepseek_v3": dict(norm=n.Sequence([]), pre=byte_level(
        r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", cases.DEEPSEEK), first=True,
        tokens=["<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"],
        before=["<｜begin▁of▁sentence｜>"],
        plain=[AddedToken("<｜User｜>", normalized=False)]),
    "hunyuan_moe": dict(pre=byte_level(cases.QWEN), tokens=["<|startoftext|>", "<|extra_0|>"]),
    "deepseek_coder": dict(norm=n.Sequence([]), pre=p.Sequence([
        p.Split(Regex("[\r\n]"), "isolated"), p.Split(Regex(r"\s?\p{L}+"), "isolated"),
        p.Split(Regex(r"\s?\p{P}+"), "isolated"),
        p.Split(Regex("[一-龥ࠀ-一가-퟿]+"), "isolated"), p.Digits(individual_digits=True),
        p.ByteLevel(add_prefix_space=False, use_regex=False)]),
        tokens=["<｜fim▁hole｜>", "<|EOT|>"]),
    "afmoe": dict(pre=byte_level(r"\d{1,3}(?=(?:\d{3})*\b)", ASIA, cases.DEEPSEEK),
                  tokens=["<|begin_of_text|>"], before=["<|begin_of_text|>"]),
    # qwen2, qwen3_moe: see compare_tokenizers.py; qwen3_5 keeps marks with their letters.
    "qwen3_5": dict(norm=n.NFC(), pre=byte_level(QWEN35), tokens=["<|endoftext|>", "<|im_end|>"]),
    "bloom": dict(pre=byte_level(BLOOM), first=True, tokens=["<unk>", "<s>", "</s>", "<pad>"]),
}


def sentence_piece():
    """What sentence_piece_family takes, by family."""
    replaced = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    strip = [decoders.Strip(" ", 1, 0)]
    prepended = n.Sequence([n.Prepend("▁"), n.Replace(" ", "▁")])
    yield "nemotron", dict(norm=prepended, decoder=replaced + strip, before=["<s>"],
                           plain=["<extra_id_0>", "<extra_id_1>"])
    yield "ernie4_5", dict(norm=n.Replace(" ", "▁"), decoder=replaced, before=["<s>"],
                           plain=["<mask:1>", "<|begin_of_sentence|>", "<|end_of_sentence|>"])
    yield "gemma3", dict(norm=n.Replace(" ", "▁"), pre=p.Split(" ", "merged_with_previous"),
                         decoder=replaced, before=["<bos>"], names=(
                             "<pad>", "<eos>", "<bos>", "<unk>"),
                         plain=["<mask>", "\n\n", "\n\n\n", "▁▁", "▁▁▁", "<start_of_turn>"])


def without_each_step(data):
    """The pre-tokenizer without each of its cuts in turn."""
    whole = data["pre_tokenizer"]
    steps = whole.get("pretokenizers", [whole])
    for index, step in enumerate(steps):
        if step["type"] != "ByteLevel":
            rest = steps[:index] + steps[index + 1:]
        elif step["use_regex"]:
            rest = [*steps[:index], step | {"use_regex": False}, *steps[index + 1:]]
        else:
            continue
        changed = data | {"pre_tokenizer": {"type": "Sequence", "pretokenizers": rest}}
        yield Tokenizer.from_str(json.dumps(changed)).pre_tokenizer


def crossing(tokenizer, lines, count):
    """Pairs of tokens on two sides of a cut: for each step, `count` of those that it alone makes."""
    cuts = []
    for line in lines:
        text = tokenizer.normalizer.normalize_str(line) if tokenizer.normalizer else line
        pairs, before = {}, None
        for piece, (start, _) in tokenizer.pre_tokenizer.pre_tokenize_str(text):
            tokens = [token.value for token in tokenizer.model.tokenize(piece)]
            if before and len(before) + len(tokens[0]) <= 12:
                pairs[start] = before, tokens[0]
            before = tokens[-1]
        cuts.append((text, pairs))
    chosen = []
    for fewer in without_each_step(json.loads(tokenizer.to_str())):
        seen = collections.Counter()
        for text, pairs in cuts:
            kept = {start for _, (start, _) in fewer.pre_tokenize_str(text)}
            seen.update(pair for start, pair in pairs.items() if start not in kept)
        chosen += [pair for pair, _ in sorted(seen.items(), key=lambda i: (-i[1], i[0]))[:count]]
    return list(dict.fromkeys(chosen))


def extended(tokenizer, pairs):
    """The tokenizer with merges behind its own, which only a missing cut reaches."""
    data = json.loads(tokenizer.to_str())
    vocab, merges = data["model"]["vocab"], data["model"]["merges"]
    known = {tuple(merge) for merge in merges}
    for left, right in pairs:
        if (left, right) in known:
            continue
        merges.append([left, right])
        if left + right not in vocab:
            vocab[left + right] = len(vocab)
    return data


def processor(data, before, sequence=False):
    if not before:
        return processors.ByteLevel(trim_offsets=False)
    ids = data["model"]["vocab"] | {t["content"]: t["id"] for t in data["added_tokens"]}
    made = processors.TemplateProcessing(
        single=[*before, "$A"], pair=[*before, "$A", "$B"],
        special_tokens=[(token, ids[token]) for token in before])
    return processors.Sequence([processors.ByteLevel(trim_offsets=True), made]) if sequence else made


def byte_level_family(text, lines, norm=None, pre=None, tokens=(), before=(), plain=(), first=False,
                      normalized=False, ignore_merges=False, sequence=False):
    added = [AddedToken(token, special=True, normalized=normalized) for token in tokens]
    tokenizer = cases.train(text, 520, added if first else [], True, norm, pre,
                            ignore_merges=ignore_merges)
    # One step alone has more of them; the vocabulary stays below 36 * 36 ids.
    steps = len(list(without_each_step(json.loads(tokenizer.to_str()))))
    data = extended(tokenizer, crossing(tokenizer, lines, 240 // steps))
    tokenizer = Tokenizer.from_str(json.dumps(data))
    tokenizer.add_tokens(([] if first else added) + list(plain))
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processor(json.loads(tokenizer.to_str()), before, sequence)
    return tokenizer


def sentence_piece_family(text, norm, decoder, before, plain, pre=None,
                          names=("<unk>", "<s>", "</s>")):
    names = list(names)
    tokens = [AddedToken(name, special=True, normalized=False) for name in names] + cases.BYTES
    # Words are cut for training alone: the published files have no pre-tokenizer that cuts.
    words = p.Metaspace(prepend_scheme="always" if pre is None else "never", split=True)
    trainable = None if pre is None else norm
    tokenizer = cases.train(text, 620, tokens, False, trainable, words, unk_token="<unk>",
                            byte_fallback=True, fuse_unk=True)
    data = json.loads(tokenizer.to_str())
    data["added_tokens"] = [t for t in data["added_tokens"] if t["content"] in names]
    data["pre_tokenizer"] = None
    tokenizer = Tokenizer.from_str(json.dumps(data))
    tokenizer.normalizer, tokenizer.decoder = norm, decoders.Sequence(decoder)
    if pre is not None:
        tokenizer.pre_tokenizer = pre
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in plain])
    tokenizer.post_processor = processor(json.loads(tokenizer.to_str()), before)
    return tokenizer


def golden_lines():
    """What compare_tokenizers.py wrote."""
    path = ROOT / "Tests/Fixtures/tokenizers/lines.json"
    return json.loads(path.read_text(encoding="utf-8"))


def variants():
    text, lines = texts(), golden_lines()
    for name, settings in BYTE_LEVEL.items():
        yield name, byte_level_family(text, lines, **settings)
    for name, settings in sentence_piece():
        yield name, sentence_piece_family(text, **settings)


# What Llama 2's tokenizer.model was trained with; and another, without byte pieces and prefix.
SENTENCE_PIECE = {
    "llama-spm": dict(byte_fallback=True, split_digits=True, allow_whitespace_only_pieces=True),
    "plain-spm": dict(byte_fallback=False, add_dummy_prefix=False, split_by_whitespace=False),
}


def train_sentence_piece(text, **settings):
    """The bytes of a tokenizer.model that rewrites no text."""
    out = io.BytesIO()
    lines = [line for line in text.splitlines() if line.strip()]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=out, model_type="bpe", vocab_size=700,
        character_coverage=0.98, normalization_rule_name="identity", num_threads=1,
        remove_extra_whitespaces=False, max_sentence_length=20000, minloglevel=2, **settings)
    return out.getvalue()


class SentencePieceReference:
    """A tokenizer.model, asked like a tokenizer of the `tokenizers` library."""

    class Encoding:
        def __init__(self, ids):
            self.ids = ids

    def __init__(self, file):
        self.model = sentencepiece.SentencePieceProcessor(model_file=str(file))
        special = [self.model.id_to_piece(i) for i in range(len(self.model))
                   if self.model.is_control(i) or self.model.is_unknown(i)]
        self.special = {piece: self.model.piece_to_id(piece) for piece in special}
        self.pattern = re.compile("(" + "|".join(map(re.escape, special)) + ")")
        steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
        if self.model.encode("a", out_type=str)[0].startswith("▁"):
            steps.append(decoders.Strip(" ", 1, 0))
        self.decoder = decoders.Sequence(steps)

    def encode(self, line, add_special_tokens=True):
        ids = [self.model.bos_id()] if add_special_tokens else []
        for part in self.pattern.split(line):
            ids += [self.special[part]] if part in self.special else self.model.encode(part)
        return self.Encoding(ids)

    def decode(self, ids, skip_special_tokens=False):
        skipped = self.special.values() if skip_special_tokens else ()
        return self.decoder.decode([self.model.id_to_piece(i) for i in ids if i not in skipped])


def base36(ids):
    return "".join(DIGITS36[i // 36] + DIGITS36[i % 36] for i in ids)


def golden(tokenizer, lines):
    """Ids without the template's, the template's own, and decodings that are not the line."""
    around = tokenizer.encode("").ids
    ids, decoded = [], {}
    for index, line in enumerate(lines):
        plain = tokenizer.encode(line, add_special_tokens=False).ids
        assert tokenizer.encode(line).ids == around + plain, line
        ids.append(base36(plain))
        text = tokenizer.decode(plain, skip_special_tokens=False)
        if text != line:
            decoded[str(index)] = text
    return {"before": base36(around), "ids": ids, "decoded": decoded}


def compact(tokenizer):
    """Merges in the older spelling, which is shorter and which published files still have."""
    data = json.loads(tokenizer.to_str())
    data["model"]["merges"] = [" ".join(merge) for merge in data["model"]["merges"]]
    return data


def dump(path, value):
    with open(path, "w", encoding="utf-8") as out:
        json.dump(value, out, ensure_ascii=False, separators=(",", ":"))
        out.write("\n")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    lines = golden_lines()
    folder.mkdir(parents=True, exist_ok=True)
    for name, tokenizer in variants():
        file = folder / name
        dump(f"{file}.tokenizer.json", compact(tokenizer))
        # What is written is what is asked: read it again.
        tokenizer = Tokenizer.from_file(f"{file}.tokenizer.json")
        dump(f"{file}.golden.json", golden(tokenizer, lines))
        sizes = [pathlib.Path(f"{file}.{kind}.json").stat().st_size
                 for kind in ("tokenizer", "golden")]
        print(name, tokenizer.get_vocab_size(), sizes, flush=True)
    for name, settings in SENTENCE_PIECE.items():
        file = folder / name
        model = pathlib.Path(f"{file}.model")
        model.write_bytes(train_sentence_piece(texts(), **settings))
        dump(f"{file}.golden.json", golden(SentencePieceReference(model), lines))
        print(name, model.stat().st_size, flush=True)


if __name__ == "__main__":
    main()

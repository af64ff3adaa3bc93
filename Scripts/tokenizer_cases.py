"""Tokenizers of every family that Layerfold reads, and lines to try them on.

Used by compare_tokenizers.py. The tokenizers are small ones, trained here by the `tokenizers`
library; the settings follow the published files of the families named.
"""

import json
import random

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models
from tokenizers import normalizers as n
from tokenizers import pre_tokenizers as p
from tokenizers import processors, trainers

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
DEEPSEEK = (
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
    r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
KIMI = (
    r"[\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*"
    r"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
BYTES = [f"<0x{b:02X}>" for b in range(256)]


def special(content, **flags):
    return AddedToken(content, special=True, normalized=False, **flags)


def train(text, size, tokens, byte_level, normalizer=None, pre_tokenizer=None, **model):
    """A BPE of `size` tokens. `tokens` come first in the vocabulary."""
    tokenizer = Tokenizer(models.BPE(**model))
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=tokens, show_progress=False, max_token_length=12,
        initial_alphabet=sorted(p.ByteLevel.alphabet()) if byte_level else [],
        limit_alphabet=400 if byte_level else 60, min_frequency=2,
        **{k: v for k, v in model.items() if k in (
            "continuing_subword_prefix", "end_of_word_suffix")})
    tokenizer.train_from_iterator(text.splitlines(keepends=True), trainer)
    return tokenizer


def edited(tokenizer, **fields):
    """The tokenizer with fields of its JSON replaced, as old files have them."""
    data = json.loads(tokenizer.to_str())
    for key, value in fields.items():
        data[key] = value
    return Tokenizer.from_str(json.dumps(data))


def byte_level_families(text):
    end = [special("<|endoftext|>"), special("<|im_start|>"), special("<|im_end|>")]

    def byte_level(pattern, **flags):
        return p.Sequence([p.Split(Regex(pattern), "isolated"),
                           p.ByteLevel(add_prefix_space=False, use_regex=False)], **flags)

    qwen = train(text, 400, [], True, n.NFC(), byte_level(QWEN))
    qwen.add_tokens(end)
    qwen.post_processor = processors.ByteLevel(trim_offsets=False)
    qwen.decoder = decoders.ByteLevel()
    yield "qwen", qwen

    llama3 = train(text, 500, ["<|begin_of_text|>", "<|end_of_text|>"], True, None,
                   byte_level(LLAMA3), ignore_merges=True)
    llama3.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=True),
        processors.TemplateProcessing(
            single="<|begin_of_text|> $A", pair="$A $B",
            special_tokens=[("<|begin_of_text|>", 0)])])
    llama3.decoder = decoders.ByteLevel()
    yield "llama3", llama3

    neox = train(text, 400, ["<|endoftext|>"], True, n.NFC(), p.ByteLevel(add_prefix_space=False))
    neox.add_tokens([AddedToken(" " * k, normalized=True) for k in range(8, 1, -1)])
    neox.post_processor = processors.ByteLevel()
    neox.decoder = decoders.ByteLevel()
    yield "neox", neox

    digits = train(text, 400, [], True, None, p.Sequence([
        p.Digits(individual_digits=False), p.Punctuation(), p.ByteLevel(add_prefix_space=True)]))
    digits.decoder = decoders.ByteLevel()
    yield "digits", digits

    for name, pattern in [("o200k", O200K), ("kimi", KIMI)]:
        tokenizer = train(text, 330, ["<|endoftext|>"], True, None, byte_level(pattern))
        tokenizer.decoder = decoders.ByteLevel()
        yield name, tokenizer

    deepseek = train(text, 330, [], True, None, p.Sequence([
        p.Split(Regex(r"\p{N}{1,3}"), "isolated"), p.Split(Regex("[一-龥぀-ゟ゠-ヿ]+"), "isolated"),
        p.Split(Regex(DEEPSEEK), "isolated"),
        p.ByteLevel(add_prefix_space=False, use_regex=False)]))
    deepseek.add_tokens([AddedToken("<think>", normalized=False), special("<|User|>")])
    deepseek.decoder = decoders.ByteLevel()
    yield "deepseek", deepseek


def sentence_piece_families(text):
    flags = dict(byte_fallback=True, fuse_unk=True, unk_token="<unk>")
    tokens = ["<unk>", "<s>", "</s>"] + BYTES
    template = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    llama_decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
        decoders.Strip(" ", 1, 0)])

    def without_bytes(tokenizer):
        """The byte tokens are no added tokens in published files."""
        data = json.loads(tokenizer.to_str())
        data["added_tokens"] = [t for t in data["added_tokens"] if t["content"] not in BYTES]
        return Tokenizer.from_str(json.dumps(data))

    def trained(size, normalizer, pre_tokenizer):
        # Merges across words only where the family has them.
        tokenizer = train(text, size, tokens, False, normalizer, pre_tokenizer, **flags)
        return without_bytes(tokenizer)

    words = p.Metaspace(prepend_scheme="always", split=True)
    llama2 = trained(500, None, words)
    llama2 = edited(llama2, pre_tokenizer=None)
    llama2.normalizer = n.Sequence([n.Prepend("▁"), n.Replace(" ", "▁")])
    llama2.add_tokens([AddedToken("<extra>", normalized=True), AddedToken("two words")])
    llama2.post_processor, llama2.decoder = template, llama_decoder
    yield "llama2", llama2

    mistral3 = trained(500, None, words)
    mistral3.pre_tokenizer = p.Metaspace(prepend_scheme="first", split=False)
    mistral3.add_tokens([special("[INST]"), special("[/INST]")])
    mistral3.post_processor = template
    mistral3.decoder = llama_decoder
    yield "mistral3", mistral3

    gemma = trained(500, n.Replace(" ", "▁"), None)
    gemma.pre_tokenizer = p.Split(" ", "merged_with_previous")
    gemma.add_tokens([AddedToken("\n" * k, normalized=False) for k in range(1, 5)])
    gemma.add_tokens([AddedToken("▁" * k, normalized=False) for k in range(2, 5)])
    gemma.post_processor = template
    gemma.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    yield "gemma", gemma

    split = train(text, 300, ["<unk>", "</s>"], False, n.Replace(Regex(" {2,}"), " "), words,
                  unk_token="<unk>", fuse_unk=False)
    split.decoder = decoders.Metaspace(prepend_scheme="always", split=True)
    split.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)])
    yield "metaspace-split", split

    legacy = edited(split, pre_tokenizer={
        "type": "Metaspace", "replacement": "▁", "str_rep": "▁", "add_prefix_space": False,
        "prepend_scheme": "never"})
    legacy.decoder = decoders.Metaspace(prepend_scheme="never")
    yield "metaspace-legacy", legacy

    # Unknown characters: byte tokens for only some bytes, so that some become unknown tokens.
    some = train(text, 420, ["<unk>"] + BYTES[0x80:0xC4] + BYTES[0xE0:0xEF], False,
                 n.Prepend("▁"), p.Metaspace(prepend_scheme="never", split=True),
                 byte_fallback=True, unk_token="<unk>", fuse_unk=True)
    some = without_bytes(some)
    some.decoder = llama_decoder
    yield "some-bytes", some


def other_components(text):
    flags = train(text, 330, [], True, n.Lowercase(), p.ByteLevel(add_prefix_space=True))
    flags.add_tokens([
        AddedToken("<l>", lstrip=True, normalized=False),
        AddedToken("<r>", rstrip=True, normalized=False),
        AddedToken("<lr>", lstrip=True, rstrip=True, normalized=False, special=True),
        AddedToken("word", single_word=True, normalized=False),
        AddedToken("Wörter", single_word=True, normalized=True),
        AddedToken("LOUD", normalized=True), AddedToken("LOUDER", normalized=True),
        AddedToken("loud", normalized=False, single_word=True, lstrip=True),
        AddedToken("  ", normalized=False, rstrip=True), AddedToken("\t", normalized=True),
        AddedToken("e\u0301", normalized=False), AddedToken("🙂", lstrip=True, normalized=True),
    ])
    flags.decoder = decoders.ByteLevel()
    yield "added-tokens", flags

    behaviours = train(text, 330, [], True, None, p.Sequence([
        p.Split(Regex(r"\p{Lu}"), "merged_with_next"), p.Split(Regex(r"[aeiou]+"), "contiguous"),
        p.Split("-", "merged_with_previous"), p.Split(Regex(r"\w+|[^\w\s]+"), "removed", invert=True),
        p.Split(Regex(r"q|"), "isolated"), p.Split(Regex(r"^\S|\b\d|o$"), "merged_with_previous"),
        p.ByteLevel(add_prefix_space=False, use_regex=False)]))
    behaviours.decoder = decoders.ByteLevel()
    yield "split-behaviours", behaviours

    plain = train(text, 300, ["[UNK]"], False, n.NFKC(), p.Whitespace(), unk_token="[UNK]",
                  fuse_unk=True)
    plain.add_tokens([AddedToken("[MASK]", lstrip=True, normalized=False, special=True)])
    yield "whitespace", plain

    suffix = train(text, 320, ["<unk>"], False, n.Sequence([n.NFD(), n.Lowercase()]),
                   p.Sequence([p.WhitespaceSplit(), p.Punctuation("merged_with_previous")]),
                   unk_token="<unk>", continuing_subword_prefix="##", end_of_word_suffix="</w>")
    yield "affixes", suffix

    # No unknown token: characters outside the vocabulary vanish, and their neighbours meet.
    normal = train(text, 300, [], False,
                   n.Sequence([n.Strip(), n.NFKD(), n.Replace(Regex(r"\p{M}+"), ""),
                               n.Replace("th", "θ")]),
                   p.Metaspace(prepend_scheme="first", split=True))
    normal.add_tokens([AddedToken("Ⅷ é", normalized=True), special("<sep>")])
    normal.decoder = decoders.Sequence([
        decoders.Replace(Regex("▁+"), " "), decoders.Strip("a", 2, 0), decoders.Fuse()])
    yield "normalizers", normal


def variants(text):
    for family in (byte_level_families, sentence_piece_families, other_components):
        yield from family(text)


SCRIPTS = [
    "The quick brown fox", "Ça va être déjà naïf", "Größe über Straße", "Привет, как дела?",
    "Καλημέρα κόσμε", "שלום עולם", "مرحبا بالعالم ١٢٣", "नमस्ते दुनिया ४५६", "สวัสดีชาวโลก",
    "中文分词测试，你好", "日本語の文章とカタカナ", "한국어 문장입니다", "ᄒᆞᆫ글 옛", "Tiếng Việt có dấu",
    "Қазақ тілі", "გამარჯობა", "Հայերեն", "አማርኛ", "ភាសាខ្មែរ", "မြန်မာ", "தமிழ் ௧௨௩", "বাংলা ৫৬৭",
    "ᚠᚢᚦᚨᚱᚲ", "𐍈𐌰𐌹", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟘𝟙𝟚", "ǅ ǈ ŉ ﬁ ﬆ ß ẞ İ ı ſ K", "½ ² Ⅷ ㊿ 𑜰 𞥐", "𑱐𑱑𑱒 𖳀𖳁 𑽐",
]
CODE = [
    "def f(x):\n    return x**2  # ünïcode\n", "for (int i = 0; i < n; ++i) {\n\t\ta[i] += 1;\n}\n",
    "if x == 'it''s' and y != \"we'll\":", "SELECT * FROM t WHERE a='I''D';\r\n",
    "\\frac{1}{2} $\\alpha_{i}^{2}$", "https://example.org/a?b=c&d=%20e#f", "0x1F 1e-10 1_000,000.5",
    "{\"key\": [1, 2.5, null], \"k2\": \"\\u00e9\"}", "<div class=\"x\">&nbsp;</div>", "#!/bin/sh -e\n",
    "I'M we'RE they'Ve he'LL can'T 'ſ 'S's don't", "a-b--c---d -e f- q qq 3a a3 1-2",
]
EMOJI = ["🙂", "👍🏽", "👨‍👩‍👧‍👦", "🇩🇪🇫🇷", "❤️‍🔥", "1️⃣", "☃", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🫨", "🪿"]
TOKENS = [
    "<|begin_of_text|>", "<|end_of_text|>", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<s>",
    "</s>", "<unk>", "<0x41>", "<0xE2>", "[INST]", "[/INST]", "<extra>", "two words", "<think>",
    "<|User|>", "<l>", "<r>", "<lr>", "word", "Wörter", "wörter", "LOUD", "LOUDER", "loud",
    "[MASK]", "[UNK]", "<sep>", "Ⅷ é", "▁", "▁▁", "Ġ", "e\u0301", "<|", "|>", "<s", "<",
]
SPACES = [" ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u2003", "\u3000", "\u2028", "\u0085", "\x0b",
          "\u1680", "\u200b", "\ufeff", "\u202f"]
MARKS = ["\u0300", "\u0301", "\u0308", "\u0323", "\u0327", "\u0345", "\u05bc", "\u0651", "\u093c",
         "\u0f71", "\u1dce", "\u20dd", "\u302a", "\u3099", "\U0001d165", "\u1ac1", "\U0001e4ef"]
EDGES = ["\ud7ff", "\ue000", "\ufffd", "\ufffe", "\uffff", "\U0001ffff", "\U0010ffff", "\U00010000",
         "\0", "\x7f", "\x80", "\u07ff", "\u0800", "\u2581", "\u0378", "\U000e0001"]


def scalar(rng):
    c = rng.randrange(0x110000 - 0x800)
    return chr(c if c < 0xD800 else c + 0x800)


def fragment(rng, words):
    kind = rng.random()
    if kind < 0.25:
        return rng.choice(words)
    if kind < 0.40:
        s = rng.choice(SCRIPTS)
        start = rng.randrange(len(s))
        return s[start:start + rng.randint(1, 12)]
    if kind < 0.50:
        s = rng.choice(CODE)
        start = rng.randrange(len(s))
        return s[start:start + rng.randint(1, 16)]
    if kind < 0.60:
        return rng.choice(SPACES) * rng.choice([1, 1, 1, 2, 3, 7])
    if kind < 0.70:
        return rng.choice(TOKENS)
    if kind < 0.76:
        return rng.choice(EMOJI)
    if kind < 0.83:
        return rng.choice("aeouEnk가ㄱ< ") + "".join(
            rng.choice(MARKS) for _ in range(rng.randint(1, 4)))
    if kind < 0.88:
        return rng.choice(EDGES)
    if kind < 0.94:
        return "".join(scalar(rng) for _ in range(rng.randint(1, 4)))
    if kind < 0.97:
        return "".join(chr(rng.randrange(0x20)) for _ in range(rng.randint(1, 3)))
    return str(rng.randrange(10 ** rng.randint(1, 12)))


def every_scalar(per_line):
    """Lines that together hold every scalar value once."""
    scalars = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    for i in range(0, len(scalars), per_line):
        yield "".join(scalars[i:i + per_line])


def every_scalar_among_letters(per_line, step, offset):
    """Every step-th scalar value between letters and digits, where classes meet."""
    scalars = [chr(c) for c in range(offset, 0x110000, step) if not 0xD800 <= c < 0xE000]
    for i in range(0, len(scalars), per_line):
        yield "".join(f"a{c}1{c} {c}," for c in scalars[i:i + per_line])


def long_lines(rng):
    yield from (" " * 5000, "\n" * 3000, "\t \r\n" * 1000, "a" * 5000, "é" * 3000, "e\u0301" * 800,
                "-" * 4000, "1" * 3000, "\u0301" * 500, "<" * 2000, "▁" * 2000, "'s" * 2000,
                "ab " * 2000, "𝔘" * 1000, " \n" * 2000, "a\u0323\u0307" * 300)
    for _ in range(20):
        yield "".join(rng.choice("ab \n") for _ in range(4000))


def lines(text, count, seed):
    """`count` mixed lines (deterministic), after some fixed ones."""
    rng = random.Random(seed)
    words = text.split()
    natural = [line for line in text.splitlines() if line.strip()]
    yield from ["", " ", "\n", *SCRIPTS, *CODE, *EMOJI, *TOKENS, *SPACES, *MARKS, *EDGES]
    for _ in range(count):
        if rng.random() < 0.15:
            line = rng.choice(natural)
            yield line[:rng.randint(1, 200)]
        else:
            yield "".join(fragment(rng, words) for _ in range(rng.randint(1, 10)))

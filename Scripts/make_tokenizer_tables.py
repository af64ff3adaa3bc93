#!/usr/bin/env python3
"""Measures the Unicode tables that the `tokenizers` library really uses, and writes them as Swift.

    python3 Scripts/make_tokenizer_tables.py Sources/Engine/Tokenizer/UnicodeTables.swift

Ids must equal the library's for every scalar value, so the tables are not taken from a Unicode
release: every scalar value is put through the library, and its answer is written down. (Its
regular expressions, its digits and its normalisation follow three different Unicode versions.)

A table is a run-length text, so that a thousand ranges stay a few dozen lines:
- a set: numbers, alternately how many scalar values to skip and how many to take;
- the categories: a number and a letter, how many scalar values are of that category.
"""

import string
import sys
import textwrap

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
EVERYTHING = "".join(map(chr, SCALARS))
CATEGORIES = (
    "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co Cn Cs"
).split()
CODES = string.ascii_uppercase + string.ascii_lowercase
SCRIPTS = ["Han", "Hiragana", "Katakana", "Hangul"]


def removed(pre_tokenizer):
    """The scalar values which this pre-tokenizer, set to remove, removes."""
    kept = set()
    for _, (start, end) in pre_tokenizer.pre_tokenize_str(EVERYTHING):
        kept.update(range(start, end))
    return {SCALARS[i] for i in range(len(SCALARS)) if i not in kept}


def pattern(text):
    return removed(pre_tokenizers.Split(Regex(text), "removed"))


def isolated(pre_tokenizer):
    """The scalar values that this pre-tokenizer parts from a letter before them."""
    return {c for c in SCALARS if len(pre_tokenizer.pre_tokenize_str("a" + chr(c))) > 1}


def normalization_active():
    """The scalar values that the library's normal forms change, reorder or compose.

    All others stay as they are, whatever stands beside them.
    """
    nfd, nfkd = normalizers.NFD(), normalizers.NFKD()
    active = set(range(0x1100, 0x1200)) | set(range(0xAC00, 0xD7A4))  # Hangul composes
    for c in SCALARS:
        s = chr(c)
        canonical = nfd.normalize_str(s)
        if canonical != s:
            active.add(c)
            active.update(map(ord, canonical))
        if nfkd.normalize_str(s) != s:
            active.add(c)
        # A mark of class 1 sorts before all others, U+0345 (class 240) after all others.
        if nfd.normalize_str("a" + s + "\u0334") != "a" + canonical + "\u0334":
            active.add(c)
        if nfd.normalize_str("a\u0345" + s) != "a\u0345" + canonical:
            active.add(c)
    return active


def set_runs(members):
    """Alternately how many to skip and how many to take. Surrogates continue what is before."""
    numbers, inside, since = [], False, 0
    for c in range(0x110000):
        now = inside if 0xD800 <= c < 0xE000 else c in members
        if now != inside:
            numbers.append(c - since)
            inside, since = now, c
    if inside:
        numbers.append(0x110000 - since)
    return " ".join(map(str, numbers))


def category_runs(of):
    runs, since = [], 0
    for c in range(1, 0x110001):
        if c == 0x110000 or of[c] != of[since]:
            runs.append(f"{c - since}{CODES[CATEGORIES.index(of[since])]}")
            since = c
    return "".join(runs)


def literal(name, comment, text):
    lines = textwrap.wrap(text, 92, break_long_words=True, break_on_hyphens=False)
    # A line keeps the space that wrapping took from its end.
    joined = " \\\n".join("        " + line for line in lines)
    if " " not in text:
        joined = " \\\n".join("        " + line for line in lines).replace(" \\\n", "\\\n")
    return f'    /// {comment}\n    static let {name} = """\n{joined}\n        """\n'


def main():
    categories = {name: pattern(r"\p{%s}" % name) for name in CATEGORIES[:-1]}
    of = ["Cs"] * 0x110000
    for name, members in categories.items():
        for c in members:
            of[c] = name

    def union(*names):
        return set().union(*(m for k, m in categories.items() if k in names or k[0] in names))

    word = pattern(r"\w")
    class_word = pattern(r"[\w]")
    space = pattern(r"\s")
    digit = pattern(r"\d")
    numeric = isolated(pre_tokenizers.Digits(individual_digits=True))
    spaceless = isolated(pre_tokenizers.Whitespace())
    rust_word = set(SCALARS) - spaceless - space
    punctuation = removed(pre_tokenizers.Punctuation("removed"))

    # What the Swift side assumes without a table of its own.
    assert digit == categories["Nd"]
    assert union("L") == pattern(r"\p{L}") and union("N") == pattern(r"\p{N}")
    assert removed(pre_tokenizers.WhitespaceSplit()) == space
    assert removed(pre_tokenizers.Whitespace()) == space
    base = union("L", "M", "Nd", "Nl", "Pc")
    assert base <= class_word <= word and base <= rust_word and union("N") <= numeric
    ascii_punctuation = set(map(ord, string.punctuation))

    parts = [
        ("categories", "General category of every scalar value, as `\\p{..}` matches.",
         category_runs(of)),
        ("space", "`\\s`, and what stripping and splitting on white space mean.",
         set_runs(space)),
        ("wordExtras", "`\\w` of a pattern beyond L, M, Nd, Nl and Pc.",
         set_runs(word - base)),
        ("classWordExtras", "The same, where it stands in brackets.",
         set_runs(class_word - base)),
        ("plainWordExtras", "`\\w` of added tokens and of Whitespace beyond L, M, Nd, Nl and Pc.",
         set_runs(rust_word - base)),
        ("numericExtras", "What Digits splits beyond N.", set_runs(numeric - union("N"))),
        ("punctuationLacks", "What is P or ASCII punctuation, but not for Punctuation.",
         set_runs((union("P") | ascii_punctuation) - punctuation)),
        ("punctuationExtras", "What Punctuation splits beyond P and ASCII punctuation.",
         set_runs(punctuation - union("P") - ascii_punctuation)),
        ("normalizationActive", "What a normal form may change, reorder or compose.",
         set_runs(normalization_active())),
    ]
    for script in SCRIPTS:
        parts.append((f"script{script}", f"`\\p{{{script}}}`.",
                      set_runs(pattern(r"\p{%s}" % script))))

    names = ", ".join(f"{code} {name}" for code, name in zip(CODES, CATEGORIES))
    header = textwrap.wrap(
        f"Unicode sets as the tokenizers library {tokenizers.__version__} matches them, measured "
        "over all scalar values by Scripts/make_tokenizer_tables.py. Generated: do not edit. "
        "A set is numbers, alternately how many scalar values to skip and to take. Categories are "
        f"a length and a letter: {names}.", 97)
    body = "\n".join(literal(*part) for part in parts)
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        out.write("".join(f"// {line}\n" for line in header))
        out.write("\nenum UnicodeTables {\n" + body + "}\n")


main()

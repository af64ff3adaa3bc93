#!/usr/bin/env python3
"""Compares Layerfold's tokenizer with the `tokenizers` library, line by line.

    compare_tokenizers.py fixtures TEXT Tests/Fixtures/tokenizers
        Trains the small tokenizers of every family on the text file and writes them with some
        200 golden lines. What the tests read.

    compare_tokenizers.py corpus TEXT DIR [TOKENIZER_JSON ...]
        Writes all lines (every scalar value is among them) and what the library makes of them,
        for the small tokenizers and the named files. Then, in the package:
        LAYERFOLD_TOKENIZER_CORPUS=DIR swift test -c release --filter TokenizerCorpusTests

    compare_tokenizers.py cli TEXT LAYERFOLD [TOKENIZER_JSON ...]
        The same comparison through the program `layerfold tokenize`.

Of both, the families' tokenizers of make_family_tokenizers.py are part, too; and of `cli` its
tokenizer.model files, and any named that ends in .model: against SentencePiece itself.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from tokenizers import Tokenizer

import make_family_tokenizers as families
import tokenizer_cases as cases


def dump(path, value):
    with open(path, "w", encoding="utf-8") as out:
        json.dump(value, out, ensure_ascii=False, separators=(",", ":"))
        out.write("\n")


def expected(tokenizer, lines):
    """What the library gives: ids, ids without special tokens, and both decodings of ids."""
    result = {"ids": [], "plain": [], "decoded": [], "skipped": []}
    for line in lines:
        ids = tokenizer.encode(line).ids
        result["ids"].append(ids)
        result["plain"].append(tokenizer.encode(line, add_special_tokens=False).ids)
        result["decoded"].append(tokenizer.decode(ids, skip_special_tokens=False))
        result["skipped"].append(tokenizer.decode(ids, skip_special_tokens=True))
    return result


def all_lines(text):
    rng = cases.random.Random(3)
    return [*cases.lines(text, 12_000, seed=1), *cases.every_scalar(64),
            *cases.every_scalar_among_letters(40, 7, 3), *cases.long_lines(rng)]


def tokenizers_of(text, files):
    yield from cases.variants(text)
    yield from families.variants()
    for path in files:
        if not path.endswith(".model"):
            yield path, Tokenizer.from_file(path)


def sources(text, files):
    """Name, file name in a checkpoint, contents, and what answers for it."""
    for name, tokenizer in tokenizers_of(text, files):
        yield name, "tokenizer.json", tokenizer.to_str().encode(), tokenizer
    made = sorted((families.ROOT / "Tests/Fixtures/tokenizers/families").glob("*.model"))
    for path in [*made, *(path for path in files if path.endswith(".model"))]:
        yield (pathlib.Path(path).name, "tokenizer.model", pathlib.Path(path).read_bytes(),
               families.SentencePieceReference(path))


def fixtures(text, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lines = [line for line in cases.lines(text, 400, seed=2) if len(line) < 32][:190]
    dump(folder / "lines.json", lines)
    for name, tokenizer in cases.variants(text):
        data = json.loads(tokenizer.to_str())
        dump(folder / f"{name}.tokenizer.json", data)
        golden = expected(tokenizer, lines)
        # What says nothing new is left out, to keep the files small: a null is the line itself.
        golden["decoded"] = [
            None if text == line else text for text, line in zip(golden["decoded"], lines)]
        if golden["plain"] == golden["ids"]:
            del golden["plain"]
        del golden["skipped"]
        dump(folder / f"{name}.golden.json", golden)


def corpus(text, folder, files):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lines = all_lines(text)
    dump(folder / "lines.json", lines)
    names = []
    for index, (name, tokenizer) in enumerate(tokenizers_of(text, files)):
        names.append({"name": name, "file": f"{index}"})
        (folder / f"{index}.tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")
        dump(folder / f"{index}.golden.json", expected(tokenizer, lines))
        print(f"{name}: {len(lines)} lines", flush=True)
    dump(folder / "cases.json", names)


def run(command):
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def cli(text, program, files):
    lines = all_lines(text)
    differences = 0
    with tempfile.TemporaryDirectory() as folder:
        dump(f"{folder}/lines.json", lines)
        for name, file, contents, tokenizer in sources(text, files):
            pathlib.Path(folder, "tokenizer.json").unlink(missing_ok=True)
            pathlib.Path(folder, file).write_bytes(contents)
            golden = expected(tokenizer, lines)
            dump(f"{folder}/ids.json", golden["ids"])
            tokenize = [program, "tokenize", folder, "--file"]
            got = {
                "ids": run([*tokenize, f"{folder}/lines.json"]),
                "plain": run([*tokenize, f"{folder}/lines.json", "--no-special"]),
                "decoded": run([*tokenize, f"{folder}/ids.json", "--decode"]),
            }
            for kind, values in got.items():
                for line, ours, theirs in zip(lines, values, golden[kind], strict=True):
                    if ours != theirs:
                        differences += 1
                        if differences <= 20:
                            print(f"{name} {kind} {line!r}: {ours} instead of {theirs}")
            print(f"{name}: {len(lines)} lines, {differences} differences so far", flush=True)
    print(f"{differences} differences")
    return 1 if differences else 0


def main():
    if len(sys.argv) < 4 or sys.argv[1] not in ("fixtures", "corpus", "cli"):
        sys.exit(__doc__)
    text = pathlib.Path(sys.argv[2]).read_text(encoding="utf-8")
    if sys.argv[1] == "fixtures":
        fixtures(text, sys.argv[3])
    elif sys.argv[1] == "corpus":
        corpus(text, sys.argv[3], sys.argv[4:])
    else:
        sys.exit(cli(text, os.path.abspath(sys.argv[3]), sys.argv[4:]))


main()

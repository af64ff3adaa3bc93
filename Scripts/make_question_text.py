#!/usr/bin/env python3
"""Writes questions of a folder in MMLU's raw layout (SUBJECT_test.csv: question, A, B, C, D, answer) as plain
text: for compare_methods.py, a text of another kind than the calibration's.

usage: make_question_text.py MMLU_TEST_FOLDER TEXT [--bytes N]

Subjects in alphabetical order, all of them or until the text has N bytes. Needs nothing but Python.
"""
import argparse
import csv
from pathlib import Path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("text", type=Path)
    parser.add_argument("--bytes", type=int)
    options = parser.parse_args()
    parts = []
    for path in sorted(options.folder.glob("*_test.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for question, *choices, _ in csv.reader(file):
                parts.append("\n".join([question] + [f"{l}. {c}" for l, c in zip("ABCD", choices)]))
    whole = "\n\n".join(parts).encode()
    options.text.write_text(whole[:options.bytes].decode(errors="ignore"), encoding="utf-8")


main()

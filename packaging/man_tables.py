"""Sections of man pages out of tables in Markdown, so that each fact is written once."""

import re


def cells(line):
    """The cells of a row; `\\|` is no border."""
    parts = re.split(r"(?<!\\)\|", line.strip().strip("|"))
    return [part.strip().replace("\\|", "|") for part in parts]


def table_behind(text, mark):
    """The rows of the first table behind a line that begins with `mark`, or whose head that is.

    A document that was written anew fails here, and does not leave a page without its content.
    """
    # The head, when it is no mark, and the line below it.
    pattern = rf"^{re.escape(mark)}.*?\n(?:\|[^\n]*\n)??\| ?---[^\n]*\n((?:\|[^\n]*\n)+)"
    found = re.search(pattern, text, re.MULTILINE | re.DOTALL)
    if not found:
        raise SystemExit(f"packaging/documents: no table behind `{mark}` any more")
    return [cells(line) for line in found[1].splitlines()]


def sections(text):
    """Of man_sections.md: for each page a list of titles with rows."""
    result = {}
    for heading in re.findall(r"^## (.*)$", text, re.MULTILINE):
        page, title = heading.split(" ", 1)
        result.setdefault(page, []).append((title, table_behind(text, f"## {heading}\n")))
    return result


def exit_codes(commands):
    """Of docs/COMMANDS.md, for both programs."""
    rows = [[code.strip("`"), meaning] for code, meaning in table_behind(commands, "## Exit codes")]
    daemon = re.search(r"^Of `layerfoldd`: (.*(?:\n.+)*)", commands, re.MULTILINE)
    if not daemon:
        raise SystemExit("packaging/documents: no exit codes of `layerfoldd` in docs/COMMANDS.md")
    return {"layerfold": rows, "layerfoldd": daemon[1]}

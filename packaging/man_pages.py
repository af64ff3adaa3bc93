"""Man pages of a program from its `--experimental-dump-help` on standard input: one for the
program, and one for each verb, which `man PROGRAM VERB` finds too.

argument-parser's own `generate-manual` is not used: as a plugin it builds the whole package once
more, and knows nothing of programs that are there already.
"""

import argparse
import json
import re
import sys
from pathlib import Path


def escaped(text):
    """Text as roff prints it literally."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.MULTILINE)


def prose(text):
    """A paragraph; what stands between backticks is bold."""
    text = " ".join(text.split())
    return re.sub(r"`([^`]*)`", r"\\fB\1\\fR", escaped(text))


def paragraphs(text):
    return "\n.PP\n".join(prose(part) for part in re.split(r"\n\s*\n", text) if part.strip())


def spelt(name):
    return ("--" if name["kind"] == "long" else "-") + name["name"]


def shown(argument):
    return argument.get("shouldDisplay", True)


def value(argument):
    return f"\\fI{escaped(argument['valueName'])}\\fR"


def synopsis(command):
    parts = []
    for argument in filter(shown, command.get("arguments", [])):
        if argument["kind"] == "positional":
            part = value(argument)
        else:
            part = f"\\fB{escaped(spelt(argument['preferredName']))}\\fR"
            if argument["kind"] == "option":
                part += f" {value(argument)}"
        if argument["isOptional"]:
            part = f"[{part}]"
        parts.append(part + ("..." if argument["isRepeating"] else ""))
    if verbs(command):
        parts.append("\\fIverb\\fR ...")
    return [f"\\fB{escaped(name(command, ' '))}\\fR " + " ".join(parts)]


def arguments(command):
    lines = []
    for argument in filter(shown, command.get("arguments", [])):
        if argument["kind"] == "positional":
            tag = value(argument)
        else:
            names = [f"\\fB{escaped(spelt(each))}\\fR" for each in argument["names"]]
            tag = ", ".join(names)
            if argument["kind"] == "option":
                tag += f" {value(argument)}"
        text = argument.get("abstract", "")
        if "defaultValue" in argument:
            text += f" Default: {argument['defaultValue']}."
        lines += [".TP", tag, prose(text)]
        if argument.get("allValues"):
            lines.append(prose("One of " + ", ".join(argument["allValues"]) + "."))
        if argument.get("discussion"):
            lines.append(paragraphs(argument["discussion"]))
    return lines


def verbs(command):
    """`help` is the parser's own, also where there is no other verb; man pages take its place."""
    return [
        each for each in command.get("subcommands", [])
        if shown(each) and each["commandName"] != "help"
    ]


def name(command, separator):
    return separator.join(command.get("superCommands", []) + [command["commandName"]])


def section(title, lines):
    return [f".SH {title}", *lines] if lines else []


def page(command, number, version):
    title = name(command, "-")
    lines = [
        f'.TH "{escaped(title.upper())}" {number} "" "{escaped(version)}" "Layerfold"',
        ".SH NAME",
        f"{escaped(title)} \\- {prose(command.get('abstract', '')).rstrip('.')}",
    ]
    # Words of a command line are not broken or spread.
    lines += section("SYNOPSIS", [".nh", ".na", *synopsis(command), ".ad", ".hy"])
    lines += section("DESCRIPTION", [paragraphs(command.get("discussion", "")) or
                                     prose(command.get("abstract", ""))])
    lines += section("OPTIONS", arguments(command))
    listed = []
    for verb in verbs(command):
        name_of_verb = f"\\fB{escaped(verb['commandName'])}\\fR"
        listed += [".TP", name_of_verb, prose(verb.get("abstract", ""))]
    lines += section("VERBS", listed)
    related = [name(verb, "-") for verb in verbs(command)]
    if command.get("superCommands"):
        related.append("-".join(command["superCommands"]))
    references = ", ".join(f"\\fB{escaped(each)}\\fR({number})" for each in related)
    lines += section("SEE ALSO", [references] if references else [])
    return title, "\n".join(lines) + "\n"


def pages(command, number, version):
    yield page(command, number, version)
    for verb in verbs(command):
        yield from pages(verb, number, version)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--section", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--output", required=True, type=Path)
    options = parser.parse_args()
    dump = json.load(sys.stdin)["command"]
    for title, text in pages(dump, options.section, options.version):
        (options.output / f"{title}.{options.section}").write_text(text, encoding="utf-8")


main()

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

from man_tables import exit_codes, sections, table_behind

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"
# The day of the newest heading of the changelog; empty where it says none.
DATE = "".join(re.findall(r"^## \[\d\S*\] - (\S+)", (HERE.parent / "CHANGELOG.md").read_text(
    encoding="utf-8"), re.MULTILINE)[:1])


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


def linked(text):
    """Links of Markdown as their words."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)


def rows(table):
    """A list of terms; of more than two columns, the last one explains."""
    lines = []
    for term, *between, text in table:
        lines += [".TP", prose(term), prose(linked(text))]
        lines += [prose(linked(part)) for part in between]
    return lines


def head(title, number, version, abstract):
    return [
        f'.TH "{escaped(title.upper())}" {number} "{DATE}" "Layerfold {escaped(version)}"',
        ".SH NAME",
        f"{escaped(title)} \\- {prose(abstract).rstrip('.')}",
    ]


def page(command, number, version):
    title = name(command, "-")
    program = title.split("-")[0]
    lines = head(title, number, version, command.get("abstract", ""))
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
    codes = exit_codes((DOCS / "COMMANDS.md").read_text(encoding="utf-8"))[program]
    lines += section("EXIT STATUS", [prose(codes)] if isinstance(codes, str) else rows(codes))
    more = sections((HERE / "man_sections.md").read_text(encoding="utf-8"))
    for heading, table in more.get(title, []):
        lines += section(heading, rows(table))
    related = [f"{name(verb, '-')}({number})" for verb in verbs(command)]
    if command.get("superCommands"):
        related.append("-".join(command["superCommands"]) + f"({number})")
    else:
        related += ["layerfoldd(8)", "layerfoldd.yaml(5)", "layerfold-manifest(5)", "layerfold(1)"]
        related.remove(f"{title}({number})")
    lines += section("SEE ALSO", references(related))
    return title, "\n".join(lines) + "\n"


def references(names):
    return [", ".join(re.sub(r"^(.*)\(", r"\\fB\1\\fR(", escaped(each)) for each in names)]


def formats(version):
    """The pages of files, out of docs/JOB_FORMAT.md."""
    text = (DOCS / "JOB_FORMAT.md").read_text(encoding="utf-8")
    settings = []
    for key, flag, default, meaning in table_behind(text, "## Settings of the daemon"):
        meaning = linked(meaning)
        meaning = meaning[:1].upper() + meaning[1:].rstrip(".") + "."
        settings += [".TP", prose(key), prose(f"{meaning} Default: {default}.")]
        if flag:
            settings.append(prose(f"Flag: {flag}."))
    yield "layerfoldd.yaml", [
        *head("layerfoldd.yaml", 5, version, "settings of the Layerfold daemon"),
        *section("DESCRIPTION", [paragraphs(
            "YAML; `layerfoldd --config FILE` reads it, and flags go over it. Keys that it does "
            "not know, or that stand there twice, are errors with line and column. `systemctl "
            "reload layerfoldd` has it read again: all keys but `state` and `inbox` change while "
            "the daemon runs, and a file that is broken changes nothing.")]),
        *section("SETTINGS", settings),
        *section("FILES", [".TP", prose("`/etc/layerfold/layerfoldd.yaml`"),
                           prose("where the unit of the daemon has it")]),
        *section("SEE ALSO", references(["layerfoldd(8)", "layerfold-manifest(5)"])),
    ]
    keys = []
    for key, kind, default in table_behind(text, "| key | value | default |"):
        words = "Required." if default == "required" else f"Default: {default}."
        keys += [".TP", prose(key), prose(f"{kind[:1].upper()}{kind[1:]}. {words}")]
    yield "layerfold-manifest", [
        *head("layerfold-manifest", 5, version, "what a job of Layerfold is asked to do"),
        *section("DESCRIPTION", [paragraphs(
            "YAML. Keys that are not known are errors with line and column and the nearest key. "
            "`layerfold init MODEL` writes a commented one; `layerfold validate FILE` checks one; "
            "`layerfold methods`, `measures` and `tasks` list what may stand in it.")]),
        *section("KEYS", keys),
        *section("FILES", [
            ".TP", prose("`/usr/share/doc/layerfold/JOB_FORMAT.md`"), prose("all keys in full"),
            ".TP", prose("`/usr/share/doc/layerfold/examples`"), prose("manifests that work"),
        ]),
        *section("SEE ALSO", references(["layerfold(1)", "layerfoldd.yaml(5)"])),
    ]


def pages(command, number, version):
    yield page(command, number, version)
    for verb in verbs(command):
        yield from pages(verb, number, version)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--section", required=True, help="5: the pages of files")
    parser.add_argument("--version", required=True)
    parser.add_argument("--output", required=True, type=Path)
    options = parser.parse_args()
    # Read in any case: a program whose output nobody takes fails.
    dump = json.load(sys.stdin)["command"]
    if options.section == "5":
        for title, lines in formats(options.version):
            text = "\n".join(lines) + "\n"
            (options.output / f"{title}.5").write_text(text, encoding="utf-8")
        return
    for title, text in pages(dump, options.section, options.version):
        (options.output / f"{title}.{options.section}").write_text(text, encoding="utf-8")


main()

#!/usr/bin/env python3
"""Makes Tests/Fixtures/chat-template/goldens.json: what Jinja makes of chat templates.

The environment is set up as transformers' `apply_chat_template` does it: the immutable sandbox,
trim_blocks and lstrip_blocks, loop controls, `generation` blocks that render as they are, `tojson`
without escapes for HTML, `raise_exception`, and `strftime_now` with a fixed date. Templates are our
own (chat_template_cases.py), in the manner of the known families.

    make_chat_template_goldens.py                     writes the fixture; run it from the root
    make_chat_template_goldens.py random COUNT FILE   random templates, for the test that reads
                                                      LAYERFOLD_CHAT_TEMPLATES=FILE

Needs Jinja2==3.1.6 alone.
"""

import copy
import datetime
import json
import random
import re
import sys
from pathlib import Path

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

import chat_template_cases as cases

FIXTURE = Path("Tests/Fixtures/chat-template/goldens.json")
DATE = datetime.datetime(2024, 7, 5, 9, 8, 7)


class Refusal(Exception):
    """The template's own raise_exception."""


class Generation(Extension):
    """`{% generation %}` renders its body, in a scope of its own as a call block has it."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def refuse(words):
    raise Refusal(words)


def to_json(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators,
                      sort_keys=sort_keys)


def environment():
    result = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    result.filters["tojson"] = to_json
    result.globals["raise_exception"] = refuse
    result.globals["strftime_now"] = DATE.strftime
    return result


ENVIRONMENT = environment()


# How Python prints what has no text of its own: with an address, mostly.
OPAQUE = re.compile(r"<(bound|built-in|function|generator|class|LoopContext|Namespace|Macro|dict_|"
                    r"list_|tuple|range_|async|Cycler)[^>]*(object|method|at 0x|\d/|\{|'|_)")


def outcome(source, given):
    """{"text": …}, {"refused": words}, or {"error": its kind}; "opaque" for what is not printed."""
    try:
        text = ENVIRONMENT.from_string(source).render(**copy.deepcopy(given))
        return {"error": "opaque"} if OPAQUE.search(text) else {"text": text}
    except Refusal as error:
        return {"refused": str(error)}
    except Exception as error:
        return {"error": type(error).__name__}


def given(conversation):
    return {"messages": conversation["messages"], "tools": conversation.get("tools"),
            "documents": None, "add_generation_prompt": conversation["prompt"],
            **cases.SPECIAL_TOKENS, **conversation.get("variables", {})}


SNIPPET_GIVEN = given({"messages": [], "prompt": False, "variables": cases.CONTEXT})


def write():
    families = [
        {"name": name, "source": source,
         "outcomes": [outcome(source, given(chat)) for chat in cases.CONVERSATIONS]}
        for name, source in cases.FAMILIES.items()
    ]
    snippets = [{"source": source, **outcome(source, SNIPPET_GIVEN)} for source in cases.SNIPPETS]
    data = {"special_tokens": cases.SPECIAL_TOKENS, "conversations": cases.CONVERSATIONS,
            "context": {**cases.SPECIAL_TOKENS, **cases.CONTEXT}, "families": families, "snippets": snippets}
    FIXTURE.parent.mkdir(parents=True, exist_ok=True)
    FIXTURE.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(len(families), "families,", len(snippets), "snippets,", FIXTURE.stat().st_size, "bytes")


def write_random(count, path):
    dice = random.Random(24)
    sources = [cases.random_template(dice) for _ in range(count)]
    snippets = [{"source": source, **outcome(source, SNIPPET_GIVEN)} for source in sources]
    data = {"context": {**cases.SPECIAL_TOKENS, **cases.CONTEXT}, "snippets": snippets}
    Path(path).write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    print(sum("text" in snippet for snippet in snippets), "of", count, "render")


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "random":
        write_random(int(sys.argv[2]), sys.argv[3])
    else:
        write()

#!/usr/bin/env python3
"""Makes inbox-example/questions: small benchmarks in the layouts of the public ones; never run by CI.

    make_demo_questions.py inbox-example

Every question is made here from word lists or from the demo model's held-out text
(models/demo/heldout.txt): nothing is taken from MMLU, HellaSwag, PIQA, BoolQ or RACE, whose layouts these
files have. They show what the figures look like on a model of 13 million parameters; they measure
nothing else.

    mmlu/dev|test/SUBJECT_*.csv   six subjects of 5 and 40 questions with four answers
    hellaswag.jsonl               which of four sentences goes on from a text
    piqa.jsonl                    which of two tools fits
    boolq.jsonl                   yes or no about a passage
    race/high/*.txt               three questions on each of a dozen short articles
    languages/*.jsonl             forty short texts, alike in four languages
"""
import csv
import json
import random
import re
import sys
from pathlib import Path

CAPITALS = dict(
    Austria="Vienna", Belgium="Brussels", Bulgaria="Sofia", Chile="Santiago", China="Beijing",
    Cuba="Havana", Denmark="Copenhagen", Egypt="Cairo", Finland="Helsinki", France="Paris",
    Germany="Berlin", Greece="Athens", Hungary="Budapest", Iceland="Reykjavik", India="New Delhi",
    Iran="Tehran", Ireland="Dublin", Italy="Rome", Japan="Tokyo", Kenya="Nairobi", Latvia="Riga",
    Malta="Valletta", Mexico="Mexico City", Morocco="Rabat", Nepal="Kathmandu", Norway="Oslo",
    Peru="Lima", Poland="Warsaw", Portugal="Lisbon", Romania="Bucharest", Russia="Moscow",
    Spain="Madrid", Sweden="Stockholm", Thailand="Bangkok", Turkey="Ankara", Ukraine="Kyiv")
OPPOSITES = [pair.split("-") for pair in (
    "hot-cold big-small old-young rich-poor fast-slow high-low light-dark early-late open-shut hard-soft "
    "wet-dry full-empty loud-quiet strong-weak thick-thin wide-narrow deep-shallow clean-dirty near-far "
    "happy-sad cheap-dear sharp-blunt brave-timid first-last").split()]
KINDS = dict(
    animal="horse dog cat cow sheep goat wolf fox bear lion".split(),
    plant="oak rose fern moss pine lily grass ivy birch nettle".split(),
    tool="hammer saw chisel spade rake file drill axe plane needle".split(),
    garment="coat hat shirt glove boot scarf cloak apron gown belt".split(),
    vessel="ship boat barge raft canoe ferry yacht cutter sloop brig".split())
MONTHS = ("January February March April May June July August September October November "
          "December").split()
USES = dict(
    hammer="drive a nail into a board", saw="cut a plank in two", needle="sew a button on a coat",
    spade="dig a hole in the garden", candle="light a dark room", key="open a locked door",
    kettle="boil water for tea", broom="sweep the kitchen floor", rope="tie the boat to the quay",
    pen="write a letter to a friend", knife="slice a loaf of bread", comb="put wet hair in order")
WORDS = dict(
    english=("The {0} is in the {1}. It is {2}, and the {3} is at the window.",
             "dog cat horse child king".split(), "house garden church street forest".split(),
             "cold late dark".split(), "mother father teacher".split()),
    french=("{0} est dans {1}. Il fait {2}, et {3} est à la fenêtre.",
            "Le chien,Le chat,Le cheval,L'enfant,Le roi".split(","),
            "la maison,le jardin,l'église,la rue,la forêt".split(","),
            "froid,tard,nuit".split(","), "la mère,le père,le maître".split(",")),
    german=("{0} ist {1}. Es ist {2}, und {3} steht am Fenster.",
            "Der Hund,Die Katze,Das Pferd,Das Kind,Der König".split(","),
            "im Haus,im Garten,in der Kirche,auf der Straße,im Wald".split(","),
            "kalt,spät,dunkel".split(","), "die Mutter,der Vater,der Lehrer".split(",")),
    spanish=("{0} está en {1}. Es {2}, y {3} está en la ventana.",
             "El perro,El gato,El caballo,El niño,El rey".split(","),
             "la casa,el jardín,la iglesia,la calle,el bosque".split(","),
             "invierno,tarde,de noche".split(","), "la madre,el padre,el maestro".split(",")))


def others(rng, answer, pool):
    return rng.sample(sorted({str(word) for word in pool} - {str(answer)}), 3)


def arithmetic(rng):
    a, b = rng.randint(2, 60), rng.randint(2, 60)
    return f"What is {a} plus {b}?", a + b, [a + b + d for d in (-10, -2, -1, 1, 2, 10)]


def alphabet(rng):
    place = rng.randint(0, 24)
    letters = [chr(97 + i) for i in range(26)]
    return f"Which letter comes right after {letters[place]}?", letters[place + 1], letters


def calendar(rng):
    place, step = rng.randint(0, 11), rng.randint(1, 5)
    return (f"Which month comes {step} after {MONTHS[place]}?", MONTHS[(place + step) % 12], MONTHS)


def geography(rng):
    country = rng.choice(sorted(CAPITALS))
    return f"What is the capital of {country}?", CAPITALS[country], CAPITALS.values()


def opposites(rng):
    pair = rng.sample(rng.choice(OPPOSITES), 2)
    return (f"Which word means the opposite of {pair[0]}?", pair[1],
            [word for other in OPPOSITES for word in other if word != pair[0]])


def kinds(rng):
    kind = rng.choice(sorted(KINDS))
    wrong = [word for other in KINDS if other != kind for word in KINDS[other]]
    article = "an" if kind[0] in "aeiou" else "a"
    return f"Which of these is {article} {kind}?", rng.choice(KINDS[kind]), wrong


def subject(rng, make, count):
    rows, seen = [], set()
    while len(rows) < count:
        question, answer, pool = make(rng)
        options = others(rng, answer, pool)
        place = rng.randrange(4)
        options.insert(place, str(answer))
        if (question, str(answer)) in seen:
            question = "Think well. " + question
        if (question, str(answer)) in seen:
            continue
        seen.add((question, str(answer)))
        rows.append([question, *options, "ABCD"[place]])
    return rows


def write_subjects(folder):
    for make in (alphabet, arithmetic, calendar, geography, kinds, opposites):
        rng = random.Random("mmlu " + make.__name__)
        rows = subject(rng, make, 45)
        for split, part in (("dev", rows[:5]), ("test", rows[5:])):
            (folder / split).mkdir(parents=True, exist_ok=True)
            with open(folder / split / f"{make.__name__}_{split}.csv", "w", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows(part)


def write_lines(path, records):
    with open(path, "w") as file:
        for record in records:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def endings(text):
    rng = random.Random("hellaswag")
    paragraphs = [
        [s for s in re.findall(r"[A-Z][^.!?]{30,120}[.!?]", line)] for line in text.splitlines()]
    pairs = [(p[i], p[i + 1]) for p in paragraphs for i in range(0, len(p) - 1, 2)]
    chosen = rng.sample(pairs, 60)
    for index, (context, ending) in enumerate(chosen):
        options = rng.sample([e for _, e in pairs if e != ending], 3)
        label = rng.randrange(4)
        options.insert(label, ending)
        yield dict(ind=index, activity_label="Story", ctx_a=context, ctx_b="", ctx=context,
                   endings=options, label=label)


def tools():
    rng = random.Random("piqa")
    for tool in sorted(USES):
        for wrong in rng.sample(sorted(set(USES) - {tool}), 4):
            label = rng.randrange(2)
            pair = [f"Take a {wrong}.", f"Take a {wrong}."]
            pair[label] = f"Take a {tool}."
            yield dict(goal=f"To {USES[tool]}:", sol1=pair[0], sol2=pair[1], label=label)


def passages():
    rng = random.Random("boolq")
    names = "Anna Ben Clara David Emma Frank".split()
    for _ in range(48):
        first, second = rng.sample(names, 2)
        a, b = rng.sample(range(2, 30), 2)
        yield dict(question=f"does {first} have more apples than {second}", answer=a > b,
                   passage=f"{first} has {a} apples in a basket. {second} has {b} apples.")


def articles():
    """A dozen articles of one pattern; each fact of an article is asked for once."""
    rng = random.Random("race")
    names = "Anna Ben Clara David Emma Frank".split()
    for index in range(12):
        first, second = rng.sample(names, 2)
        capitals = rng.sample(sorted(CAPITALS), 4)
        months = rng.sample(MONTHS, 4)
        tools_ = rng.sample(sorted(USES), 4)
        article = (
            f"{first} wanted to see {CAPITALS[capitals[0]]}, the capital of {capitals[0]}. "
            f"{second} could not come, because the garden had to be dug before winter. So {first} "
            f"went alone in {months[0]} and came home with a {tools_[0]} for {second}.")
        asked = [("Where did {0} go?", [f"To {c}." for c in capitals]),
                 ("When did {0} go?", [f"In {m}." for m in months]),
                 ("What did {1} get?", [f"A {t}." for t in tools_])]
        answers, options = [], []
        for _, choices in asked:
            order = rng.sample(range(4), 4)
            answers.append("ABCD"[order.index(0)])
            options.append([choices[i] for i in order])
        yield dict(id=f"high{index}.txt", article=article, answers=answers, options=options,
                   questions=[question.format(first, second) for question, _ in asked])


def texts(language):
    pattern, *lists = WORDS[language]
    rng = random.Random("languages")
    seen = set()
    while len(seen) < 40:
        draw = tuple(tuple(rng.randrange(len(words)) for words in lists) for _ in range(2))
        if draw in seen:
            continue
        seen.add(draw)
        yield dict(text=" ".join(
            pattern.format(*(words[i] for words, i in zip(lists, part))) for part in draw))


def main(example):
    example = Path(example)
    folder = example / "questions"
    write_subjects(folder / "mmlu")
    text = (example / "models/demo/heldout.txt").read_text()
    write_lines(folder / "hellaswag.jsonl", endings(text))
    write_lines(folder / "piqa.jsonl", tools())
    write_lines(folder / "boolq.jsonl", passages())
    (folder / "race/high").mkdir(parents=True, exist_ok=True)
    for number, article in enumerate(articles()):
        (folder / f"race/high/{number}.txt").write_text(json.dumps(article) + "\n")
    (folder / "languages").mkdir(exist_ok=True)
    for language in WORDS:
        write_lines(folder / f"languages/{language}.jsonl", texts(language))


if __name__ == "__main__":
    main(*sys.argv[1:])

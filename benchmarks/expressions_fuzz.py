"""A long fuzz run of the expression language, single process, repeatable.

    python benchmarks/expressions_fuzz.py [INPUTS] [--seed TEXT]

Each input is a text: noise, a broken or changed expression of the case file, or a tree grown at random. Checked for
every one: it gives a value or an ExpressionError and nothing else; within 50 ms per started 10,000 characters of
processor time (regular expressions have a limit of their own, set low here); the attributes stay as they were; a parsed
expression prints to text that parses to the same tree, and survives the Graph form. Exit code 1 on the first finding.
"""

from __future__ import annotations

import copy
import json
import random
import sys
from collections import Counter
from datetime import UTC
from datetime import datetime
from pathlib import Path
from time import process_time
from typing import Any

import regex

from entra_sim.simulator.expressions import EvaluationContext
from entra_sim.simulator.expressions import ExpressionError
from entra_sim.simulator.expressions import FunctionDescription
from entra_sim.simulator.expressions import Result
from entra_sim.simulator.expressions import evaluate
from entra_sim.simulator.expressions import from_graph
from entra_sim.simulator.expressions import functions
from entra_sim.simulator.expressions import parse
from entra_sim.simulator.expressions import to_graph
from entra_sim.simulator.expressions import trace
from entra_sim.simulator.expressions.lines import json_value
from entra_sim.simulator.expressions.patterns import compile_pattern

DEFAULT_INPUTS = 1_000_000
SECONDS_PER_10_000 = 0.05
REGEX_LIMIT_S = 0.01
CODES = {"ExpressionTooLong", "ParseError", "UnknownFunction", "ArgumentError", "EvaluationError", "NoUniqueValue"}
CASES = Path(__file__).parent.parent / "tests" / "unit" / "expressions" / "expression-cases.jsonl"

FUNCTIONS = {one.name: one for one in functions()}
NOISE = list("()[],\"'\\=<>&+-*. \t\r\n0123456789abcXYZ_$?{}|^#%/:;@!~`“é😀\ud83d\u0301\x00ßİıΣ")
WORDS = [*FUNCTIONS, "vbTextCompare", "vbBinaryCompare", "IgnoreAttributeFlow", "IgnoreObjectFlow"]
TEXTS = [
    "",
    " ",
    "a",
    "True",
    "False",
    "0",
    "1",
    "-3",
    "2.5",
    "d",
    "yyyy",
    "m",
    "2024-02-29",
    "2020-03-16-07:00",
    "12/31/9999 11:59:59 PM",
    "yyyy-MM-dd",
    "M/d/yyyy h:mm:ss tt",
    "tr-TR",
    "AssumeUniversal, AdjustToUniversal",
    "smtp:a@x.com",
    "John Doe",
    "Łódź Straße",
    "😀é",
    "\ud83d",
    "x" * 300,
    "(a+)+$",
    "(?<n>[a-z-[aeiou]])(b)\\k<n>",
    "[^\\W\\d_]{1,3}?",
    "${n}$1$$",
    "\\p{IsGreek}|\\p{Lu}",
    "(?i)x(?-i)y|z",
    "n",
    "%d",
    ",",
]
PATTERN_PIECES = [
    *"abx.^$*+?|()[]-{},\\ #1\n",
    "(?<n>",
    "(?'m'",
    "(?:",
    "(?=",
    "(?!",
    "(?<=",
    "(?>",
    "(?i)",
    "(?n:",
    "(?x-s)",
    "(?(n)",
    "(?(a)",
    "(?#c)",
    "(a)",
    "[a-z-[b]]",
    "[^",
    "]",
    "[\\w-",
    "\\d",
    "\\W",
    "\\b",
    "\\p{Lu}",
    "\\P{IsGreek}",
    "\\k<n>",
    "\\1",
    "\\12",
    "\\x41",
    "\\u00e9",
    "\\cA",
    "\\Z",
    "{2}",
    "{1,}",
    "{,3}",
    "{2,5}?",
    "(.*)*",
    "(a|aa)+",
    "😀",
]
LONG_PIECES = [
    *("Not(", "(", "[", '"', "Join(1,", "\\", '"\\"', "a", "1,", "IIF(1=1,", "Append([a],"),
    'Replace("a","a",,,"aaaa",,',
]
REPLACEMENT_PIECES = [*"$&`'+_{}1", "$1", "${n}", "${1}", "$$", "$10", "x", "${", "$0"]
ATTRIBUTES: dict[str, Any] = {
    "a": "alpha beta",
    "b": "",
    "c": None,
    "n": 42,
    "f": 2.5,
    "t": True,
    "l": ["SMTP:a@x.com", "smtp:b@x.com", "smtp:b@x.com"],
    "e": [],
    "o": ["one"],
    "d": "2025-01-05T13:07:09.1234567+02:00",
    "w": datetime(2025, 1, 5, 9, 30, tzinfo=UTC),
    "u": "😀Zoë ǆ İstanbul",
    "q": "a" * 40 + "!",
    "r": [{"id": "06b0", "value": "Admin", "displayName": "Admin"}, "User"],
}
NAMES = [*ATTRIBUTES, "missing", 'emails[type eq "work"].value']


class Generator:
    """Makes input texts from one stream of chance."""

    def __init__(self, seed: str) -> None:
        self.chance = random.Random(seed)
        self.seeds = [json.loads(line)["expression"] for line in CASES.read_text(encoding="utf-8").splitlines()]

    def text(self) -> tuple[str, str]:
        """Return the kind of an input and its text."""
        draw = self.chance.random()
        if draw < 0.1:
            return "noise", "".join(self.chance.choices(NOISE, k=self.chance.randrange(40)))
        if draw < 0.2:
            words = [*WORDS, *NOISE[:16], "[a]", '"x"']
            return "words", "".join(self.chance.choices(words, k=self.chance.randrange(20)))
        if draw < 0.45:
            return "changed", self.changed(self.chance.choice(self.seeds))
        if draw < 0.55:
            return "pattern", self.pattern_call()
        if draw > 0.9995:
            kind = self.chance.choice(("long", "long pattern", "row"))
            return kind, {"long": self.long, "long pattern": self.long_pattern, "row": self.row}[kind]()
        tree = self.tree(self.chance.choice((1, 2, 2, 3, 3, 4)), self.chance.random() < 0.05)
        if draw < 0.65:
            return "broken tree", self.changed(tree)
        return "tree", tree

    def changed(self, text: str) -> str:
        """Return the text with a few places cut, doubled, swapped or filled with noise."""
        for _ in range(self.chance.choice((1, 1, 2, 5))):
            start = self.chance.randrange(len(text) + 1)
            end = min(len(text), start + self.chance.choice((0, 1, 1, 3, 12)))
            middle = self.chance.choice(("", text[start:end] * 2, self.chance.choice(NOISE), self.chance.choice(WORDS)))
            text = text[:start] + middle + text[end:]
        return text

    def tree(self, depth: int, is_top: bool = False) -> str:
        """Return the text of an operand grown to a depth."""
        if is_top:
            return f"SelectUniqueValue({', '.join(self.tree(depth) for _ in range(3))})"
        if depth == 0 or self.chance.random() < 0.15:
            return self.leaf()
        one = FUNCTIONS[self.chance.choice(list(FUNCTIONS))]
        while one.name == "SelectUniqueValue":
            one = FUNCTIONS[self.chance.choice(list(FUNCTIONS))]
        return f"{one.name}({', '.join(self.arguments(one, depth - 1))})"

    def arguments(self, one: FunctionDescription, depth: int) -> list[str]:
        """Return arguments of a number that mostly fits."""
        least = one.minimum_count
        most = least + 3 if one.maximum_count is None else one.maximum_count
        count = self.chance.randint(least, most)
        if one.name == "Switch":
            count += count % 2
        if one.name == "Replace":
            return self.replace_arguments(depth)
        places = one.parameters_for(count)
        return [self.argument(one, depth, optional=not place.required) for place in places]

    def argument(self, one: FunctionDescription, depth: int, *, optional: bool) -> str:
        if optional and self.chance.random() < 0.5:
            return ""
        if one.name in ("IIF", "CBool") and self.chance.random() < 0.5:
            sign = self.chance.choice(("=", "<>", ">", ">=", "<", "<="))
            return f"{self.tree(depth)} {sign} {self.tree(depth)}"
        if one.name == "InStr" and optional and self.chance.random() < 0.3:
            return self.chance.choice(("vbTextCompare", "vbBinaryCompare", "2"))
        return self.tree(depth)

    def replace_arguments(self, depth: int) -> list[str]:
        places = self.chance.choice(((1, 4), (1, 6), (2, 4), (2, 3, 4), (2, 3, 5)))
        return [self.tree(depth), *(self.tree(0) if place in places else "" for place in range(1, 7))]

    def pattern_call(self) -> str:
        """Return a Replace with a pattern and a replacement put together from pieces of both languages."""
        pattern = "".join(self.chance.choices(PATTERN_PIECES, k=self.chance.randrange(1, 12)))
        replacement = "".join(self.chance.choices(REPLACEMENT_PIECES, k=self.chance.randrange(5)))
        escaped = [text.replace("\\", "\\\\").replace('"', '\\"') for text in (pattern, replacement)]
        group = self.chance.choice(("", '"n"', '"1"', '"zz"'))
        return f'Replace([{self.chance.choice(NAMES)}], , "{escaped[0]}", {group}, "{escaped[1]}", , )'

    def long(self) -> str:
        """Return a text near the limit of length."""
        size = self.chance.choice((3000, 9000, 10_000))
        piece = self.chance.choice(LONG_PIECES)
        head = self.chance.choice(("", 'Join("", ', "Coalesce(", "Replace([a],,'", 'Split("'))
        return (head + piece * size)[:size] + self.chance.choice(("", ")", ")" * 300, '"x"' + ")" * 150))

    def long_pattern(self) -> str:
        """Return a Replace with one pattern of thousands of characters: a few pieces over and over."""
        piece = "".join(self.chance.choices(PATTERN_PIECES, k=self.chance.randrange(1, 4)))
        pattern = (piece * 9900)[: self.chance.choice((1500, 4000, 9800))]
        return f'Replace([a], , "{pattern.replace(chr(92), chr(92) * 2).replace(chr(34), "")}", , "x", , )'[:10_000]

    def row(self) -> str:
        """Return a Join of as many different operands as fit."""
        operands: list[str] = []
        size = 12
        while True:
            operand = self.pattern_call() if self.chance.random() < 0.5 else self.tree(self.chance.choice((1, 2)))
            size += len(operand) + 1
            if size > 10_000:
                return f'Join("", {",".join(operands)})'
            operands.append(operand)

    def leaf(self) -> str:
        draw = self.chance.random()
        if draw < 0.4:
            return f"[{self.chance.choice(NAMES)}]"
        if draw < 0.75:
            text = self.chance.choice(TEXTS).replace("\\", "\\\\").replace('"', '\\"')
            return f'"{text}"'
        if draw < 0.95:
            return self.chance.choice(("0", "1", "2", "-1", "3.75", "007", "&HF7", "99999999999", "129699324000000000"))
        return self.chance.choice(("IgnoreAttributeFlow", "IgnoreObjectFlow"))


def code_of(error: ExpressionError, text: str) -> str:
    """Return the code of an error that says where it is, in one line."""
    assert error.code in CODES, error.code
    assert 1 <= error.column <= len(text) + 1, error.column
    assert len(str(error).splitlines()) == 1, str(error)
    return error.code


def examine(text: str, context: EvaluationContext, *, is_deep: bool) -> str:
    """Return what became of the text: "value" or a code.

    Raises:
        AssertionError: one of the promises is broken.
    """
    try:
        expression = parse(text)
    except ExpressionError as error:
        return code_of(error, text)
    if is_deep:
        printed = str(expression)
        assert parse(printed) == expression, "printing changes the tree"
        assert str(parse(printed)) == printed, "printing is not stable"
        assert from_graph(to_graph(expression)) == expression, "the Graph form loses something"
        traced = trace(expression, ATTRIBUTES, context)
        assert (traced.result is None) != (traced.error is None), "a trace without outcome"
    try:
        result = evaluate(expression, ATTRIBUTES, context)
    except ExpressionError as error:
        return code_of(error, text)
    assert type(result) is Result, result
    json.dumps(json_value(result.value), ensure_ascii=False).encode("utf-8")
    return "value"


def timed(text: str, context: EvaluationContext) -> float:
    """Return the processor time of one parse and evaluation, with nothing prepared: a second look."""
    compile_pattern.cache_clear()
    regex.purge()
    start = process_time()
    examine(text, context, is_deep=False)
    return process_time() - start


def main(arguments: list[str]) -> int:
    """Run the inputs; print a summary, or the first finding and return 1."""
    count = next((int(argument) for argument in arguments if argument.isdigit()), DEFAULT_INPUTS)
    seed = arguments[arguments.index("--seed") + 1] if "--seed" in arguments else "entra-sim"
    generator = Generator(seed)
    context = EvaluationContext(
        now=datetime(2025, 1, 5, 9, 30, tzinfo=UTC),
        new_id=lambda: "0000000f-0000-4000-8000-000000000001",
        chance=random.Random(seed),
        default_domain="contoso.com",
        is_taken=lambda candidate: len(candidate) % 2 == 0,
        regex_time_limit_s=REGEX_LIMIT_S,
    )
    before = copy.deepcopy(ATTRIBUTES)
    outcomes: Counter[str] = Counter()
    slowest, slowest_text = 0.0, ""
    started = process_time()
    for number in range(count):
        kind, text = generator.text()
        start = process_time()
        try:
            outcome = examine(text, context, is_deep=number % 4 == 0)
            if number % 1000 == 0:
                assert before == ATTRIBUTES, "evaluation changed its input"
        except BaseException as error:
            sys.stdout.write(f"input {number} ({kind}): {text!r}\n{type(error).__name__}: {error}\n")
            if isinstance(error, KeyboardInterrupt):
                raise
            return 1
        span = process_time() - start
        outcomes[outcome] += 1
        if span > slowest:
            slowest, slowest_text = span, text
        limit = SECONDS_PER_10_000 * (1 + len(text) // 10_000)
        if span > limit and min(timed(text, context) for _ in range(3)) > limit:
            sys.stdout.write(f"input {number} ({kind}) takes over {limit * 1000:.0f} ms: {text[:500]!r}\n")
            return 1
    assert before == ATTRIBUTES, "evaluation changed its input"
    total = process_time() - started
    sys.stdout.write(f"{count:,} inputs in {total:.0f} s of processor time, seed {seed!r}, nothing found\n")
    sys.stdout.write("".join(f"  {number:>9,}  {outcome}\n" for outcome, number in outcomes.most_common()))
    sys.stdout.write(f"  slowest: {slowest * 1000:.1f} ms, {slowest_text[:200]!r}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Every step and expectation with its meaning and an example; printed by the command line and checked in the docs."""

from __future__ import annotations

from collections.abc import Iterable

from entra_sim.scenarios.expectations import NOUNS
from entra_sim.scenarios.language import Noun
from entra_sim.scenarios.language import Verb
from entra_sim.scenarios.steps import VERBS


def word_list(word: str) -> list[str]:
    """Return the words whose name holds `word` as lines, in sections; empty when there are none."""
    return [
        *_lines("Steps", [verb for verb in VERBS.values() if word.casefold() in verb.name]),
        *_lines("Expectations", [noun for noun in NOUNS.values() if word.casefold() in noun.name]),
    ]


def _lines(title: str, items: Iterable[Verb | Noun]) -> list[str]:
    lines: list[str] = []
    section = ""
    for item in items:
        if item.section != section:
            section = item.section
            lines += ["", f"{title}: {section}"]
        lines += [f"  {item.name}", f"      {item.help}", f"      - {_example(item)}"]
        if isinstance(item, Noun) and item.keys:
            lines.append(f"      keys: {', '.join(item.keys)}")
        if isinstance(item, Verb) and item.rules:
            lines.append(f"      rules: {', '.join(item.rules)}")
    return lines


def _example(item: Verb | Noun) -> str:
    return f"expect: {{{item.example}}}" if isinstance(item, Noun) else item.example


def markdown() -> str:
    """Return the same as a Markdown section, as docs/scenarios.md holds it."""
    lines: list[str] = []
    for title, items in (("Steps", tuple(VERBS.values())), ("Expectations", tuple(NOUNS.values()))):
        lines += [f"## {title}", ""]
        section = ""
        for item in items:
            if item.section != section:
                section = item.section
                lines += [
                    f"### {section}",
                    "",
                    f"| {'step' if title == 'Steps' else 'noun'} | meaning | example |",
                    "|---|---|---|",
                ]
            keys = (
                f" Keys: {', '.join(f'`{key}`' for key in item.keys)}." if isinstance(item, Noun) and item.keys else ""
            )
            example = _example(item).replace("|", "\\|")
            lines.append(f"| `{item.name}` | {item.help}{keys} | `{example}` |")
            if _is_last(items, item):
                lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _is_last(items: tuple[Verb | Noun, ...], item: Verb | Noun) -> bool:
    index = items.index(item)
    return index + 1 == len(items) or items[index + 1].section != item.section

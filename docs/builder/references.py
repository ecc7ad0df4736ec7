"""The rules of `docs/reference/`: ids, titles and texts, read from the documents as they stand.

Rules are written in four shapes: a paragraph that starts with its id (ENG), a list item with its id in bold (WIRE,
SRV), a table row with its id in the first cell (ENG, QRK, Q), and a heading with a signature (functions of the
expression language; the id is the function's name). A rule's text runs to the next rule, heading or line of dashes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from itertools import takewhile
from pathlib import Path

ENGINE = "provisioning-engine.md"
WIRE = "scim-wire.md"
EXPRESSIONS = "expressions.md"
DOCUMENTS = (ENGINE, WIRE, EXPRESSIONS)
TITLE_LIMIT = 110
SHORT_TITLE = 24
NO_REASON = "the reference gives no reason"

ID = re.compile(r"\b(?:ENG|WIRE|SRV)-\d{3}\b|\b(?:QRK|Q)-\d{2}\b")
HEADING = re.compile(r"^(#{1,6})\s+(.*)")
PARAGRAPH = re.compile(r"^(ENG-\d{3})\s+(.*)")
ITEM = re.compile(r"^\* \*\*((?:WIRE|SRV)-\d{3})\*\*\s+(.*)")
ROW = re.compile(r"^\|\s*((?:ENG-\d{3})|(?:QRK|Q)-\d{2})\s*\|")
RULER = re.compile(r"^\|[\s:|-]+$")
SIGNATURE = re.compile(r"([A-Z]\w*)\(([^)]*)\)")
TAG = re.compile(r"\[([^\[\]]*\bassumed\b[^\[\]]*)\]")
NUMBERS = re.compile(r"\b(\d{3})(?:[–-](\d{3}))?\b")


@dataclass(slots=True, kw_only=True)
class Rule:
    """One rule as the reference states it.

    Args:
        id: "ENG-182", "WIRE-040", "Q-04", or the name of a function.
        document: file name below docs/reference.
        section: the heading that the rule stands under.
        title: one line.
        lines: the text, Markdown, in the document's own lines.
        assumed: the reasons of the reference's own *assumed* marks.
    """

    id: str
    document: str
    section: str
    title: str = ""
    lines: list[str] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Return the rule's text as Markdown, without blank lines at the ends."""
        return "\n".join(self.lines).strip()


def read_rules(folder: Path) -> tuple[Rule, ...]:
    """Return every rule of the reference documents in the order of the documents.

    Raises:
        ValueError: an id is defined twice.
    """
    rules: list[Rule] = []
    for name in DOCUMENTS:
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        rules += _functions(lines) if name == EXPRESSIONS else _numbered(name, lines)
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise ValueError(f"{rule.document}: {rule.id} is defined twice")
        seen.add(rule.id)
        rule.title = rule.title or _title(rule)
        rule.assumed = list(dict.fromkeys(rule.assumed or _assumptions(rule.text)))
    return tuple(rules)


def _numbered(document: str, lines: list[str]) -> list[Rule]:
    rules: list[Rule] = []
    table: list[Rule] = []
    current: Rule | None = None
    section = ""
    header: list[str] = []
    for number, line in enumerate(lines):
        heading = HEADING.match(line)
        start = PARAGRAPH.match(line) or ITEM.match(line)
        row = ROW.match(line)
        if heading or line.strip() == "---":
            section = re.sub(r"^[\dA-Z]*\.?\d*\.?\s+", "", heading.group(2)) if heading else section
            current, table = None, []
        elif start:
            current, table = Rule(id=start.group(1), document=document, section=section), []
            current.lines.append(start.group(2))
            rules.append(current)
        elif row:
            if current is not None:
                header = _take_header(current.lines)
                current, table = None, []
            elif RULER.match(lines[number - 1]):
                header = _cells(lines[number - 2])
            rules.append(_from_row(document, section, header, _cells(line)))
            table.append(rules[-1])
        elif current is not None and _belongs(current, line, document):
            current.lines.append(line)
        elif current is not None and line.strip():
            current = None
        elif current is None and table and "assumed" in line:
            _spread_assumptions(line, {rule.id: rule for rule in rules})
    return rules


def _belongs(current: Rule, line: str, document: str) -> bool:
    """Return whether a line goes on with the rule: a list item ends at the first plain line after a blank one."""
    if document == ENGINE or not line.strip():
        return True
    return bool(current.lines[-1].strip()) or line.startswith(("|", " "))


def _take_header(lines: list[str]) -> list[str]:
    """Remove a table's header and ruler, which announce rows that are rules, from the end of the rule before."""
    cells = _cells(lines[-2])
    del lines[-2:]
    return cells


def _cells(line: str) -> list[str]:
    return [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def _from_row(document: str, section: str, header: list[str], cells: list[str]) -> Rule:
    pairs = [(name, cell) for name, cell in zip(header[1:], cells[1:], strict=False) if cell and cell not in "–-"]
    if cells[0].startswith("Q-"):
        title = _cut(_plain(cells[1]))
    elif cells[0].startswith("QRK-"):
        title = _cut(_plain(f"{cells[1]}: {cells[2]}"))
    else:
        title = _cut(_plain(" · ".join(cell for _, cell in pairs)))
    lines = [f"{name}: {cell}" for name, cell in pairs]
    assumed = [cell for name, cell in pairs if name == "tag" and cell.startswith("assumed")]
    return Rule(id=cells[0], document=document, section=section, title=title, lines=lines, assumed=assumed)


def _spread_assumptions(line: str, rules: dict[str, Rule]) -> None:
    """Give the marks of a `Sources:` paragraph below a table to the rows that it names by number."""
    for part in line.split(";"):
        tag = re.search(r"\[assumed(?::\s*([^\]]*))?\]", part)
        if tag is None:
            continue
        for match in NUMBERS.finditer(part[: tag.start()]):
            first, last = int(match.group(1)), int(match.group(2) or match.group(1))
            for number in range(first, last + 1):
                rule = rules.get(f"ENG-{number}")
                if rule is not None:
                    rule.assumed.append(tag.group(1) or NO_REASON)


def _functions(lines: list[str]) -> list[Rule]:
    rules: list[Rule] = []
    open_rules: list[Rule] = []
    section = ""
    for line in lines:
        heading = HEADING.match(line)
        if heading is None:
            for rule in open_rules:
                rule.lines.append(line)
            continue
        if heading.group(1) == "##":
            section = re.sub(r"^\d+\.\s+", "", heading.group(2))
        open_rules = []
        if heading.group(1) == "###" and section.startswith("Functions"):
            for match in SIGNATURE.finditer(heading.group(2)):
                open_rules.append(Rule(id=match.group(1), document=EXPRESSIONS, section=section, title=match.group(0)))
            rules += open_rules
    return rules


def _title(rule: Rule) -> str:
    first_paragraph = takewhile(lambda line: line.strip() and not line.startswith("|"), rule.lines)
    sentences = list(_sentences(_plain(" ".join(first_paragraph))))
    if sentences and len(sentences[0]) >= SHORT_TITLE:
        return _cut(sentences[0])
    lead = sentences[0].rstrip(".: ") if sentences else ""
    if lead[1:2].islower():
        lead = lead[0].lower() + lead[1:]
    return _cut(f"{rule.section}: {lead}" if lead else rule.section)


def _sentences(text: str) -> Iterator[str]:
    guarded = re.sub(r"\b(e\.g|i\.e|incl|approx)\.", "\\1\0", text)
    for part in re.split(r"(?<=[.;])\s+(?=[A-Z0-9`\"(*])", guarded):
        yield part.replace("\0", ".").strip()


def _plain(text: str) -> str:
    """Return the text without source references, marks and emphasis; code spans stay as they are."""
    text = re.sub(r"\s*\*{0,2}\[(?:documented|observed|assumed)\b[^\[\]]*\]\*{0,2}", "", text)
    parts = re.split(r"(`[^`]*`)", text)
    for index in range(0, len(parts), 2):
        part = re.sub(r"(?:^|\s+)\[[^\[\]]*\]", "", parts[index])
        parts[index] = re.sub(r"\*{1,2}([^*]+)\*{1,2}", r"\1", part).replace("**", "")
    return " ".join("".join(parts).split())


def _cut(text: str) -> str:
    text = text.strip().rstrip(";: ")
    if len(text) <= TITLE_LIMIT:
        return text.removesuffix(".")
    head = text[:TITLE_LIMIT]
    words = head.rsplit(" ", 1)[0].rstrip(",;:(– ")
    return (words if len(words) > TITLE_LIMIT // 2 else head) + " …"


def _assumptions(text: str) -> Iterator[str]:
    """Yield the reason of every *assumed* mark: `[assumed: why]`, or a part of a longer mark that says so."""
    for match in TAG.finditer(" ".join(text.split())):
        for part in match.group(1).split(";"):
            if re.search(r"\bassumed\b", part):
                yield re.sub(r"^\s*assumed:?\s*", "", part).strip() or NO_REASON

"""Text → tokens with positions. Source: expressions.md section 3."""

from __future__ import annotations

import re
from typing import NamedTuple

from entra_sim.simulator.errors import ExpressionError
from entra_sim.simulator.expressions.wording import one_line

_BLANKS = re.compile(r"[ \t\r\n]*")
_SIMPLE = re.compile(
    r"(?P<sign>[(),])|(?P<name>[A-Za-z][A-Za-z0-9_]*)|(?P<number>&[Hh][0-9A-Fa-f]+|-?[0-9]+(?:\.[0-9]+)?)"
    r"|(?P<comparison><>|>=|<=|[=<>])"
)
_STRINGS = {
    '"': re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL),
    "'": re.compile(r"'([^'\\]*(?:\\.[^'\\]*)*)'", re.DOTALL),
}
_ESCAPES = {'"': re.compile(r'\\([\\"])'), "'": re.compile(r"\\([\\'])")}
_WHITE = " \t\r\n"
_BLANK = frozenset({"", *_WHITE})
_CURLY = "“”„‟‘’‚‛«»"


class Token(NamedTuple):
    """A piece of the text.

    Args:
        kind: "name", "number", "string", "attribute", "comparison", "(", ")", "," or "end".
        text: the name, the digits as written, the unescaped text, the attribute's name, the sign.
        column: 1-based position of its first character.
    """

    kind: str
    text: str
    column: int


def tokens(text: str) -> list[Token]:
    """Return the tokens of the text, the last one of kind "end".

    Raises:
        ExpressionError: ParseError at the first character that starts no token, or at an open string or bracket.
    """
    found: list[Token] = []
    position = 0
    while True:
        if text[position : position + 1] in _BLANK:
            blanks = _BLANKS.match(text, position)
            position = blanks.end() if blanks else position
        if position == len(text):
            found.append(Token("end", "", position + 1))
            return found
        match = _SIMPLE.match(text, position)
        if match is None:
            token, position = _enclosed(text, position)
            found.append(token)
            continue
        kind, piece = match.lastgroup or "", match.group()
        found.append(Token(piece if kind == "sign" else kind, piece, position + 1))
        position = match.end()


def _enclosed(text: str, position: int) -> tuple[Token, int]:
    """Return the string or attribute at this position, and where it ends."""
    character = text[position]
    if character == "[":
        return _attribute(text, position)
    if character in _STRINGS:
        return _string(text, position, character)
    raise parse_error(_surprise(character), position + 1)


def _string(text: str, position: int, mark: str) -> tuple[Token, int]:
    """Return a string constant.

    Only the mark and the backslash are escaped; a backslash before anything else stays, with what follows. Strings in
    single quotes are taken too. Assumed: one guide writes one (section 3, rules 3 and 4).
    """
    match = _STRINGS[mark].match(text, position)
    if match is None:
        raise parse_error(f"the text that starts here has no closing quotation mark {mark}", position + 1)
    content = match.group(1)
    if "\\" in content:
        content = _unescaped(content, mark)
    return Token("string", content, position + 1), match.end()


def _unescaped(content: str, mark: str) -> str:
    return _ESCAPES[mark].sub(r"\1", content)


def _attribute(text: str, position: int) -> tuple[Token, int]:
    """Return an attribute reference: brackets nest, and a quoted part of an inner bracket is skipped (section 4)."""
    level = 0
    index = position
    while index < len(text):
        character = text[index]
        if character == "[":
            level += 1
        elif character == "]":
            level -= 1
            if level == 0:
                break
        elif character == '"' and level > 1:
            closing = text.find('"', index + 1)
            index = closing if closing >= 0 else len(text)
        index += 1
    else:
        raise parse_error("the attribute that starts here has no closing bracket ]", position + 1)
    name = text[position + 1 : index].strip(_WHITE)
    if not name:
        raise parse_error("an attribute needs a name between [ and ]", position + 1)
    return Token("attribute", name, position + 1), index + 1


def _surprise(character: str) -> str:
    if character in _CURLY:
        return f'{character} is no quotation mark here; texts stand in straight ones, "..."'
    if character in "&+*/|!^%~":
        return f"there is no operator {character}; texts are joined by Join or Append, conditions by nesting IIF"
    if character.isspace():
        return f"the blank {character!r} is no ordinary one; type it again"
    if character == "]":
        return "this closing bracket ] has no opening one"
    return f"{character!r} cannot stand here"


def parse_error(reason: str, column: int, function: str = "") -> ExpressionError:
    """Return the error for text that is not of the grammar; `function` is the call it is in, if that is known."""
    return ExpressionError(f"{one_line(reason)} (column {column})", code="ParseError", column=column, function=function)

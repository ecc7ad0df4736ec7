"""Tokens → tree. Checks of names and arguments are in `checks`. Source: expressions.md section 3."""

from __future__ import annotations

from difflib import get_close_matches

from entra_sim.simulator.errors import ExpressionError
from entra_sim.simulator.expressions.catalogue import FUNCTIONS
from entra_sim.simulator.expressions.lexer import Token
from entra_sim.simulator.expressions.lexer import parse_error
from entra_sim.simulator.expressions.lexer import tokens
from entra_sim.simulator.expressions.tree import MAX_DEPTH
from entra_sim.simulator.expressions.tree import MAX_LENGTH
from entra_sim.simulator.expressions.tree import WORDS
from entra_sim.simulator.expressions.tree import Attribute
from entra_sim.simulator.expressions.tree import Call
from entra_sim.simulator.expressions.tree import Comparison
from entra_sim.simulator.expressions.tree import Constant
from entra_sim.simulator.expressions.tree import Node
from entra_sim.simulator.expressions.tree import Word
from entra_sim.simulator.expressions.values import length


def parse_text(text: str) -> Node:
    """Return the tree of the whole text, a single operand.

    Raises:
        ExpressionError: ExpressionTooLong or ParseError.
    """
    parser = _reader(text)
    node = parser.operand(0)
    following = parser.peek()
    if following.kind == "comparison":
        raise parse_error("a comparison can only be an argument, as in IIF or CBool", following.column)
    parser.expect_end()
    return node


def parse_argument(text: str) -> Node:
    """Return the tree of a text that may also be a comparison; errors as `parse_text`."""
    parser = _reader(text)
    node = parser.argument(0)
    if node is None:
        raise parse_error("the expression is empty", 1)
    parser.expect_end()
    return node


def _reader(text: str) -> _Parser:
    """Return a reader of the tokens of a text that is not too long. Source: ENG-090, ENG-460."""
    if length(text) > MAX_LENGTH:
        raise ExpressionError(
            f"the expression has {length(text):,} characters; at most {MAX_LENGTH:,} are allowed",
            code="ExpressionTooLong",
            column=min(len(text), MAX_LENGTH) + 1,
        )
    return _Parser(tokens(text))


class _Parser:
    """Reads tokens from left to right, one ahead."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._next = 0

    def peek(self) -> Token:
        return self._tokens[self._next]

    def take(self) -> Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def expect_end(self) -> None:
        token = self.peek()
        if token.kind == ")":
            raise parse_error("this closing parenthesis has no opening one", token.column)
        if token.kind != "end":
            raise parse_error(f"the expression ends before {_shown(token)}", token.column)

    def operand(self, level: int) -> Node:
        token = self.peek()
        if token.kind == "end":
            reason = "the expression ends where a value is expected" if level else "the expression is empty"
            raise parse_error(reason, token.column)
        if token.kind not in ("name", "attribute", "string", "number"):
            raise parse_error(f"a value is expected, not {_shown(token)}", token.column)
        self.take()
        if token.kind == "attribute":
            return Attribute(token.text, token.column)
        if token.kind != "name":
            return Constant(token.text, token.kind == "number", token.column)
        if self.peek().kind == "(":
            return self._call(token, level)
        return _word(token)

    def argument(self, level: int) -> Node | None:
        """Return an operand or a comparison, None if nothing stands here."""
        if self.peek().kind in (",", ")"):
            return None
        left = self.operand(level)
        sign = self.peek()
        if sign.kind != "comparison":
            return left
        self.take()
        right = self.operand(level)
        if self.peek().kind == "comparison":
            raise parse_error("only two values can be compared; nest IIF for more", self.peek().column)
        return Comparison(sign.text, left, right, left.column)

    def _call(self, name: Token, level: int) -> Call:
        if level >= MAX_DEPTH:
            raise parse_error(f"calls are nested deeper than {MAX_DEPTH} levels", name.column)
        opening = self.take()
        if self.peek().kind == ")":
            self.take()
            return Call(name.text, (), name.column)
        arguments: list[Node | None] = []
        while True:
            arguments.append(self.argument(level + 1))
            token = self.take() if self.peek().kind in (",", ")") else self.peek()
            if token.kind == ")":
                return Call(name.text, tuple(arguments), name.column)
            if token.kind == "end":
                raise parse_error(f"the parenthesis of {_cut(name.text)} is not closed", opening.column, name.text)
            if token.kind != ",":
                reason = f"a comma is missing before {_shown(token)} in {_cut(name.text)}"
                raise parse_error(reason, token.column, name.text)


def _word(token: Token) -> Word:
    """Return one of the four bare words.

    Raises:
        ExpressionError: another word; the message says what it was probably meant to be.
    """
    if token.text in WORDS:
        return Word(token.text, token.column)
    if token.text in FUNCTIONS:
        reason = f"the function {token.text} needs parentheses: {token.text}(...)"
    else:
        near = nearest(token.text, (*WORDS, *FUNCTIONS))
        hint = f"; did you mean {near}?" if near else ""
        reason = f'unknown word {_cut(token.text)}; write [{_cut(token.text)}] for an attribute or "..." for text{hint}'
    raise parse_error(reason, token.column)


def nearest(name: str, names: tuple[str, ...]) -> str:
    """Return the name that was probably meant, or ""."""
    if len(name) > 60:
        return ""
    by_lower = {candidate.lower(): candidate for candidate in names}
    found = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else ""


def _shown(token: Token) -> str:
    if token.kind == "attribute":
        return f"[{_cut(token.text)}]"
    if token.kind == "string":
        return f'"{_cut(token.text)}"'
    return _cut(token.text) if token.text else "the end"


def _cut(text: str) -> str:
    """Return the text short and on one line."""
    text = " ".join(text.split())
    return text if len(text) <= 40 else f"{text[:37]}..."

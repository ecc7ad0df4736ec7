"""Words: lists of them in the source, kept readable, and sentences of messages, kept on one line."""

from __future__ import annotations


def names(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


def one_line(text: str) -> str:
    """Return the text with line breaks and other unprintable characters as blanks."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in text)

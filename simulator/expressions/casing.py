"""Case mapping, title case and diacritics as .NET does them: one character to one character.

Source: expressions.md sections 9 (NormalizeDiacritics, PCase), 12.2 and 12.3.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_TURKIC_LOWER = str.maketrans({"I": "ı", "İ": "i"})
_TURKIC_UPPER = str.maketrans({"i": "İ", "ı": "I"})
_LETTERS = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo"})
_SEPARATORS = frozenset(
    {"Zs", "Zl", "Zp", "Cc", "Cf", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So"}
)
_TWO_LETTERS = str.maketrans(
    {"æ": "ae", "Æ": "AE", "ø": "oe", "Ø": "OE", "œ": "oe", "Œ": "OE", "ß": "ss", "ł": "l", "Ł": "L", "ı": "i"}
)


def lower(text: str, *, is_turkic: bool = False) -> str:
    """Return the text in small letters; ß, ligatures and İ stay, final sigma is not special."""
    if is_turkic:
        text = text.translate(_TURKIC_LOWER)
    return text.lower() if text.isascii() else "".join(map(_lower_character, text))


def upper(text: str, *, is_turkic: bool = False) -> str:
    """Return the text in capitals; ß, ligatures and ı stay."""
    if is_turkic:
        text = text.translate(_TURKIC_UPPER)
    return text.upper() if text.isascii() else "".join(map(_upper_character, text))


@lru_cache(maxsize=4096)
def _lower_character(character: str) -> str:
    mapped = character.lower()
    return mapped if len(mapped) == 1 else character


@lru_cache(maxsize=4096)
def _upper_character(character: str) -> str:
    if character == "ı":
        return character
    mapped = character.upper()
    if len(mapped) == 1:
        return mapped
    title = character.title()
    return title if len(title) == 1 else character


@lru_cache(maxsize=4096)
def _title_character(character: str) -> str:
    mapped = character.title()
    return mapped if len(mapped) == 1 and character != "ı" else character


def title(text: str) -> str:
    """Return the text in small letters with the first letter of each word in title case.

    A word goes on through letters, digits, marks and the ASCII apostrophe. Source: expressions.md section 12.3.
    """
    is_in_word = False
    written: list[str] = []
    for character in lower(text):
        category = unicodedata.category(character)
        if not is_in_word and category in _LETTERS:
            is_in_word = True
            written.append(_title_character(character))
            continue
        if category in _SEPARATORS and character != "'":
            is_in_word = False
        written.append(character)
    return "".join(written)


def title_after(text: str, separators: str) -> str:
    """Return the text in small letters with the first character, and each one behind a separator, in capitals."""
    written: list[str] = []
    is_start = True
    for character in lower(text):
        written.append(_upper_character(character) if is_start else character)
        is_start = character in separators
    return "".join(written)


def without_diacritics(text: str) -> str:
    """Return the text with letters that have marks as letters without; ø is oe, ä is a.

    Source: expressions.md section 9, NormalizeDiacritics. Assumed: what is left is composed again (NFC), so that
    letters without marks of their own, such as Hangul, stay as they were.
    """
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFD", text)
    bare = "".join([character for character in decomposed if unicodedata.category(character) != "Mn"])
    return unicodedata.normalize("NFC", bare.translate(_TWO_LETTERS))

"""Character classes of .NET regular expressions, written for Python's `regex` module.

Source: expressions.md section 10.2.
"""

from __future__ import annotations

from entra_sim.simulator.expressions.wording import names

CATEGORIES = names(
    """
    L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp C Cc Cf Cs Co Cn
    """
)

WORD = r"\p{L}\p{Mn}\p{Nd}\p{Pc}"
SPACE = r"\t-\r\x85\p{Z}"
SHORTHANDS = {
    "d": (r"\p{Nd}", False),
    "D": (r"\p{Nd}", True),
    "w": (WORD, False),
    "W": (WORD, True),
    "s": (SPACE, False),
    "S": (SPACE, True),
}
"""Letter → content of a class, and whether it is the opposite."""

_BLOCKS = {
    "isgreek": "GreekandCoptic",
    "iscombiningmarksforsymbols": "CombiningDiacriticalMarksforSymbols",
    "isprivateuse": "PrivateUseArea",
    "iscyrillicsupplement": "CyrillicSupplementary",
}

CONTROLS = {"a": "\a", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def shorthand(letter: str) -> str:
    """Return `\\d`, `\\w`, `\\s` or an opposite as a class that means what .NET means."""
    content, is_negated = SHORTHANDS[letter]
    return f"[^{content}]" if is_negated else f"[{content}]"


def property_class(name: str, *, is_negated: bool) -> str | None:
    """Return `\\p{name}` for a Unicode category or block of .NET, None if it has none of this name."""
    letter = "P" if is_negated else "p"
    if name in CATEGORIES:
        return rf"\{letter}{{{name}}}"
    if name.startswith("Is") and len(name) > 2 and name[2:].replace("-", "").isalnum() and name.isascii():
        return rf"\{letter}{{In{_BLOCKS.get(name.lower(), name[2:])}}}"
    return None


def literal(character: str) -> str:
    """Return a character so that it means itself outside and inside a class."""
    if character.isascii() and not character.isalnum() and character != "_":
        return f"\\x{ord(character):02x}"
    return character

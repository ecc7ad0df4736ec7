"""Case, title case, diacritics, UTF-16 positions, encodings."""

from __future__ import annotations

from typing import Any

import pytest

from entra_sim.simulator.expressions import evaluate
from entra_sim.simulator.expressions import parse


def value(text: str, **attributes: Any) -> Any:
    return evaluate(parse(text), attributes).value


@pytest.mark.parametrize(
    ("call", "given", "expected"),
    [
        ("ToUpper([x])", "straße", "STRAßE"),
        ("ToUpper([x])", "ﬁx", "ﬁX"),
        ("ToUpper([x])", "ıi", "ıI"),
        ("ToUpper([x])", "ǆ", "Ǆ"),
        ("ToUpper([x])", "ᾳ", "ᾼ"),
        ("ToUpper([x])", "𐐨", "𐐀"),
        ("ToLower([x])", "ΣΑΣ", "σασ"),
        ("ToLower([x])", "İI", "İi"),
        ('ToUpper([x], "tr-TR")', "iı", "İI"),
        ('ToUpper([x], "az-Latn-AZ")', "i", "İ"),
        ('ToLower([x], "tr")', "Iİ", "ıi"),
        ('ToLower([x], "TR-tr")', "I", "ı"),
        ('ToLower([x], "de-DE")', "ÄI", "äi"),
        ('ToLower([x], "")', "I", "i"),
        ('ToLower([x], "zh-Hans-CN")', "A", "a"),
        ('ToLower([x], "es-419")', "A", "a"),
    ],
)
def test_case_mapping_is_one_to_one(call: str, given: str, expected: str) -> None:
    assert value(call, x=given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("o'brien", "O'brien"),
        ("3rd street", "3Rd Street"),
        ("mary-ann", "Mary-Ann"),
        ("hello_world", "Hello_World"),
        ("x/y", "X/Y"),
        ("d’arc", "D’Arc"),
        ("'tis", "'Tis"),
        ("élan VITAL", "Élan Vital"),
        ("ǆ", "ǅ"),
        ("a1b", "A1b"),
        ("e\u0301a b", "E\u0301a B"),
        ("tab\tnew\nline", "Tab\tNew\nLine"),
        ("a+b=c", "A+B=C"),
        ("ßx", "ßx"),
    ],
)
def test_title_case_follows_dotnet(given: str, expected: str) -> None:
    assert value("PCase([x])", x=given) == expected


@pytest.mark.parametrize(
    ("separators", "given", "expected"),
    [
        (" '-", "PINTO-DE'SILVA", "Pinto-De'Silva"),
        (".", "john.doe smith", "John.Doe smith"),
        ("", "john-doe", "John-Doe"),
        ("-", "--a", "--A"),
    ],
)
def test_proper_case_with_separators(separators: str, given: str, expected: str) -> None:
    assert value("PCase([x], [s])", x=given, s=separators) == expected


# The documented table of NormalizeDiacritics, letter by letter.
TABLE = {
    "a": "ä à â ã å á ą ă ā ǟ ǡ ā\u0301 ā\u0300 ā\u0302 ā\u0303 ā\u0308 a\u0331 å\u0304",
    "ae": "æ ǣ",
    "c": "ç č ć c\u0304 c\u0331",
    "d": "ď ḏ d\u0304",
    "e": "ë è é ê ę ě ė ē ḗ ḕ ē\u0302 ē\u0303 ê\u0304 ë\u0304 e\u0331 e\u030a\u0304",
    "g": "ğ ḡ g\u0331",
    "i": "ï î ì í ī ī\u0301 ī\u0300 ī\u0302 ī\u0303 i\u0331",
    "l": "ľ ł ḹ ḻ l\u0304",
    "n": "ñ ń ň ṉ n\u0304",
    "o": "ö ò ő õ ô ó ō ṓ ṑ ȫ ǭ ȭ ȱ ō\u0302 ō\u0303 ō\u0308 o\u0331",
    "oe": "ø ø\u0304 œ œ\u0304",
    "r": "ř ṟ ṝ r\u0304",
    "s": "š ś ș ş s\u0304 s\u0331",
    "t": "ť ț ṯ t\u0304",
    "u": "ü ù û ú ů ű ū ǖ ṻ ū\u0301 ū\u0300 ū\u0302 ū\u0303 u\u0307\u0304 ṳ\u0304 u\u0331",
    "y": "ÿ ý ȳ ȳ\u0301 ȳ\u0300 ȳ\u0303 y\u0331",
    "z": "ź ž ż ẕ z\u0304",
}


@pytest.mark.parametrize("plain", TABLE)
def test_diacritics_of_the_documented_table(plain: str) -> None:
    for letter in TABLE[plain].split():
        assert value("NormalizeDiacritics([x])", x=letter) == plain
        assert value("NormalizeDiacritics([x])", x=letter.upper()) == plain.upper()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("ß", "ss"),
        ("ı", "i"),
        ("İ", "I"),
        ("ķđþ", "kđþ"),
        ("한글", "한글"),
        ("O'Connor 42", "O'Connor 42"),
        ("😀é", "😀e"),
    ],
)
def test_diacritics_beside_the_table(given: str, expected: str) -> None:
    assert value("NormalizeDiacritics([x])", x=given) == expected


def test_positions_and_lengths_count_utf_16_units() -> None:
    assert value("Len([x])", x="a😀b") == 4
    assert value("Left([x], 3)", x="a😀b") == "a😀"
    assert value("Mid([x], 4, 1)", x="a😀b") == "b"
    assert value('InStr([x], "b")', x="a😀b") == 4
    assert value("Left([x], 1)", x="😀") == "\ufffd"
    assert value('Join("", Left([x], 1), Mid([x], 2, 1))', x="😀") == "😀"
    assert value('Replace([x], , ".", , "-", , )', x="😀") == "--"
    assert value('Replace([x], , "^.{2}", , "", , )', x="😀b") == "b"


def test_encodings() -> None:
    assert value("ConvertToBase64([x])", x="😀") == "PdgA3g=="
    assert value("ConvertToUTF8Hex([x])", x="Zoë") == "5A6FC3AB"
    assert value("ConvertToUTF8Hex([x])", x="😀") == "F09F9880"


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('InStr("Hello","L",1,vbTextCompare)', 3),
        ('InStr("Hello","L")', 0),
        ('InStr("Hello","l", ,vbBinaryCompare)', 3),
        ('InStr("Hello","", 3)', 3),
        ('InStr("Hello","", 9)', 0),
        ('InStr("Hello","o", 6)', 0),
        ('InStr("Hello","l", "4")', 4),
        ('Word("a,,b", 2, ",")', "b"),
        ('Word(",a b,", 1, ", ")', "a"),
        ('Word("a b", 1, "")', "a b"),
        ('Word("a b", 2, "")', ""),
        ('Left("abc", "2")', "ab"),
        ('Left("abc", 2.9)', "ab"),
        ('Left("abc", -1)', "abc"),
        ('StripSpaces(" a\u00a0b\tc ")', "a\u00a0b\tc"),
        ('Split(" a ,, b\u00a0,c", ",")', ("a", "b", "c")),
        ('Split("a", "")', ("a",)),
        ('Replace("a.b", ".", , , "", , )', "ab"),
        ('Replace("xyx", "x", , , , , "<x>")', "<xyx>"),
        ('Mid("abc", 4, 2)', ""),
        ('Mid("abc", "2.7", "1")', "b"),
    ],
)
def test_small_print_of_text_functions(call: str, expected: Any) -> None:
    assert value(call) == expected

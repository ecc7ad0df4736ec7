"""Query strings and path segments, byte by byte."""

from __future__ import annotations

import pytest

from entra_sim.simulator.scim.encoding import encode_path
from entra_sim.simulator.scim.encoding import encode_query
from entra_sim.simulator.scim.encoding import encode_segment
from entra_sim.simulator.scim.encoding import encode_url_text

# What every ASCII character looks like in a query value, written out by hand; the blank is a plus sign.
IN_A_QUERY = {
    " ": "+", "!": "!", '"': "%22", "#": "%23", "$": "%24", "%": "%25", "&": "%26", "'": "%27", "(": "(", ")": ")",
    "*": "*", "+": "%2b", ",": "%2c", "-": "-", ".": ".", "/": "%2f", ":": "%3a", ";": "%3b", "<": "%3c", "=": "%3d",
    ">": "%3e", "?": "%3f", "@": "%40", "[": "%5b", "\\": "%5c", "]": "%5d", "^": "%5e", "_": "_", "`": "%60",
    "{": "%7b", "|": "%7c", "}": "%7d", "~": "%7e", "\x7f": "%7f", "\t": "%09", "\n": "%0a", "\r": "%0d", "\x00": "%00",
}  # fmt: skip


@pytest.mark.rule("WIRE-020")
@pytest.mark.parametrize("code", range(128))
def test_every_ascii_character_in_a_query_value(code: int) -> None:
    character = chr(code)
    expected = IN_A_QUERY.get(character, character if character.isalnum() else f"%{code:02x}")
    assert encode_query([("filter", character)]) == f"filter={expected}"


@pytest.mark.rule("WIRE-020", "WIRE-021", "WIRE-022")
@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        (
            [("filter", 'userName eq "a.b@alderfinch.example"')],
            "filter=userName+eq+%22a.b%40alderfinch.example%22",
        ),
        (
            [("excludedAttributes", "members"), ("filter", 'displayName eq "R&D + Pilot Plant"')],
            "excludedAttributes=members&filter=displayName+eq+%22R%26D+%2b+Pilot+Plant%22",
        ),
        (
            [("filter", 'userName eq "kezia.o\'dumbe@alderfinch.example"')],
            "filter=userName+eq+%22kezia.o%27dumbe%40alderfinch.example%22",
        ),
        (
            [("filter", 'emails[type eq "work"].value eq "x"')],
            "filter=emails%5btype+eq+%22work%22%5d.value+eq+%22x%22",
        ),
        ([("filter", 'displayName eq "Zoë"')], "filter=displayName+eq+%22Zo%c3%ab%22"),
        ([("filter", 'displayName eq "東京"')], "filter=displayName+eq+%22%e6%9d%b1%e4%ba%ac%22"),
        ([("filter", 'displayName eq "😀"')], "filter=displayName+eq+%22%f0%9f%98%80%22"),
        ([("startIndex", "1"), ("count", "100")], "startIndex=1&count=100"),
        ([], ""),
    ],
    ids=["at", "ampersand", "apostrophe", "brackets", "latin", "cjk", "emoji", "paging", "nothing"],
)
def test_whole_query_strings(pairs: list[tuple[str, str]], expected: str) -> None:
    assert encode_query(pairs) == expected


def test_half_of_a_surrogate_pair_is_sent_as_the_replacement_character() -> None:
    assert encode_query([("a", "x\ud83dy")]) == "a=x%ef%bf%bdy"


@pytest.mark.rule("WIRE-025")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tp-u-560", "tp-u-560"),
        ("a/b?c#d", "a%2Fb%3Fc%23d"),
        ("a b+c", "a%20b%2Bc"),
        ("o'dumbe@x.example", "o%27dumbe%40x.example"),
        ("50%", "50%25"),
        ("..", "%2E%2E"),
        ("~tilde", "~tilde"),
        ("é", "%C3%A9"),
    ],
)
def test_an_id_is_one_segment(text: str, expected: str) -> None:
    assert encode_segment(text) == expected
    assert encode_path(f"/Users/{text}") == f"/Users/{expected}"
    assert encode_path(f"/Groups/{text}") == f"/Groups/{expected}"


def test_collections_and_other_paths_stay_as_they_are() -> None:
    assert encode_path("/Users") == "/Users"
    assert encode_path("/Schemas") == "/Schemas"


def test_a_typed_url_keeps_its_own_escapes() -> None:
    assert encode_url_text("/a%20b/Zoë") == "/a%20b/Zo%C3%AB"

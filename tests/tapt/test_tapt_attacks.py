"""Attacks on the dashboard: script in every field that it shows, a session prepared by somebody else, path tricks."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from test_tapt_dashboard import ENT
from test_tapt_dashboard import Browser

from entra_sim.mock_tapt import Tapt

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'"
RAW = ("<script>alert", "<img src=x")


@pytest.fixture
def browser(tapt: Tapt) -> Browser:
    """Return the administrator."""
    opened = Browser(tapt)
    opened.sign_in()
    return opened


def assert_shown_as_text(browser: Browser, path: str, *, shows: bool = True) -> None:
    """Open a page and find the text of the attack, but not as elements."""
    page = browser.get(path)
    assert browser.status == 200, path
    assert not any(raw in page for raw in RAW), path
    assert not shows or "&lt;script&gt;alert(1)&lt;/script&gt;" in page, path


def test_what_scim_brings_is_shown_as_text(browser: Browser, tapt: Tapt, scim) -> None:
    user = scim.user(
        f"ada{EVIL}@x.example",
        displayName=EVIL,
        title=EVIL,
        externalId=EVIL,
        name={"givenName": EVIL, "familyName": EVIL},
        **{ENT: {"department": EVIL}},
    )
    scim("PATCH", f"/Users/{user['id']}", {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "title", "value": EVIL + "2"}],
    })  # fmt: skip
    group = scim("POST", "/Groups", {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": EVIL, "members": [{"value": user["id"]}],
    }).json  # fmt: skip
    for path in ("/profiles", f"/profiles/{user['id']}", "/groups", f"/groups/{group['id']}"):
        assert_shown_as_text(browser, path)
    assert_shown_as_text(browser, "/requests", shows=False)
    for number in range(1, 4):
        assert_shown_as_text(browser, f"/requests/{number}", shows=False)


def test_what_an_administrator_types_is_shown_as_text(browser: Browser) -> None:
    browser.get("/settings")
    browser.post("/settings", name=EVIL)
    assert_shown_as_text(browser, "/settings")
    assert_shown_as_text(browser, "/profiles")
    browser.get("/faults")
    browser.post("/faults", name=EVIL, path=EVIL, status="503")
    assert_shown_as_text(browser, "/faults")


def test_what_an_address_carries_is_shown_as_text(browser: Browser) -> None:
    for path in ("/profiles", "/requests", "/sign-in"):
        page = browser.client.get(path, query_string={"q": EVIL, "path": EVIL, "next": EVIL, "status": EVIL}).text
        assert not any(raw in page for raw in RAW), path
    assert browser.client.get(f"/profiles/{EVIL}").status_code == 404


def test_signing_in_drops_the_session_that_was_there(tapt: Tapt) -> None:
    stranger = Browser(tapt)
    stranger.get("/sign-in")
    before = re.search(r'name="csrf" value="([^"]+)"', stranger.page)
    stranger.sign_in()
    stranger.get("/settings")
    after = re.search(r'name="csrf" value="([^"]+)"', stranger.page)
    assert before is not None
    assert after is not None
    assert before[1] != after[1]
    assert stranger.client.post("/settings", data={"csrf": before[1], "name": "Stolen"}).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/static/../tapt.py",
        "/static/..%2f..%2ftapt.py",
        "/profiles/../settings%00",
        "//evil.example/",
        "/%2e%2e/etc/passwd",
    ],
)
def test_path_tricks_find_nothing(browser: Browser, path: str) -> None:
    answer = browser.client.get(path)
    assert answer.status_code in (303, 308, 404)
    assert "import" not in answer.text
    assert "evil.example" not in answer.headers.get("Location", "")


LONG = "x" * 60_000
"""Longer than any field, shorter than the limit of a whole form."""


@pytest.mark.parametrize("field", ["userName", "displayName", "title", 'emails[type eq "work"].value'])
def test_a_profile_with_an_over_long_field_is_refused_and_nothing_is_lost(
    browser: Browser, tapt: Tapt, field: str
) -> None:
    ada = tapt.add_profile({"userName": "ada", "displayName": "Ada"})
    for path in ("/profiles/add", f"/profiles/{ada['id']}/edit"):
        browser.get(path)
        browser.post(path, **({"userName": "new", "displayName": "New", "title": "Kept"} | {field: LONG}))
        assert browser.status == 422, path
        assert "has 60,000 characters; at most 1,024 are allowed." in browser.text
        assert field == "title" or 'value="Kept"' in browser.page
    assert [user["userName"] for user in tapt.users()] == ["ada"]
    assert tapt.users()[0]["displayName"] == "Ada"


@pytest.mark.parametrize("field", ["name", "path", "method", "detail", "nth", "share", "from_at", "content_type"])
def test_an_over_long_fault_is_refused(browser: Browser, tapt: Tapt, field: str) -> None:
    browser.get("/faults")
    browser.post("/faults", **{"status": "503", "detail": "Kept", field: "9" * 6000})
    assert browser.status == 422
    assert "6,000 characters" in browser.text
    assert tapt.faults.list() == []


def test_an_over_long_name_of_the_organisation_is_refused(browser: Browser, tapt: Tapt) -> None:
    before = tapt.organisation_name
    browser.get("/settings")
    browser.post("/settings", name=LONG)
    assert browser.status == 422
    assert "A name has 1 to 120 characters." in browser.text
    assert tapt.organisation_name == before


@pytest.mark.parametrize("path", ["/profiles/add", "/settings", "/faults", "/sign-in"])
def test_a_form_that_is_too_large_is_refused_unread(browser: Browser, path: str) -> None:
    browser.get("/profiles/add")
    browser.post(path, name="x" * 300_000)
    assert browser.status == 413


@pytest.mark.parametrize(
    "query",
    [
        {"q": LONG},
        {"q": "%_" * 30_000},
        {"page": "9" * 30},
        {"page": "9" * 5000},
        {"page": "-9" + "9" * 30},
        {"status": LONG, "method": LONG, "path": LONG},
        {"q": "\x00\x1b"},
    ],
)
def test_an_over_long_address_is_answered_with_a_page(browser: Browser, tapt: Tapt, query: dict[str, str]) -> None:
    tapt.add_profile({"userName": "ada"})
    for path in ("/profiles", "/groups", "/requests", "/faults", "/sign-in"):
        assert browser.client.get(path, query_string=query).status_code in (200, 303), path


def test_an_over_long_sign_in_is_refused(tapt: Tapt) -> None:
    stranger = Browser(tapt)
    for mail, password in ((LONG, "tapt-admin"), ("admin@tapt.example", LONG), ("admin@tapt.example\x00", "x")):
        stranger.sign_in(mail, password)
        assert stranger.status == 422
        assert "E-mail or password is wrong." in stranger.text
    assert max(map(len, stranger.site.failed_sign_ins), default=0) <= 320

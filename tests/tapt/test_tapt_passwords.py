"""Profile passwords: salted, never shown, cleared on request, unchanged by a repeated request."""

from __future__ import annotations

import pytest

from entra_sim.mock_tapt import Tapt
from entra_sim.mock_tapt.passwords import is_password


def kept(tapt: Tapt, user: dict) -> str | None:
    row = tapt.store.get("User", user["id"])
    assert row is not None
    return tapt.store.password_hash(row.seq)


def test_equal_passwords_have_different_hashes_of_their_own(scim, tapt: Tapt) -> None:
    ada, bo = scim.user("ada", password="Pa55 🦊"), scim.user("bo", password="Pa55 🦊")
    assert kept(tapt, ada) != kept(tapt, bo)
    assert is_password("Pa55 🦊", kept(tapt, ada))
    assert not is_password("pa55 🦊", kept(tapt, ada))
    assert "Pa55" not in str(kept(tapt, ada))


@pytest.mark.rule("SRV-016", "QRK-34")
def test_the_same_password_again_changes_nothing_and_another_does(scim, tapt: Tapt) -> None:
    user = scim.user("ada", password="one")
    path = f"/Users/{user['id']}"
    before = kept(tapt, user)
    assert scim.patch(path, {"op": "replace", "path": "password", "value": "one"}).json == user
    assert kept(tapt, user) == before
    changed = scim.patch(path, {"op": "replace", "value": {"password": "two"}}).json
    assert changed["meta"]["version"] != user["meta"]["version"]
    assert is_password("two", kept(tapt, user))


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "password"},
        {"op": "replace", "path": "password", "value": None},
        {"op": "replace", "path": "password", "value": ""},
        {"op": "replace", "value": {"PASSWORD": None}},
    ],
    ids=str,
)
def test_a_password_can_be_cleared(scim, tapt: Tapt, operation) -> None:
    user = scim.user("ada", password="one")
    path = f"/Users/{user['id']}"
    cleared = scim.patch(path, operation).json
    assert kept(tapt, user) is None
    assert cleared["meta"]["version"] != user["meta"]["version"]
    assert scim.patch(path, operation).json == cleared


def test_other_writes_keep_the_password(scim, tapt: Tapt) -> None:
    user = scim.user("ada", password="one")
    path = f"/Users/{user['id']}"
    scim.patch(path, {"op": "replace", "path": "title", "value": "T"})
    scim("PUT", path, {"schemas": user["schemas"], "userName": "ada"})
    assert is_password("one", kept(tapt, user))


@pytest.mark.parametrize("stored", [None, "", "scrypt", "0123abcd", "scrypt$00$"])
def test_what_is_no_such_hash_fits_no_password(stored) -> None:
    assert not is_password("", stored)


def test_a_group_shows_no_password_of_any_type(scim) -> None:
    group = scim.group("Odd", password=1e308)
    body = {"schemas": group["schemas"], "displayName": "Odd", "password": [5]}
    answer = scim("PUT", f"/Groups/{group['id']}", body)
    assert (answer.status, "password" in group, "password" in answer.json) == (200, False, False)

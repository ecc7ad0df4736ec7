"""The journal, hand edits, snapshots and the in-process API that scenarios use."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC
from datetime import datetime
from pathlib import Path

import pytest

from entra_sim.mock_tapt import Fault
from entra_sim.mock_tapt import Tapt
from entra_sim.mock_tapt import TaptError

ENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def open_tapt(database: str | Path = ":memory:", **options) -> Tapt:
    now = datetime(2026, 1, 5, 9, tzinfo=UTC)
    return Tapt.open(database, now=lambda: now, wait=lambda seconds: None, new_id=lambda kind: f"{kind}-1", **options)


def test_exchanges_since(scim, tapt: Tapt) -> None:
    scim("GET", "/Users")
    mark = tapt.journal.last_sequence
    scim("POST", "/Users", {"schemas": ["x"]})
    found = tapt.journal.exchanges(mark)
    assert [(e.method, e.path, e.status) for e in found] == [("POST", "/Users", 400)]
    assert found[0].request_body == b'{"schemas": ["x"]}'
    assert found[0].response_body.startswith(b'{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"]')
    assert found[0].refusal == "'userName' is required and has no value."
    assert scim.token not in str(found[0].request_headers)
    assert f"Bearer •••• {scim.token[-4:]}" in str(found[0].request_headers)


def test_ring_has_a_set_size() -> None:
    tapt = open_tapt(journal_size=3)
    for name in "abcde":
        tapt.add_profile({"userName": name}) if name == "a" else tapt.edit_by_hand("a", {"title": name})
    assert len(tapt.journal.records()) == 3
    assert tapt.journal.last_sequence == 5


def test_large_bodies_push_the_oldest_out(scim, tapt: Tapt) -> None:
    for number in range(3):
        scim("GET", f"/Users?filter={number}")
    for _ in range(1000):
        scim("POST", "/Users", raw=b"x" * 70_000)
    kept = tapt.journal.exchanges()
    assert sum(len(e.request_body) + len(e.response_body) for e in kept) <= 48 * 1024 * 1024
    assert 600 < len(kept) < 1000
    assert max(len(e.request_body) for e in kept) == 65_536


def test_findings_name_the_quirks(scim, tapt: Tapt) -> None:
    user = scim.user("ada")
    scim.patch(
        f"/Users/{user['id']}",
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "add", "value": {"name.givenName": "A"}},
        {"op": "Add", "path": f"{ENT}:manager", "value": "m"},
    )
    rules = {finding.rule for finding in tapt.journal.exchanges()[-1].findings}
    assert {"QRK-01", "QRK-02", "QRK-07", "QRK-12"} <= rules


def test_hand_edits(scim, tapt: Tapt) -> None:
    scim.user("ada", title="Boss", emails=[{"type": "work", "value": "a@x"}])
    tapt.edit_by_hand("ADA", {"title": None, 'emails[type eq "work"].value': "new@x", f"{ENT}:department": "R"})
    held = tapt.user("ada")
    assert held is not None
    assert "title" not in held
    assert held["emails"] == [{"type": "work", "value": "new@x"}]
    assert held[ENT] == {"department": "R"}
    tapt.add_group({"displayName": "G", "members": [{"value": held["id"]}]})
    tapt.edit_group_by_hand("g", {"displayName": "H"})
    assert [g["displayName"] for g in tapt.groups()] == ["H"]
    tapt.delete_group_by_hand("H")
    tapt.delete_by_hand("ada")
    assert tapt.users() == tapt.groups() == []
    assert [(e.action, e.subject) for e in tapt.journal.hand_edits()] == [
        ("changed", "User ADA"), ("added", "Group G"), ("changed", "Group g"), ("deleted", "Group H"),
        ("deleted", "User ada"),
    ]  # fmt: skip
    assert len(tapt.journal.exchanges()) == 1
    with pytest.raises(TaptError, match="no User with the userName 'ada'"):
        tapt.delete_by_hand("ada")
    with pytest.raises(TaptError, match="required"):
        tapt.add_profile({"title": "x"})


def test_snapshot_and_restore(scim, tapt: Tapt) -> None:
    scim.user("ada")
    tapt.faults.add(Fault(nth=5, status=500))
    scim("GET", "/Users")
    image = tapt.snapshot()
    tapt.delete_by_hand("ada")
    tapt.set_switches(strict=True)
    tapt.faults.clear()
    tapt.generate_token()
    tapt.restore(image)
    assert [u["userName"] for u in tapt.users()] == ["ada"]
    assert not tapt.switches.strict
    assert tapt.faults.list()[0].match_count == 1
    assert scim("GET", "/Users").status == 200
    with pytest.raises(TaptError):
        tapt.restore(b"\x00\x00\x00\x01x")


def test_restore_again_and_again_under_load(scim, tapt: Tapt) -> None:
    scim.user("ada")
    image = tapt.snapshot()
    for n in range(30):
        scim.user(f"p{n}", emails=[{"value": f"{n}@x"}])
        assert len(scim.find('emails co "@x" or title pr or nonsense eq 1')) == 1
        tapt.restore(image)
    assert len(tapt.users()) == 1


def test_file_database_keeps_everything(tmp_path: Path) -> None:
    path = tmp_path / "tapt.db"
    first = open_tapt(path, strict=True)
    secret = first.generate_token().secret
    first.add_profile({"userName": "ada"})
    image = first.snapshot()
    first.close()
    second = open_tapt(path)
    assert [u["userName"] for u in second.users()] == ["ada"]
    assert second.switches.strict
    assert second.token_status().state == "active"
    second.preset_token(secret)
    second.delete_by_hand("ada")
    second.restore(image)
    assert second.user("ada") is not None
    second.close()
    memory = open_tapt()
    memory.restore(image)
    assert memory.user("ada") is not None


def test_no_secret_is_stored(tmp_path: Path) -> None:
    tapt = open_tapt(tmp_path / "tapt.db")
    secret = tapt.generate_token("a-very-secret-token").secret
    tapt.add_profile({"userName": "ada", "password": "profile-secret"})
    tapt.close()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert secret.encode() not in content
    assert b"profile-secret" not in content


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "tapt.db"
    path.write_text("not a database, but long enough to look at" * 10)
    with pytest.raises(TaptError, match=r"tapt\.db cannot be used \(file is not a database\); choose another --data"):
        open_tapt(path)


def test_opening_takes_less_than_5_ms_and_importing_costs_nothing() -> None:
    open_tapt().close()
    took = []
    for _ in range(5):
        began = time.perf_counter()
        open_tapt().close()
        took.append(time.perf_counter() - began)
    assert min(took) < 0.005
    program = (
        "import sys, entra_sim.mock_tapt; print([m for m in ('flask', 'sqlite3', 'sqlite_utils') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_tenant_url() -> None:
    assert open_tapt(public_url="https://tapt.example/").tenant_url == "https://tapt.example/scim/v2"
    assert open_tapt(public_url=None).tenant_url is None
    assert open_tapt().generate_token().url == "https://tapt.example/scim/v2"

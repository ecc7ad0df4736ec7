"""Faults: when they strike, what they do to the answer, and that what they leave behind is what they say."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from entra_sim.mock_tapt import PRESETS
from entra_sim.mock_tapt import Fault
from entra_sim.mock_tapt import Tapt
from entra_sim.mock_tapt import TaptError
from entra_sim.mock_tapt.clock import StandaloneClock

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"


def statuses(scim, count: int, method: str = "GET", path: str = "/Users") -> list[int]:
    return [scim(method, path).status for _ in range(count)]


def test_nth_match_only(scim, tapt: Tapt) -> None:
    tapt.faults.add(Fault(method="GET", path="/Users", nth=2, status=500))
    scim("GET", "/Groups")
    assert statuses(scim, 4) == [200, 500, 200, 200]


def test_every_and_times(scim, tapt: Tapt) -> None:
    tapt.faults.add(Fault(every=3, status=503, times=2))
    assert statuses(scim, 12) == [200, 200, 503, 200, 200, 503] + [200] * 6
    listed = tapt.faults.list()[0]
    assert (listed.match_count, listed.strike_count) == (12, 2)


def test_share_is_the_same_for_the_same_seed(scim, tapt: Tapt) -> None:
    seen = []
    for seed in ("a", "a", "b"):
        tapt.faults.clear()
        tapt.faults.add(Fault(share=0.3, seed=seed, status=500))
        seen.append(statuses(scim, 60))
    assert seen[0] == seen[1] != seen[2]
    assert 5 < seen[0].count(500) < 35


def test_snapshot_keeps_the_stream_of_chance(scim, tapt: Tapt) -> None:
    tapt.faults.add(Fault(share=0.5, seed="x", status=500))
    statuses(scim, 7)
    image = tapt.snapshot()
    first = statuses(scim, 20)
    tapt.restore(image)
    assert statuses(scim, 20) == first


def test_time_window(scim, tapt: Tapt, clock: StandaloneClock) -> None:
    start = clock.now()
    tapt.faults.add(Fault(status=503, from_at=start + timedelta(minutes=1), until_at=start + timedelta(minutes=2)))
    assert statuses(scim, 1) == [200]
    clock.wait(60)
    assert statuses(scim, 1) == [503]
    clock.wait(60)
    assert statuses(scim, 1) == [200]


def test_error_with_scim_type_leaves_the_work_undone(scim, tapt: Tapt) -> None:
    tapt.faults.add(Fault(method="POST", status=409, scim_type="uniqueness", detail="Taken.", name="Conflict"))
    answer = scim("POST", "/Users", {"schemas": [CORE], "userName": "x"})
    assert (answer.status, answer.json["scimType"], answer.json["detail"]) == (409, "uniqueness", "Taken.")
    assert tapt.users() == []
    exchange = tapt.journal.exchanges()[-1]
    assert exchange.fault == "Conflict"
    assert "Conflict" in exchange.refusal


def test_retry_after_counts_down(scim, tapt: Tapt, clock: StandaloneClock) -> None:
    tapt.faults.add(Fault(nth=2, status=429, retry_after_s=30))

    def ask() -> tuple[int, str | None]:
        answer = scim("GET", "/Users")
        return answer.status, answer.headers.get("Retry-After")

    assert ask() == (200, None)
    assert ask() == (429, "30")
    clock.wait(10)
    assert ask() == (429, "20")
    clock.wait(19.5)
    assert ask() == (429, "1")
    clock.wait(0.5)
    assert ask() == (200, None)
    assert tapt.faults.list()[0].strike_count == 1


def test_delay_is_time_of_tapts_clock(scim, tapt: Tapt, clock: StandaloneClock) -> None:
    tapt.faults.add(Fault(delay_s=90))
    before = clock.now()
    user = scim.user("ada")
    assert clock.now() - before == timedelta(seconds=90)
    assert user["meta"]["created"] == "2026-01-05T09:01:30.000Z"


@pytest.mark.parametrize(("cut", "held"), [("before", 0), ("after", 1)])
def test_cut_differs_only_in_what_is_held(scim, tapt: Tapt, cut: str, held: int) -> None:
    tapt.faults.add(Fault(method="POST", cut=cut))
    environ: dict[str, object] = {}
    seen = []

    def app(given, start_response):
        result = tapt.wsgi(given, start_response)
        environ.update({"cut": given.get("entra_sim.cut")})
        return result

    from werkzeug.test import Client

    answer = Client(app).post(
        "/scim/v2/Users", json={"schemas": [CORE], "userName": "x"}, headers={"Authorization": f"Bearer {scim.token}"}
    )
    seen.append(answer.get_data())
    assert environ == {"cut": True}
    assert seen == [b"{"]
    assert len(tapt.users()) == held
    assert tapt.journal.exchanges()[-1].cut == cut


def test_broken_json_and_content_type(scim, tapt: Tapt) -> None:
    tapt.faults.add(Fault(nth=1, broken_json=True))
    answer = scim("GET", "/Users")
    assert answer.status == 200
    with pytest.raises(json.JSONDecodeError):
        _ = answer.json
    tapt.faults.add(Fault(content_type="text/html"))
    answer = scim("GET", "/Users")
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.json["totalResults"] == 0


def test_empty_list_and_duplicate_match(scim, tapt: Tapt) -> None:
    user = scim.user("ada")
    path = '/Users?filter=userName+eq+"ada"'
    tapt.faults.add(Fault(method="GET", path="/Users", nth=1, empty_list=True))
    body = scim("GET", path).json
    assert (body["totalResults"], body["Resources"]) == (0, [])
    tapt.faults.add(PRESETS["Duplicate accounts"])
    body = scim("GET", path).json
    assert body["totalResults"] == 2
    assert body["Resources"][0] == user
    assert body["Resources"][1]["id"] != user["id"]
    assert body["Resources"][1]["userName"] == "ada"
    assert scim("GET", '/Users?filter=userName+eq+"none"').json["totalResults"] == 0
    assert len(tapt.users()) == 1


def test_stale_reads_show_what_was(scim, tapt: Tapt) -> None:
    user = scim.user("ada", title="Old")
    fault = tapt.faults.add(Fault(method="GET", stale_read=True))
    path, lookup = f"/Users/{user['id']}", '/Users?filter=userName+eq+"{}"'
    assert scim("GET", path).json == user
    answer = scim.patch(path, {"op": "replace", "path": "title", "value": "New"})
    assert answer.json["title"] == "New"
    assert scim("GET", path).json == user
    assert scim("GET", lookup.format("ada")).json["Resources"] == [user]
    bo = scim.user("bo")
    assert scim("GET", lookup.format("bo")).json["totalResults"] == 0
    assert scim("GET", f"/Users/{bo['id']}").status == 404
    assert scim("DELETE", path).status == 204
    assert scim("GET", path).json["userName"] == "ada"
    tapt.faults.remove(fault)
    assert scim("GET", path).status == 404
    assert scim("GET", lookup.format("bo")).json["totalResults"] == 1


def test_id_missing(scim, tapt: Tapt) -> None:
    tapt.faults.add(Fault(id_missing=True))
    answer = scim("POST", "/Users", {"schemas": [CORE], "userName": "x"})
    assert answer.status == 201
    assert "id" not in answer.json
    assert "id" not in scim("GET", "/Users").json["Resources"][0]
    assert tapt.users()[0]["id"]


def test_presets_do_what_their_names_say(scim, tapt: Tapt) -> None:
    assert list(PRESETS) == ["Token rejected", "Tapt down", "Slow", "Throttled", "Duplicate accounts", "Ignores PATCH",
                             "Returns 200 for DELETE"]  # fmt: skip
    user = scim.user("ada", title="Old")
    path = f"/Users/{user['id']}"

    def only(name: str) -> None:
        tapt.faults.clear()
        tapt.faults.add(PRESETS[name])

    only("Token rejected")
    assert statuses(scim, 1) == [401]
    only("Tapt down")
    assert statuses(scim, 1) == [503]
    only("Throttled")
    assert statuses(scim, 6) == [200, 200, 200, 200, 429, 429]
    only("Ignores PATCH")
    answer = scim.patch(path, {"op": "replace", "path": "title", "value": "New"})
    assert (answer.status, answer.json) == (200, user)
    only("Returns 200 for DELETE")
    assert scim("DELETE", path).status == 200
    assert tapt.users() == []


def test_first_fault_that_strikes_wins_and_all_count(scim, tapt: Tapt) -> None:
    tapt.faults.add(Fault(nth=2, status=500))
    tapt.faults.add(Fault(status=503))
    assert statuses(scim, 3) == [503, 500, 503]


def test_turning_off_keeps_the_fault(scim, tapt: Tapt) -> None:
    number = tapt.faults.add(Fault(status=503))
    tapt.faults.switch(number, enabled=False)
    assert statuses(scim, 1) == [200]
    assert not tapt.faults.is_any_on
    tapt.faults.switch(number, enabled=True)
    assert statuses(scim, 1) == [503]
    with pytest.raises(TaptError):
        tapt.faults.remove(99)


@pytest.mark.parametrize("preset", PRESETS)
def test_faults_travel_as_json(preset: str) -> None:
    assert Fault.from_json(json.loads(json.dumps(PRESETS[preset].to_json()))) == PRESETS[preset]
    assert Fault.from_json({"preset": preset, "times": 1}).times == 1

"""The control API, in-process: what tests and scenarios tell Tapt and ask of it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from werkzeug.test import Client

from entra_sim.mock_tapt.app import application
from entra_sim.mock_tapt.openapi import OPERATIONS
from entra_sim.mock_tapt.site import Site
from entra_sim.mock_tapt.site import SiteSettings
from entra_sim.mock_tapt.site import open_organisation

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
KEY = "control-key"


class Control:
    def __init__(self, site: Site) -> None:
        self.site = site
        self.client = Client(site.wsgi)

    def __call__(self, method: str, path: str, body: Any = None, *, key: str = KEY, status: int | None = None) -> Any:
        answer = self.client.open(path, method=method, json=body, headers={"Authorization": f"Bearer {key}"})
        if status is not None:
            assert answer.status_code == status, answer.get_data()
        return answer.get_json(silent=True)


@pytest.fixture
def control() -> Any:
    seed = {"users": [{"userName": "ada@x.example"}], "groups": [{"displayName": "G", "members": ["ada@x.example"]}]}
    clock = "frozen@2026-01-05T09:00:00Z"
    first = open_organisation("tapt", ":memory:", clock=clock, ids="counted", seed=lambda: seed, token="first-token")
    site = Site(first, SiteSettings(control_key=KEY, secret_key="s"))
    yield Control(site)
    site.close()


def test_description_and_routes_are_the_same_and_need_the_key(control: Control) -> None:
    described = {(method.upper(), path) for method, path, *_ in OPERATIONS}
    served = {
        (method, rule.rule.replace("<int:", "{").replace("<", "{").replace(">", "}"))
        for rule in application().url_map.iter_rules()
        if rule.endpoint.startswith("control.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == served
    document = control("GET", "/_control/openapi.json", key="none", status=200)
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {path for _, path in described}
    for method, path in described - {("GET", "/_control/openapi.json")}:
        assert "error" in control(method, path.replace("{fault_id}", "1"), key="wrong", status=401)
        assert "error" in control(method, path.replace("{fault_id}", "1"), key="first-token", status=401)


def test_reset_goes_back_to_the_seed(control: Control) -> None:
    before = control("GET", "/_control/state")
    control("POST", "/_control/users", {"userName": "bo@x.example"}, status=201)
    control("PATCH", "/_control/switches", {"strict": True}, status=200)
    control("POST", "/_control/faults", {"preset": "Tapt down"}, status=201)
    control("POST", "/_control/clock", {"advance": "40m"}, status=200)
    changed = control("GET", "/_control/state")
    assert (changed["users"], changed["faults_on"], changed["now"]) == (2, True, "2026-01-05T09:40:00.000Z")
    control("POST", "/_control/reset", status=200)
    after = control("GET", "/_control/state")
    assert after == before
    again = control("POST", "/_control/users", {"userName": "bo@x.example"}, status=201)
    assert again["id"].endswith("000000000003")


def test_reset_takes_less_than_20_ms_at_1000_people() -> None:
    seed = {"users": [{"userName": f"p{n}@x.example", "displayName": f"P {n}"} for n in range(1000)], "groups": []}
    organisation = open_organisation("tapt", ":memory:", ids="counted", seed=lambda: seed)
    took = []
    for _ in range(5):
        began = time.perf_counter()
        organisation.reset()
        took.append(time.perf_counter() - began)
    assert len(organisation.tapt.users()) == 1000
    assert min(took) < 0.02
    organisation.tapt.close()


def test_snapshots(control: Control) -> None:
    name = control("POST", "/_control/snapshots", status=201)["snapshot"]
    control("DELETE", "/_control/users/ada@x.example", status=204)
    assert control("GET", "/_control/users")["users"] == []
    assert "members" not in control("GET", "/_control/groups")["groups"][0]
    control("POST", f"/_control/snapshots/{name}/restore", status=200)
    assert [u["userName"] for u in control("GET", "/_control/users")["users"]] == ["ada@x.example"]
    assert "error" in control("POST", "/_control/snapshots/none/restore", status=404)


def test_clock_moves_forward_only_and_ends_tokens(control: Control) -> None:
    headers = {"Authorization": "Bearer first-token"}
    assert control.client.get("/scim/v2/Users", headers=headers).status_code == 200
    assert control("POST", "/_control/clock", {"to": "2026-07-05T08:59:59Z"}, status=200)
    assert control.client.get("/scim/v2/Users", headers=headers).status_code == 200
    control("POST", "/_control/clock", {"advance": 1}, status=200)
    assert control.client.get("/scim/v2/Users", headers=headers).status_code == 401
    assert control("GET", "/_control/token")["state"] == "expired"
    assert "forward" in control("POST", "/_control/clock", {"to": "2026-01-01"}, status=422)["error"]
    assert "error" in control("POST", "/_control/clock", {"advance": "soon"}, status=422)
    assert "error" in control("POST", "/_control/clock", {"advanse": "1m"}, status=422)


def test_token_is_shown_once_and_replaced(control: Control) -> None:
    issued = control("POST", "/_control/token", status=201)
    assert issued["url"] == "http://localhost/scim/v2"
    assert control.client.get("/scim/v2/Users", headers={"Authorization": "Bearer first-token"}).status_code == 401
    bearer = {"Authorization": f"bearer {issued['secret']}"}
    assert control.client.get("/scim/v2/Users", headers=bearer).status_code == 200
    status = control("GET", "/_control/token")
    assert status["masked"] == f"•••• {issued['secret'][-4:]}"
    assert issued["secret"] not in str(status)
    assert issued["secret"] not in str(control("GET", "/_control/journal"))
    control("DELETE", "/_control/token", status=204)
    assert control.client.get("/scim/v2/Users", headers=bearer).status_code == 401


def test_journal_as_json_and_har(control: Control) -> None:
    headers = {"Authorization": "Bearer first-token", "Content-Type": "application/scim+json"}
    control.client.get("/scim/v2/Users?filter=userName+qq+%22x%22", headers=headers)
    control("POST", "/_control/users", {"userName": "hand@x.example"}, status=201)
    journal = control("GET", "/_control/journal")
    exchange = journal["exchanges"][0]
    assert (exchange["status"], exchange["path"]) == (400, "/Users")
    assert "no operator" in exchange["refusal"]
    assert journal["by_hand"][0]["subject"] == "User hand@x.example"
    assert journal["by_hand"][0]["sequence"] == exchange["sequence"] + 1 == journal["last_sequence"]
    assert control("GET", f"/_control/journal?since={exchange['sequence']}")["exchanges"] == []
    archive = control("GET", "/_control/journal?format=har")["log"]
    assert archive["version"] == "1.2"
    assert archive["entries"][0]["request"]["url"].startswith("http://localhost/scim/v2/Users?filter=")
    assert "first-token" not in str(archive)


def test_organisations_know_nothing_of_each_other(control: Control) -> None:
    body = {"name": "blue", "token": "blue-token", "clock": "frozen@2030-01-01T00:00:00Z", "ids": "counted"}
    made = control("POST", "/_control/organisations", {**body, "seed": {"users": [{"userName": "b"}]}}, status=201)
    assert made["tenant_url"] == "http://localhost/o/blue/scim/v2"
    blue = {"Authorization": "Bearer blue-token", "Content-Type": "application/scim+json"}
    user = {"schemas": [CORE], "userName": "ada@x.example"}
    answer = control.client.post("/o/blue/scim/v2/Users", json=user, headers=blue)
    assert answer.status_code == 201
    assert answer.json["meta"]["location"].startswith("http://localhost/o/blue/scim/v2/Users/")
    assert answer.json["meta"]["created"] == "2030-01-01T00:00:00.000Z"
    assert control.client.get("/scim/v2/Users", headers=blue).status_code == 401
    assert control("GET", "/_control/state")["users"] == 1
    assert control("GET", "/o/blue/_control/state", key=made["control_key"])["users"] == 2
    assert "error" in control("GET", "/_control/state", key=made["control_key"], status=401)
    control("POST", "/o/blue/_control/faults", {"preset": "Tapt down"}, key=made["control_key"], status=201)
    first = {"Authorization": "Bearer first-token"}
    assert control.client.get("/scim/v2/Users", headers=first).status_code == 200
    assert control.client.get("/o/blue/scim/v2/Users", headers=blue).status_code == 503
    control("POST", "/o/blue/_control/reset", key=made["control_key"], status=200)
    assert control("GET", "/o/blue/_control/state")["users"] == 1
    assert control.client.get("/o/blue/scim/v2/Users", headers=blue).status_code == 200
    assert "already" in control("POST", "/_control/organisations", body, status=422)["error"]
    control("DELETE", "/_control/organisations/blue", status=204)
    assert control("GET", "/o/blue/_control/state", status=404)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/_control/faults", {"status": 200}),
        ("POST", "/_control/faults", {"preset": "No such"}),
        ("POST", "/_control/faults", {"statis": 500}),
        ("POST", "/_control/faults", {}),
        ("POST", "/_control/faults", {"nth": 1, "share": 0.5, "status": 500}),
        ("PATCH", "/_control/switches", {"strict": "yes"}),
        ("PATCH", "/_control/switches", {"lax": True}),
        ("POST", "/_control/users", {"displayName": "no name"}),
        ("PATCH", "/_control/users/nobody", {"title": "x"}),
        ("POST", "/_control/token", {"secret": "with blank"}),
        ("POST", "/_control/organisations", {"name": "Big Name"}),
        ("POST", "/_control/organisations", {"clock": "yesterday"}),
        ("POST", "/_control/seed", {"users": [{"title": "x"}]}),
        ("GET", "/_control/journal?since=x", None),
    ],
)
def test_mistakes_are_one_sentence(control: Control, method: str, path: str, body: Any) -> None:
    error = control(method, path, body, status=422)["error"]
    assert error.endswith(".")

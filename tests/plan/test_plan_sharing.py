"""Two processes give the same plan as one; the endpoint is only read; the pretend target behaves like a SCIM server."""

from __future__ import annotations

import copy
import json
import pickle
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from datetime import datetime
from typing import Any

import pytest

from entra_sim.mock_tapt import Tapt
from entra_sim.scenarios.world import World
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.planning import building
from entra_sim.simulator.planning.accounts import Accounts
from entra_sim.simulator.planning.building import Question
from entra_sim.simulator.planning.building import make_plan
from entra_sim.simulator.planning.crew import Helper
from entra_sim.simulator.planning.documents import as_table
from entra_sim.simulator.planning.documents import json_pieces
from entra_sim.simulator.planning.model import JobSettings
from entra_sim.simulator.planning.model import Kind
from entra_sim.simulator.planning.model import Plan
from entra_sim.simulator.planning.packing import Packed
from entra_sim.simulator.planning.page import page_pieces
from entra_sim.simulator.planning.scanning import read_target
from entra_sim.simulator.planning.scanning import unfilterable
from entra_sim.simulator.planning.target import PretendTarget
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.service.schemas import template_schema
from entra_sim.simulator.tenants import DirectoryImage
from entra_sim.simulator.tenants import UserRecord
from entra_sim.simulator.tenants import seeded_ids
from entra_sim.simulator.tenants import synthesize
from entra_sim.simulator.transport.wsgi import WsgiTransport

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def schema(match: str) -> dict[str, Any]:
    made = copy.deepcopy(template_schema("job"))
    mapping = next(m for m in made["synchronizationRules"][0]["objectMappings"] if m["sourceObjectName"] == "User")
    for row in mapping["attributeMappings"]:
        row["matchingPriority"] = int(row["targetAttributeName"] == match)
        if row["targetAttributeName"] == "userName":
            row["source"] = {"expression": "[mailNickname]", "name": "mailNickname", "type": "Attribute"}
        if row["targetAttributeName"] == "title":
            row["source"] = {"expression": 'Join("-", [jobTitle], [city])', "name": "Join", "type": "Function"}
    return made


def crowd() -> DirectoryImage:
    """Return people of whom every fifth shares an alias with the one before."""
    image = synthesize(160, 7, seeded_ids(7), domain="contoso.example")
    users = []
    for number, user in enumerate(image.users):
        alias = f"alias{number - (number % 5 == 4)}"
        users.append(UserRecord(attributes={**user.attributes, "mailNickname": alias}, manager=user.manager))
    return replace(image, users=tuple(users))


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "SHARED_FROM", 1)


@pytest.mark.usefixtures("shared")
def test_two_processes_plan_the_same_as_one() -> None:
    def plan(processes: int, users: Any = None) -> Plan:
        now = JobSettings(document=template_schema("job"), sync_all=True)
        change = replace(now, document=schema("displayName"))
        question = Question(image=crowd(), now=now, change=change, at=START, processes=processes, users=users)
        return make_plan(question)

    assert plan(1).count(Kind.FAILED) > 10
    accounts = [{"id": str(number), "userName": f"ALIAS{number}", "active": True} for number in range(0, 200, 7)]
    for users in (None, accounts):
        alone, together = plan(1, users), plan(2, users)
        assert together.objects == alone.objects
        assert (together.requests, together.verdict) == (alone.requests, alone.verdict)
        assert printed(together) == printed(alone)


def printed(plan: Plan) -> list[str]:
    """Return the plan in every form in which it leaves the program."""
    pieces = (json_pieces(plan), json_pieces(plan, indents=True), page_pieces(plan), as_table(plan))
    return ["".join(form) for form in pieces]


def test_what_is_written_object_by_object_is_the_same_as_in_one_piece() -> None:
    now = JobSettings(document=template_schema("job"), sync_all=True)
    plan = make_plan(Question(image=crowd(), now=now, change=None, at=START))
    short, long = ("".join(json_pieces(plan, indents=indents)) for indents in (False, True))
    document = json.loads(short)
    assert len(document["objects"]) == len(plan.objects) > 100
    assert short == json.dumps(document, ensure_ascii=False)
    assert long == json.dumps(document, indent=2, ensure_ascii=False)
    chosen = json.loads("".join(json_pieces(plan, wanted=(plan.objects[7].object_id,))))
    assert [item["objectId"] for item in chosen["objects"]] == [plan.objects[7].object_id]
    nobody = "".join(json_pieces(plan, indents=True, wanted=()))
    assert nobody == json.dumps({**document, "objects": []}, indent=2, ensure_ascii=False)


def test_packed_values_come_back_in_order_and_survive_being_sent() -> None:
    values = [(number, f"text {number % 3}") for number in range(200)]
    packed: Packed[tuple[int, str]] = Packed(values)
    sent = pickle.loads(pickle.dumps(packed))
    assert list(sent) == values == packed
    assert (len(sent), sent[0], sent[-1], sent[130], sent[198:]) == (
        200,
        values[0],
        values[-1],
        values[130],
        values[198:],
    )
    with pytest.raises(IndexError):
        sent[200]


def test_a_helper_that_dies_is_told_in_one_sentence() -> None:
    helper = Helper()
    helper.end()
    with pytest.raises(UserInputError, match="--processes 1"):
        helper.send("anything")


class Watched:
    """A transport that remembers methods."""

    def __init__(self, inner: WsgiTransport) -> None:
        self.inner = inner
        self.methods: set[str] = set()

    def send(self, call: Call) -> Reply:
        self.methods.add(call.method)
        return self.inner.send(call)

    def close(self) -> None:
        self.inner.close()


@pytest.fixture
def tapt() -> Iterator[tuple[Tapt, Watched]]:
    with World.open(start=START, seed="plan") as world:
        assert world.tapt is not None
        token = world.tapt.generate_token()
        url = TenantUrl.parse(token.url)
        inner = WsgiTransport(
            world.tapt.wsgi, url, lambda: f"Bearer {token.secret}", wait=world.wait, now=world.clock.now
        )
        yield world.tapt, Watched(inner)


@pytest.mark.rule("ENG-500")
def test_an_endpoint_is_read_page_by_page_and_never_written(tapt: tuple[Tapt, Watched]) -> None:
    target, transport = tapt
    for number in range(230):
        target.add_profile({"userName": f"p{number}"})
    target.add_group({"displayName": "Team"})
    image = read_target(transport, lambda what, count: None)
    assert {user["userName"] for user in image.users} == {f"p{number}" for number in range(230)}
    assert [group["displayName"] for group in image.groups] == ["Team"]
    assert unfilterable(transport, "User", "userName", "6f0f") == ""
    assert unfilterable(transport, "User", "favouriteColour[", "6f0f") != ""
    assert transport.methods == {"GET"}


def test_a_plan_starts_no_thread_and_leaves_no_process() -> None:
    before = threading.active_count()
    make_plan(Question(image=crowd(), now=JobSettings(document=schema("userName")), change=None, at=START))
    assert threading.active_count() == before


def test_the_pretend_target_refuses_what_a_server_refuses() -> None:
    target = PretendTarget()
    target.load("User", Accounts.of([{"id": "1", "userName": "ada"}]))
    taken = target.send(Call(method="POST", path="/Users", body={"userName": "ADA"}))
    assert (taken.status, b"uniqueness" in taken.body) == (409, True)
    for path, value in (("favouriteColour", "red"), ("active", "maybe"), ("groups", "x"), ("name", "Ada")):
        body = {"Operations": [{"op": "Replace", "path": path, "value": value}]}
        assert target.send(Call(method="PATCH", path="/Users/1", body=body)).status == 400
    assert target.resource("User", "1") == {"id": "1", "userName": "ada"}
    assert target.send(Call(method="GET", path="/Users/2")).status == 404

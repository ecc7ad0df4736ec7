"""Tests of the tiny client against mock Tapt; `pytest` is all it takes, entra-sim brings the fixtures.

Beside them, `pytest --scenarios .` runs leaver.yaml as a test too.
"""

from __future__ import annotations

import urllib.error
from datetime import timedelta
from typing import Any

import pytest
from tiny_client import TinyClient


@pytest.fixture
def client(tapt_url: str, tapt_token: str) -> TinyClient:
    return TinyClient(tapt_url, tapt_token)


def test_a_created_user_is_there(client: TinyClient, entra_sim: Any) -> None:
    created = client.create("bo@contoso.example")
    assert client.find("bo@contoso.example") == created
    assert [user["userName"] for user in entra_sim.tapt.users()] == ["bo@contoso.example"]


def test_a_disabled_user_is_not_active(client: TinyClient, entra_sim: Any) -> None:
    client.disable(client.create("bo@contoso.example"))
    assert entra_sim.tapt.user("bo@contoso.example")["active"] is False


def test_a_second_user_of_the_same_name_is_a_conflict(client: TinyClient) -> None:
    client.create("bo@contoso.example")
    with pytest.raises(urllib.error.HTTPError) as refusal:
        client.create("BO@contoso.example")
    assert refusal.value.code == 409
    refusal.value.close()


@pytest.mark.entra_sim(scenario="leaver.yaml")
def test_whom_entra_disabled_the_client_still_finds(client: TinyClient, entra_sim: Any) -> None:
    assert client.find("ada@contoso.example") is not None
    assert entra_sim.tapt.user("ada@contoso.example")["active"] is False


@pytest.mark.entra_sim(scenario="leaver.yaml", steps=False)
def test_entra_takes_over_what_the_client_made(client: TinyClient, entra_sim: Any) -> None:
    client.create("ada@contoso.example")
    (application,) = entra_sim.simulator.applications.list()
    entra_sim.simulator.provisioning.start(application)
    entra_sim.advance(timedelta(minutes=40))
    assert entra_sim.tapt.user("ada@contoso.example")["displayName"] == "Ada Park"

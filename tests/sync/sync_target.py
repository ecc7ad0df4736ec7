"""A mock Tapt that listens on loopback, and the files of a small directory."""

from __future__ import annotations

import json
from datetime import UTC
from datetime import datetime
from typing import Any

from click.testing import Result

from entra_sim.mock_tapt import Tapt
from entra_sim.scenarios.serving import Server
from entra_sim.simulator.ids import CountedIds

TOKEN = "sync-token-0123456789-abcdefghijkl"


class Target:
    """Mock Tapt over HTTP."""

    def __init__(self) -> None:
        self.tapt = Tapt.open(
            now=lambda: datetime(2026, 1, 5, 9, tzinfo=UTC),
            wait=lambda seconds: None,
            new_id=CountedIds(side=1).new,
            public_url=None,
        )
        self.tapt.preset_token(TOKEN)
        self.server = Server(self.tapt.wsgi)
        self.url = f"{self.server.url}/scim/v2"
        self._seen = 0

    def users(self) -> dict[str, dict[str, Any]]:
        return {user["userName"]: user for user in self.tapt.users()}

    def groups(self) -> dict[str, set[str]]:
        names = {user["id"]: user["userName"] for user in self.tapt.users()}
        return {
            group["displayName"]: {names.get(item["value"], "?") for item in group.get("members", [])}
            for group in self.tapt.groups()
        }

    def requests(self) -> list[tuple[str, str]]:
        """Return (method, path) of what came since the last call."""
        found = self.tapt.journal.exchanges(since=self._seen)
        self._seen = max([self._seen, *(item.sequence for item in found)])
        return [(item.method, item.path) for item in found]

    def close(self) -> None:
        self.server.close()
        self.tapt.close()


PEOPLE = """userPrincipalName,displayName,department,manager,accountEnabled
ada@contoso.example,Ada Park,Research,,true
bo@contoso.example,Bo Lind,Sales,ada@contoso.example,true
cy@contoso.example,Cy Orr,Sales,ada@contoso.example,true
di@contoso.example,Di Venn,Sales,,false
"""
MEMBERS = """group,member
Sales team,bo@contoso.example
Sales team,cy@contoso.example
"""


def document(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found

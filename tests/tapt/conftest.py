"""A Tapt in memory with a frozen clock and counted ids, and a client that speaks to it in-process."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.test import Client

from entra_sim.mock_tapt import Tapt
from entra_sim.mock_tapt.clock import StandaloneClock

sys.path.insert(0, str(Path(__file__).parent))

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GRP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCHOP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
START = datetime(2026, 1, 5, 9, tzinfo=UTC)


@dataclass
class Answer:
    """Status, headers and the body as JSON (None without one)."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw) if self.raw else None

    @property
    def scim_type(self) -> str | None:
        return self.json.get("scimType")


class ScimCaller:
    """Sends raw requests with the token, as an identity provider does."""

    def __init__(self, tapt: Tapt, token: str) -> None:
        self.tapt = tapt
        self.token = token
        self._client = Client(tapt.wsgi)

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
        environ: dict[str, Any] | None = None,
    ) -> Answer:
        sent = {"Authorization": f"Bearer {self.token}"}
        data = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        if data is not None:
            sent["Content-Type"] = "application/scim+json; charset=utf-8"
        sent |= headers or {}
        target, _, query = path.partition("?")
        answer = self._client.open(
            f"/scim/v2{target}",
            method=method,
            query_string=query,
            data=data,
            headers={name: value for name, value in sent.items() if value != ""},
            environ_overrides=environ,
        )
        return Answer(answer.status_code, dict(answer.headers), answer.get_data())

    def user(self, user_name: str = "ada.park@contoso.example", **attributes: Any) -> dict[str, Any]:
        """Create a user and return it."""
        answer = self("POST", "/Users", {"schemas": [CORE, ENT], "userName": user_name, **attributes})
        assert answer.status == 201, answer.raw
        return answer.json

    def group(self, display_name: str = "Tapt people", **attributes: Any) -> dict[str, Any]:
        """Create a group and return it."""
        answer = self("POST", "/Groups", {"schemas": [GRP], "displayName": display_name, **attributes})
        assert answer.status == 201, answer.raw
        return answer.json

    def patch(self, path: str, *operations: dict[str, Any]) -> Answer:
        """Send a PatchOp."""
        return self("PATCH", path, {"schemas": [PATCHOP], "Operations": list(operations)})

    def find(self, filter_text: str, endpoint: str = "/Users") -> list[str]:
        """Return the ids that a filter finds."""
        answer = self("GET", f"{endpoint}?filter={quote(filter_text)}")
        assert answer.status == 200, answer.raw
        assert answer.json["totalResults"] == len(answer.json["Resources"])
        return [resource["id"] for resource in answer.json["Resources"]]


def counted_ids() -> Callable[[str], str]:
    """Return a source of ids that counts."""
    numbers = itertools.count(1)
    return lambda kind: f"{kind}-{next(numbers):04d}"


@pytest.fixture
def clock() -> StandaloneClock:
    return StandaloneClock(START, rate=0)


@pytest.fixture
def tapt(clock: StandaloneClock) -> Iterator[Tapt]:
    opened = Tapt.open(now=clock.now, wait=clock.wait, new_id=counted_ids(), chance_seed="test")
    yield opened
    opened.close()


@pytest.fixture
def scim(tapt: Tapt) -> ScimCaller:
    return ScimCaller(tapt, tapt.generate_token().secret)

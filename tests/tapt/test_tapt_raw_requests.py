"""The raw requests of raw-requests.json, as identity providers send them: the status, and what is held afterwards.

Every request meets the same small directory: {u} is Ada with everything, {m} is Bo with a userName only, {g} is the
group "Tapt people" with Ada in it, {h} is the group "Empty". What a row expects is an object that a GET must show then
(null is absence), the scimType of a 400, or another status of a refusal, which must leave everything as it was.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from entra_sim.mock_tapt.messages import MAX_BODY_BYTES
from entra_sim.mock_tapt.schema import CORE_GROUP
from entra_sim.mock_tapt.schema import CORE_USER
from entra_sim.mock_tapt.schema import ENTERPRISE_USER
from entra_sim.mock_tapt.schema import PATCH_OP
from entra_sim.mock_tapt.schema import SEARCH_REQUEST

URNS = {
    "CORE": CORE_USER,
    "ENT": ENTERPRISE_USER,
    "GRP": CORE_GROUP,
    "GRPX": "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
    "CUSTOM": "urn:ietf:params:scim:schemas:extension:contoso:2.0:User",
    "PATCHOP": PATCH_OP,
    "SEARCH": SEARCH_REQUEST,
}


def read_table() -> dict[str, list[Any]]:
    text = (Path(__file__).parent / "raw-requests.json").read_text(encoding="utf-8")
    for name, urn in URNS.items():
        text = text.replace(f"{{{name}}}", urn).replace(f"{{{name}-UPPER}}", urn.upper())
    return json.loads(text)


TABLE = read_table()


class Directory:
    """The small directory; fills the ids of its resources into paths and bodies."""

    def __init__(self, scim) -> None:
        self.scim = scim
        self.ids: dict[str, str] = {}
        for name, endpoint, body in TABLE["directory"]:
            answer = scim("POST", endpoint, self.filled(body))
            assert answer.status == 201, answer.raw
            self.ids[name] = answer.json["id"]

    def filled(self, value: Any) -> Any:
        text = json.dumps(value)
        for name, real in self.ids.items():
            text = text.replace(f"{{{name}}}", real)
        return json.loads(text)

    def everything(self) -> list[Any]:
        found = [self.scim("GET", endpoint).json["Resources"] for endpoint in ("/Users", "/Groups")]
        return [resource for listed in found for resource in listed]

    def change(self, method: str, path: str, body: Any, expected: Any, status: int) -> Any:
        """Send a write; compare the answer, and what a GET shows then, with what the table expects."""
        target, before = self.filled(path), self.everything()
        answer = self.scim(method, target, self.filled(body))
        if not isinstance(expected, dict):
            refused = expected if isinstance(expected, int) else 400
            assert answer.status == refused, answer.raw
            assert answer.json["status"] == str(refused)
            assert answer.scim_type == {409: "uniqueness", 404: None}.get(refused, expected)
            assert self.everything() == before
            return answer
        assert answer.status == status, answer.raw
        held = self.scim("GET", f"{target.rstrip('/')}/{answer.json['id']}" if method == "POST" else target).json
        assert {name: held.get(name) for name in expected} == self.filled(expected)
        assert answer.json in (held, None)
        return answer


def label(value: Any) -> str:
    return json.dumps(value)[:90]


@pytest.mark.rule("SRV-042", "SRV-044", "SRV-046", "SRV-047", "QRK-34")
@pytest.mark.parametrize(("path", "operations", "expected"), TABLE["patches"], ids=label)
def test_patch(scim, path: str, operations: list[Any], expected: Any) -> None:
    directory = Directory(scim)
    body = {"schemas": [PATCH_OP], "Operations": operations}
    status = 204 if "/Groups" in path else 200
    answer = directory.change("PATCH", path, body, expected, status)
    assert directory.change("PATCH", path, body, expected, status).status == answer.status


@pytest.mark.rule("SRV-010", "SRV-013", "SRV-018", "SRV-019", "SRV-040")
@pytest.mark.parametrize(("endpoint", "body", "expected"), TABLE["creates"], ids=label)
def test_create(scim, endpoint: str, body: Any, expected: Any) -> None:
    answer = Directory(scim).change("POST", endpoint, body, expected, 201)
    if answer.status == 201:
        assert answer.headers["Location"] == answer.json["meta"]["location"]
        assert answer.json["id"] != "mine"


@pytest.mark.rule("SRV-041")
@pytest.mark.parametrize(("path", "body", "expected"), TABLE["puts"], ids=label)
def test_put(scim, path: str, body: Any, expected: Any) -> None:
    Directory(scim).change("PUT", path, body, expected, 200)


@pytest.mark.rule("SRV-030", "SRV-031", "SRV-032", "SRV-033", "SRV-035")
def test_queries(scim) -> None:
    directory = Directory(scim)
    names = {real: name for name, real in directory.ids.items()}
    found: dict[str, str] = {}
    for target, _ in TABLE["queries"]:
        answer = scim("GET", directory.filled(target))
        if answer.status == 200:
            listed = answer.json["Resources"]
            assert answer.json["itemsPerPage"] == len(listed), target
            found[target] = "".join(names[resource["id"]] for resource in listed)
        else:
            assert answer.status == 400, target
            found[target] = answer.scim_type
    assert found == dict(TABLE["queries"])


@pytest.mark.rule("SRV-034")
def test_projections(scim) -> None:
    directory = Directory(scim)
    found = [[target, sorted(scim("GET", directory.filled(target)).json)] for target, _ in TABLE["projections"]]
    assert found == TABLE["projections"]


@pytest.mark.rule("SRV-001", "SRV-002", "SRV-004", "SRV-021", "SRV-050")
@pytest.mark.parametrize(("method", "path", "headers", "raw", "status", "scim_type"), TABLE["edges"], ids=label)
def test_edge(
    scim, method: str, path: str, headers: dict[str, str], raw: str | None, status: int, scim_type: str | None
) -> None:
    directory = Directory(scim)
    target = directory.filled(path)
    etag = scim("GET", directory.filled("/Users/{u}")).headers["ETag"]
    sent = {name: text.replace("{token}", scim.token).replace("{etag}", etag) for name, text in headers.items()}
    body = None if raw is None else raw.replace("{huge}", "x" * MAX_BODY_BYTES).replace("{deep}", "[" * 5_000).encode()
    before = directory.everything()
    answer = scim(method, target, headers=sent, raw=body)
    assert answer.status == status, answer.raw[:300]
    if status >= 400:
        assert (answer.json["status"], answer.scim_type) == (str(status), scim_type)
        assert answer.headers["Content-Type"] == "application/scim+json"
        assert directory.everything() == before
    if method == "DELETE" and status == 204:
        assert scim("GET", target).status == 404
        assert scim("DELETE", target).status == 404
        assert target.strip("/").split("/")[1] not in json.dumps(scim("GET", "/Groups").json)

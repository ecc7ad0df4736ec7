"""Somebody's own SCIM client, as small as can be: what the tests beside it are about."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from typing import Any

SCIM_JSON = "application/scim+json"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class TinyClient:
    """Creates, finds and disables users.

    Args:
        url: the SCIM base, the part before /Users.
        token: the bearer token.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token

    def create(self, user_name: str) -> str:
        """Create an active user and return its id."""
        return str(self._send("POST", "/Users", {"schemas": [USER], "userName": user_name, "active": True})["id"])

    def find(self, user_name: str) -> str | None:
        """Return the id of a user, None when there is none."""
        query = urllib.parse.urlencode({"filter": f'userName eq "{user_name}"'})
        found = self._send("GET", f"/Users?{query}")["Resources"]
        return str(found[0]["id"]) if found else None

    def disable(self, user_id: str) -> None:
        """Make a user inactive."""
        operation = {"op": "replace", "path": "active", "value": False}
        self._send("PATCH", f"/Users/{user_id}", {"schemas": [PATCH_OP], "Operations": [operation]})

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": SCIM_JSON},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

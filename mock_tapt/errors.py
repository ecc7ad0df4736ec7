"""What Tapt refuses, as the table of RFC 7644 section 3.12 has it, and what it says of a user's mistake.

TaptError                      str() is one sentence for the user; exit code 2
ScimError                      an answer of the SCIM API: status, scimType, detail, near misses for the inspector
├── InvalidSyntax              400 invalidSyntax: no JSON, schemas or Operations missing, unknown verb
├── InvalidValue               400 invalidValue: wrong type, required value missing
├── InvalidPath                400 invalidPath: a path that cannot be parsed or names no attribute
├── InvalidFilter              400 invalidFilter
├── NoTarget                   400 noTarget: remove without path; a filter that selects nothing
├── Mutability                 400 mutability: read-only or required
├── TooMany                    400 tooMany
├── Unauthorized               401     ├── Forbidden          403     ├── NotFound             404
├── MethodNotAllowed           405     ├── Uniqueness         409     ├── PreconditionFailed   412
├── PayloadTooLarge            413     ├── UnsupportedMedia   415     ├── PreconditionRequired 428
└── NotImplementedHere         501

Source: RFC 7644 section 3.12; scim-wire.md B.3.
"""

from __future__ import annotations

from typing import Any
from typing import ClassVar

ERROR_URN = "urn:ietf:params:scim:api:messages:2.0:Error"


class TaptError(Exception):
    """A mistake of the person who runs Tapt: what, where, what to do, in one sentence."""

    exit_code: ClassVar[int] = 2


class ScimError(Exception):
    """A refusal of the SCIM API.

    Args:
        detail: one sentence for the client.
        near_misses: what was nearly right, for the inspector only; never on the wire.
    """

    status: ClassVar[int] = 400
    scim_type: ClassVar[str | None] = None

    def __init__(self, detail: str, *, near_misses: tuple[str, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.near_misses = near_misses

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return headers that belong to this refusal."""
        return ()

    def to_body(self) -> dict[str, Any]:
        """Return the error body; the status is a string, as the RFC's own examples have it."""
        return error_body(self.status, self.scim_type, self.detail)


def error_body(status: int, scim_type: str | None, detail: str) -> dict[str, Any]:
    """Return a SCIM error body. Source: RFC 7644 section 3.12."""
    body: dict[str, Any] = {"schemas": [ERROR_URN], "status": str(status)}
    if scim_type:
        body["scimType"] = scim_type
    body["detail"] = detail
    return body


class InvalidSyntax(ScimError):
    """The body is not what the protocol asks for."""

    scim_type = "invalidSyntax"


class InvalidValue(ScimError):
    """A value has the wrong type, or a required one is missing."""

    scim_type = "invalidValue"


class InvalidPath(ScimError):
    """A path cannot be parsed or names no attribute."""

    scim_type = "invalidPath"


class InvalidFilter(ScimError):
    """A filter cannot be parsed, or compares what cannot be compared."""

    scim_type = "invalidFilter"


class NoTarget(ScimError):
    """An operation has nothing to act on."""

    scim_type = "noTarget"


class Mutability(ScimError):
    """The attribute cannot be changed, or cannot be taken away."""

    scim_type = "mutability"


class TooMany(ScimError):
    """More than this server processes in one request."""

    scim_type = "tooMany"


class Unauthorized(ScimError):
    """No bearer token, or one that does not count (any more)."""

    status = 401

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the challenge. Source: RFC 6750 section 3."""
        return (("WWW-Authenticate", 'Bearer realm="Tapt SCIM"'),)


class Forbidden(ScimError):
    """Authenticated, but this organisation does not allow it."""

    status = 403


class NotFound(ScimError):
    """Unknown id or endpoint."""

    status = 404


class MethodNotAllowed(ScimError):
    """The endpoint exists, the method does not."""

    status = 405

    def __init__(self, detail: str, *, allow: str) -> None:
        super().__init__(detail)
        self.allow = allow

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return which methods there are."""
        return (("Allow", self.allow),)


class Uniqueness(ScimError):
    """Another resource has this userName or displayName."""

    status = 409
    scim_type = "uniqueness"


class PreconditionFailed(ScimError):
    """If-Match or If-None-Match does not fit the version held."""

    status = 412


class PayloadTooLarge(ScimError):
    """The body is larger than this server reads."""

    status = 413


class UnsupportedMedia(ScimError):
    """The body is announced as something else than JSON."""

    status = 415


class PreconditionRequired(ScimError):
    """The organisation demands If-Match on writes. Source: RFC 6585 section 3."""

    status = 428


class NotImplementedHere(ScimError):
    """Honestly announced as unsupported."""

    status = 501

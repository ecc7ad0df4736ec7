"""Every exception of the simulator. `str()` is one sentence for the user: what, where, what to do.

SimulatorError
├── UserInputError            the user's file, form or option is wrong: exit code 2, HTTP 422, never a traceback
│   ├── ScenarioError         path, line, column, key
│   ├── ExpressionError       code, column, function
│   └── SettingsError         name
├── NotFound                  HTTP 404
├── StateConflict             HTTP 409: start without credentials, clock backwards, a lock that somebody holds
├── TargetError               the SCIM server's doing: recorded in the log, never ends a cycle by itself
│   ├── TargetUnreachable     connection cut or refused, 502, 503
│   ├── TargetTimeout         no answer in time
│   ├── TargetFailed          500
│   ├── TargetNotImplemented  501
│   ├── TargetUnauthorized    401
│   │   ├── ProbeCredentialsRefused   401 or 403 at the probe
│   │   └── ProbeCredentialsExpired   401 at the probe that says the token has expired
│   ├── TargetForbidden       403
│   ├── TargetMethodNotAllowed 405
│   ├── TargetThrottled       429
│   ├── TargetConflict        409
│   ├── TargetObjectGone      404 on a linked id
│   ├── TargetUnprocessable   422
│   ├── TargetIncompatible    400, other 4xx, a body that is not SCIM
│   │   └── ProbeIncompatible 404 or no list at the probe
│   ├── DuplicateTargetEntries     several hits for one match
│   └── MultipleEntriesInResponse  a read of one object returns several
└── SourceDataError           the directory object's doing: no matching value, required value missing, duplicate source

Each class of TargetError and SourceDataError holds its log error code as `code` and whether the failure is tried again
in the next cycle as `is_retried_soon`; nowhere else is there an if-chain on types. Source: ENG-440, ENG-442, ENG-272.
"""

from __future__ import annotations

import errno
import re
import sys
from typing import ClassVar


class SimulatorError(Exception):
    """Root of all errors that a user may see."""

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500


class UserInputError(SimulatorError):
    """The user's file, form or option is wrong."""

    exit_code = 2
    http_status = 422


class ScenarioError(UserInputError):
    """One mistake in a scenario file.

    Args:
        message: what is wrong and what to do, without the place.
        path: file name as the user gave it.
        line: 1-based.
        column: 1-based.
        key: the offending key or text, if there is one.
    """

    def __init__(self, message: str, *, path: str, line: int, column: int = 1, key: str = "") -> None:
        super().__init__(f"{path}:{line}:{column}: {message}")
        self.message = message
        self.path = path
        self.line = line
        self.column = column
        self.key = key


class SettingsError(UserInputError):
    """A setting does not exist or has a value of the wrong kind."""

    def __init__(self, message: str, *, name: str) -> None:
        super().__init__(message)
        self.name = name


class ExpressionError(UserInputError):
    """An expression cannot be parsed or evaluated.

    Args:
        message: what is wrong, one sentence.
        code: kind of error, one of the codes in expressions.md section 6.
        column: 1-based position in the text of the expression, in characters.
        function: name of the function that refused, if any.
    """

    def __init__(self, message: str, *, code: str, column: int = 1, function: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.column = column
        self.function = function


class NotFound(SimulatorError):
    """A named thing does not exist."""

    exit_code = 2
    http_status = 404


class StateConflict(SimulatorError):
    """The thing exists, but not in a state that allows this."""

    exit_code = 2
    http_status = 409


class TargetError(SimulatorError):
    """The SCIM server answered, or failed to answer, in a way that makes one object fail.

    Args:
        message: what happened, one sentence.
        status: HTTP status, 0 when there was no answer.
        body: the answer's body as text, shortened; shown in the log (ENG-441).
    Source: WIRE-139.
    """

    code: ClassVar[str] = "SystemForCrossDomainIdentityManagementServiceIncompatible"
    category: ClassVar[str] = "nonServiceFailure"
    is_retried_soon: ClassVar[bool] = False

    def __init__(self, message: str, *, status: int = 0, body: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.body = body


class TargetUnreachable(TargetError):
    """502, 503, refused or cut connection."""

    code = "WebExceptionProtocolError"
    is_retried_soon = True


class TargetTimeout(TargetError):
    """No complete answer in time."""

    code = "Timeout"
    is_retried_soon = True


class TargetFailed(TargetError):
    """500 and the 5xx without a row of their own."""

    code = "InternalServerError"
    is_retried_soon = True


class TargetNotImplemented(TargetError):
    """501."""

    code = "NotImplemented"


class TargetUnauthorized(TargetError):
    """401 on an object; at the probe it quarantines the job."""

    code = "Unauthorized"


class ProbeCredentialsRefused(TargetUnauthorized):
    """401 or 403 at the probe: the job is quarantined, a connection test fails. Source: ENG-440, ENG-283, WIRE-031."""

    code = "SystemForCrossDomainIdentityManagementInvalidCredentials"
    category = "failure"


class ProbeCredentialsExpired(TargetUnauthorized):
    """401 at the probe from a server that says that the token has expired. Source: ENG-283."""

    code = "SystemForCrossDomainIdentityManagementCredentialValidationFailure"
    category = "failure"


class TargetForbidden(TargetError):
    """403 on an object; at the probe it quarantines the job."""

    code = "InsufficientRights"


class TargetMethodNotAllowed(TargetError):
    """405."""

    code = "MethodNotAllowed"


class TargetThrottled(TargetError):
    """429; `retry_after_s` is what the server asked for, or None."""

    code = "TooManyRequests"

    def __init__(self, message: str, *, status: int = 429, body: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(message, status=status, body=body)
        self.retry_after_s = retry_after_s


class TargetConflict(TargetError):
    """409 on POST or PATCH."""

    code = "SystemForCrossDomainIdentityManagementServiceIncompatibleFiltering"


class TargetObjectGone(TargetError):
    """404 on a linked id."""

    code = "InvalidAnchor"


class TargetUnprocessable(TargetError):
    """422."""

    code = "UnprocessableEntity"


class TargetIncompatible(TargetError):
    """400, another 4xx or 3xx, or a 2xx whose body is not the SCIM that was asked for."""


class ProbeIncompatible(TargetIncompatible):
    """404 at the probe, or a body that is no list: the endpoint is not usable. Source: ENG-440, WIRE-138."""

    category = "failure"


class DuplicateTargetEntries(TargetError):
    """A match lookup found several resources; nothing is written. Source: ENG-162."""

    code = "DuplicateTargetEntries"


class MultipleEntriesInResponse(TargetError):
    """A read of one object returned several. Source: ENG-162."""

    code = "SystemForCrossDomainIdentityManagementMultipleEntriesInResponse"


class SourceDataError(SimulatorError):
    """The source object cannot be exported as it is."""

    code: ClassVar[str] = "MissingValues"
    category: ClassVar[str] = "failure"
    is_retried_soon: ClassVar[bool] = False


class DuplicateSourceEntries(SourceDataError):
    """Two source objects claim the same target object or matching value. Source: ENG-163."""

    code = "DuplicateSourceEntries"


class SchemaPropertyCanOnlyAcceptValue(SourceDataError):
    """Several values for a single-valued target attribute. Source: ENG-082."""

    code = "SchemaPropertyCanOnlyAcceptValue"


class MappingFailed(SourceDataError):
    """An expression of a mapping failed for this object; the message names attribute and expression."""

    code = "InternalError"
    is_retried_soon = True


_DISK = re.compile("malformed|not a database|is full|readonly|disk I/O|unable to open|locked")
_ERRORS_OF_THE_DISK = {
    errno.EACCES,
    errno.EDQUOT,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.ENOSPC,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
}


def machine_fault(error: BaseException) -> str | None:
    """Return one sentence when the disk or a right is to blame, wherever it was noticed; None for a fault of ours."""
    sqlite3 = sys.modules.get("sqlite3")
    if sqlite3 is not None and isinstance(error, sqlite3.DatabaseError) and _DISK.search(str(error)):
        return (
            f"A database of the data folder cannot be used ({error}). Make room on the disk, put back a copy of the "
            "folder, or take another one with --data DIR."
        )
    if isinstance(error, OSError) and error.errno in _ERRORS_OF_THE_DISK:
        name = f"'{error.filename}'" if error.filename else "A file"
        return f"{name} cannot be read or written ({error.strerror}). Look at its rights and the room on the disk."
    return None

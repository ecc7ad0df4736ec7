"""HTTP statuses: their .NET names, the error each becomes, and Retry-After. Pure."""

from __future__ import annotations

import re
from datetime import UTC
from datetime import datetime

from entra_sim.simulator.errors import TargetConflict
from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.errors import TargetFailed
from entra_sim.simulator.errors import TargetForbidden
from entra_sim.simulator.errors import TargetIncompatible
from entra_sim.simulator.errors import TargetMethodNotAllowed
from entra_sim.simulator.errors import TargetNotImplemented
from entra_sim.simulator.errors import TargetThrottled
from entra_sim.simulator.errors import TargetTimeout
from entra_sim.simulator.errors import TargetUnauthorized
from entra_sim.simulator.errors import TargetUnprocessable
from entra_sim.simulator.errors import TargetUnreachable
from entra_sim.simulator.scim.call import Reply

LOGGED_BODY_CHARACTERS = 4000
"""How much of an answer's body an error keeps for the log."""

LONGEST_RETRY_AFTER_S = 28 * 86400.0
"""A server that asks for more is taken to ask for this: the life of an escrow entry (ENG-271)."""

_NAMES = {
    100: "Continue",
    101: "SwitchingProtocols",
    102: "Processing",
    103: "EarlyHints",
    200: "OK",
    201: "Created",
    202: "Accepted",
    203: "NonAuthoritativeInformation",
    204: "NoContent",
    205: "ResetContent",
    206: "PartialContent",
    207: "MultiStatus",
    208: "AlreadyReported",
    226: "IMUsed",
    300: "MultipleChoices",
    301: "MovedPermanently",
    302: "Found",
    303: "SeeOther",
    304: "NotModified",
    305: "UseProxy",
    306: "Unused",
    307: "TemporaryRedirect",
    308: "PermanentRedirect",
    400: "BadRequest",
    401: "Unauthorized",
    402: "PaymentRequired",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    407: "ProxyAuthenticationRequired",
    408: "RequestTimeout",
    409: "Conflict",
    410: "Gone",
    411: "LengthRequired",
    412: "PreconditionFailed",
    413: "RequestEntityTooLarge",
    414: "RequestUriTooLong",
    415: "UnsupportedMediaType",
    416: "RequestedRangeNotSatisfiable",
    417: "ExpectationFailed",
    421: "MisdirectedRequest",
    422: "UnprocessableEntity",
    423: "Locked",
    424: "FailedDependency",
    426: "UpgradeRequired",
    428: "PreconditionRequired",
    429: "TooManyRequests",
    431: "RequestHeaderFieldsTooLarge",
    451: "UnavailableForLegalReasons",
    500: "InternalServerError",
    501: "NotImplemented",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
    505: "HttpVersionNotSupported",
    506: "VariantAlsoNegotiates",
    507: "InsufficientStorage",
    508: "LoopDetected",
    510: "NotExtended",
    511: "NetworkAuthenticationRequired",
}

_ERRORS: dict[int, type[TargetError]] = {
    401: TargetUnauthorized,
    403: TargetForbidden,
    405: TargetMethodNotAllowed,
    422: TargetUnprocessable,
    501: TargetNotImplemented,
    502: TargetUnreachable,
    503: TargetUnreachable,
}
_FAILURES: dict[str, type[TargetError]] = {"Timeout": TargetTimeout, "Unauthorized": TargetUnauthorized}

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
_DATES = (
    re.compile(r"\w{3}, (?P<day>\d{2}) (?P<month>\w{3}) (?P<year>\d{4}) (?P<time>\d{2}:\d{2}:\d{2}) GMT", re.ASCII),
    re.compile(r"\w{6,9}, (?P<day>\d{2})-(?P<month>\w{3})-(?P<year>\d{2}) (?P<time>\d{2}:\d{2}:\d{2}) GMT", re.ASCII),
    re.compile(r"\w{3} (?P<month>\w{3}) (?P<day>[ \d]\d) (?P<time>\d{2}:\d{2}:\d{2}) (?P<year>\d{4})", re.ASCII),
)


def status_name(status: int) -> str:
    """Return the .NET name of an HTTP status, its number when it has none. Source: ENG-441."""
    return _NAMES.get(status, str(status))


def error_for(reply: Reply, *, missing: type[TargetError] = TargetIncompatible, is_write: bool = False) -> TargetError:
    """Return the error that a reply other than a success becomes.

    Args:
        reply: a failure, or an answer with a status outside 200 to 299.
        missing: what a 404 means for this request.
        is_write: whether 409 is a conflict, as it is for POST and PATCH.

    Source: ENG-440, WIRE section A.10.
    """
    if reply.failure:
        return _FAILURES.get(reply.failure, TargetUnreachable)(reply.detail or "The request got no answer.")
    body = body_text(reply)
    sentence = f"The endpoint answered {reply.status} {status_name(reply.status)}."
    if reply.status == 429:
        return TargetThrottled(sentence, status=429, body=body, retry_after_s=retry_after_s(reply))
    if reply.status == 404:
        return missing(sentence, status=404, body=body)
    if reply.status == 409 and is_write:
        return TargetConflict(sentence, status=409, body=body)
    fallback = TargetFailed if reply.status >= 500 else TargetIncompatible
    return _ERRORS.get(reply.status, fallback)(sentence, status=reply.status, body=body)


def body_text(reply: Reply) -> str:
    """Return the body as text for the log, shortened to LOGGED_BODY_CHARACTERS."""
    text = reply.body[: LOGGED_BODY_CHARACTERS * 4].decode("utf-8", "replace").removeprefix("\ufeff")
    return text if len(text) <= LOGGED_BODY_CHARACTERS else f"{text[:LOGGED_BODY_CHARACTERS]}…"


def retry_after_s(reply: Reply) -> float | None:
    """Return the pause in seconds that the answer asks for, or None when it does not say.

    A date counts from the answer's own Date header, so that clocks need not agree; without that header it says nothing.
    """
    text = (reply.header("Retry-After") or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), LONGEST_RETRY_AFTER_S)
    until, answered_at = _http_date(text), _http_date((reply.header("Date") or "").strip())
    if until is None or answered_at is None:
        return None
    return min(max((until - answered_at).total_seconds(), 0.0), LONGEST_RETRY_AFTER_S)


def _http_date(text: str) -> datetime | None:
    """Return the instant of a date in one of HTTP's three forms, or None. Names of days are not checked."""
    for form in _DATES:
        found = form.fullmatch(text)
        if found is None or found["month"] not in _MONTHS:
            continue
        year = int(found["year"])
        if year < 100:
            year += 1900 if year >= 70 else 2000
        hour, minute, second = (int(part) for part in found["time"].split(":"))
        try:
            return datetime(year, _MONTHS[found["month"]], int(found["day"]), hour, minute, min(second, 59), tzinfo=UTC)
        except ValueError:
            return None
    return None

"""The control API under `/_control`: for tests and scenarios that tell Tapt what to be and ask what it saw.

Every operation stands in OPERATIONS of openapi.py with its summary; a test keeps the two equal. Bodies and answers are
JSON; a mistake is `{"error": sentence}` with 422. The key is sent as `Authorization: Bearer <control key>`.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import asdict
from datetime import datetime
from datetime import timedelta
from typing import Any

import orjson
from flask import Blueprint
from flask import Response
from flask import request

from entra_sim.mock_tapt import har
from entra_sim.mock_tapt.clock import format_instant
from entra_sim.mock_tapt.clock import parse_instant
from entra_sim.mock_tapt.errors import TaptError
from entra_sim.mock_tapt.faults import PRESETS
from entra_sim.mock_tapt.faults import Fault
from entra_sim.mock_tapt.ids import new_key
from entra_sim.mock_tapt.openapi import document
from entra_sim.mock_tapt.seed import checked_seed
from entra_sim.mock_tapt.seed import plant
from entra_sim.mock_tapt.site import Organisation
from entra_sim.mock_tapt.site import Site
from entra_sim.mock_tapt.tapt import SCIM_ROOT
from entra_sim.mock_tapt.tokens import TokenStatus
from entra_sim.mock_tapt.tokens import check_secret

blueprint = Blueprint("control", __name__, url_prefix="/_control")

MAX_CONTROL_BODY = 64 * 1024 * 1024
_SPAN = re.compile(r"^(\d+(?:\.\d+)?)\s*(s|m|h|d)$")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class _Missing(TaptError):
    """What was named does not exist: 404."""


@blueprint.before_request
def check_key() -> Response | None:
    """Let nobody in without the key; the description of the API is open."""
    site: Site | None = request.environ.get("entra_sim.site")
    if site is None or site.settings.control_key is None:
        return _answer({"error": "There is no control API here."}, 404)
    if request.endpoint == "control.openapi":
        return None
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    given = given.strip() if scheme.lower() == "bearer" else request.headers.get("X-Control-Key", "")
    keys = [site.settings.control_key, _organisation().control_key]
    if not given or not any(key and hmac.compare_digest(given.encode(), key.encode()) for key in keys):
        refusal = _answer({"error": "Send the control key as 'Authorization: Bearer <key>'."}, 401)
        refusal.headers["WWW-Authenticate"] = 'Bearer realm="Tapt control"'
        return refusal
    return None


@blueprint.errorhandler(TaptError)
def mistake(error: TaptError) -> Response:
    """Answer a mistake with its sentence."""
    return _answer({"error": str(error)}, 404 if isinstance(error, _Missing) else 422)


def _organisation() -> Organisation:
    organisation = request.environ["entra_sim.organisation"]
    assert isinstance(organisation, Organisation)
    return organisation


def _site() -> Site:
    site = request.environ["entra_sim.site"]
    assert isinstance(site, Site)
    return site


def _answer(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status=status, content_type="application/json")


def _given(*known: str) -> dict[str, Any]:
    """Return the body; a field that is not known is refused, so that a typing mistake cannot hide."""
    if (request.content_length or 0) > MAX_CONTROL_BODY:
        raise TaptError("The body is too large.")
    raw = request.get_data(cache=False)
    if not raw:
        return {}
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise TaptError(f"The body is no JSON: {error}.") from error
    if not isinstance(body, dict):
        raise TaptError("The body is a JSON object.")
    for name in body:
        if known and name not in known:
            raise TaptError(f"'{name}' is unknown here; known are {', '.join(known)}.")
    return body


def _tenant_url(organisation: Organisation) -> str:
    prefix = request.environ.get("SCRIPT_NAME", "")
    own = f"/o/{organisation.name}"
    if organisation.name in _site().organisations and organisation.name != "tapt" and not prefix.endswith(own):
        prefix = f"{prefix}{own}"
    return organisation.tapt.tenant_url or f"{request.host_url.rstrip('/')}{prefix}{SCIM_ROOT}"


def _token_json(status: TokenStatus) -> dict[str, Any]:
    shown = asdict(status)
    return {k: format_instant(v) if isinstance(v, datetime) else v for k, v in shown.items()}


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """Describe the API."""
    return _answer(document(request.environ.get("SCRIPT_NAME", "")))


@blueprint.get("/state")
def state() -> Response:
    """Return what the organisation holds, in numbers."""
    organisation = _organisation()
    tapt = organisation.tapt
    with tapt.lock:
        counts = {"users": tapt.store.count("User"), "groups": tapt.store.count("Group")}
    return _answer(
        {
            "organisation": organisation.name,
            "tenant_url": _tenant_url(organisation),
            "now": format_instant(tapt.now()),
            "rate": organisation.clock.rate if organisation.clock else None,
            **counts,
            "switches": asdict(tapt.switches),
            "token": _token_json(tapt.token_status()),
            "faults_on": tapt.faults.is_any_on,
            "last_sequence": tapt.journal.last_sequence,
        }
    )


@blueprint.post("/reset")
def reset() -> Response:
    """Go back to the seed: data, token, switches, faults, and time when the clock is frozen."""
    organisation = _organisation()
    organisation.reset()
    return _answer({"now": format_instant(organisation.tapt.now())})


@blueprint.post("/snapshots")
def add_snapshot() -> Response:
    """Keep the state of now."""
    return _answer({"snapshot": _organisation().keep_snapshot()}, 201)


@blueprint.get("/snapshots")
def list_snapshots() -> Response:
    """List what was kept."""
    return _answer({"snapshots": list(_organisation().snapshots)})


@blueprint.post("/snapshots/<name>/restore")
def restore_snapshot(name: str) -> Response:
    """Go back to a kept state."""
    organisation = _organisation()
    if name not in organisation.snapshots:
        raise _Missing(f"There is no snapshot '{name}'.")
    organisation.restore(organisation.snapshots[name])
    return _answer({"now": format_instant(organisation.tapt.now())})


@blueprint.get("/clock")
def clock() -> Response:
    """Return the time."""
    organisation = _organisation()
    rate = organisation.clock.rate if organisation.clock else None
    return _answer({"now": format_instant(organisation.tapt.now()), "rate": rate})


@blueprint.post("/clock")
def move_clock() -> Response:
    """Move the time forward, or let it run at another rate."""
    organisation = _organisation()
    timepiece = organisation.clock
    if timepiece is None:
        raise TaptError("The time is kept by entra-sim here; move it there.")
    given = _given("advance", "to", "rate")
    if not given:
        raise TaptError("Give advance (40m), to (an instant) or rate.")
    if "rate" in given:
        rate = given["rate"]
        if not isinstance(rate, int | float) or isinstance(rate, bool) or not 0 <= rate <= 1_000_000:
            raise TaptError("rate is a number from 0 (frozen) up.")
        timepiece.set_rate(float(rate))
    if "advance" in given:
        try:
            timepiece.move_to(timepiece.now() + _span(given["advance"]))
        except OverflowError as error:
            raise TaptError("That is beyond the end of the calendar.") from error
    if "to" in given:
        timepiece.move_to(parse_instant(str(given["to"])))
    organisation.tapt.store_time(timepiece.ahead())
    return clock()


def _span(given: Any) -> timedelta:
    if isinstance(given, int | float) and not isinstance(given, bool) and given >= 0:
        return timedelta(seconds=given)
    match = _SPAN.match(given.strip()) if isinstance(given, str) else None
    if match is None:
        raise TaptError("advance is a number of seconds, or as 30s, 40m, 2h, 31d.")
    return timedelta(seconds=float(match[1]) * _SECONDS[match[2]])


@blueprint.get("/faults")
def list_faults() -> Response:
    """List the faults and what they have done."""
    faults = _organisation().tapt.faults.list()
    shown = [
        {"id": f.id, "fault": f.fault.to_json(), "when": f.fault.when, "what": f.fault.what,
         "matches": f.match_count, "strikes": f.strike_count}
        for f in faults
    ]  # fmt: skip
    return _answer({"faults": shown, "presets": {name: fault.to_json() for name, fault in PRESETS.items()}})


@blueprint.post("/faults")
def add_fault() -> Response:
    """Arm a fault."""
    fault = Fault.from_json(_given())
    tapt = _organisation().tapt
    with tapt.lock:
        return _answer({"id": tapt.faults.add(fault), "when": fault.when, "what": fault.what}, 201)


@blueprint.patch("/faults/<int:fault_id>")
def switch_fault(fault_id: int) -> Response:
    """Turn a fault on or off."""
    given = _given("enabled")
    if not isinstance(given.get("enabled"), bool):
        raise TaptError("Give enabled: true or false.")
    tapt = _organisation().tapt
    with tapt.lock:
        try:
            tapt.faults.switch(fault_id, enabled=given["enabled"])
        except TaptError as error:
            raise _Missing(str(error)) from error
    return _answer({"id": fault_id, "enabled": given["enabled"]})


@blueprint.delete("/faults/<int:fault_id>")
def remove_fault(fault_id: int) -> Response:
    """Disarm a fault."""
    tapt = _organisation().tapt
    with tapt.lock:
        try:
            tapt.faults.remove(fault_id)
        except TaptError as error:
            raise _Missing(str(error)) from error
    return Response(status=204)


@blueprint.delete("/faults")
def clear_faults() -> Response:
    """Disarm all faults."""
    tapt = _organisation().tapt
    with tapt.lock:
        tapt.faults.clear()
    return Response(status=204)


@blueprint.get("/journal")
def journal() -> Response:
    """Return exchanges above `since`, oldest first; `format=har` as an HTTP archive."""
    organisation = _organisation()
    since = request.args.get("since", "0")
    limit = request.args.get("limit", "1000")
    if not since.isdigit() or not limit.isdigit():
        raise TaptError("since and limit are whole numbers.")
    tapt = organisation.tapt
    with tapt.lock:
        exchanges = tapt.journal.exchanges(int(since))[: int(limit)]
        last = tapt.journal.last_sequence
        edits = tapt.journal.hand_edits(int(since))
    if request.args.get("format") == "har":
        return _answer(har.to_har(exchanges, _tenant_url(organisation)))
    by_hand = [
        {"sequence": e.sequence, "at": format_instant(e.at), "who": e.who, "action": e.action, "subject": e.subject}
        for e in edits
    ]
    shown = [har.to_json(exchange) for exchange in exchanges]
    return _answer({"last_sequence": last, "exchanges": shown, "by_hand": by_hand})


@blueprint.delete("/journal")
def clear_journal() -> Response:
    """Forget the exchanges."""
    tapt = _organisation().tapt
    with tapt.lock:
        tapt.journal.clear()
    return Response(status=204)


@blueprint.get("/token")
def token() -> Response:
    """Return the state of the token."""
    return _answer(_token_json(_organisation().tapt.token_status()))


@blueprint.post("/token")
def issue_token() -> Response:
    """Make a new token; the former one stops working at once."""
    organisation = _organisation()
    secret = _given("secret").get("secret")
    check_secret(secret)
    issued = organisation.tapt.generate_token(secret)
    return _answer(
        {
            "url": _tenant_url(organisation),
            "secret": issued.secret,
            "created_at": format_instant(issued.created_at),
            "expires_at": format_instant(issued.expires_at),
        },
        201,
    )


@blueprint.post("/token/expire")
def expire_token() -> Response:
    """Let the token be past its date now."""
    _organisation().tapt.expire_token()
    return token()


@blueprint.delete("/token")
def revoke_token() -> Response:
    """End the token."""
    _organisation().tapt.revoke_token()
    return Response(status=204)


@blueprint.get("/switches")
def switches() -> Response:
    """Return the switches."""
    return _answer(asdict(_organisation().tapt.switches))


@blueprint.patch("/switches")
def set_switches() -> Response:
    """Turn switches on or off."""
    return _answer(asdict(_organisation().tapt.set_switches(**_given())))


@blueprint.get("/users")
def users() -> Response:
    """Return all users as SCIM resources."""
    return _answer({"users": _organisation().tapt.users()})


@blueprint.post("/users")
def add_user() -> Response:
    """Add a user by hand."""
    return _answer(_organisation().tapt.add_profile(_given()), 201)


@blueprint.patch("/users/<name>")
def edit_user(name: str) -> Response:
    """Set paths of a user by hand; null clears."""
    return _answer(_organisation().tapt.edit_by_hand(name, _given()))


@blueprint.delete("/users/<name>")
def delete_user(name: str) -> Response:
    """Delete a user by hand."""
    _organisation().tapt.delete_by_hand(name)
    return Response(status=204)


@blueprint.get("/groups")
def groups() -> Response:
    """Return all groups as SCIM resources."""
    return _answer({"groups": _organisation().tapt.groups()})


@blueprint.post("/groups")
def add_group() -> Response:
    """Add a group by hand."""
    return _answer(_organisation().tapt.add_group(_given()), 201)


@blueprint.patch("/groups/<name>")
def edit_group(name: str) -> Response:
    """Set paths of a group by hand; null clears."""
    return _answer(_organisation().tapt.edit_group_by_hand(name, _given()))


@blueprint.delete("/groups/<name>")
def delete_group(name: str) -> Response:
    """Delete a group by hand."""
    _organisation().tapt.delete_group_by_hand(name)
    return Response(status=204)


@blueprint.post("/seed")
def plant_seed() -> Response:
    """Add users and groups; members may be userNames."""
    organisation = _organisation()
    seed = checked_seed(_given("users", "groups"), "The body")
    plant(organisation.tapt, seed)
    return _answer({"users": len(seed["users"]), "groups": len(seed["groups"])}, 201)


@blueprint.get("/organisations")
def organisations() -> Response:
    """List the organisations."""
    _only_the_site_key()
    shown = [{"name": o.name, "tenant_url": _tenant_url(o)} for o in _site().organisations.values()]
    return _answer({"organisations": shown})


@blueprint.post("/organisations")
def add_organisation() -> Response:
    """Make an isolated organisation with a token of its own."""
    _only_the_site_key()
    given = _given("name", "clock", "ids", "strict", "chance_seed", "seed", "token")
    check_secret(given.get("token"))
    secret = given.get("token") or f"tapt_{new_key()}"
    options: dict[str, Any] = {"token": secret} | {
        k: given[k] for k in ("clock", "ids", "strict", "chance_seed") if k in given
    }
    for name, kind in (("name", str), ("clock", str), ("ids", str), ("strict", bool), ("chance_seed", str)):
        if given.get(name) is not None and not isinstance(given[name], kind):
            raise TaptError(f"'{name}' is a {'boolean' if kind is bool else 'text'}.")
    seed = checked_seed(given["seed"], "'seed'") if given.get("seed") is not None else None
    made = _site().add(given.get("name"), options, (lambda: seed) if seed is not None else None)
    prefix = f"{request.environ.get('SCRIPT_NAME', '')}/o/{made.name}"
    return _answer(
        {
            "name": made.name,
            "tenant_url": _tenant_url(made),
            "token": secret,
            "control_url": f"{request.host_url.rstrip('/')}{prefix}/_control",
            "control_key": made.control_key,
        },
        201,
    )


@blueprint.delete("/organisations/<name>")
def delete_organisation(name: str) -> Response:
    """Forget an organisation."""
    _only_the_site_key()
    _site().remove(name)
    return Response(status=204)


def _only_the_site_key() -> None:
    if _organisation().name != "tapt":
        raise _Missing("Organisations are managed at the root of the site.")

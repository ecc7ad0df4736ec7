"""Checks of disabling, restoring, soft deletion, rehiring and deleting. Pure."""

from __future__ import annotations

from collections.abc import Callable

from entra_sim.simulator.checking.bench import Bench
from entra_sim.simulator.checking.bench import Steps
from entra_sim.simulator.checking.check import Check
from entra_sim.simulator.checking.failing import Failed
from entra_sim.simulator.checking.failing import Inapplicable
from entra_sim.simulator.checking.failing import Stuck
from entra_sim.simulator.checking.people import Actor
from entra_sim.simulator.checking.results import Severity
from entra_sim.simulator.checking.results import Track
from entra_sim.simulator.checking.user_checks import DIALECTS
from entra_sim.simulator.model.directory import Presence
from entra_sim.simulator.scim import requests
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.paths import member
from entra_sim.simulator.scim.profile import Dialect

LIFE = "life cycle"


def _needs_active(bench: Bench) -> None:
    if not any(item.path.name == "active" for item in bench.run.user.rows):
        raise Inapplicable("The schema does not map active: nobody is ever disabled.")


def _turned(bench: Bench, person: Actor, presence: Presence, dialect: Dialect, shows: bool) -> Steps:
    """Disable or enable and see what the endpoint shows afterwards."""
    person.becomes(presence)
    done = yield from bench.update(person, dialect)
    call = done.writes[-1][0]
    expect_active((yield from bench.read(person)), shows, call)
    yield from bench.settled(person, dialect)


def expect_active(resource: object, shows: bool, call: Call) -> None:
    """Raise Failed unless the resource shows active as this JSON boolean."""
    held = member(resource, "active")
    if held is shows:
        return
    if held is None:
        raise Failed(
            f"active does not come back after it was set to {shows}: Entra sends it again in every evaluation, patched "
            "for ever, and nobody can see whether the person is disabled.",
            severity=Severity.BREAKS,
            fix="Return active in every representation of a user, as a JSON boolean.",
            call=call,
            is_patched_for_ever=True,
        )
    if isinstance(held, str):
        raise Failed(
            f'active comes back as the text "{held}", not as a boolean: a text counts as true in most code, the person '
            "may still sign in.",
            severity=Severity.LOSES,
            fix='Turn "True", "False", "true" and "false" into JSON booleans, in POST and in PATCH.',
            call=call,
        )
    raise Failed(f"active is {held!r} after it was set to {shows}.", severity=Severity.BREAKS, call=call)


def _disables(dialect: Dialect) -> Callable[[Bench], Steps]:
    def body(bench: Bench) -> Steps:
        _needs_active(bench)
        person = bench.person(f"leaver-{DIALECTS[dialect][0]}")
        yield from bench.prepared(person)
        yield from _turned(bench, person, Presence.DISABLED, dialect, False)

    return body


def _enables(dialect: Dialect) -> Callable[[Bench], Steps]:
    def body(bench: Bench) -> Steps:
        _needs_active(bench)
        person = bench.person(f"returner-{DIALECTS[dialect][0]}")
        yield from bench.prepared(person)
        yield from _off(bench, person, dialect)
        yield from _turned(bench, person, Presence.ACTIVE, dialect, True)

    return body


def _off(bench: Bench, person: Actor, dialect: Dialect, presence: Presence = Presence.DISABLED) -> Steps:
    """Disable for something else that is checked, in the other dialect if this one is refused."""
    person.becomes(presence)
    other = Dialect.FLAGGED if dialect is Dialect.DEFAULT else Dialect.DEFAULT
    try:
        yield from bench.update(person, dialect)
    except Failed:
        try:
            yield from bench.update(person, other)
        except Failed as failure:
            raise Stuck(f"the person could not be disabled: {failure.what}") from failure


def _disabled_found(bench: Bench) -> Steps:
    _needs_active(bench)
    person = bench.person("hidden")
    yield from bench.prepared(person)
    yield from _off(bench, person, Dialect.DEFAULT)
    yield from bench.read(person)
    bench.expect_one((yield from bench.lookup(person)), person, "The lookup of a disabled person")


def _soft_deletes(dialect: Dialect) -> Callable[[Bench], Steps]:
    def body(bench: Bench) -> Steps:
        _needs_active(bench)
        bench.needs_names()
        person = bench.person(f"binned-{DIALECTS[dialect][0]}")
        yield from bench.prepared(person)
        plain, target_id = person.name, person.target_id
        person.becomes(Presence.SOFT_DELETED)
        call = (yield from bench.update(person, dialect)).writes[-1][0]
        resource = yield from bench.read(person)
        shown = str(member(resource, "userName"))
        if shown.lower() != person.name.lower():
            raise Failed(f"userName is {shown!r} after the soft deletion, not {person.name!r}.", call=call)
        expect_active(resource, False, call)
        if (yield from bench.lookup(person, plain)):
            raise Failed("The lookup by the former userName still finds the soft-deleted person.", call=call)
        person.becomes(Presence.ACTIVE)
        call = (yield from bench.update(person, dialect)).writes[-1][0]
        resource = yield from bench.read(person)
        expect_active(resource, True, call)
        if str(member(resource, "userName")).lower() != plain.lower() or person.target_id != target_id:
            raise Failed("The restored person has not got the userName back.", call=call)
        yield from bench.settled(person, dialect)

    return body


def _rehire(bench: Bench) -> Steps:
    _needs_active(bench)
    bench.needs_names()
    former = bench.person("rehired")
    yield from bench.prepared(former)
    yield from _off(bench, former, Dialect.DEFAULT, Presence.SOFT_DELETED)
    again = bench.person("rehired")
    done = yield from bench.evaluate(again)
    posts = [call for call, _reply in done.writes if call.method == "POST"]
    if done.outcome.error is not None or again.entry is None:
        raise Failed(
            f"The person hired again under a new object is refused: {done.outcome.error}",
            call=posts[0] if posts else None,
        )
    if again.target_id == former.target_id:
        raise Failed("The person hired again got the former account's id.", call=posts[0] if posts else None)
    bench.expect_one((yield from bench.lookup(again)), again, "The lookup of the person hired again")
    yield from bench.read(former)


def _delete(bench: Bench) -> Steps:
    person = bench.person("purged")
    yield from bench.prepared(person)
    target_id = person.target_id
    call = requests.delete("User", target_id)
    yield from deleted(call, requests.read("User", target_id))
    if (yield from bench.lookup(person)):
        raise Failed("The lookup still finds the deleted person.", call=call)
    reply = yield call
    if reply.status != 404:
        severity = Severity.COSMETIC if 200 <= reply.status < 300 else Severity.LOSES
        raise Failed(f"Deleting the same user twice is answered with {reply.status}, not with 404.", severity=severity)
    again = bench.person("purged")
    done = yield from bench.evaluate(again)
    if done.outcome.error is not None or again.entry is None or again.target_id == target_id:
        raise Failed(f"The userName of a deleted person cannot be used again: {done.outcome.error or 'same id'}")


def deleted(call: Call, read: Call) -> Steps:
    """Delete and see that it is gone."""
    reply = yield call
    if not 200 <= reply.status < 300:
        raise Failed(f"The DELETE is answered with {reply.status or reply.failure}, not with 204.")
    if reply.status != 204:
        severity = Severity.COSMETIC
        raise Failed(f"The DELETE is answered with {reply.status}, not with 204.", severity=severity)
    reply = yield read
    if reply.status != 404:
        raise Failed(f"The deleted object is read with {reply.status}, not with 404.", call=call)


def _turning_checks(dialect: Dialect) -> list[Check]:
    word, track, _area = DIALECTS[dialect]
    tracks = frozenset({track})
    value = 'the text "False"' if dialect is Dialect.DEFAULT else "the boolean false"
    fix = (
        'Accept op "Replace" with the text "False" or "True" on active, and store a boolean.'
        if dialect is Dialect.DEFAULT
        else 'Accept op "replace" with path active and a JSON boolean.'
    )
    return [
        Check(
            check_id=f"{word}-disable",
            title=f"Disable with {value}",
            area=LIFE,
            tracks=tracks,
            rules=("WIRE-090" if dialect is Dialect.DEFAULT else "WIRE-091", "QRK-02", "SRV-012"),
            needs="active as the JSON boolean false when it is read back",
            fix=fix,
            body=_disables(dialect),
            after=("create-minimal",),
        ),
        Check(
            check_id=f"{word}-enable",
            title="Enable again",
            area=LIFE,
            tracks=tracks,
            rules=("WIRE-093", "ENG-169"),
            needs="active true on the same id",
            fix=fix,
            body=_enables(dialect),
            after=(f"{word}-disable",),
        ),
        Check(
            check_id=f"{word}-soft-delete",
            title="Soft deletion renames and disables; the restore takes both back",
            area=LIFE,
            tracks=tracks,
            rules=("WIRE-099", "ENG-013", "QRK-35"),
            needs="the renamed userName stored, and the plain one again after the restore",
            fix="Let userName and active be changed in one PATCH; take any userName, 32 more characters included.",
            body=_soft_deletes(dialect),
            after=(f"{word}-disable",),
        ),
    ]


CHECKS = (
    *_turning_checks(Dialect.DEFAULT),
    *_turning_checks(Dialect.FLAGGED),
    Check(
        check_id="disabled-found",
        title="Disabled people are still found, by id and by lookup",
        area=LIFE,
        rules=("SRV-020", "ENG-169"),
        needs="the disabled user in the answers; else Entra creates a second account or fails with 409 for ever",
        fix="Never leave disabled users out of reads, lookups and lists.",
        body=_disabled_found,
        after=("match",),
    ),
    Check(
        check_id="rehire",
        title="Hired again under a new object while the old one is in the recycle bin",
        area=LIFE,
        rules=("WIRE-099", "ENG-013", "SRV-021"),
        needs="a second account with the plain userName: the soft deletion freed it",
        fix="Let go of the former userName when it is changed by PATCH.",
        body=_rehire,
        after=("match",),
    ),
    Check(
        check_id="delete",
        title="Delete: gone, 404 afterwards, the userName is free",
        area=LIFE,
        tracks=frozenset({Track.DEFAULT, Track.FLAGGED}),
        rules=("WIRE-094", "WIRE-098", "SRV-050", "SRV-021"),
        needs="204, then 404 for the id, no hit in lookups, and the userName free again",
        fix="Really delete on DELETE: a person who is only disabled by it is found again and taken over.",
        body=_delete,
        after=("create-minimal",),
    ),
)

"""Checks of creating and updating users, in both dialects. Pure."""

from __future__ import annotations

from collections.abc import Callable

from entra_sim.simulator.checking.bench import Bench
from entra_sim.simulator.checking.bench import Steps
from entra_sim.simulator.checking.check import Check
from entra_sim.simulator.checking.failing import Failed
from entra_sim.simulator.checking.failing import Stuck
from entra_sim.simulator.checking.people import Actor
from entra_sim.simulator.checking.reference_steps import assign_manager
from entra_sim.simulator.checking.results import Severity
from entra_sim.simulator.checking.results import Track
from entra_sim.simulator.scim.profile import Dialect

CREATE = "creating users"
KINDS = {
    "simple": ("simple attributes", ("WIRE-061", "WIRE-062"), ("WIRE-068", "WIRE-070")),
    "name": ("parts of the name", ("WIRE-067",), ("WIRE-070", "QRK-07")),
    "typed": ('typed values such as emails[type eq "work"].value', ("WIRE-065",), ("WIRE-069",)),
    "extension": ("extension attributes", ("WIRE-066",), ("WIRE-070", "QRK-08")),
    "all": ("everything in one PATCH", ("WIRE-063", "QRK-06"), ("WIRE-069", "WIRE-070")),
}
DIALECTS = {
    Dialect.DEFAULT: ("default", Track.DEFAULT, "PATCH, default dialect"),
    Dialect.FLAGGED: ("flagged", Track.FLAGGED, "PATCH, flagged dialect"),
}


def _create_minimal(bench: Bench) -> Steps:
    person = bench.person("minimal")
    done = yield from bench.create(person)
    yield from bench.verify(person, call=done.writes[0][0], is_first=True)
    yield from bench.settled(person)


def _create_full(bench: Bench) -> Steps:
    person = bench.full_person("full")
    done = yield from bench.create(person)
    status = done.writes[0][1].status
    if status != 201:
        bench.noted.append(
            Failed(
                f"The create is answered with {status}, not with 201.",
                severity=Severity.COSMETIC,
                call=done.writes[0][0],
                fix="Answer a create with 201 and the resource.",
            )
        )
    yield from bench.verify(person, call=done.writes[0][0], is_first=True)
    yield from bench.settled(person)


def _replaces(kind: str, dialect: Dialect) -> Callable[[Bench], Steps]:
    def body(bench: Bench) -> Steps:
        names = bench.sources_of(kind)
        person = bench.full_person(f"replace-{kind}-{DIALECTS[dialect][0]}")
        yield from bench.prepared(person)
        bench.changes(person, names)
        yield from _updated(bench, person, dialect)

    return body


def _adds(kind: str, dialect: Dialect) -> Callable[[Bench], Steps]:
    def body(bench: Bench) -> Steps:
        names = bench.sources_of(kind)
        person = bench.person(f"add-{kind}-{DIALECTS[dialect][0]}")
        yield from bench.prepared(person)
        bench.changes(person, names)
        yield from _updated(bench, person, dialect)

    return body


def _updated(bench: Bench, person: Actor, dialect: Dialect) -> Steps:
    done = yield from bench.update(person, dialect)
    yield from bench.verify(person, call=done.writes[-1][0])
    yield from bench.settled(person, dialect)


def _rename(dialect: Dialect) -> Callable[[Bench], Steps]:
    def body(bench: Bench) -> Steps:
        bench.needs_names()
        person = bench.person(f"maiden-{DIALECTS[dialect][0]}")
        yield from bench.prepared(person)
        former = person.name
        person.plain_name = f"{bench.cast.prefix}married-{DIALECTS[dialect][0]}@{bench.cast.domain}"
        person.with_attributes(userPrincipalName=person.plain_name)
        yield from _updated(bench, person, dialect)
        bench.expect_one((yield from bench.lookup(person)), person, "The lookup by the new userName")
        if (yield from bench.lookup(person, former)):
            raise Failed("The lookup by the former userName still finds somebody.")

    return body


def _manager(dialect: Dialect) -> Callable[[Bench], Steps]:
    def body(bench: Bench) -> Steps:
        row = bench.manager_row()
        word = DIALECTS[dialect][0]
        report, first, second = (bench.person(f"{name}-{word}") for name in ("report", "boss", "new-boss"))
        for person in (report, first, second):
            yield from bench.prepared(person)
        for manager in (first, second):
            made = yield from assign_manager(bench, report, manager, dialect)
            shown = row.path.read((yield from bench.read(report)))
            if shown != manager.target_id:
                bench.noted.append(
                    Failed(
                        f"The manager comes back as {shown!r}, not as {manager.target_id!r}: patched for ever.",
                        severity=Severity.LOSES,
                        call=made[0] if made else None,
                        is_patched_for_ever=True,
                    )
                )
                return

    return body


def _same_again(dialect: Dialect) -> Callable[[Bench], Steps]:
    def body(bench: Bench) -> Steps:
        person = bench.full_person(f"again-{DIALECTS[dialect][0]}")
        yield from bench.prepared(person)
        bench.changes(person, bench.sources_of("all"))
        try:
            done = yield from bench.update(person, dialect)
        except Failed as failure:
            raise Stuck(f"the PATCH itself is refused: {failure.what}") from failure
        call = done.writes[-1][0]
        before = yield from bench.read(person)
        reply = yield call
        if not 200 <= reply.status < 300:
            raise Failed(f"The same PATCH again is refused with {reply.status or reply.failure}.", call=call)
        after = yield from bench.read(person)
        for name in ("emails", "phoneNumbers", "addresses", "roles"):
            entries = [len(shown.get(name) or ()) for shown in (before, after)]
            if entries[0] != entries[1]:
                raise Failed(
                    f"After the same PATCH again there are {entries[1]} {name}, before there were {entries[0]}.",
                    severity=Severity.LOSES,
                    call=call,
                )

    return body


def _patch_checks(dialect: Dialect) -> list[Check]:
    word, track, area = DIALECTS[dialect]
    tracks = frozenset({track})
    checks = []
    for kind, (name, default_rules, flagged_rules) in KINDS.items():
        rules = default_rules if dialect is Dialect.DEFAULT else flagged_rules
        for verb, make in (("replace", _replaces), ("add", _adds)):
            is_new = verb == "add"
            checks.append(
                Check(
                    check_id=f"{word}-{verb}-{kind}",
                    title=f"Set {name}, none of it there yet" if is_new else f"Change {name}",
                    area=area,
                    tracks=tracks,
                    rules=(*rules, "ENG-154", *(("SRV-046", "QRK-05") if is_new and kind == "typed" else ())),
                    needs="200 or 204, and the new values when it is read back",
                    fix=_fix(kind, dialect, is_new=is_new),
                    body=make(kind, dialect),
                    after=("create-minimal",) if is_new else ("create-full",),
                )
            )
    return [*checks, *_other_patches(dialect)]


def _other_patches(dialect: Dialect) -> list[Check]:
    word, track, area = DIALECTS[dialect]
    tracks = frozenset({track})
    is_default = dialect is Dialect.DEFAULT
    return [
        Check(
            check_id=f"{word}-rename",
            title="Rename: userName is changed on the same id",
            area=area,
            tracks=tracks,
            rules=("ENG-155", "WIRE-035"),
            needs="the new userName under the same id",
            fix="Let userName be changed by PATCH; the id stays.",
            body=_rename(dialect),
            after=("match",),
        ),
        Check(
            check_id=f"{word}-manager",
            title="Manager: set, then change",
            area=area,
            tracks=tracks,
            rules=("WIRE-073" if is_default else "WIRE-074", "QRK-12"),
            needs='the bare id taken, and {"value": id} returned under the enterprise extension',
            fix='Accept the manager as a text with the id, store it, and return {"manager":{"value":"<id>"}}.',
            body=_manager(dialect),
            after=("create-minimal",),
        ),
        Check(
            check_id=f"{word}-same-again",
            title="The same PATCH again, as after a lost answer",
            area=area,
            tracks=tracks,
            rules=("QRK-34", "SRV-045"),
            needs="success, and nothing doubled",
            fix="Make PATCH idempotent: set what is set already, add no entry twice.",
            body=_same_again(dialect),
            after=("create-full",),
        ),
    ]


def _fix(kind: str, dialect: Dialect, *, is_new: bool) -> str:
    if kind in ("typed", "all") and is_new:
        return (
            "When the filter in the path selects nothing, create an entry that satisfies it and set the value there; "
            "never refuse with noTarget."
        )
    if dialect is Dialect.DEFAULT:
        return "Accept op in any case (Add, Replace), one operation per attribute with its path, values as texts."
    if kind in ("simple", "name", "extension", "all"):
        return "Read each key of a PATCH value without path as a path of its own: dotted names and full URNs included."
    return "Accept lower-case op with a value path, before operations without a path."


CHECKS = (
    Check(
        check_id="create-minimal",
        title="Create with few attributes",
        area=CREATE,
        rules=("WIRE-050", "WIRE-051", "WIRE-059", "QRK-19"),
        needs="201 with the whole resource, id included, and nothing left to send afterwards",
        fix="Accept a POST with userName, active, displayName, externalId; both schemas and meta are sent always.",
        body=_create_minimal,
        after=("connect",),
        validator_tests=("SCIM_User_Create_Test",),
    ),
    Check(
        check_id="create-full",
        title="Create with every mapped attribute",
        area=CREATE,
        rules=("WIRE-050", "WIRE-053", "WIRE-054", "WIRE-056", "SRV-012"),
        needs="201 with the whole resource, id included, and every value back as it was sent",
        fix="Accept the body as it is, store every attribute unchanged; ignore those you have no place for.",
        body=_create_full,
        after=("create-minimal",),
    ),
    *_patch_checks(Dialect.DEFAULT),
    *_patch_checks(Dialect.FLAGGED),
)

"""Checks of groups and their members. Pure."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Iterable

from entra_sim.simulator.checking.bench import Bench
from entra_sim.simulator.checking.bench import Steps
from entra_sim.simulator.checking.check import Check
from entra_sim.simulator.checking.failing import Failed
from entra_sim.simulator.checking.failing import Stuck
from entra_sim.simulator.checking.lifecycle_checks import deleted
from entra_sim.simulator.checking.people import Actor
from entra_sim.simulator.checking.reference_steps import create_plain_group
from entra_sim.simulator.checking.reference_steps import members
from entra_sim.simulator.checking.reference_steps import write_members
from entra_sim.simulator.checking.results import Severity
from entra_sim.simulator.checking.results import Track
from entra_sim.simulator.checking.user_checks import DIALECTS
from entra_sim.simulator.scim import requests
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.scim.profile import Dialect

GROUPS = "groups"
TRACKS = frozenset({Track.GROUPS})
Crew = tuple[Actor, list[Actor]]


def _create(bench: Bench) -> Steps:
    group = bench.group("team")
    try:
        done = yield from bench.create(group)
    except Failed as failure:
        try:
            yield from create_plain_group(bench, group)
        except Failed:
            raise failure from None
        bench.has_plain_groups = True
        failure.what += " Without the second schema URN it succeeds; the other checks of groups go on so."
        failure.fix = "Ignore schema URNs that you do not know: Entra always sends one of its own with a group."
        bench.noted.append(failure)
        return
    yield from bench.verify(group, call=done.writes[0][0])
    yield from bench.settled(group)


def _match(bench: Bench) -> Steps:
    group = bench.group("team match & co")
    yield from bench.prepared(group)
    bench.expect_one((yield from bench.lookup(group)), group, "The lookup by displayName")
    try:
        bench.expect_one((yield from bench.lookup(group, group.name.upper())), group, "The lookup in capitals")
    except Failed as failure:
        bench.noted.append(failure)
    if (yield from bench.lookup(group, bench.new_id())):
        raise Failed("The lookup of a random GUID found a group: the filter is ignored.")


def _duplicate(bench: Bench) -> Steps:
    group = bench.group("team twin")
    done = yield from bench.prepared(group)
    reply = yield done.writes[0][0]
    if reply.status != 409:
        is_made = 200 <= reply.status < 300
        raise Failed(
            f"A second group with the same displayName is answered with {reply.status}, not with 409.",
            severity=Severity.LOSES if is_made else Severity.COSMETIC,
        )


def _excluded(bench: Bench) -> Steps:
    group, people = yield from _crew(bench, "team-excluded", 1, joins=True)
    resource = yield from bench.read(group)
    found = yield from bench.lookup(group)
    for shown, way in ((resource, "The read by id"), (found[0] if found else {}, "The lookup")):
        if shown.get("members"):
            raise Failed(f"{way} returns the members though excludedAttributes=members asks to leave them out.")
    if people[0].target_id not in (yield from members(bench, group)):
        raise Failed("A read without excludedAttributes does not show the members.")


def _crew(bench: Bench, label: str, count: int, *, joins: bool) -> Generator[Call, Reply, Crew]:
    """Return a group and people, who are its members already or are not."""
    group = bench.group(label)
    people = [bench.person(f"{label}-{number}") for number in range(count)]
    for actor in (group, *people):
        yield from bench.prepared(actor)
    if joins:
        try:
            yield from write_members(bench, group, people, (), Dialect.DEFAULT)
        except Failed as failure:
            raise Stuck(f"members could not be added: {failure.what}") from failure
        if sorted((yield from members(bench, group))) != _ids(people):
            raise Stuck("members that were added are not shown")
    return group, people


def _ids(people: Iterable[Actor]) -> list[str]:
    return sorted(person.target_id for person in people)


def _adds(dialect: Dialect) -> Callable[[Bench], Steps]:
    def body(bench: Bench) -> Steps:
        group, people = yield from _crew(bench, f"team-add-{DIALECTS[dialect][0]}", 3, joins=False)
        calls = yield from write_members(bench, group, people[:1], (), dialect)
        _expect((yield from members(bench, group)), people[:1], "one member was added", calls[-1])
        calls = yield from write_members(bench, group, people[1:], (), dialect)
        _expect((yield from members(bench, group)), people, "two more were added", calls[-1])
        calls = yield from write_members(bench, group, people[:1], (), dialect)
        _expect((yield from members(bench, group)), people, "one was added a second time", calls[-1])

    return body


def _removes(dialect: Dialect) -> Callable[[Bench], Steps]:
    def body(bench: Bench) -> Steps:
        group, people = yield from _crew(bench, f"team-remove-{DIALECTS[dialect][0]}", 4, joins=True)
        calls = yield from write_members(bench, group, (), people[:1], dialect)
        _expect((yield from members(bench, group)), people[1:], "one member was removed", calls[-1])
        calls = yield from write_members(bench, group, (), people[1:3], dialect)
        _expect((yield from members(bench, group)), people[3:], "two more were removed", calls[-1])
        calls = yield from write_members(bench, group, (), people[:1], dialect)
        _expect((yield from members(bench, group)), people[3:], "somebody who is no member was removed", calls[-1])

    return body


def _expect(shown: list[str], wanted: Iterable[Actor], after: str, call: Call) -> None:
    expected = _ids(wanted)
    if sorted(shown) == expected:
        return
    lost = [item for item in expected if item not in shown]
    extra = [item for item in shown if item not in expected]
    doubled = len(shown) != len(set(shown))
    if lost:
        what = f"After {after}, {len(lost)} of the {len(expected)} members are gone"
        what += " (the group is empty)" if not shown else ""
    elif extra:
        what = f"After {after}, {len(extra)} members are there that should not be"
    else:
        what = f"After {after}, a member is there twice" if doubled else f"After {after}, the members differ"
    raise Failed(
        f"{what}.", severity=Severity.COSMETIC if doubled and not lost and not extra else Severity.LOSES, call=call
    )


def _renames(dialect: Dialect) -> Callable[[Bench], Steps]:
    def body(bench: Bench) -> Steps:
        group, people = yield from _crew(bench, f"team-name-{DIALECTS[dialect][0]}", 1, joins=True)
        former = group.name
        group.with_attributes(displayName=f"{former} renamed")
        done = yield from bench.update(group, dialect)
        yield from bench.verify(group, call=done.writes[-1][0])
        bench.expect_one((yield from bench.lookup(group)), group, "The lookup by the new displayName")
        if (yield from bench.lookup(group, former)):
            raise Failed("The lookup by the former displayName still finds a group.")
        _expect((yield from members(bench, group)), people, "the group was renamed", done.writes[-1][0])
        yield from bench.settled(group, dialect)

    return body


def _delete(bench: Bench) -> Steps:
    group, people = yield from _crew(bench, "team-gone", 1, joins=True)
    call = requests.delete("Group", group.target_id)
    yield from deleted(call, requests.read("Group", group.target_id))
    if (yield from bench.lookup(group)):
        raise Failed("The lookup still finds the deleted group.", call=call)
    yield from bench.read(people[0])


def _deleted_member(bench: Bench) -> Steps:
    group, people = yield from _crew(bench, "team-left", 2, joins=True)
    call = requests.delete("User", people[0].target_id)
    reply = yield call
    if not 200 <= reply.status < 300:
        raise Stuck("a user cannot be deleted")
    if people[0].target_id in (yield from members(bench, group)):
        raise Failed("The deleted user is still shown as a member.", call=call)


_ADD_FIX = "Append on add: never exchange the list; adding a member twice is no error and changes nothing."
_REMOVE_FIX = {
    Dialect.DEFAULT: "On Remove of members with a value list, remove these only; the RFC's letter empties the list.",
    Dialect.FLAGGED: 'Support the path members[value eq "<id>"] in remove; nothing found is no error.',
}


def _member_checks(dialect: Dialect) -> list[Check]:
    word, _track, _area = DIALECTS[dialect]
    is_default = dialect is Dialect.DEFAULT
    return [
        Check(
            check_id=f"group-add-{word}",
            title=f"Add members, {word} dialect: one, several, one who is a member already",
            area=GROUPS,
            tracks=TRACKS,
            rules=("WIRE-105" if is_default else "WIRE-106", "WIRE-109", "SRV-049"),
            needs="204 or 200, those who were members still there",
            fix=_ADD_FIX,
            body=_adds(dialect),
            after=("group-create", "create-minimal"),
        ),
        Check(
            check_id=f"group-remove-{word}",
            title=f"Remove members, {word} dialect: {'with a value list' if is_default else 'by a filter in the path'}",
            area=GROUPS,
            tracks=TRACKS,
            rules=("WIRE-107" if is_default else "WIRE-108", "QRK-10" if is_default else "SRV-047", "SRV-049"),
            needs="only the named members gone",
            fix=_REMOVE_FIX[dialect],
            body=_removes(dialect),
            after=("group-create", "create-minimal"),
        ),
        Check(
            check_id=f"group-rename-{word}",
            title=f"Rename a group, {word} dialect",
            area=GROUPS,
            tracks=TRACKS,
            rules=("WIRE-103" if is_default else "WIRE-104", "ENG-238"),
            needs="the new displayName under the same id, members untouched",
            fix="Let displayName be changed by PATCH; the id and the members stay.",
            body=_renames(dialect),
            after=("group-match", f"group-add-{word}"),
        ),
    ]


CHECKS = (
    Check(
        check_id="group-create",
        title="Create a group without members",
        area=GROUPS,
        tracks=TRACKS,
        rules=("WIRE-101", "QRK-18", "QRK-20"),
        needs="201 with the group, id included; the second schema and meta are sent always",
        fix="Accept a POST to /Groups with displayName, externalId, a schema URN that you do not know, and meta.",
        body=_create,
        after=("connect",),
    ),
    Check(
        check_id="group-match",
        title="Match a group by displayName, in any case; a miss is an empty list",
        area=GROUPS,
        tracks=TRACKS,
        rules=("WIRE-100", "SRV-032", "SRV-013"),
        needs="a list with exactly the one group whose displayName is asked for",
        fix='Support `displayName eq "..."` on /Groups, without regard to case.',
        body=_match,
        after=("group-create",),
    ),
    Check(
        check_id="group-duplicate",
        title="A second group with the same displayName: 409",
        area=GROUPS,
        tracks=TRACKS,
        rules=("SRV-013", "SRV-040"),
        needs="409: Entra matches groups by displayName, and two of a name fail for ever",
        fix="Check a group's displayName for uniqueness.",
        body=_duplicate,
        after=("group-create",),
    ),
    *_member_checks(Dialect.DEFAULT),
    *_member_checks(Dialect.FLAGGED),
    Check(
        check_id="group-excluded-members",
        title="excludedAttributes=members leaves the members out",
        area=GROUPS,
        tracks=TRACKS,
        rules=("WIRE-102", "SRV-034", "ENG-162"),
        needs="groups without members where it is asked for: large groups time out otherwise",
        fix="Honour excludedAttributes in reads and lookups of groups.",
        severity=Severity.COSMETIC,
        body=_excluded,
        after=("group-add-default",),
    ),
    Check(
        check_id="group-delete",
        title="Delete a group: gone, its members stay",
        area=GROUPS,
        tracks=TRACKS,
        rules=("WIRE-112", "SRV-050"),
        needs="204, then 404 for the id; the people stay",
        fix="Delete the group on DELETE, and only the group.",
        body=_delete,
        after=("group-add-default",),
    ),
    Check(
        check_id="group-deleted-member",
        title="A deleted user is a member no more",
        area=GROUPS,
        tracks=TRACKS,
        rules=("SRV-021",),
        needs="no dangling member: Entra does not remove who is gone",
        fix="Take a deleted user out of every group.",
        severity=Severity.COSMETIC,
        body=_deleted_member,
        after=("group-add-default", "delete"),
    ),
)

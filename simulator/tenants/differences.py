"""What changed between two images of one directory, so that importing again feeds only that into the delta feed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from entra_sim.simulator.tenants.records import AssignmentRecord
from entra_sim.simulator.tenants.records import DirectoryImage
from entra_sim.simulator.tenants.records import GroupRecord
from entra_sim.simulator.tenants.records import UserRecord

Record = UserRecord | GroupRecord | AssignmentRecord


class Subject(StrEnum):
    """What kind of thing changed."""

    USER = "user"
    GROUP = "group"
    ASSIGNMENT = "assignment"


class Change(StrEnum):
    """How it changed."""

    REMOVED = "removed"
    ADDED = "added"
    UPDATED = "updated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that changed.

    Args:
        subject: user, group or assignment.
        change: added, updated or removed.
        key: object id; of an assignment the principal's.
        old: the record before, None if it was added.
        new: the record now, None if it was removed.
        attributes: names of what differs, "manager" and "members" among them; empty unless updated.
    """

    subject: Subject
    change: Change
    key: str
    old: Record | None
    new: Record | None
    attributes: tuple[str, ...] = ()

    @property
    def members_added(self) -> tuple[str, ...]:
        """Return the members that a group has gained, in the order of the new record."""
        before = set(_members(self.old))
        return tuple(key for key in _members(self.new) if key not in before)

    @property
    def members_removed(self) -> tuple[str, ...]:
        """Return the members that a group has lost, in the order of the old record."""
        now = set(_members(self.new))
        return tuple(key for key in _members(self.old) if key not in now)


def differences(old: DirectoryImage, new: DirectoryImage) -> tuple[Difference, ...]:
    """Return what has to happen to the old directory so that it becomes the new one; nothing for equal ones.

    Objects are the same when their object ids are; a person who was deleted and created anew is one removed and one
    added. Order: what is removed (assignments, groups, users), then users added and updated, groups added and updated,
    assignments added. A manager or member may be added further on. The order of members is not compared.
    """
    return (
        *_assignments(old, new, Change.REMOVED),
        *_removed(Subject.GROUP, old.groups, new.groups),
        *_removed(Subject.USER, old.users, new.users),
        *_present(Subject.USER, old.users, new.users),
        *_present(Subject.GROUP, old.groups, new.groups),
        *_assignments(old, new, Change.ADDED),
    )


def _assignments(old: DirectoryImage, new: DirectoryImage, change: Change) -> Iterator[Difference]:
    rows, others = (new, old) if change is Change.ADDED else (old, new)
    there = set(others.assignments)
    for row in dict.fromkeys(rows.assignments):
        if row not in there:
            before, now = (None, row) if change is Change.ADDED else (row, None)
            yield Difference(subject=Subject.ASSIGNMENT, change=change, key=row.principal, old=before, new=now)


Objects = tuple[UserRecord, ...] | tuple[GroupRecord, ...]


def _removed(subject: Subject, old: Objects, new: Objects) -> Iterator[Difference]:
    there = {record.object_id for record in new}
    for record in old:
        if record.object_id not in there:
            yield Difference(subject=subject, change=Change.REMOVED, key=record.object_id, old=record, new=None)


def _present(subject: Subject, old: Objects, new: Objects) -> Iterator[Difference]:
    before = {record.object_id: record for record in old}
    for record in new:
        if record.object_id not in before:
            yield Difference(subject=subject, change=Change.ADDED, key=record.object_id, old=None, new=record)
    for record in new:
        other = before.get(record.object_id)
        names = _differing(other, record) if other is not None else ()
        if names:
            yield Difference(
                subject=subject,
                change=Change.UPDATED,
                key=record.object_id,
                old=other,
                new=record,
                attributes=names,
            )


def _differing(old: UserRecord | GroupRecord, new: UserRecord | GroupRecord) -> tuple[str, ...]:
    names = [name for name, value in new.attributes.items() if _plain(old.attributes.get(name)) != _plain(value)]
    names += [name for name in old.attributes if name not in new.attributes]
    if isinstance(old, UserRecord) and isinstance(new, UserRecord) and old.manager != new.manager:
        names.append("manager")
    if isinstance(old, GroupRecord) and isinstance(new, GroupRecord) and set(old.members) != set(new.members):
        names.append("members")
    return tuple(names)


def _plain(value: Any) -> Any:
    """Return a value so that several values are equal whether a list or a tuple holds them."""
    return tuple(value) if isinstance(value, list) else value


def _members(record: Record | None) -> tuple[str, ...]:
    return record.members if isinstance(record, GroupRecord) else ()

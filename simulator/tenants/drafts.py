"""What the readers hand to the assembly: records as they stand in the files, each with the way back to its place."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import Protocol

from entra_sim.simulator.tenants.columns import Table
from entra_sim.simulator.tenants.limits import MAX_OBJECTS
from entra_sim.simulator.tenants.problems import Place
from entra_sim.simulator.tenants.problems import ProblemList


class Source(Protocol):
    """A file that can say where one thing of one record stands."""

    def place(self, position: Any, name: str = "") -> Place:
        """Return the place of the attribute or role `name` of the record at `position`."""
        ...


@dataclass(slots=True, kw_only=True)
class ObjectDraft:
    """A user or group as it stands in a file.

    Args:
        source: the file.
        position: where in it; the source understands it.
        values: schema name → value; what has no value is absent.
        covered: schema names about which the file says something, be it that there is no value; also "manager" and
            "members".
        manager: key of the manager, or None.
        members: keys of the members.
        is_reference_only: the object was met only as somebody's manager or member.
    """

    source: Source
    position: Any
    values: dict[str, Any]
    covered: frozenset[str]
    manager: str | None = None
    members: tuple[str, ...] = ()
    is_reference_only: bool = False

    def place(self, name: str = "") -> Place:
        """Return where an attribute of this record stands."""
        return self.source.place(self.position, name)


@dataclass(slots=True, kw_only=True)
class LinkDraft:
    """One row of members, managers or assignments: group and member, user and manager, principal and role."""

    source: Source
    position: Any
    left: str
    right: str | None

    def place(self, name: str = "") -> Place:
        """Return where one side of this row stands."""
        return self.source.place(self.position, name)


@dataclass(slots=True, kw_only=True)
class Drafts:
    """Everything that the files of one import say.

    Args:
        notes: sentences for the user: what was left out and why.
        tables: which tables occurred; a table that did not occur says nothing about what it would hold.
        open_pages: kind → place of its latest page that names a next one.
        last_pages: kinds whose last page was met.
    """

    users: list[ObjectDraft] = field(default_factory=list)
    groups: list[ObjectDraft] = field(default_factory=list)
    links: dict[Table, list[LinkDraft]] = field(
        default_factory=lambda: {Table.MEMBERS: [], Table.MANAGERS: [], Table.ASSIGNMENTS: []}
    )
    tables: set[Table] = field(default_factory=set)
    notes: dict[str, int] = field(default_factory=dict)
    problems: ProblemList = field(default_factory=ProblemList)
    open_pages: dict[str, Place] = field(default_factory=dict)
    last_pages: set[str] = field(default_factory=set)

    def note(self, sentence: str, count: int = 1) -> None:
        """Remember a sentence for the user; the same one is told once."""
        self.notes[sentence] = self.notes.get(sentence, 0) + count

    def check_pages(self) -> None:
        """Note pages of Graph whose last one is missing: what stopped half way must not be half read."""
        for kind, place in self.open_pages.items():
            if kind not in self.last_pages:
                message = (
                    "the last page is missing: every page of this kind ends with @odata.nextLink; fetch that address"
                    " too and give all pages"
                )
                self.problems.add(place, message)

    def object_count(self) -> int:
        """Return how many users, groups and rows of references there are."""
        return len(self.users) + len(self.groups) + sum(map(len, self.links.values()))

    def is_full(self) -> bool:
        """Return whether no more may be read."""
        return self.object_count() > MAX_OBJECTS

"""The writes of references and of groups that are not an evaluation's own. Pure."""

from __future__ import annotations

from collections.abc import Generator
from collections.abc import Iterable
from typing import TYPE_CHECKING

from entra_sim.simulator.checking.failing import Failed
from entra_sim.simulator.checking.people import Actor
from entra_sim.simulator.engine.references import MemberChanges
from entra_sim.simulator.engine.references import set_manager
from entra_sim.simulator.engine.references import write_members as engine_write_members
from entra_sim.simulator.engine.run import intend
from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.model.entry import SyncEntry
from entra_sim.simulator.scim import responses
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.scim.paths import CORE_GROUP
from entra_sim.simulator.scim.profile import Dialect

if TYPE_CHECKING:
    from entra_sim.simulator.checking.bench import Bench


def create_plain_group(bench: Bench, actor: Actor) -> Generator[Call, Reply, tuple[Call, Reply]]:
    """Create a group without the service's own schema URN, which this endpoint refuses.

    Raises:
        Failed: it was refused, too.
    """
    attributes = actor.source.attributes
    body = {
        "schemas": [CORE_GROUP],
        "externalId": attributes["objectId"],
        "displayName": attributes["displayName"],
    }
    call = Call(method="POST", path="/Groups", body=body)
    reply = yield call
    try:
        made = responses.read_created(reply)
    except TargetError as error:
        raise Failed(str(error), call=call) from error
    source = actor.source
    actor.entry = SyncEntry(
        object_type="Group",
        source_anchor=source.object_id,
        target_anchor=made["id"],
        display_name=str(attributes["displayName"]),
    )
    bench.links[source.object_id] = made["id"]
    return call, reply


def assign_manager(
    bench: Bench, person: Actor, manager: Actor, dialect: Dialect
) -> Generator[Call, Reply, tuple[Call, Reply] | None]:
    """Write the manager as the reference pass does; returns the write, None when nothing was due.

    Raises:
        Failed: it was refused.
    """
    run = bench.dialect_run(dialect)
    assert person.entry is not None
    shown = bench.manager_row().path.read((yield from bench.read(person)))
    held = None if shown is None else str(shown)
    subject = intend(person.source, person.entry, run)
    wanted = (manager.source.object_id, manager.target_id)
    generator = set_manager(subject, person.entry, held, wanted, run)
    made: tuple[Call, Reply] | None = None
    try:
        call = next(generator)
        while True:
            bench.guard(call)
            made = (call, (yield call))
            call = generator.send(made[1])
    except StopIteration as stop:
        if stop.value.error is not None:
            raise Failed(str(stop.value.error), call=made[0] if made else None) from None
    return made


def write_members(
    bench: Bench, group: Actor, added: Iterable[Actor], removed: Iterable[Actor], dialect: Dialect
) -> Generator[Call, Reply, list[Call]]:
    """Add and remove members as the reference pass does; returns the writes.

    Raises:
        Failed: one was refused.
    """
    run = bench.dialect_run(dialect)
    assert group.entry is not None
    changes = MemberChanges(
        added={actor.source.object_id: actor.target_id for actor in added},
        removed={actor.source.object_id: actor.target_id for actor in removed},
    )
    generator = engine_write_members(intend(group.source, group.entry, run), group.entry, changes, run)
    calls: list[Call] = []
    try:
        call = next(generator)
        while True:
            bench.guard(call)
            calls.append(call)
            call = generator.send((yield call))
    except StopIteration as stop:
        if stop.value.error is not None:
            raise Failed(str(stop.value.error), call=calls[-1]) from None
    return calls


def members(bench: Bench, group: Actor) -> Generator[Call, Reply, list[str]]:
    """Return the target ids of a group's members, read with the members."""
    resource = yield from bench.read(group, Call(method="GET", path=f"/Groups/{group.target_id}"))
    shown = resource.get("members")
    entries = shown if isinstance(shown, list) else []
    return [str(item.get("value")) for item in entries if isinstance(item, dict)]

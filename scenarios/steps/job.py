"""What the job is told, and time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from entra_sim.scenarios.attributes import RESET_SCOPES
from entra_sim.scenarios.language import Verb
from entra_sim.scenarios.parts import GROUP_KEY
from entra_sim.scenarios.parts import PRINCIPAL_KEY
from entra_sim.scenarios.session import Session
from entra_sim.scenarios.shapes import Either
from entra_sim.scenarios.shapes import InstantShape
from entra_sim.scenarios.shapes import ListOf
from entra_sim.scenarios.shapes import Record
from entra_sim.scenarios.shapes import SpanShape
from entra_sim.scenarios.shapes import Word
from entra_sim.scenarios.spans import Span
from entra_sim.scenarios.spans import instant_text
from entra_sim.simulator.errors import UserInputError

SECTION = "The job"
TIME = "Time"


def _start(session: Session, argument: None) -> None:
    session.simulator.provisioning.start(session.application)


def _stop(session: Session, argument: None) -> None:
    session.simulator.provisioning.stop(session.application)


def _restart(session: Session, argument: tuple[str, ...] | None) -> None:
    session.simulator.provisioning.restart(session.application, list(argument) if argument else None)


def _allow_deletes(session: Session, argument: None) -> None:
    session.simulator.provisioning.allow_deletes(session.application)


def _provision_on_demand(session: Session, argument: Any) -> None:
    group, members = (argument["group"], argument["members"]) if isinstance(argument, dict) else (argument, ())
    session.on_demand = session.simulator.provisioning.provision_on_demand(session.application, group, members=members)


def _delete_object_connection(session: Session, argument: str) -> None:
    session.simulator.provisioning.delete_object_connection(
        session.application, session.simulator.directory.principal(argument).object_id
    )


def _advance(session: Session, argument: Span) -> None:
    now = session.world.clock.now()
    session.advance(argument.after(now) - now)


def _advance_to(session: Session, argument: datetime) -> None:
    now = session.world.clock.now()
    if argument < now:
        raise UserInputError(f"time moves forward only; it is {instant_text(now)}")
    session.advance(argument - now)


VERBS = (
    Verb(
        name="start provisioning",
        help="Provisioning Status On: the first start runs an initial cycle, a later one goes on at the watermark.",
        section=SECTION,
        perform=_start,
        example="start provisioning",
        rules=("ENG-122", "ENG-310"),
    ),
    Verb(
        name="stop provisioning",
        help="Provisioning Status Off: everything is kept.",
        section=SECTION,
        perform=_stop,
        example="stop provisioning",
        rules=("ENG-318",),
    ),
    Verb(
        name="restart provisioning",
        help="Restart as the portal does, or with reset scopes as Graph does.",
        section=SECTION,
        perform=_restart,
        argument=ListOf(Word("reset scope", RESET_SCOPES), or_single=True),
        is_argument_optional=True,
        example="restart provisioning: Full",
        rules=("ENG-311", "ENG-316"),
    ),
    Verb(
        name="allow deletes",
        help="Let the next cycle carry out what accidental deletion prevention holds.",
        section=SECTION,
        perform=_allow_deletes,
        example="allow deletes",
        rules=("ENG-304",),
    ),
    Verb(
        name="provision on demand",
        help="Provision one user now, or one group with up to five of its members.",
        section=SECTION,
        perform=_provision_on_demand,
        argument=Either(
            scalar=PRINCIPAL_KEY,
            mapping=Record(
                what="on-demand key",
                fields={"group": GROUP_KEY, "members": ListOf(PRINCIPAL_KEY)},
                required=("group", "members"),
            ),
        ),
        example="provision on demand: ada@contoso.example",
        rules=("ENG-250", "ENG-253"),
    ),
    Verb(
        name="delete object connection",
        help="Forget the link of one object; the job must be stopped.",
        section=SECTION,
        perform=_delete_object_connection,
        argument=PRINCIPAL_KEY,
        example="delete object connection: ada@contoso.example",
        rules=("ENG-330",),
    ),
    Verb(
        name="advance",
        help="Let time pass; everything that falls due runs at its own instant. A month is a calendar month.",
        section=TIME,
        perform=_advance,
        argument=SpanShape(),
        example="advance: 40m",
        rules=("ENG-124",),
    ),
    Verb(
        name="advance to",
        help="Let time pass until an instant.",
        section=TIME,
        perform=_advance_to,
        argument=InstantShape(),
        example="advance to: 2026-02-01T08:00:00Z",
    ),
)

"""What a Tapt administrator does, and what the network does."""

from __future__ import annotations

from typing import Any

from entra_sim.scenarios.language import Verb
from entra_sim.scenarios.parts import PRINCIPAL_KEY
from entra_sim.scenarios.session import Session
from entra_sim.scenarios.shapes import Flag
from entra_sim.scenarios.shapes import Json
from entra_sim.scenarios.shapes import ListOf
from entra_sim.scenarios.shapes import MapOf
from entra_sim.scenarios.shapes import Number
from entra_sim.scenarios.shapes import Record
from entra_sim.scenarios.shapes import SpanShape
from entra_sim.scenarios.shapes import Text
from entra_sim.scenarios.shapes import Word

SECTION = "Tapt"
NETWORK = "The network"
PROFILE_KEY = Text("the userName of a profile")
ANSWERS: dict[str, dict[str, Any]] = {
    "broken json": {"broken_json": True},
    "wrong content type": {"content_type": "text/html"},
    "empty list": {"empty_list": True},
    "duplicate match": {"duplicate_match": True},
    "stale read": {"stale_read": True},
    "no id": {"id_missing": True},
    "work not done": {"ignore_work": True},
}
"""Broken answers, as fields of a fault."""
MOMENTS = {"before the work": "before", "after the work": "after"}
FAULT = Record(
    what="fault key",
    fields={
        "method": Word("method", ("GET", "POST", "PATCH", "DELETE")),
        "path": Text("a path below the tenant URL such as /Users/*"),
        "nth": Number(1),
        "every": Number(1),
        "share": Number(0, 1, is_whole=False),
        "times": Number(1),
        "status": Number(300, 599),
        "scim type": Text(),
        "detail": Text(),
        "retry after": SpanShape(),
        "delay": SpanShape(),
        "cut connection": Word("moment", tuple(MOMENTS)),
        "answer": Word("kind of answer", tuple(ANSWERS)),
    },
    help={
        "method": "Which requests; all, when left out.",
        "path": "Which paths, * stands for any text; all, when left out.",
        "nth": "Only this one of the requests that fit, counted from 1.",
        "every": "Each n-th of the requests that fit.",
        "share": "Only this share of them, 0 to 1, drawn from the scenario's seed.",
        "times": "Only so many times.",
        "status": "Answer with this status instead of doing the work.",
        "retry after": "Refuse for so long, and say so in Retry-After.",
        "delay": "Answer so much later, in simulated time.",
        "cut connection": "Cut the connection before or after the work is done.",
        "answer": "Answer in a broken way.",
    },
)


def _generate_token(session: Session, argument: None) -> None:
    session.issued_token = session.tapt.generate_token()


def _revoke_token(session: Session, argument: None) -> None:
    session.tapt.revoke_token()


def _expire_token(session: Session, argument: None) -> None:
    session.tapt.expire_token()


def add_profile(session: Session, argument: dict[str, Any]) -> None:
    """Add a profile by hand, as somebody in Tapt would."""
    session.tapt.add_profile(argument)


def _edit_profile(session: Session, argument: dict[str, dict[str, Any]]) -> None:
    for user_name, changes in argument.items():
        session.tapt.edit_by_hand(user_name, changes)


def _delete_profile(session: Session, argument: tuple[str, ...]) -> None:
    for user_name in argument:
        session.tapt.delete_by_hand(user_name)


def _add_tapt_group(session: Session, argument: dict[str, Any]) -> None:
    session.tapt.add_group(argument)


def _edit_tapt_group(session: Session, argument: dict[str, dict[str, Any]]) -> None:
    for name, changes in argument.items():
        session.tapt.edit_group_by_hand(name, changes)


def _delete_tapt_group(session: Session, argument: tuple[str, ...]) -> None:
    for name in argument:
        session.tapt.delete_group_by_hand(name)


def _set_tapt(session: Session, argument: dict[str, bool]) -> None:
    session.tapt.set_switches(**{key.replace(" ", "_"): value for key, value in argument.items()})


def _fault(session: Session, argument: dict[str, Any]) -> None:
    from entra_sim.mock_tapt.faults import Fault

    session.tapt.faults.add(Fault.from_json(fault_fields(argument)))


def fault_fields(argument: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a fault of mock Tapt."""
    same = {
        key: value for key, value in argument.items() if key in ("method", "path", "nth", "every", "share", "times")
    }
    fields: dict[str, Any] = {**same, **{key: argument[key] for key in ("status", "detail") if key in argument}}
    if "scim type" in argument:
        fields["scim_type"] = argument["scim type"]
    for key, field in (("retry after", "retry_after_s"), ("delay", "delay_s")):
        if key in argument:
            fields[field] = argument[key].exact.total_seconds()
    if "cut connection" in argument:
        fields["cut"] = MOMENTS[argument["cut connection"]]
    return {**fields, **ANSWERS.get(argument.get("answer", ""), {})}


def _clear_faults(session: Session, argument: None) -> None:
    session.tapt.faults.clear()


VERBS = (
    Verb(
        name="generate token",
        help="Tapt: Settings > Integrations > Configure > Generate. The old token stops working at once.",
        section=SECTION,
        perform=_generate_token,
        example="generate token",
        rules=("ENG-134",),
    ),
    Verb(
        name="revoke token",
        help="Tapt: revoke the token.",
        section=SECTION,
        perform=_revoke_token,
        example="revoke token",
        rules=("ENG-280",),
    ),
    Verb(
        name="expire token",
        help="Tapt: let the token expire now instead of after 6 calendar months.",
        section=SECTION,
        perform=_expire_token,
        example="expire token",
        rules=("ENG-283",),
    ),
    Verb(
        name="add profile",
        help="Tapt: add a profile by hand; keys are those of a SCIM user.",
        section=SECTION,
        perform=add_profile,
        argument=Record(
            what="profile key",
            fields={"userName": Text()},
            required=("userName",),
            open_prefixes=("",),
            open_shape=Json(),
        ),
        example="add profile: {userName: ada@contoso.example, displayName: Ada (old account), active: true}",
        rules=("ENG-165",),
    ),
    Verb(
        name="edit profile",
        help="Tapt: edit profiles by hand; keys are SCIM attribute paths, null clears one.",
        section=SECTION,
        perform=_edit_profile,
        argument=MapOf("a userName", MapOf("a SCIM attribute", Json())),
        example="edit profile: {ada@contoso.example: {title: Boss}}",
        rules=("ENG-151", "ENG-324"),
    ),
    Verb(
        name="delete profile",
        help="Tapt: delete profiles by hand.",
        section=SECTION,
        perform=_delete_profile,
        argument=ListOf(PROFILE_KEY, or_single=True),
        example="delete profile: ada@contoso.example",
        rules=("ENG-168",),
    ),
    Verb(
        name="add tapt group",
        help="Tapt: add a group by hand.",
        section=SECTION,
        perform=_add_tapt_group,
        argument=Record(
            what="group key",
            fields={"displayName": Text()},
            required=("displayName",),
            open_prefixes=("",),
            open_shape=Json(),
        ),
        example="add tapt group: {displayName: Tapt people}",
        rules=("ENG-230",),
    ),
    Verb(
        name="edit tapt group",
        help="Tapt: edit groups by hand; keys are SCIM attribute paths.",
        section=SECTION,
        perform=_edit_tapt_group,
        argument=MapOf("a displayName", MapOf("a SCIM attribute", Json())),
        example="edit tapt group: {Tapt people: {members: []}}",
        rules=("ENG-231",),
    ),
    Verb(
        name="delete tapt group",
        help="Tapt: delete groups by hand.",
        section=SECTION,
        perform=_delete_tapt_group,
        argument=ListOf(PRINCIPAL_KEY, or_single=True),
        example="delete tapt group: Tapt people",
        rules=("ENG-168",),
    ),
    Verb(
        name="set tapt",
        help="Tapt: turn its switches on and off.",
        section=SECTION,
        perform=_set_tapt,
        argument=Record(
            what="switch of Tapt", fields={"strict": Flag(), "hard delete": Flag(), "accept groups": Flag()}
        ),
        example="set tapt: {strict: true}",
    ),
    Verb(
        name="fault",
        help="Let requests go wrong: which ones, and how.",
        section=NETWORK,
        perform=_fault,
        argument=FAULT,
        example="fault: {method: POST, path: /Users, times: 1, status: 500}",
        rules=("ENG-440",),
    ),
    Verb(
        name="clear faults",
        help="Let everything work again.",
        section=NETWORK,
        perform=_clear_faults,
        example="clear faults",
    ),
)
NEEDS_TAPT = frozenset(verb.name for verb in VERBS)
"""Verbs that have no meaning where the target is a foreign endpoint."""

"""What an administrator sets up: the application, its credentials, scope, assignments and settings."""

from __future__ import annotations

from typing import Any

from entra_sim.scenarios.language import Verb
from entra_sim.scenarios.parts import ASSIGNMENTS
from entra_sim.scenarios.parts import PRINCIPAL_KEY
from entra_sim.scenarios.parts import ROLE
from entra_sim.scenarios.session import Session
from entra_sim.scenarios.shapes import Either
from entra_sim.scenarios.shapes import Flag
from entra_sim.scenarios.shapes import ListOf
from entra_sim.scenarios.shapes import Number
from entra_sim.scenarios.shapes import Record
from entra_sim.scenarios.shapes import Text
from entra_sim.scenarios.shapes import Word
from entra_sim.simulator.errors import UserInputError

SECTION = "The application"
CREDENTIALS = Either(
    scalar=Word("source of credentials", ("tapt", "tapt flagged")),
    mapping=Record(what="credentials key", fields={"url": Text(), "token": Text()}, required=("url", "token")),
)


def _create_application(session: Session, argument: str) -> None:
    session.simulator.applications.create(argument)
    session.use_application(argument)


def _credentials(session: Session, argument: Any) -> tuple[str, str]:
    if isinstance(argument, dict):
        return session.target_url(argument["url"]), argument["token"]
    return session.tapt_credentials(flagged=argument == "tapt flagged")


def save_credentials(session: Session, argument: Any) -> None:
    """Store tenant URL and secret token: those that Tapt showed last, or those given."""
    url, secret = _credentials(session, argument)
    session.simulator.provisioning.save_credentials(session.application, url, secret)


def _test_connection(session: Session, argument: Any) -> None:
    if argument is None:
        session.connection = session.simulator.provisioning.test_connection(session.application)
        return
    url, secret = _credentials(session, argument)
    session.connection = session.simulator.provisioning.test_connection(
        session.application, tenant_url=url, secret=secret
    )


def _set_mode(session: Session, argument: str) -> None:
    session.simulator.provisioning.set_mode(session.application, argument)


def set_scope(session: Session, argument: str) -> None:
    """Set "assigned" or "all"."""
    session.simulator.provisioning.set_scope(session.application, argument)


def assign(session: Session, argument: tuple[Any, ...]) -> None:
    """Assign users and groups, each with a role or the default access."""
    for item in argument:
        principal, role = (item["principal"], item["role"]) if isinstance(item, dict) else (item, None)
        session.simulator.applications.assign(session.application, principal, role)


def _unassign(session: Session, argument: tuple[str, ...]) -> None:
    for principal in argument:
        session.simulator.applications.unassign(session.application, principal)


def add_role(session: Session, argument: dict[str, str]) -> None:
    """Add an app role."""
    session.simulator.applications.add_role(
        session.application, argument["value"], argument.get("displayName") or argument["value"]
    )


def _set_notification(session: Session, argument: Any) -> None:
    is_off = argument == "off"
    session.simulator.provisioning.set_notification(session.application, "" if is_off else argument, not is_off)


def _prevent_accidental_deletion(session: Session, argument: Any) -> None:
    provisioning = session.simulator.provisioning
    if argument == "off":
        provisioning.set_accidental_deletion_prevention(session.application, False, 500)
        return
    threshold = Number(1)
    if not str(argument).isdigit() or int(argument) < 1:
        raise UserInputError(f"'{argument}' stands where {threshold.noun}, or off, is needed")
    provisioning.set_accidental_deletion_prevention(session.application, True, int(argument))


def _skip_out_of_scope_deletions(session: Session, argument: bool) -> None:
    session.simulator.provisioning.set_skip_out_of_scope_deletions(session.application, argument)


VERBS = (
    Verb(
        name="create application",
        help="Create a non-gallery application; it becomes the current one.",
        section=SECTION,
        perform=_create_application,
        argument=Text("the application's name"),
        example="create application: Tapt Integration",
        rules=("ENG-120",),
    ),
    Verb(
        name="set mode",
        help="Choose the Provisioning Mode; Automatic cannot be taken back.",
        section=SECTION,
        perform=_set_mode,
        argument=Word("provisioning mode", ("Automatic", "Manual")),
        example="set mode: Automatic",
        rules=("ENG-482",),
    ),
    Verb(
        name="test connection",
        help="Ask the target for a user that cannot exist: with the stored credentials, Tapt's last ones, or others.",
        section=SECTION,
        perform=_test_connection,
        argument=CREDENTIALS,
        is_argument_optional=True,
        example="test connection: tapt",
        rules=("ENG-130", "ENG-131"),
    ),
    Verb(
        name="save credentials",
        help="Store Tenant URL and Secret Token: tapt (what Tapt showed last), "
        "tapt flagged (the same with the compliance flag), or others.",
        section=SECTION,
        perform=save_credentials,
        argument=CREDENTIALS,
        example="save credentials: {url: https://tapt.example/scim/v2, token: wrong}",
        rules=("ENG-321",),
    ),
    Verb(
        name="set scope",
        help="Sync only assigned users and groups, or all; takes effect with a restart.",
        section=SECTION,
        perform=set_scope,
        argument=Word("scope", ("assigned", "all")),
        example="set scope: all",
        rules=("ENG-020", "ENG-028"),
    ),
    Verb(
        name="add role",
        help="Add an app role that assignments can carry.",
        section=SECTION,
        perform=add_role,
        argument=ROLE,
        example="add role: {value: editor, displayName: Editor}",
        rules=("ENG-005",),
    ),
    Verb(
        name="assign",
        help="Assign users or groups, with the default access or a role.",
        section=SECTION,
        perform=assign,
        argument=ASSIGNMENTS,
        example="assign: [Tapt people, {principal: ada@contoso.example, role: User}]",
        rules=("ENG-021", "ENG-025"),
    ),
    Verb(
        name="unassign",
        help="Remove the assignments of users or groups.",
        section=SECTION,
        perform=_unassign,
        argument=ListOf(PRINCIPAL_KEY, or_single=True),
        example="unassign: Tapt people",
        rules=("ENG-186",),
    ),
    Verb(
        name="set notification",
        help="Send an e-mail to this address when a failure occurs, or off.",
        section=SECTION,
        perform=_set_notification,
        argument=Text("an e-mail address, or off"),
        example="set notification: it@contoso.example",
        rules=("ENG-288",),
    ),
    Verb(
        name="prevent accidental deletion",
        help="Hold back disables and deletes when a cycle has more of them than this number; or off.",
        section=SECTION,
        perform=_prevent_accidental_deletion,
        argument=Text("a whole number of 1 or more, or off"),
        example="prevent accidental deletion: 2",
        rules=("ENG-300", "ENG-302"),
    ),
    Verb(
        name="skip out of scope deletions",
        help="SkipOutOfScopeDeletions: leave accounts alone whose people are unassigned or filtered out.",
        section=SECTION,
        perform=_skip_out_of_scope_deletions,
        argument=Flag(),
        example="skip out of scope deletions: true",
        rules=("ENG-190", "ENG-217"),
    ),
)

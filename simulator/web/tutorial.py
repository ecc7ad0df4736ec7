"""The Tapt tutorial as a checklist that facts tick, never clicks. Each line leads to the control it speaks of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import request
from flask import url_for

from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.job import ScheduleState
from entra_sim.simulator.model.log import ProvisioningLogEntry
from entra_sim.simulator.service.screens import LogQuery
from entra_sim.simulator.service.screens import Screens
from entra_sim.simulator.service.simulator import Simulator
from entra_sim.simulator.web.state import Shelf

NAME = "tapt integration"
LOOKED_AT = 50
"""Of the newest records since the last look, how many are searched for what a line speaks of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TutorialLine:
    """One line of the checklist. `guide` names the control that the page outlines."""

    number: int
    step: str
    text: str
    ticked_when: str
    done: bool
    href: str
    guide: str


def tutorial_lines(sim: Simulator, memory: Shelf) -> list[TutorialLine]:
    """Return the checklist as the facts stand.

    Args:
        memory: what was looked for in the log already, so that only newer records are.
    """
    application = tutorial_application(sim)
    facts = _facts(sim, application, memory)
    return [
        TutorialLine(
            number=number,
            step=step,
            text=text,
            ticked_when=ticked_when,
            done=facts[guide],
            href=_href(application, endpoint, guide),
            guide=guide,
        )
        for number, (step, text, ticked_when, endpoint, guide) in enumerate(_LINES, 1)
    ]


def tutorial_application(sim: Simulator) -> Application | None:
    """Return the application that the tutorial speaks of: the one of its name, else one with credentials, or None."""
    newest = sim.applications.list()[::-1]
    named = next((item for item in newest if item.name.casefold() == NAME), None)
    if named is not None:
        return named
    connected = (item for item in newest[:LOOKED_AT] if sim.queries.job(item).configuration.tenant_url)
    return next(connected, newest[0] if newest else None)


_LINES = (
    (
        "Step 2",
        "Create the application 'Tapt Integration': Global Secure Access > Applications > Enterprise applications, "
        "New application, Create your own application, Integrate any other application you don't find in the "
        "gallery, Create.",
        "a non-gallery application exists",
        "apps.own",
        "create",
    ),
    (
        "Step 2",
        "In Tapt: Settings, Integrations, Active Directory / Microsoft Entra ID, Configure, Generate; copy URL and "
        "Token.",
        "a token has been accepted or saved",
        "tapt",
        "token",
    ),
    (
        "Step 3",
        "Provisioning, Get started, set Provisioning Mode to Automatic.",
        "the configuration is saved as Automatic",
        "provisioning.edit",
        "mode",
    ),
    (
        "Admin Credentials",
        "The URL is the Tenant URL, the Token (valid for 6 months) the Secret Token: Test Connection, Save.",
        "the last test passed and was saved",
        "provisioning.edit",
        "credentials",
    ),
    (
        "Step 4",
        "Mappings, Provision Active Directory Groups (today Provision Microsoft Entra ID Groups): Enabled No, Save.",
        "the groups mapping is off",
        "mappings.groups",
        "groups",
    ),
    (
        "Step 5",
        "Users and groups, Add user/group: select the users and groups, Assign.",
        "at least one assignment exists",
        "assignments.page",
        "assign",
    ),
    ("Step 6", "Provisioning: Provisioning Status On, Save.", "the job is on", "provisioning.edit", "status"),
    (
        "Step 6",
        "A sync occurs every 40 minutes: the first cycle is done, the people are in Tapt.",
        "one Create with Success is in the log",
        "overview.page",
        "cycle",
    ),
    (
        "Beyond",
        "Edit a user; the next cycle sends only what differs.",
        "one Update with Success of a later cycle is in the log",
        "users.page",
        "edit",
    ),
    (
        "Beyond",
        "Unassign somebody; the account is disabled, not deleted.",
        "one Disable with Success is in the log",
        "assignments.page",
        "unassign",
    ),
    (
        "Beyond",
        "Delete somebody and restore the user; the same account is active again.",
        "one Update with Success that makes an account active again is in the log",
        "users.page",
        "restore",
    ),
    (
        "Beyond",
        "Let the token expire (six months), change somebody, watch the quarantine.",
        "a quarantine is in the audit log",
        "lab_clock.page",
        "quarantine",
    ),
    (
        "Beyond",
        "Repair it: a new token in Tapt, Test Connection, Save.",
        "the job left quarantine",
        "provisioning.edit",
        "repair",
    ),
)


def _facts(sim: Simulator, application: Application | None, memory: Shelf) -> dict[str, bool]:
    if application is None:
        return dict.fromkeys((line[4] for line in _LINES), False)
    job = sim.queries.job(application)
    screens = Screens(sim.core)
    configuration = job.configuration

    def logged(guide: str, action: str, shows: Callable[[ProvisioningLogEntry], bool] = lambda entry: True) -> bool:
        key = (application.application_id, guide)
        seen, found = memory.get(key, (0, False))
        newest = sim.core.logs.last_sequence()
        if not found and newest > seen:
            query = LogQuery(
                application_id=application.application_id, action=action, status="Success", after_sequence=seen
            )
            found = any(shows(entry) for entry in screens.log_page(query, limit=LOOKED_AT).rows)
            memory.put(key, (newest, found))
        return bool(found)

    def is_edit(entry: ProvisioningLogEntry) -> bool:
        is_later = job.steady_state_first_at is not None and entry.at > job.steady_state_first_at
        return is_later and not _is_return(entry)

    quarantines = [
        event for event in screens.audit_page(target=application.name, limit=200).rows if event.activity == "Quarantine"
    ]
    return {
        "create": True,
        "token": bool(configuration.secret),
        "mode": configuration.mode == "Automatic",
        "credentials": bool(configuration.tenant_url),
        "groups": not sim.builder.schema(job.job_id).group.mapping.is_enabled,
        "assign": screens.count_assignments(application.application_id) > 0,
        "status": job.schedule is ScheduleState.ACTIVE,
        "cycle": logged("cycle", "Create"),
        "edit": logged("edit", "Update", is_edit),
        "unassign": logged("unassign", "Disable"),
        "restore": logged("restore", "Update", _is_return) or logged("return", "Other", _is_return),
        "quarantine": any(event.result == "failure" for event in quarantines),
        "repair": any(event.result == "success" for event in quarantines),
    }


def _is_return(entry: ProvisioningLogEntry) -> bool:
    """Return whether a record tells of an account that is active again. Source: ENG-199."""
    changed = [(item.old_value, item.new_value) for item in entry.modified_properties if item.display_name == "active"]
    return ("False", "True") in changed


def _href(application: Application | None, endpoint: str, guide: str) -> str:
    if endpoint == "tapt":
        return str(request.environ["entra_sim.links"].get("Tapt", "")) + "/settings/integrations/entra"
    if endpoint in ("apps.own", "users.page", "lab_clock.page"):
        return url_for(endpoint, guide=guide)
    if application is None:
        return url_for("apps.page")
    if endpoint == "mappings.groups":
        return url_for("mappings.page", app_id=application.application_id, kind="groups", guide=guide)
    return url_for(endpoint, app_id=application.application_id, guide=guide)

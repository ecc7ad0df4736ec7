"""Provision on demand: pick, provision, see the steps. Source: ui.md section 9, ENG-250 to ENG-257, ENG-488."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint
from flask import render_template
from flask import request

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.directory import Group
from entra_sim.simulator.model.directory import Presence
from entra_sim.simulator.model.directory import User
from entra_sim.simulator.model.log import ProvisioningLogEntry
from entra_sim.simulator.model.log import ProvisioningStep
from entra_sim.simulator.service.on_demand import MAX_MEMBERS
from entra_sim.simulator.web.pages import Answer
from entra_sim.simulator.web.pages import argument
from entra_sim.simulator.web.pages import field
from entra_sim.simulator.web.pages import go
from entra_sim.simulator.web.pages import screens
from entra_sim.simulator.web.pages import simulator
from entra_sim.simulator.web.pages import the_application
from entra_sim.simulator.web.routes_about import the_ledger
from entra_sim.simulator.web.sessions import web_state
from entra_sim.simulator.web.state import OnDemandRun
from entra_sim.simulator.web.state import new_token

blueprint = Blueprint("on_demand", __name__)

_BASE = "/enterprise-apps/<app_id>/provisioning/on-demand"
FOUND_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One numbered step of the result page. `details` are the log's steps behind it."""

    title: str
    status: str
    sentence: str
    details: tuple[ProvisioningStep, ...]


@blueprint.get(_BASE)
def page(app_id: str) -> Answer:
    """Search and pick a user or a group."""
    return _page(the_application(app_id), "")


def _page(application: Application, problem: str) -> str:
    """Return the Provision on demand page. Source: ENG-488."""
    search, picked = argument("search"), argument("picked") or request.form.get("principal", "")[:64]
    principal = _principal(picked)
    found: list[User | Group] = []
    if search:
        people = screens().people(search=search, limit=FOUND_SHOWN).rows
        found.extend(user for user in people if user.presence is Presence.ACTIVE)
        found.extend(screens().groups(search=search, limit=FOUND_SHOWN).rows)
    members: tuple[User | Group, ...] = ()
    if isinstance(principal, Group):
        wanted = argument("members")
        members = tuple(
            item
            for item in screens().members(principal.object_id, limit=200)
            if isinstance(item, User)
            and item.presence is Presence.ACTIVE
            and wanted.lower() in item.display_name.lower()
        )
    return render_template(
        "on_demand.html",
        app=application,
        is_configured=bool(simulator().queries.job(application).configuration.tenant_url),
        search=search,
        found=found,
        principal=principal,
        members=members,
        ticked=set(request.form.getlist("member")),
        member_search=argument("members"),
        most_members=MAX_MEMBERS,
        problem=problem,
    )


def _principal(object_id: str) -> User | Group | None:
    """Return a living, enabled user or a group, or None: deleted and blocked users cannot be picked (ENG-250)."""
    user = simulator().core.directory.get_user(object_id)
    if user is not None:
        return user if user.presence is Presence.ACTIVE else None
    return screens().group(object_id)


@blueprint.post(_BASE)
def provision(app_id: str) -> Answer:
    """Provision what was picked, and show how it went."""
    application = the_application(app_id)
    principal_id, members = field("principal", limit=64), request.form.getlist("member")[:50]
    if not principal_id:
        return _page(application, "Select a user or group first."), 422
    seen = simulator().exchanges()
    try:
        result = simulator().provisioning.provision_on_demand(application, principal_id, members)
    except SimulatorError as error:
        return _page(application, str(error)), 422
    run = OnDemandRun(
        run_id=new_token(),
        application_id=application.application_id,
        principal_id=principal_id,
        members=tuple(members),
        result=result,
        exchanges=web_state().exchanges_after(simulator(), seen),
    )
    web_state().runs.put(run.run_id, run)
    return go("on_demand.result", app_id=app_id, run_id=run.run_id)


@blueprint.get(f"{_BASE}/<run_id>")
def result(app_id: str, run_id: str) -> Answer:
    """Show the steps of one run. Source: ENG-251, ENG-488."""
    application = the_application(app_id)
    run: OnDemandRun | None = web_state().runs.get(run_id)
    if run is None or run.application_id != application.application_id:
        raise NotFound("This result is no longer kept. Provision again; the provisioning logs have the record.")
    entry = run.result.entries[0] if run.result.entries else None
    code = the_ledger().code(run.result.code) if run.result.code else None
    return render_template(
        "on_demand_result.html",
        app=application,
        run=run,
        principal=_any_principal(run.principal_id),
        entry=entry,
        code=code,
        steps=page_steps(entry) if entry is not None else _failed_connection(run),
        modified=_modified(application, entry) if entry is not None else [],
        shows_flow=argument("tab") == "flow",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifiedRow:
    """One line of Modified attributes. Source: ENG-252."""

    target: str
    source_value: str
    expression: str
    old: str
    new: str


def _modified(application: Application, entry: ProvisioningLogEntry) -> list[ModifiedRow]:
    """Return what was modified, beside the source value and the expression that it came from. Source: ENG-252."""
    mapping = simulator().builder.schema(application.job_id).schema.mapping(entry.object_type)
    rows = {row.target_attribute_name: row for row in mapping.attribute_mappings}
    imported = next((dict(step.details) for step in entry.steps if step.type == "import"), {})
    found = []
    for item in entry.modified_properties:
        row = rows.get(item.display_name)
        is_direct = row is not None and row.source_type == "Attribute"
        found.append(
            ModifiedRow(
                target=item.display_name,
                source_value=imported.get(row.source_name, "") if row is not None and is_direct else "",
                expression=(row.source_expression or "") if row is not None else "",
                old=item.old_value or "",
                new=item.new_value or "",
            )
        )
    return found


def _any_principal(object_id: str) -> User | Group | None:
    return simulator().core.directory.get_user(object_id) or screens().group(object_id)


def _failed_connection(run: OnDemandRun) -> list[Step]:
    if run.result.result != "Failure":
        return []
    return [Step(title="Test connection", status="Failure", sentence=run.result.message, details=())]


def page_steps(entry: ProvisioningLogEntry) -> list[Step]:
    """Return the four steps in the page's order: scope comes before match here (ENG-344). Source: ENG-344."""
    kinds = {
        "Import user" if entry.object_type == "User" else "Import group": ("import",),
        f"Determine if {entry.object_type.lower()} is in scope": ("scoping",),
        f"Match {entry.object_type.lower()} between source and target system": ("matching",),
        "Perform action": ("processing", "export", "referenceResolution"),
    }
    steps = []
    for title, wanted in kinds.items():
        found = tuple(step for step in entry.steps if _kind(step) in wanted)
        status, sentence = "Skipped", "Not reached."
        if found:
            worst = {step.status for step in found}
            status = "Failure" if "failure" in worst else "Skipped" if "skipped" in worst else "Success"
            sentence = found[-1].description
        if title.startswith("Determine") and entry.skip_reason == "NotEffectivelyEntitled":
            status, sentence = "Skipped", entry.explanation
        if title == "Perform action" and not found and entry.status == "Skipped":
            sentence = entry.explanation
        steps.append(Step(title=title, status=status, sentence=sentence, details=found))
    return steps


def _kind(step: ProvisioningStep) -> str:
    """Return the step's type; the decision (EntrySynchronization...) belongs to the action."""
    decided = step.name.startswith("EntrySynchronization") and step.name != "EntrySynchronizationScoping"
    return "export" if decided else step.type

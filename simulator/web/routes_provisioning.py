"""The Provisioning form: mode, admin credentials, settings, status. Source: ui.md section 5, ENG-482."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field

from flask import Blueprint
from flask import render_template
from flask import request

from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.job import ScheduleState
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.scim.profile import Dialect
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.web.connection import try_credentials
from entra_sim.simulator.web.connection import typed_before
from entra_sim.simulator.web.pages import Answer
from entra_sim.simulator.web.pages import argument
from entra_sim.simulator.web.pages import field
from entra_sim.simulator.web.pages import go
from entra_sim.simulator.web.pages import notify
from entra_sim.simulator.web.pages import run_due
from entra_sim.simulator.web.pages import simulator
from entra_sim.simulator.web.pages import the_application

blueprint = Blueprint("provisioning", __name__)


@dataclass(slots=True, kw_only=True)
class Typed:
    """What stands in the form, and what is wrong with it by field."""

    mode: str
    tenant_url: str
    is_notification_enabled: bool
    notification_email: str
    prevents: bool
    threshold: str
    scope: str
    status: str
    restores: bool = False
    problems: dict[str, str] = dataclass_field(default_factory=dict)


@blueprint.get("/enterprise-apps/<app_id>/provisioning/edit")
def edit(app_id: str) -> Answer:
    """Show the form as it is stored, or as it was tested."""
    application = the_application(app_id)
    job = simulator().queries.job(application)
    test = typed_before(application, forget=argument("discard") == "yes")
    typed = stored(job)
    if test is not None and argument("discard") != "yes":
        typed = test.form if isinstance(test.form, Typed) else typed
        typed.mode, typed.tenant_url = test.mode, test.tenant_url
    return _form(application, job, typed)


def _opened(job: SynchronizationJob, typed: Typed) -> dict[str, str]:
    """Return which section is to be open: Settings when something was typed there."""
    held = stored(job)
    names = ("is_notification_enabled", "notification_email", "prevents", "threshold", "scope")
    return {"open": "settings"} if any(getattr(typed, name) != getattr(held, name) for name in names) else {}


def stored(job: SynchronizationJob) -> Typed:
    """Return the form as it is stored."""
    configuration = job.configuration
    return Typed(
        mode=configuration.mode,
        tenant_url=configuration.tenant_url,
        is_notification_enabled=configuration.is_notification_enabled,
        notification_email=configuration.notification_email,
        prevents=configuration.prevents_accidental_deletion,
        threshold=str(configuration.deletion_threshold),
        scope="all" if configuration.sync_all else "assigned",
        status="On" if job.schedule is ScheduleState.ACTIVE else "Off",
    )


def _form(application: Application, job: SynchronizationJob, typed: Typed, asks: str = "") -> str:
    """Return the Provisioning form. Source: ENG-482."""
    mappings = []
    if job.configuration.tenant_url:
        schema = simulator().builder.schema(job.job_id).schema
        if schema.group.name:
            mappings.append((schema.group.name, schema.group.is_enabled, "groups"))
        mappings.append((schema.user.name, schema.user.is_enabled, "users"))
    return render_template(
        "provisioning_edit.html",
        app=application,
        job=job,
        typed=typed,
        test=typed_before(application),
        flag=flag_text(typed.tenant_url),
        mappings=mappings,
        is_saved=bool(job.configuration.tenant_url),
        asks=asks,
        open_section=argument("open"),
    )


def flag_text(tenant_url: str) -> str:
    """Return in words what a behaviour flag at the end of a Tenant URL does, "" for none. Source: ENG-502."""
    try:
        flagged = bool(tenant_url) and TenantUrl.parse(tenant_url, allow_http=True).dialect is Dialect.FLAGGED
    except UserInputError:
        return ""
    return "Compliance flag on: lower-case op names, true booleans" if flagged else ""


@blueprint.post("/enterprise-apps/<app_id>/provisioning/edit")
def save(app_id: str) -> Answer:
    """Test the connection, or save everything."""
    application = the_application(app_id)
    job = simulator().queries.job(application)
    typed = typed_fields(job)
    if request.form.get("action") == "test":
        problem = try_credentials(application, job, typed.mode, typed)
        if problem:
            typed.problems.update(problem)
            return _form(application, job, typed), 422
        return go("provisioning.edit", app_id=app_id, _anchor="admin-credentials", **_opened(job, typed))
    _check(application, job, typed)
    if typed.problems:
        return _form(application, job, typed), 422
    if typed.restores and request.form.get("sure") != "yes":
        return _form(application, job, typed, asks="restore")
    try:
        started = _store(application, job, typed)
    except SimulatorError as error:
        typed.problems["form"] = str(error)
        return _form(application, job, typed), 422
    notify("ok", "Provisioning configuration saved", f"The settings of {application.name} are stored.")
    if started:
        run_due(f"Running the first cycle of {application.name}")
        return go("overview.page", app_id=app_id)
    return go("provisioning.edit", app_id=app_id)


def typed_fields(job: SynchronizationJob) -> Typed:
    """Return the form as it was typed; what it does not hold stays as it is held."""
    held = stored(job)
    is_saved = bool(job.configuration.tenant_url)
    form = request.form
    return Typed(
        mode=form.get("mode", held.mode)[:20],
        tenant_url=form.get("tenant_url", held.tenant_url).strip()[:2000],
        is_notification_enabled=form.get("notify") == "yes" if is_saved else held.is_notification_enabled,
        notification_email=form.get("notification_email", held.notification_email).strip()[:400],
        prevents=form.get("prevent") == "yes" if is_saved else held.prevents,
        threshold=form.get("threshold", held.threshold).strip()[:20],
        scope=form.get("scope", held.scope)[:20],
        status=form.get("status", held.status)[:5],
        restores=form.get("restore") == "yes",
    )


def _check(application: Application, job: SynchronizationJob, typed: Typed) -> None:
    """Note what is wrong, by field."""
    if typed.mode == "Manual":
        if job.configuration.mode == "Automatic":
            typed.problems["mode"] = "Automatic cannot go back to Manual; turn provisioning off instead."
        return
    check_credentials(application, job, typed)
    check_settings(typed)


def check_settings(typed: Typed) -> None:
    """Note what is wrong in Settings, by field."""
    if typed.is_notification_enabled and "@" not in typed.notification_email:
        typed.problems["notification_email"] = "Enter one e-mail address, for example it@contoso.example."
    if not (typed.threshold.isascii() and typed.threshold.isdigit() and 1 <= int(typed.threshold) <= 10_000_000):
        typed.problems["threshold"] = "Enter a whole number of 1 or more."
    if typed.scope not in ("assigned", "all"):
        typed.problems["scope"] = "Choose one of the two scopes."


def check_credentials(application: Application, job: SynchronizationJob, typed: Typed) -> None:
    """Note what is wrong in Admin Credentials; what changed must have been tested in this session."""
    if not typed.tenant_url:
        typed.problems["tenant_url"] = "Enter the Tenant URL: in Tapt, Settings > Integrations shows it."
        return
    try:
        field("secret", limit=4000)
        TenantUrl.parse(typed.tenant_url, allow_http=True)
    except UserInputError as error:
        typed.problems["tenant_url"] = str(error)
        return
    secret = request.form.get("secret", "").strip()
    is_changed = typed.tenant_url != job.configuration.tenant_url or bool(secret)
    test = typed_before(application)
    is_tested = (
        test is not None
        and test.result.is_ok
        and test.tenant_url == typed.tenant_url
        and (not secret or secret == test.secret)
    )
    waits_for_save = test is not None and test.secret != job.configuration.secret
    if (is_changed or waits_for_save) and not is_tested:
        typed.problems["test"] = "Test the connection first."


def _store(application: Application, job: SynchronizationJob, typed: Typed) -> bool:
    """Store what differs; returns whether the job was switched on."""
    provisioning, configuration = simulator().provisioning, job.configuration
    if typed.mode == "Manual":
        return False
    store_credentials(application, job, typed.mode)
    if not configuration.tenant_url:
        return False
    if typed.restores:
        simulator().before_jump("before restoring the default mappings")
        provisioning.restore_default_mappings(application)
    store_settings(application, job, typed)
    is_on = job.schedule is ScheduleState.ACTIVE
    if typed.status == "On" and not is_on:
        provisioning.start(application)
        return True
    if typed.status == "Off" and is_on:
        provisioning.stop(application)
    return False


def store_credentials(application: Application, job: SynchronizationJob, mode: str) -> None:
    """Store the mode and what was tested, if it differs from what is stored."""
    provisioning, configuration = simulator().provisioning, job.configuration
    if mode != configuration.mode:
        provisioning.set_mode(application, mode)
    test = typed_before(application, forget=True)
    if test is not None and (test.tenant_url, test.secret) != (configuration.tenant_url, configuration.secret):
        provisioning.save_credentials(application, test.tenant_url, test.secret)


def store_settings(application: Application, job: SynchronizationJob, typed: Typed) -> None:
    """Store notification, accidental-deletion prevention and scope, as far as they differ."""
    provisioning, configuration = simulator().provisioning, job.configuration
    notification = (typed.notification_email, typed.is_notification_enabled)
    if notification != (configuration.notification_email, configuration.is_notification_enabled):
        provisioning.set_notification(application, *notification)
    prevention = (typed.prevents, int(typed.threshold))
    if prevention != (configuration.prevents_accidental_deletion, configuration.deletion_threshold):
        provisioning.set_accidental_deletion_prevention(application, *prevention)
    if (typed.scope == "all") != configuration.sync_all:
        provisioning.set_scope(application, typed.scope)
        notify("warn", "Scope changed", "Restart provisioning for this to take effect.")

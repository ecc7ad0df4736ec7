"""Provisioning > Overview: status, statistics, start, stop, restart. Source: ui.md sections 5 and 8, ENG-485."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template

from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.job import Phase
from entra_sim.simulator.model.job import ScheduleState
from entra_sim.simulator.web.pages import Answer
from entra_sim.simulator.web.pages import argument
from entra_sim.simulator.web.pages import field
from entra_sim.simulator.web.pages import go
from entra_sim.simulator.web.pages import notify
from entra_sim.simulator.web.pages import run_due
from entra_sim.simulator.web.pages import screens
from entra_sim.simulator.web.pages import simulator
from entra_sim.simulator.web.pages import the_application
from entra_sim.simulator.web.sessions import web_state
from entra_sim.simulator.web.standing import Standing
from entra_sim.simulator.web.standing import so_far
from entra_sim.simulator.web.standing import standing

blueprint = Blueprint("overview", __name__)

CARDS_SHOWN = 20


@blueprint.get("/enterprise-apps/<app_id>/provisioning")
def page(app_id: str) -> Answer:
    """Show the first visit, or the Overview once the job is configured. Source: ENG-480, ENG-481, ENG-487."""
    application = the_application(app_id)
    state = standing(simulator(), application)
    if not state.is_configured and state.job.configuration.mode == "Manual":
        return render_template("provisioning_start.html", app=application)
    return render_template("provisioning_overview.html", asks=argument("ask"), **_facts(application, state))


@blueprint.get("/enterprise-apps/<app_id>/provisioning/status")
def status(app_id: str) -> Answer:
    """Return the cards alone; they ask for themselves again only while a cycle runs."""
    application = the_application(app_id)
    return render_template("overview_cards.html", **_facts(application, standing(simulator(), application)))


def _facts(application: Application, state: Standing) -> dict[str, object]:
    sim, job = simulator(), state.job
    now = sim.clock.now()
    is_due = job.schedule is ScheduleState.ACTIVE and job.next_cycle_at is not None and job.next_cycle_at <= now
    counts: dict[tuple[str, str], int] = {}
    references_left = 0
    if state.is_running and job.cycle is not None:
        counts = screens().cycle_counts(job.cycle.cycle_id)
        if job.cycle.phase is Phase.REFERENCES:
            references_left = sim.core.progress.count_pending(job.job_id)
    held = sim.queries.held_removals(application)[:CARDS_SHOWN] if state.held_count else []
    return {
        "app": application,
        "state": state,
        "job": job,
        "polls": state.is_running or is_due or bool(web_state().work.current),
        "so_far": so_far(counts),
        "references_left": references_left,
        "linked": sim.core.jobs.count_entries(job.job_id),
        "cycles": screens().recent_cycles(application.application_id),
        "next_retry": next((item.next_attempt_at for item in sim.queries.escrows(application)[:1]), None)
        if state.waiting_count
        else None,
        "held": [(kind, _name(kind, object_id)) for kind, object_id in held],
        "interval": sim.settings.cycle_interval_minutes,
        "token_note": sim.queries.token_note(),
        "now": now,
    }


def _name(kind: str, object_id: str) -> str:
    store = simulator().core.directory
    if kind == "User":
        user = store.get_user(object_id)
        if user is not None:
            return user.display_name
    group = screens().group(object_id)
    tombstone = store.get_tombstone(object_id)
    return group.display_name if group else tombstone.display_name if tombstone else object_id


@blueprint.post("/enterprise-apps/<app_id>/provisioning/command")
def command(app_id: str) -> Answer:
    """Start, stop, restart, or allow the deletes that are held."""
    application = the_application(app_id)
    wanted = field("command", limit=20)
    if wanted in ("restart", "allow") and field("sure", limit=5) != "yes":
        return go("overview.page", app_id=app_id, ask=wanted)
    provisioning = simulator().provisioning
    told = {
        "start": ("Provisioning started", "The next cycle runs now."),
        "stop": ("Provisioning stopped", "Start picks up from the stored watermark."),
        "restart": ("Provisioning restarted", "Watermark, escrows and quarantine are cleared; links are kept."),
        "allow": ("Deletes allowed", "What was held goes out in the next cycle, which runs now."),
    }
    if wanted not in told:
        return go("overview.page", app_id=app_id)
    try:
        {
            "start": provisioning.start,
            "stop": provisioning.stop,
            "restart": provisioning.restart,
            "allow": provisioning.allow_deletes,
        }[wanted](application)
    except SimulatorError as error:
        notify("bad", "Not possible", str(error))
        return go("overview.page", app_id=app_id)
    notify("ok", *told[wanted])
    if wanted != "stop":
        run_due(f"Running a cycle of {application.name}")
    return go("overview.page", app_id=app_id)

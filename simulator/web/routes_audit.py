"""Audit logs, and the lab's outbox beside them. Source: ui.md section 11, ENG-288, ENG-353."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template

from entra_sim.simulator.web.pages import PAGE
from entra_sim.simulator.web.pages import Answer
from entra_sim.simulator.web.pages import number_argument
from entra_sim.simulator.web.pages import screens
from entra_sim.simulator.web.pages import simulator
from entra_sim.simulator.web.pages import the_application

blueprint = Blueprint("audit", __name__)

MAILS_SHOWN = 10


@blueprint.get("/audit-logs")
def everywhere() -> Answer:
    """List the audit events of the tenant."""
    return _page(None)


@blueprint.get("/enterprise-apps/<app_id>/provisioning/audit")
def page(app_id: str) -> Answer:
    """List the audit events of one application."""
    return _page(app_id)


def _page(app_id: str | None) -> str:
    application = the_application(app_id) if app_id else None
    before = number_argument("before")
    found = screens().audit_page(target=application.name if application else "", before=before, limit=PAGE)
    mail = [] if before else simulator().core.logs.newest_mail(MAILS_SHOWN)
    return render_template("audit_logs.html", app=application, page=found, is_first=not before, mail=mail)

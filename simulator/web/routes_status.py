"""The plain page: what is configured, what is due next, where to go."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask import request

blueprint = Blueprint("status", __name__)


@blueprint.get("/")
def page() -> str:
    """Show state, agenda and links."""
    simulator = request.environ["entra_sim.simulator"]
    rows = []
    for application in simulator.applications.list():
        job = simulator.queries.job(application)
        counts = simulator.core.jobs.count_entries(job.job_id)
        rows.append({"application": application, "job": job, "links": counts})
    return render_template(
        "status.html",
        now=simulator.clock.now(),
        rate=simulator.clock.rate,
        applications=rows,
        agenda=simulator.queries.agenda()[:20],
        user_count=simulator.core.directory.count_users(),
        deleted_count=simulator.core.directory.count_users(deleted=True),
        group_count=len(simulator.directory.groups()),
        links=request.environ["entra_sim.links"],
    )


@blueprint.get("/healthz")
def health() -> dict[str, str]:
    """Answer that the server is up."""
    return {"status": "ok"}

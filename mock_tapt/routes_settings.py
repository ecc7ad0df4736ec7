"""The dashboard's settings, for the administrator: organisation, integrations, the token."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint
from flask import flash
from flask import redirect
from flask import render_template
from flask import request
from flask import session
from flask import url_for

from entra_sim.mock_tapt import access
from entra_sim.mock_tapt.access import current_site
from entra_sim.mock_tapt.access import current_tapt
from entra_sim.mock_tapt.access import needs_administrator
from entra_sim.mock_tapt.errors import TaptError
from entra_sim.mock_tapt.site import Organisation
from entra_sim.mock_tapt.tapt import SCIM_ROOT

blueprint = Blueprint("settings", __name__, url_prefix="/settings")
blueprint.before_request(access.guard)

MAX_NAME_LENGTH = 120
# switch, label, what it does
SWITCHES = (
    ("accept_groups", "Accept groups", "Off: /Groups answers 404, as a product without groups does."),
    ("hard_delete_allowed", "Hard delete allowed", "Off: DELETE answers 403."),
    ("strict", "Strict mode", "The RFC to the letter. The Entra service needs the tolerance that this takes away."),
    ("require_if_match", "Require If-Match", "Writes without If-Match answer 428. The Entra service never sends it."),
)
STATES = {"none": "Not connected", "active": "Connected", "expired": "Token expired", "revoked": "Not connected"}


@blueprint.before_request
def only_administrators() -> None:
    """Keep members out."""
    needs_administrator()


@blueprint.route("/", strict_slashes=False, methods=["GET", "POST"])
def organisation() -> Any:
    """Show or change the organisation."""
    tapt = current_tapt()
    name, error = tapt.organisation_name, ""
    if request.method == "POST":
        name = request.form.get("name", "").strip()
        if 1 <= len(name) <= MAX_NAME_LENGTH:
            tapt.rename_organisation(name)
            flash("Saved.")
            return redirect(url_for("settings.organisation"), 303)
        error = f"A name has 1 to {MAX_NAME_LENGTH} characters."
    page = render_template("organisation.html", name=name, error=error, can_reset=_organisation().can_reset)
    return page, 422 if error else 200


def _organisation() -> Organisation:
    found = request.environ["entra_sim.organisation"]
    assert isinstance(found, Organisation)
    return found


@blueprint.post("/reset")
def reset() -> Any:
    """Go back to how Tapt was started."""
    try:
        _organisation().reset()
        flash("Tapt is as it was at its start.")
    except TaptError as error:
        flash(str(error))
    return redirect(url_for("pages.profiles"), 303)


@blueprint.get("/integrations")
def integrations() -> Any:
    """List the integrations."""
    status = current_tapt().token_status()
    return render_template("integrations.html", state=STATES[status.state], status=status)


@blueprint.get("/integrations/entra")
def entra() -> Any:
    """Show the SCIM endpoint, the token and the switches; a new token is shown this once."""
    tapt = current_tapt()
    secret = current_site().shown_once.pop(session.pop("shown_once", ""), None)
    return render_template(
        "entra.html",
        url=tapt.tenant_url or f"{request.host_url.rstrip('/')}{request.script_root}{SCIM_ROOT}",
        status=tapt.token_status(),
        secret=secret,
        switches=SWITCHES,
        set_switches=asdict(tapt.switches),
    )


@blueprint.post("/integrations/entra/generate")
def generate() -> Any:
    """Make a new token and show it once."""
    issued = current_tapt().generate_token()
    session["shown_once"] = current_site().keep_once(issued.secret)
    return redirect(url_for("settings.entra"), 303)


@blueprint.post("/integrations/entra/revoke")
def revoke() -> Any:
    """End the token."""
    current_tapt().revoke_token()
    flash("The token was revoked. Requests with it are answered with 401 from now on.")
    return redirect(url_for("settings.entra"), 303)


@blueprint.post("/integrations/entra/switches")
def switches() -> Any:
    """Set the switches."""
    current_tapt().set_switches(**{name: request.form.get(name) == "on" for name, _, _ in SWITCHES})
    flash("Saved.")
    return redirect(url_for("settings.entra"), 303)

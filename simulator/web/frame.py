"""What stands on every page: clock bar, bell, menus, account, layout switch. And the clock bar's own form."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint
from flask import Flask
from flask import request
from flask import session
from flask import url_for
from markupsafe import Markup

from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.service.time_travel import Happening
from entra_sim.simulator.spans import parse_span
from entra_sim.simulator.web.pages import Answer
from entra_sim.simulator.web.pages import field
from entra_sim.simulator.web.pages import go
from entra_sim.simulator.web.pages import notify
from entra_sim.simulator.web.pages import safe_next
from entra_sim.simulator.web.pages import simulator
from entra_sim.simulator.web.sessions import csrf_token
from entra_sim.simulator.web.sessions import current_account
from entra_sim.simulator.web.sessions import web_state
from entra_sim.simulator.web.shown import countdown
from entra_sim.simulator.web.shown import counted
from entra_sim.simulator.web.shown import distance

blueprint = Blueprint("clock_bar", __name__)

ICONS = "vendor/bootstrap-icons-1.13.2/icons.svg"
JUMPS = (("1m", "+1 min"), ("40m", "+40 min"), ("next", "Next event"), ("1d", "+1 day"), ("30d", "+30 days"))


def register_frame(app: Flask) -> None:
    """Give every template what the frame shows."""
    app.context_processor(_frame)

    @app.before_request
    def keep_layout() -> None:
        wanted = request.args.get("layout")
        if wanted in ("new", "classic"):
            session["layout"] = wanted


def _frame() -> dict[str, Any]:
    if "entra_sim.web" not in request.environ:
        return {}
    state, sim = web_state(), simulator()
    return {
        "account": current_account(),
        "asks_sign_in": state.asks_sign_in,
        "clock_now": sim.clock.now(),
        "clock_rate": sim.clock.rate,
        "jumps": JUMPS,
        "notices": list(state.notices),
        "working": state.work.current,
        "hooks": state.hooks,
        "links": request.environ["entra_sim.links"],
        "layout": session.get("layout", "classic"),
        "csrf": csrf_input,
        "icon": icon,
        "counted": counted,
        "countdown": countdown,
        "distance": distance,
        "here": request.full_path.rstrip("?") if request.method == "GET" else request.path,
        "switched": switched,
    }


def csrf_input() -> Markup:
    """Return the hidden field that every form carries."""
    return Markup('<input type="hidden" name="csrf" value="{}">').format(csrf_token())


def icon(name: str) -> Markup:
    """Return a decorative icon of the sprite."""
    address = url_for("static", filename=ICONS)
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>').format(address, name)


def switched(layout: str) -> str:
    """Return this page's address in the other layout."""
    kept = {key: value for key, value in request.args.items() if key not in ("layout", "guide")}
    address = request.script_root + request.path
    query = "&".join(f"{key}={value}" for key, value in kept.items() if value.replace("-", "").isalnum())
    return f"{address}?{query + '&' if query else ''}layout={layout}"


@blueprint.post("/clock")
def move() -> Answer:
    """Move or change the clock, then show the page it was asked from, with what ran."""
    back = safe_next(request.form.get("back", ""))
    wanted = field("move", limit=40)
    from flask import redirect

    try:
        if wanted in ("pause", "run", "60x"):
            simulator().set_rate({"pause": 0.0, "run": 1.0, "60x": 60.0}[wanted])
            return redirect(back, 303)
        task = web_state().work.start("Moving the clock", _jump(wanted))
    except SimulatorError as error:
        notify("bad", "The clock was not moved", str(error))
        return redirect(back, 303)
    if not task.done.is_set():
        notify("ok", "The clock is moving", "Cycles run on the way. This page shows how far it is.")
        return go("lab_clock.page")
    if task.error is not None:
        if not isinstance(task.error, SimulatorError):
            raise task.error
        notify("bad", "The clock was not moved", str(task.error))
        return redirect(back, 303)
    tone = "warn" if quarantine_reasons(task.result) else "ok"
    notify(tone, f"It is {simulator().clock.now():%Y-%m-%d %H:%M} UTC", summary(task.result))
    return redirect(back, 303)


def _jump(wanted: str) -> Any:
    sim = simulator()
    if wanted == "next":
        if not sim.queries.agenda():
            raise StateConflict("Nothing is scheduled. Start provisioning first.")
        return sim.jump_to_next
    if wanted == "goto":
        text = field("goto", limit=40)
        try:
            goal = datetime.fromisoformat(text.replace("Z", "") + "+00:00" if "+" not in text else text)
        except ValueError:
            raise UserInputError(f"'{text}' is no date and time; write 2026-07-05T09:30.") from None
        if goal < sim.clock.now():
            raise UserInputError("Time only moves forward; reset the lab to start over.")
        return lambda: sim.jump(goal - sim.clock.now())
    span = parse_span(wanted, sim.clock.now())
    return lambda: sim.jump(span)


def summary(happenings: list[Happening]) -> str:
    """Return what a jump did: "Ran 3 incremental cycles; 2 created, 1 disabled"."""
    if not happenings:
        return "Nothing was due."
    kinds: dict[str, int] = {}
    exported = failed = 0
    for item in happenings:
        name = f"{item.cycle.kind} cycle" if item.cycle else item.kind
        kinds[name] = kinds.get(name, 0) + 1
        if item.cycle:
            exported += item.cycle.counts.exported
            failed += item.cycle.counts.failed + item.cycle.counts.failed_references
    ran = ", ".join(counted(number, name) for name, number in kinds.items())
    told = [counted(exported, "object") + " exported" if exported else "", f"{failed} failed" if failed else ""]
    rest = ", ".join(part for part in told if part)
    reasons = quarantine_reasons(happenings)
    ended = f" Quarantine: {', '.join(reasons)}." if reasons else ""
    return f"Ran {ran}; {rest or ('nothing was sent' if reasons else 'nothing to do')}.{ended}"


def quarantine_reasons(happenings: list[Happening]) -> list[str]:
    """Return why jobs were put into quarantine on the way, sorted."""
    return sorted({item.cycle.quarantine_reason for item in happenings if item.cycle} - {""})

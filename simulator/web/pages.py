"""What every page needs: the Simulator, checked form fields, notices, ways back."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask import flash
from flask import g
from flask import redirect
from flask import request
from flask import url_for
from werkzeug.wrappers import Response as AnyResponse

from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.service.screens import Screens
from entra_sim.simulator.service.simulator import Simulator
from entra_sim.simulator.web.sessions import web_state
from entra_sim.simulator.web.state import Notice

Answer = str | Response | AnyResponse | tuple[str, int]

PAGE = 50
MAX_TEXT = 2_000


def simulator() -> Simulator:
    """Return the Simulator that this request belongs to."""
    found: Simulator = request.environ["entra_sim.simulator"]
    return found


def screens() -> Screens:
    """Return the screens' own queries."""
    if "screens" not in g:
        g.screens = Screens(simulator().core)
    found: Screens = g.screens
    return found


def the_application(app_id: str) -> Application:
    """Return the application of a URL; NotFound becomes a 404 page."""
    found = simulator().core.directory.get_application(app_id)
    if found is None:
        return simulator().applications.get(app_id)
    return found


def field(name: str, *, limit: int = MAX_TEXT) -> str:
    """Return a text of the form without blanks around it.

    Raises:
        UserInputError: it is longer than the limit, or holds a character that no text has.
    """
    value = request.form.get(name, "").strip()
    return checked(value, name, limit)


def checked(value: str, name: str, limit: int = MAX_TEXT) -> str:
    """Return the text if it is no longer than the limit and holds no control characters.

    Raises:
        UserInputError: it is not.
    """
    if len(value) > limit:
        raise UserInputError(f"'{name}' has {len(value):,} characters; at most {limit:,} are allowed.")
    if any(ord(character) < 32 and character not in "\r\n\t" for character in value):
        raise UserInputError(f"'{name}' holds a character that cannot be typed; remove it.")
    return value


def argument(name: str, *, limit: int = 256) -> str:
    """Return a text of the query, cut to the limit."""
    return request.args.get(name, "").strip()[:limit]


def number_argument(name: str) -> int:
    """Return a whole number of the query, 0 for anything else."""
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def notify(kind: str, title: str, text: str = "") -> None:
    """Show a notice on the next page, and keep it under the bell. `kind` is ok, warn or bad."""
    web_state().notices.appendleft(Notice(at=simulator().clock.now(), kind=kind, title=title[:200], text=text[:600]))
    flash(f"{title[:200]}\n{text[:600]}", kind)


def go(endpoint: str, **values: Any) -> AnyResponse:
    """Return the redirect that follows a form."""
    return redirect(url_for(endpoint, **values), 303)


def address(endpoint: str, **values: str) -> str:
    """Return the address of a page, what is empty left out."""
    given: dict[str, Any] = {key: value for key, value in values.items() if value}
    return url_for(endpoint, **given)


def safe_next(target: str) -> str:
    """Return a path of this site, or the home page for anything else: no redirects to foreign places."""
    if target.startswith("/") and not target.startswith(("//", "/\\")) and "\\" not in target and target.isprintable():
        return request.script_root + target
    return url_for("home.page")


def is_fragment() -> bool:
    """Return whether a script asks for a part of the page."""
    return request.headers.get("HX-Request") == "true"


def run_due(title: str) -> None:
    """Run what is due now, and wait a moment for it."""
    web_state().work.start(title, simulator().time.tick)

"""The Flask application: one per process, whichever organisation a request is for stands in its environ."""

from __future__ import annotations

import re
import threading
from functools import cache
from functools import cached_property
from typing import Any

import orjson
from flask import Flask
from flask import Request
from flask import Response
from flask import render_template
from flask import request
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import NotFound

from entra_sim.mock_tapt import access
from entra_sim.mock_tapt import presenting
from entra_sim.mock_tapt import routes_control
from entra_sim.mock_tapt import routes_inspector
from entra_sim.mock_tapt import routes_pages
from entra_sim.mock_tapt import routes_scim
from entra_sim.mock_tapt import routes_settings
from entra_sim.mock_tapt.errors import error_body
from entra_sim.mock_tapt.form_limits import MAX_SEARCH_LENGTH
from entra_sim.mock_tapt.messages import SCIM_MEDIA_TYPE
from entra_sim.mock_tapt.tapt import SCIM_ROOT

_SCIM_FOLDER = f"{SCIM_ROOT}/"


class TaptApp(Flask):
    """Flask, with empty path segments folded instead of redirected: no SCIM client follows a redirect."""

    @cached_property
    def scim_rule(self) -> Any:
        """Return the route of the SCIM API."""
        return next(self.url_map.iter_rules("scim.scim"))

    def wsgi_app(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer a request."""
        if "//" in environ["PATH_INFO"]:
            environ["PATH_INFO"] = re.sub(r"/{2,}", "/", environ["PATH_INFO"])
        return super().wsgi_app(environ, start_response)

    def create_url_adapter(self, request: Request | None) -> Any:
        """Return what matches a request with a route; the SCIM API has one route, found without the general search."""
        environ = request.environ if request is not None else {}
        path = environ.get("PATH_INFO", "")
        if path.startswith(_SCIM_FOLDER) and environ["REQUEST_METHOD"] in routes_scim.METHODS:
            return _ScimRoute(self.scim_rule, path[len(_SCIM_FOLDER) :])
        return super().create_url_adapter(request)

    def full_dispatch_request(self, *context: Any) -> Any:
        """Return the answer of a view; nothing stands before or behind the SCIM API's, so it is called at once."""
        rule = request.url_rule
        if rule is not None and rule.endpoint == "scim.scim":
            return routes_scim.scim(**(request.view_args or {}))
        return super().full_dispatch_request(*context)


class _ScimRoute:
    """Stands for the general search when the route is known."""

    def __init__(self, rule: Any, rest: str) -> None:
        self._found = (rule, {"rest": _decoded(rest)})

    def match(self, **_: Any) -> tuple[Any, dict[str, str]]:
        """Return the route and its arguments."""
        return self._found


def _decoded(path: str) -> str:
    """Return a path of the environ, which is latin-1 by PEP 3333, as the UTF-8 that it is."""
    return path if path.isascii() else path.encode("latin-1").decode("utf-8", "replace")


def create_app() -> Flask:
    """Return a new application; `environ["entra_sim.tapt"]` names the organisation of each request."""
    app = TaptApp(__name__, static_folder=None)
    app.url_map.merge_slashes = False
    app.register_blueprint(routes_scim.blueprint)
    app.register_blueprint(routes_control.blueprint)
    for module in (routes_pages, routes_settings, routes_inspector):
        module.blueprint.after_request(access.add_headers)
        app.register_blueprint(module.blueprint)
    access.blueprint.before_request(access.guard)
    access.blueprint.after_request(access.add_headers)
    app.register_blueprint(access.blueprint)
    app.session_interface = access.SiteSessions()
    app.config.update(
        SESSION_COOKIE_NAME="tapt_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=access.SESSION_LIFETIME,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["instant"] = presenting.instant
    app.jinja_env.filters["decoded"] = presenting.decoded
    app.context_processor(presenting.frame)
    app.add_url_rule("/healthz", "healthz", lambda: Response("ok\n", content_type="text/plain; charset=utf-8"))
    app.register_error_handler(HTTPException, _refused)
    return app


def _refused(error: HTTPException) -> Response:
    """Answer what no route takes; the control API speaks JSON."""
    if request.path.startswith("/_control"):
        status = error.code or 500
        return Response(f'{{"error": "{error.name}"}}', status=status, content_type="application/json")
    if request.path.startswith(SCIM_ROOT):
        body = orjson.dumps(error_body(error.code or 500, None, error.name))
        return Response(body, status=error.code or 500, content_type=SCIM_MEDIA_TYPE)
    if "entra_sim.site" not in request.environ:
        return Response(f"{error.name}\n", status=error.code or 500, content_type="text/plain; charset=utf-8")
    status, text = error.code or 500, error.description or ""
    if isinstance(error, NotFound) and text == NotFound.description:
        text = f"There is no page {request.path[:MAX_SEARCH_LENGTH]}."
    page = render_template("error.html", status=status, name=error.name, text=text)
    return access.add_headers(Response(page, status=status, content_type="text/html; charset=utf-8"))


def application() -> Flask:
    """Return the application of this process, built at its first use: that takes 10 to 20 ms.

    One thread builds it; the first requests may come together.
    """
    with _building:
        return _built()


@cache
def _built() -> Flask:
    return create_app()


_building = threading.Lock()

"""The Flask application: one per process, whichever organisation a request is for stands in its environ."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from flask import Flask
from flask import Response
from flask import request
from werkzeug.exceptions import HTTPException

from entra_sim.mock_tapt import routes_control
from entra_sim.mock_tapt import routes_scim


class TaptApp(Flask):
    """Flask, with empty path segments folded instead of redirected: no SCIM client follows a redirect."""

    def wsgi_app(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer a request."""
        if "//" in environ["PATH_INFO"]:
            environ["PATH_INFO"] = re.sub(r"/{2,}", "/", environ["PATH_INFO"])
        return super().wsgi_app(environ, start_response)


def create_app() -> Flask:
    """Return a new application; `environ["entra_sim.tapt"]` names the organisation of each request."""
    app = TaptApp(__name__, static_folder=None)
    app.url_map.merge_slashes = False
    app.register_blueprint(routes_scim.blueprint)
    app.register_blueprint(routes_control.blueprint)
    app.add_url_rule("/healthz", "healthz", lambda: Response("ok\n", content_type="text/plain; charset=utf-8"))
    app.register_error_handler(HTTPException, _refused)
    return app


def _refused(error: HTTPException) -> Response:
    """Answer what no route takes; the control API speaks JSON."""
    if request.path.startswith("/_control"):
        status = error.code or 500
        return Response(f'{{"error": "{error.name}"}}', status=status, content_type="application/json")
    response = error.get_response()
    assert isinstance(response, Response)
    return response


@cache
def application() -> Flask:
    """Return the application of this process, built at its first use: that takes 10 to 20 ms."""
    return create_app()

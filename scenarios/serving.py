"""Both sides on ports, each in a daemon thread and ended within a second.

The admin center, and any other WSGI app, has waitress; Tapt has the server that `entra-sim tapt` has, so that clients
find the same there as here: every character in a target, the same limits, the same speed.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import sys
import threading
from collections.abc import Callable
from collections.abc import Iterable
from typing import TYPE_CHECKING
from typing import Any

from entra_sim.scenarios.ports import holder_of
from entra_sim.simulator.errors import StateConflict

if TYPE_CHECKING:
    from entra_sim.mock_tapt.site import Site

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

JOIN_S = 1.0
BACKLOG = 1024


class Server:
    """A running server.

    Args:
        app: the WSGI app.
        host: address to bind.
        port: 0 takes any free one.
        option: the command-line option to name when the port is taken.
    Raises:
        StateConflict: the port is taken or not allowed; says who holds it, if that can be known, and what to do.
    """

    def __init__(self, app: WsgiApp, *, host: str = "127.0.0.1", port: int = 0, option: str = "--port") -> None:
        from waitress.server import create_server

        logging.getLogger("waitress").setLevel(logging.ERROR)
        listener = _bound(host, port, option)
        self.host = host
        self.port: int = listener.getsockname()[1]
        self._map: dict[int, Any] = {}
        self._server = create_server(
            app,
            sockets=[listener],
            threads=8,
            map=self._map,
            clear_untrusted_proxy_headers=True,
            ident=None,
            channel_timeout=60,
            max_request_body_size=8 << 20,
            asyncore_use_poll=True,
        )
        self._thread = threading.Thread(target=self._run, name=f"serve-{self.port}", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Return the base URL."""
        return _url(self.host, self.port)

    def _run(self) -> None:
        # closing the sockets is how the loop is ended; what it says about that is of no interest
        with contextlib.suppress(OSError):
            self._server.run()

    def close(self) -> None:
        """Close the listener and every connection inside the loop, and wait at most a second for its thread."""
        with contextlib.suppress(OSError):
            self._server.trigger.pull_trigger(self._close_all)
        self._thread.join(JOIN_S)
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=JOIN_S)

    def _close_all(self) -> None:
        for part in list(self._map.values()):
            if part is not self._server and part is not self._server.trigger:
                with contextlib.suppress(OSError):
                    part.close()
        with contextlib.suppress(OSError):
            self._server.close()


class TaptServer:
    """A running server of mock Tapt.

    Args:
        site: says which requests may take long, and keeps what is no request in the journal.
        app: what answers; None: the site, with its dashboard.
        host, port, option: see `Server`.
    Raises:
        StateConflict: see `Server`.
    """

    def __init__(
        self,
        site: Site,
        app: WsgiApp | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        option: str = "--tapt-port",
    ) -> None:
        from entra_sim.mock_tapt.http_server import HttpServer

        listener = _bound(host, port, option)
        self.host = host
        self.port: int = listener.getsockname()[1]
        self._server = HttpServer(app or site.wsgi, listener, may_rest=site.may_rest, on_refusal=site.note_refusal)
        self._thread = threading.Thread(target=self._server.run, name=f"tapt-{self.port}", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Return the base URL."""
        return _url(self.host, self.port)

    def close(self) -> None:
        """Close the listener and every connection, and wait at most a second for the thread."""
        self._server.stop()
        self._thread.join(JOIN_S)


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _bound(host: str, port: int, option: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":  # there, SO_REUSEADDR would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        holder = holder_of(port)
        who = f" by {holder}" if holder else ""
        raise StateConflict(
            f"Port {port} on {host} cannot be used; it is taken{who} or not allowed ({error.strerror or error}). "
            f"Choose another with {option} PORT, or {option} 0 for any free one."
        ) from error
    return listener

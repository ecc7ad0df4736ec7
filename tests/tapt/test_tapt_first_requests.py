"""The first requests of a process may come together: the application is built once."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import threading
from datetime import UTC, datetime
from werkzeug.test import create_environ
from entra_sim.mock_tapt import Tapt

tapt = Tapt.open(now=lambda: datetime(2026, 1, 5, tzinfo=UTC), wait=lambda s: None, new_id=lambda kind: "x")
start = threading.Barrier(8)
seen = []

def ask():
    start.wait()
    environ = create_environ("/scim/v2/Users", "http://tapt.example")
    b"".join(tapt.wsgi(environ, lambda status, headers, info=None: seen.append(status[:3])))

threads = [threading.Thread(target=ask) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert seen == ["401"] * 8, seen
"""


def test_eight_first_requests_at_once_are_all_answered() -> None:
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr[-2000:]

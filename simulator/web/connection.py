"""Test Connection: what the real one sends, and what was typed kept until it is saved. Source: ENG-130 to ENG-132.

The token is kept on this side, per session, and never written into a page.
"""

from __future__ import annotations

from flask import request

from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.service.provisioning import ConnectionResult
from entra_sim.simulator.web.pages import notify
from entra_sim.simulator.web.pages import simulator
from entra_sim.simulator.web.sessions import session_id
from entra_sim.simulator.web.sessions import web_state
from entra_sim.simulator.web.state import TestedCredentials

MAX_SECRET = 4_000


def typed_before(application: Application, *, forget: bool = False) -> TestedCredentials | None:
    """Return what this session tested last for an application and has not saved yet."""
    key = (session_id(), application.application_id)
    shelf = web_state().tests
    found: TestedCredentials | None = shelf.pop(key, None) if forget else shelf.get(key)
    return found


def try_credentials(application: Application, job: SynchronizationJob, mode: str) -> dict[str, str]:
    """Test what stands in the form; returns what is wrong with the form by field, or {} when the test was made."""
    tenant_url = request.form.get("tenant_url", "").strip()
    secret = request.form.get("secret", "").strip()
    before = typed_before(application)
    if not tenant_url:
        return {"tenant_url": "Enter the Tenant URL: in Tapt, Settings > Integrations shows it."}
    if len(tenant_url) > 2_000 or len(secret) > MAX_SECRET:
        return {"tenant_url": "The Tenant URL has at most 2,000 characters, the Secret Token at most 4,000."}
    if not secret:
        secret = before.secret if before else job.configuration.secret
    if not secret:
        return {"secret": "Enter the Secret Token: in Tapt, Settings > Integrations > Configure > Generate makes one."}
    seen = simulator().exchanges()
    try:
        result = simulator().provisioning.test_connection(application, tenant_url, secret)
    except SimulatorError as error:
        return {"tenant_url": str(error)}
    exchanges = web_state().exchanges_after(simulator(), seen)
    web_state().tests.put(
        (session_id(), application.application_id),
        TestedCredentials(tenant_url=tenant_url, secret=secret, mode=mode, result=result, exchanges=exchanges),
    )
    title = f"Testing connection to {application.name}"
    notify("ok" if result.is_ok else "bad", title, _told(result, exchanges_status(exchanges), tenant_url))
    return {}


def exchanges_status(exchanges: tuple[object, ...]) -> int:
    """Return the status of the last answer, 0 for none."""
    if not exchanges:
        return 0
    status: int = exchanges[-1].reply.status  # type: ignore[attr-defined]
    return status


def _told(result: ConnectionResult, status: int, tenant_url: str) -> str:
    if result.is_ok:
        return result.message
    if status == 0:
        return (
            f"Cannot reach {tenant_url}. Check that Tapt is running on port 8471 and that the address is right. "
            f"{result.message.partition('Details: ')[2]}"
        )
    if status in (401, 403):
        return f"You appear to have entered invalid credentials. The target answered {status}."
    return (
        f"The URL answers, but not as SCIM: {status}. Error code: {result.code}. "
        f"{result.message.partition('Details: ')[2]}"
    )

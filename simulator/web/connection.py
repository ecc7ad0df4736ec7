"""Test Connection: what the real one sends, and what was typed kept until it is saved. Source: ENG-130 to ENG-132.

The token is kept on this side, per session, and never written into a page.
"""

from __future__ import annotations

from flask import request

from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.service.core import ExchangeRecord
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


def try_credentials(
    application: Application, job: SynchronizationJob, mode: str, form: object = None
) -> dict[str, str]:
    """Test what stands in the form; returns what is wrong with the form by field, or {} when the test was made.

    Args:
        form: what else was typed, to be shown again beside the verdict.
    """
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
    told = _told(result, exchanges, tenant_url)
    tested = TestedCredentials(
        tenant_url=tenant_url, secret=secret, mode=mode, result=result, exchanges=exchanges, told=told, form=form
    )
    web_state().tests.put((session_id(), application.application_id), tested)
    notify("ok" if result.is_ok else "bad", f"Testing connection to {application.name}", told)
    return {}


def _told(result: ConnectionResult, exchanges: tuple[ExchangeRecord, ...], tenant_url: str) -> str:
    """Return the verdict in words. Source: ui.md section 5."""
    if result.is_ok:
        return result.message
    last = exchanges[-1] if exchanges else None
    status = last.reply.status if last is not None else 0
    details = result.message.partition("Details: ")[2]
    if last is None or status == 0:
        tapt = str(request.environ["entra_sim.links"].get("Tapt", ""))
        port = f" on port {tapt.rpartition(':')[2]}" if tapt else ""
        return f"Cannot reach {tenant_url}. Check that Tapt is running{port} and that the address is right. {details}"
    if status in (401, 403):
        return f"You appear to have entered invalid credentials. The target answered {status}."
    path = f"{last.base.rstrip('/')}{last.call.path}"
    return f"The URL answers, but not as SCIM: {path} gave {status}. Error code: {result.code}. {details}"

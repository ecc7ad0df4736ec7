"""What was written down since the previous `expect`: requests, provisioning log, audit log, mail."""

from __future__ import annotations

import json
from typing import Any

from entra_sim.scenarios.language import Noun
from entra_sim.scenarios.session import Session
from entra_sim.scenarios.session import Window
from entra_sim.scenarios.spans import instant_text

SECTION = "Records"


def body_of(reply: Any) -> Any:
    """Return the answer's body as JSON, as text when it is none, None when it is empty."""
    if not reply.body:
        return None
    try:
        return json.loads(reply.body)
    except ValueError:
        return reply.body.decode("utf-8", "replace")


def _requests(session: Session, window: Window) -> list[dict[str, Any]]:
    facts = []
    for record in session.world.exchanges(window.requests):
        call, reply = record.call, record.reply
        query = dict(call.query)
        facts.append(
            {
                "method": call.method,
                "path": call.path,
                "filter": query.get("filter"),
                "query": query,
                "body": call.body,
                "status": reply.status or None,
                "failure": reply.failure or None,
                "answer": body_of(reply),
                "application": record.application_name,
                "at": instant_text(record.at),
                "purpose": call.provenance.purpose,
                "rules": list(call.provenance.rules),
            }
        )
    return facts


def log_fact(entry: Any) -> dict[str, Any]:
    """Return a provisioning log entry with short keys and Graph's."""
    return {
        **entry.as_dict(),
        "action": entry.action,
        "status": entry.status,
        "identity": entry.identity,
        "code": entry.code or None,
        "type": entry.object_type,
        "application": entry.application_name,
        "at": instant_text(entry.at),
        "reason": entry.error.reason if entry.error else None,
        "steps": [step.name for step in entry.steps],
        "modified": {
            item.display_name: {"old": item.old_value, "new": item.new_value} for item in entry.modified_properties
        },
        "rules": list(entry.rules),
    }


def _logs(session: Session, window: Window) -> list[dict[str, Any]]:
    return [log_fact(entry) for entry in session.logs(window.logs)]


def _audit(session: Session, window: Window) -> list[dict[str, Any]]:
    return [
        {
            "activity": event.activity,
            "result": event.result,
            "reason": event.reason or None,
            "category": event.category,
            "initiator": event.initiated_by,
            "target": event.target,
            "at": instant_text(event.at),
        }
        for event in session.simulator.queries.audit(window.audit)
    ]


def _mail(session: Session, window: Window) -> list[dict[str, Any]]:
    return [
        {
            "to": mail.recipient,
            "from": mail.sender,
            "subject": mail.subject,
            "text": mail.text,
            "at": instant_text(mail.at),
        }
        for mail in session.simulator.queries.mail(window.mail)
    ]


NOUNS = (
    Noun(
        name="requests",
        help="What the simulator sent, in order; others may stand between.",
        section=SECTION,
        read=_requests,
        is_window=True,
        keys={
            "method": "GET, POST, PATCH or DELETE",
            "path": "below the tenant URL: /Users/*",
            "filter": "the filter of a GET, decoded",
            "query": "all query parameters, decoded",
            "body": "the JSON body",
            "status": "status of the answer",
            "failure": "Timeout or WebExceptionProtocolError when there was no answer",
            "answer": "JSON body of the answer",
            "application": "name of the application",
            "at": "instant",
            "purpose": "why it was sent",
            "rules": "the reference rules behind it",
        },
        example='requests: [{method: PATCH, path: /Users/*, body: {Operations: [{path: active, value: "False"}]}}]',
    ),
    Noun(
        name="logs",
        help="Entries of the provisioning log, in order; others may stand between.",
        section=SECTION,
        read=_logs,
        is_window=True,
        keys={
            "action": "Create, Update, Delete, Disable, StagedDelete or Other",
            "status": "Success, Failure, Skipped or Warning",
            "identity": "userPrincipalName or group name",
            "code": "error code or skip reason",
            "type": "User or Group",
            "application": "name of the application",
            "at": "instant",
            "reason": "why it failed",
            "steps": "names of the steps",
            "modified": "target attribute → {old, new}",
            "rules": "the reference rules behind it",
            "modifiedProperties": "as in Graph",
            "provisioningSteps": "as in Graph",
            "provisioningAction": "as in Graph",
            "provisioningStatusInfo": "as in Graph",
            "sourceIdentity": "as in Graph",
            "targetIdentity": "as in Graph",
            "initiatedBy": "as in Graph",
            "cycleId": "as in Graph",
            "changeId": "as in Graph",
        },
        example="logs: [{action: Create, status: Success, identity: ada@contoso.example}]",
    ),
    Noun(
        name="audit",
        help="Entries of the audit log, in order; others may stand between.",
        section=SECTION,
        read=_audit,
        is_window=True,
        keys={
            "activity": "what was done",
            "result": "success or failure",
            "reason": "why",
            "category": "ProvisioningManagement",
            "initiator": "who",
            "target": "the application",
            "at": "instant",
        },
        example="audit: [{activity: Quarantine, result: failure}]",
    ),
    Noun(
        name="mail",
        help="Mails that the service sent.",
        section=SECTION,
        read=_mail,
        is_window=True,
        keys={"to": "recipient", "from": "sender", "subject": "subject", "text": "text", "at": "instant"},
        example="mail: [{to: it@contoso.example}]",
    ),
)

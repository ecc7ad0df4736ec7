"""Words that people try before they know the language, and what the language calls it."""

from __future__ import annotations

STEPS = {
    "add group": "create group",
    "add user": "create user",
    "assert": "expect",
    "block user": "disable user",
    "change group": "edit group",
    "change user": "edit user",
    "check": "expect",
    "filter": "set scoping filters",
    "modify user": "edit user",
    "remove assignment": "unassign",
    "remove group": "delete group",
    "remove user": "delete user",
    "restart": "restart provisioning",
    "run cycle": "advance",
    "scoping filter": "set scoping filters",
    "scoping filters": "set scoping filters",
    "sleep": "advance",
    "start": "start provisioning",
    "stop": "stop provisioning",
    "sync": "advance",
    "unblock user": "enable user",
    "update group": "edit group",
    "update user": "edit user",
    "wait": "advance",
}
EXPECTATIONS = {
    "audit log": "audit",
    "groups": "target groups",
    "log": "logs",
    "mails": "mail",
    "provisioning log": "logs",
    "provisioning logs": "logs",
    "tapt groups": "target groups",
    "tapt users": "target users",
    "users": "target users",
}
TRUTHS = {"yes": "true", "on": "true", "no": "false", "off": "false"}
"""Text that older YAML takes for true or false; here it is text (YAML 1.2)."""

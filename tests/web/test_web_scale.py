"""Lists read one page by index: no statement of any screen walks through a table that grows with the tenant."""

from __future__ import annotations

import re

import pytest
from visitor import TAPT_URL
from visitor import Visitor

from entra_sim.scenarios.world import World

GROWING = ("user", "directory_group", "member", "assignment", "change", "log_entry", "audit_event", "entry", "escrow")


@pytest.fixture
def paths(world: World, token: str) -> list[str]:
    """Return the lists and pages of a tenant in which something has happened."""
    sim = world.simulator
    application = sim.applications.create("Tapt Integration")
    sim.provisioning.set_mode(application, "Automatic")
    sim.provisioning.save_credentials(application, TAPT_URL, token)
    sim.applications.assign(application, "Tapt people")
    sim.provisioning.start(application)
    sim.time.tick()
    ada = sim.directory.user("ada.park@contoso.example").object_id
    group = sim.directory.groups()[0].object_id
    cycle = sim.queries.logs(application)[0].cycle_id
    base = f"/enterprise-apps/{application.application_id}"
    logs = f"{base}/provisioning/logs"
    return [
        "/",
        "/enterprise-apps",
        base,
        f"{base}/users",
        f"{base}/users/add/pick?search=ad",
        f"{base}/provisioning",
        f"{base}/provisioning/status",
        f"{base}/provisioning/on-demand?search=ad",
        f"{base}/provisioning/audit",
        f"{base}/provisioning/audit?before=5",
        logs,
        f"{logs}?status=Success&action=Create",
        f"{logs}?identity=ada&range=all",
        f"{logs}?cycle={cycle}&range=all&before=5",
        f"{logs}?cycle={cycle}&range=all&code=NoSuchCode",
        f"{logs}?code=NotEffectivelyEntitled&object_type=User",
        f"{logs}?status=Warning&action=StagedDelete&range=30d",
        "/provisioning-logs?status=Success&action=Create&object_type=Group&code=x",
        "/audit-logs",
        f"{base}/provisioning/mappings/users/attributes/1",
        f"{base}/provisioning/expression-builder",
        f"{base}/why/{ada}",
        "/provisioning-logs?status=Failure",
        "/users",
        "/users?search=park",
        "/users?after=Bj%1f0",
        f"/users/{ada}",
        "/groups?search=t",
        f"/groups/{group}",
        "/lab/tutorial",
        "/lab/clock",
        f"/lab/timeline/{ada}",
        "/lab/timeline?search=a",
    ]


def test_no_page_walks_through_a_growing_table(admin: Visitor, paths: list[str], world: World) -> None:
    connection = world.simulator.core.database.connection
    seen: dict[str, str] = {}
    for path in paths:
        statements: list[str] = []
        connection.set_trace_callback(statements.append)
        try:
            admin.open(path)
        finally:
            connection.set_trace_callback(None)
        assert admin.status == 200, path
        for statement in statements:
            if statement.startswith("SELECT"):
                seen.setdefault(statement, path)
    walks = []
    for statement, path in seen.items():
        for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}"):
            whole_group = "FROM member" in statement and "LIMIT" not in statement and "COUNT" not in statement
            if whole_group and "SEARCH member USING" in row["detail"] and "member_id=?" not in row["detail"]:
                walks.append(f"{path}: all members of a group: {statement}")
            if "FROM log_entry WHERE cycle_id" in statement and statement.endswith("sequence > 0"):
                walks.append(f"{path}: all records of a cycle: {statement}")
            if "LIKE '%" in statement:
                walks.append(f"{path}: compared one by one: {statement}")
            if "user USING INDEX idx_user_deleted_at (deleted_at=?)" in row["detail"]:
                walks.append(f"{path}: all living users: {statement}")
            found = re.match(r"SCAN (\w+)(.*)", row["detail"])
            if found is None or found.group(1) not in GROWING:
                continue
            counts = statement.startswith("SELECT COUNT(*)") and "COVERING INDEX" in found.group(2)
            pages = "USING INDEX" in found.group(2) and re.search(r"LIMIT \d+", statement) and "WHERE" not in statement
            if not counts and not pages:
                walks.append(f"{path}: {row['detail']}: {statement}")
    assert walks == []

"""SelectUniqueValue in a mapping asks the target for each candidate, on create only."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from datetime import timedelta

import pytest

from entra_sim.scenarios.world import World

RULE = 'SelectUniqueValue([mailNickname], Join("", [mailNickname], "2"), Join("", [mailNickname], "3"))'


@pytest.mark.rule("SelectUniqueValue")
def test_the_first_candidate_that_nobody_in_tapt_has_is_taken() -> None:
    with World.open(start=datetime(2026, 1, 5, 9, tzinfo=UTC)) as world:
        simulator = world.simulator
        assert world.tapt is not None
        world.tapt.add_profile({"userName": "a@old.example", "nickName": "ada"})
        world.tapt.add_profile({"userName": "b@old.example", "nickName": "ada2"})
        for domain in ("contoso.example", "fabrikam.example", "tailspin.example"):
            simulator.directory.create_user({"userPrincipalName": f"ada@{domain}", "mailNickname": "ada"})
        application = simulator.applications.create("Tapt Integration")
        row = {"target": "nickName", "expression": RULE, "apply": "Only during object creation"}
        simulator.provisioning.add_attribute_mapping(application, "User", row)
        for domain in ("contoso.example", "fabrikam.example"):
            simulator.applications.assign(application, f"ada@{domain}")
        token = world.tapt.generate_token()
        simulator.provisioning.save_credentials(application, token.url, token.secret)
        simulator.provisioning.start(application)
        world.advance(timedelta(0))
        created = world.tapt.user("ada@contoso.example")
        assert created is not None
        assert created["nickName"] == "ada3"
        assert world.tapt.user("ada@fabrikam.example") is None
        failed = [entry for entry in simulator.queries.logs(application) if entry.status == "Failure"]
        assert [entry.identity for entry in failed] == ["ada@fabrikam.example"]
        assert failed[0].error is not None
        assert "nickName" in failed[0].error.reason
        assert "SelectUniqueValue" in failed[0].error.reason
        simulator.directory.update_user("ada@contoso.example", {"jobTitle": "Lead"})
        world.advance(timedelta(minutes=40))
        updated = world.tapt.user("ada@contoso.example")
        assert updated is not None
        assert (updated["nickName"], updated["title"]) == ("ada3", "Lead")

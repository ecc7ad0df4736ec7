"""A directory of 200 people from CSV files runs through the same code, with real data."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from datetime import timedelta
from pathlib import Path

import pytest

from entra_sim.scenarios.world import World
from entra_sim.simulator.model.directory import exported_user_principal_name
from entra_sim.simulator.tenants import read_directory

DATA = Path(__file__).parents[1] / "data"
START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@pytest.mark.rule("ENG-012", "ENG-014", "ENG-021", "ENG-222", "ENG-236")
@pytest.mark.parametrize("transport", ["wsgi", "http"])
def test_everybody_arrives_as_the_directory_has_them(transport: str) -> None:
    files = [DATA / f"people-200{part}.csv" for part in ("", ".groups", ".members")]
    with World.open(start=START, transport=transport, seed="people") as world:
        assert world.tapt is not None
        simulator = world.simulator
        image = read_directory(files, new_id=world.ids.new)
        summary = simulator.directory.import_image(image)
        assert summary.added == len(image.users) + len(image.groups)
        application = simulator.applications.create("Tapt Integration")
        token = world.tapt.generate_token()
        simulator.provisioning.save_credentials(application, token.url, token.secret)
        for group in simulator.directory.groups():
            simulator.applications.assign(application, group.object_id)
        for user in simulator.directory.users():
            simulator.applications.assign(application, user.object_id)
        simulator.provisioning.start(application)
        world.advance(timedelta(0))
        by_name = {user["userName"]: user for user in world.tapt.users()}
        links = {link.source_anchor: link for link in simulator.queries.links(application)}
        expected = [user for user in simulator.directory.users() if user.attributes["accountEnabled"]]
        assert len(expected) >= 190
        assert len(by_name) == len(expected)
        for user in expected:
            name = exported_user_principal_name(user.user_principal_name, user.object_id, is_soft_deleted=False)
            resource = by_name[name]
            assert resource["displayName"] == user.attributes["displayName"]
            assert resource.get("name", {}).get("familyName") == user.attributes.get("surname")
            mails = [item["value"] for item in resource.get("emails", [])]
            assert mails == ([user.attributes["mail"]] if user.attributes.get("mail") else [])
            manager = links.get(user.manager_id or "")
            shown = resource.get(ENTERPRISE, {}).get("manager", {}).get("value")
            assert shown == (manager.target_anchor if manager else None)
        nested = [group for group in simulator.directory.groups() if _has_group(group.member_ids, simulator)]
        assert nested
        in_tapt = {group["displayName"]: group for group in world.tapt.groups()}
        for group in simulator.directory.groups():
            wanted = {links[member].target_anchor for member in group.member_ids if member in links}
            assert {item["value"] for item in in_tapt[group.display_name].get("members", [])} == wanted
        sent = len(world.exchanges())
        world.advance(timedelta(minutes=40))
        assert len(world.exchanges()) == sent


def _has_group(member_ids: tuple[str, ...], simulator: object) -> bool:
    store = simulator.core.directory  # type: ignore[attr-defined]
    return any(store.get_group(member) is not None for member in member_ids)

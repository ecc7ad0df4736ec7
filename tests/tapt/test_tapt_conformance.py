"""Judges from outside: scim2-tester and scim2-client, against Tapt lenient and strict."""

from __future__ import annotations

import pytest
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_models import SearchRequest
from scim2_tester import Status
from scim2_tester import check_server

from entra_sim.mock_tapt import Tapt

both_modes = pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])


def connected(tapt: Tapt) -> WSGISCIMClient:
    secret = tapt.generate_token().secret
    assert tapt.tenant_url
    return WSGISCIMClient(tapt.wsgi, base_url=tapt.tenant_url, headers={"Authorization": f"Bearer {secret}"})


@both_modes
def test_scim2_tester_finds_no_error(tapt: Tapt, strict: bool) -> None:
    tapt.set_switches(strict=strict)
    results = check_server(connected(tapt))
    assert len(results) > 50
    bad = [r for r in results if r.status not in (Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE, Status.SKIPPED)]
    assert not bad, "\n".join(f"{r.status.name} {r.title}: {r.reason} {r.data}" for r in bad)
    assert all(e.status < 500 or e.path in ("/Bulk", "/Me") for e in tapt.journal.exchanges())


@both_modes
def test_scim2_client_works_with_it(tapt: Tapt, strict: bool) -> None:
    tapt.set_switches(strict=strict)
    client = connected(tapt)
    client.discover()
    user_model, group_model = client.get_resource_model("User"), client.get_resource_model("Group")
    user = client.create(user_model(user_name="ada@contoso.example", display_name="Ada"))
    assert [u.user_name for u in client.query(user_model).resources] == ["ada@contoso.example"]
    user.display_name = "Ada Park"
    assert client.replace(user).display_name == "Ada Park"
    group = client.create(group_model(display_name="G", members=[{"value": user.id}]))
    assert client.query(group_model, group.id).members[0].value == user.id
    assert client.query(user_model, user.id).groups[0].display == "G"
    found = client.search(SearchRequest(filter='displayName eq "ada park"'))
    assert [r.id for r in found.resources] == [user.id]
    client.delete(user_model, user.id)
    assert not client.query(group_model, group.id).members

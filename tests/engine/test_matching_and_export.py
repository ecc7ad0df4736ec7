"""Matching and export of one object: takeover, precedence, doubles, conflicts, vanished accounts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lab import DOMAIN
from lab import Lab
from lab import upn


@pytest.fixture
def users(lab: Lab) -> Lab:
    """Give a lab without the group mapping."""
    return lab.without_groups()


@pytest.mark.rule("ENG-160", "ENG-165", "Q-20")
def test_a_match_is_a_takeover_into_the_mapped_state(users: Lab) -> None:
    users.tapt.add_profile({"userName": f"ADA@{DOMAIN}", "displayName": "Old", "active": False, "title": "Clerk"})
    users.tapt.add_profile({"userName": f"stranger@{DOMAIN}", "displayName": "Stranger"})
    users.person("ada", displayName="Ada Park", jobTitle="Chief")
    users.start()

    account = users.account("ada")
    assert account is not None
    assert (account["displayName"], account["title"], account["active"]) == ("Ada Park", "Chief", True)
    assert users.log() == ["Update Success ada"]
    assert not [text for text in users.sent() if "stranger" in text]


@pytest.mark.rule("ENG-160", "ENG-077")
def test_matching_attributes_are_asked_in_order_until_one_finds_something(users: Lab) -> None:
    users.edit_row("externalId", source="employeeId", matching_precedence=2)
    users.tapt.add_profile({"userName": f"old@{DOMAIN}", "externalId": "77"})
    users.person("ada", employeeId="77")
    users.person("mia")
    users.start()

    sent = users.sent()
    assert sent[1:3] == ["GET /Users?userName eq ada", "GET /Users?externalId eq 77"]
    assert "GET /Users?userName eq mia" in sent
    assert not [text for text in sent if text == "GET /Users?externalId eq mia"]
    assert sorted(users.active()) == ["ada", "mia"]
    assert len(users.tapt.users()) == 2


@pytest.mark.rule("ENG-161", "ENG-239")
def test_without_a_matching_value_an_object_is_not_exported(users: Lab) -> None:
    users.edit_row("externalId", source="employeeId", matching_precedence=2)
    users.edit_row("userName", matching_precedence=0)
    users.edit_row("externalId", matching_precedence=1)
    users.person("ada")
    users.start()

    entry = users.logs()[0]
    assert (entry.status, entry.skip_reason) == ("Skipped", "EntryJoiningPropertyValueIsMissing")
    assert users.sent() == ["GET /Users?probe"]
    assert users.escrows() == []


@pytest.mark.rule("ENG-162", "ENG-270")
def test_two_hits_fail_and_nothing_is_created(users: Lab) -> None:
    users.tapt.add_profile({"userName": f"ada@{DOMAIN}"})
    users.fault(method="GET", path="/Users", duplicate_match=True)
    users.person("ada")
    users.start()

    assert users.log() == ["Create Failure ada DuplicateTargetEntries"]
    assert users.writes() == []
    assert users.escrows() == [("ada", "DuplicateTargetEntries", 0)]


@pytest.mark.rule("ENG-163")
def test_of_two_people_with_one_matching_value_the_second_fails(users: Lab) -> None:
    users.edit_row("userName", matching_precedence=2)
    users.edit_row("externalId", source="employeeId", matching_precedence=1)
    users.person("ada", employeeId="7")
    users.person("mia", employeeId="7")
    users.start()

    assert users.log() == ["Create Success ada", "Create Failure mia DuplicateSourceEntries"]
    assert list(users.active()) == ["ada"]


@pytest.mark.rule("ENG-163")
@pytest.mark.parametrize("workers", [1, 8])
def test_a_target_id_is_linked_to_one_source_only(open_lab: Callable[..., Lab], workers: int) -> None:
    lab = open_lab(workers=workers).without_groups()
    lab.people("ada", "mia")
    lab.start()
    before = {name: link.target_anchor for name, link in lab.links().items()}
    lab.sim.provisioning.stop(lab.app)
    lab.sim.provisioning.delete_object_connection(lab.app, lab.id_of("mia"))
    lab.edit("mia", userPrincipalName=f"ada2@{DOMAIN}")
    lab.tapt.edit_by_hand(f"ada@{DOMAIN}", {"userName": f"ada2@{DOMAIN}"})
    lab.sim.provisioning.start(lab.app)
    lab.run()

    assert lab.links()["Ada"].target_anchor == before["Ada"]
    assert "Mia" not in lab.links()
    assert lab.escrows() == [("ada2", "DuplicateSourceEntries", 0)]


@pytest.mark.rule("ENG-164")
def test_a_hit_that_carries_another_value_is_no_match(users: Lab) -> None:
    users.tapt.add_profile({"userName": f"stranger@{DOMAIN}", "displayName": "Stranger"})
    stranger = users.account("stranger")
    users.person("ada")
    answered = users.sim.core.connect

    def careless(url: object, authorization: object) -> object:
        """Return a target whose lookups find the stranger whatever is asked."""
        return _Careless(answered(url, authorization), f'userName eq "stranger@{DOMAIN}"')

    users.sim.core.connect = careless
    users.start()

    assert users.active() == {"ada": True, "stranger": True}
    assert users.account("stranger") == stranger


class _Careless:
    def __init__(self, inner: object, wanted: str) -> None:
        self._inner = inner
        self._wanted = wanted

    def send(self, call: object) -> object:
        from dataclasses import replace

        if dict(call.query).get("filter"):  # type: ignore[attr-defined]
            call = replace(call, query=(("filter", self._wanted),))  # type: ignore[type-var]
        return self._inner.send(call)  # type: ignore[attr-defined]

    def close(self) -> None:
        """Do nothing."""


@pytest.mark.rule("ENG-166", "Q-06")
@pytest.mark.parametrize(("by_filter", "first"), [(False, "GET /Users/ada"), (True, "GET /Users?userName eq ada")])
def test_how_a_linked_user_is_read_in_an_incremental_cycle(
    open_lab: Callable[..., Lab], by_filter: bool, first: str
) -> None:
    lab = open_lab(linked_lookup_by_filter=by_filter).without_groups()
    lab.person("ada")
    lab.start()
    lab.look()
    lab.edit("ada", jobTitle="Chief")
    lab.cycle()

    assert lab.sent() == ["GET /Users?probe", first, "PATCH /Users/ada Add:title=Chief"]


@pytest.mark.rule("ENG-166", "ENG-167", "Q-06")
def test_after_a_restart_a_linked_user_is_looked_up_by_filter_then_by_id(users: Lab) -> None:
    users.people("ada", "mia")
    users.start()
    users.tapt.edit_by_hand(f"mia@{DOMAIN}", {"userName": f"moved@{DOMAIN}"})
    users.look()
    users.restart()

    assert users.sent() == [
        "GET /Users?probe",
        "GET /Users?userName eq ada",
        "GET /Users?userName eq mia",
        "GET /Users/mia",
        "PATCH /Users/mia Replace:userName=mia",
    ]


@pytest.mark.rule("ENG-168", "ENG-278", "Q-07")
def test_an_account_that_vanished_fails_until_the_link_is_dropped(users: Lab) -> None:
    users.person("ada")
    users.start()
    users.tapt.delete_by_hand(f"ada@{DOMAIN}")
    users.look()
    users.edit("ada", jobTitle="Chief")
    users.cycle()
    assert users.log() == ["Update Failure ada InvalidAnchor"]
    assert users.active() == {}
    users.restart()
    assert users.log() == ["Update Failure ada InvalidAnchor"]

    users.restart("Full")
    assert users.log() == ["Create Success ada"]
    assert users.active() == {"ada": True}


@pytest.mark.rule("ENG-168", "Q-07", "ENG-330")
def test_dropping_the_object_connection_also_leads_to_a_new_account(users: Lab) -> None:
    users.person("ada")
    users.start()
    users.tapt.delete_by_hand(f"ada@{DOMAIN}")
    users.edit("ada", jobTitle="Chief")
    users.cycle()
    users.sim.provisioning.stop(users.app)
    assert users.sim.provisioning.delete_object_connection(users.app, users.id_of("ada"))
    users.sim.provisioning.start(users.app)
    users.cycle()

    assert users.active() == {"ada": True}
    assert users.escrows() == []


@pytest.mark.rule("ENG-168", "Q-07")
def test_with_the_setting_a_vanished_account_is_matched_and_created_anew(open_lab: Callable[..., Lab]) -> None:
    lab = open_lab(rematch_on_404=True).without_groups()
    lab.person("ada")
    lab.start()
    lab.tapt.delete_by_hand(f"ada@{DOMAIN}")
    lab.look()
    lab.edit("ada", jobTitle="Chief")
    lab.cycle()

    assert lab.active() == {"ada": True}
    assert lab.escrows() == []


@pytest.mark.rule("ENG-170")
def test_a_create_is_one_post_of_what_has_a_value_and_its_id_is_the_link(users: Lab) -> None:
    users.person("grace", assigned=False)
    ada = users.person("ada", displayName="Ada Park", jobTitle=None, department="", city="Oslo")
    users.sim.directory.set_manager(upn("ada"), upn("grace"))
    users.start()

    account, link = users.account("ada"), users.link("ada")
    assert account is not None
    assert link is not None
    assert link.target_anchor == account["id"]
    (post,) = [item.call for item in users.exchanges() if item.call.method == "POST"]
    assert post.body is not None
    assert set(post.body) == {
        "schemas",
        "userName",
        "active",
        "displayName",
        "externalId",
        "addresses",
        "meta",
    }
    entry = next(item for item in users.logs() if item.source_id == ada)
    assert (entry.action, entry.status) == ("Create", "Success")
    assert (entry.source_id, entry.target_id) == (ada, account["id"])
    assert entry.target_display_name == upn("ada")
    assert [step.name for step in entry.steps][-1] == "EntryExportAdd"
    assert "was created in" in entry.steps[-1].description
    assert "ENG-170" in entry.rules


@pytest.mark.rule("ENG-170")
def test_a_create_whose_answer_has_no_id_fails(users: Lab) -> None:
    users.fault(method="POST", id_missing=True)
    users.person("ada")
    users.start()

    assert users.log() == ["Create Failure ada SystemForCrossDomainIdentityManagementServiceIncompatible"]
    assert users.links() == {}


@pytest.mark.rule("ENG-171", "ENG-274", "ENG-441")
def test_a_conflict_is_neither_looked_up_again_nor_adopted_and_heals_with_the_filter(users: Lab) -> None:
    users.tapt.add_profile({"userName": f"ada@{DOMAIN}", "displayName": "Old"})
    users.fault(method="GET", path="/Users", empty_list=True)
    users.person("ada")
    users.start()

    entry = users.logs()[0]
    assert entry.code == "SystemForCrossDomainIdentityManagementServiceIncompatibleFiltering"
    assert entry.error is not None
    assert "StatusCode: Conflict" in entry.error.reason
    assert "Web Response:" in entry.error.reason
    assert "This operation was retried 0 times" in entry.error.reason
    assert users.sent() == ["GET /Users?probe", "GET /Users?userName eq ada", "POST /Users ada"]

    users.heal()
    users.cycle()
    assert users.log() == ["Update Success ada"]
    assert users.escrows() == []


@pytest.mark.rule("ENG-172")
def test_a_patch_answered_by_a_conflict_has_the_same_code(users: Lab) -> None:
    users.person("ada")
    users.start()
    users.fault(method="PATCH", status=409)
    users.look()
    users.edit("ada", jobTitle="Chief")
    users.cycle()

    assert users.log() == ["Update Failure ada SystemForCrossDomainIdentityManagementServiceIncompatibleFiltering"]


@pytest.mark.rule("ENG-172")
def test_any_2xx_answer_to_a_patch_is_success(users: Lab) -> None:
    users.person("ada")
    users.start()
    users.look()
    users.fault(method="PATCH", success_status=202)
    users.edit("ada", jobTitle="Chief")
    users.cycle()

    assert users.log() == ["Update Success ada"]


@pytest.mark.rule("ENG-173")
@pytest.mark.parametrize("kind", ["user", "group"])
def test_deleting_what_is_gone_already_is_success(lab: Lab, kind: str) -> None:
    lab.person("ada")
    lab.group("Team")
    lab.start()
    if kind == "user":
        lab.tapt.delete_by_hand(f"ada@{DOMAIN}")
        lab.purge("ada")
    else:
        lab.tapt.delete_group_by_hand("Team")
        lab.sim.directory.delete_group("Team")
    lab.look()
    lab.cycle()

    assert [line.split()[:2] for line in lab.log()] == [["Delete", "Success"]]
    assert len(lab.links()) == 1


@pytest.mark.rule("ENG-174")
def test_a_patch_answered_by_404_means_the_account_is_gone(users: Lab) -> None:
    users.person("ada")
    users.start()
    users.look()
    users.fault(method="PATCH", status=404)
    users.edit("ada", jobTitle="Chief")
    users.cycle()

    assert users.log() == ["Update Failure ada InvalidAnchor"]


@pytest.mark.rule("ENG-175", "Q-08")
def test_with_one_worker_requests_come_in_feed_order(users: Lab) -> None:
    users.people("ada", "bea", "cem")
    users.start()

    assert users.writes() == ["POST /Users ada", "POST /Users bea", "POST /Users cem"]


@pytest.mark.rule("ENG-500")
def test_discovery_lists_accounts_by_owner_and_changes_nothing(users: Lab) -> None:
    users.person("ada")
    users.person("mia", assigned=False)
    for number in range(150):
        users.tapt.add_profile({"userName": f"local{number}@{DOMAIN}"})
    users.tapt.add_profile({"userName": f"ADA@{DOMAIN}"})
    users.tapt.add_profile({"userName": f"mia@{DOMAIN}", "active": False})
    users.look()
    before = (users.tapt.users(), users.audit())

    found = users.sim.discovery.discover(users.app)

    kinds = {str(kind): len(found.of_kind(kind)) for kind in {account.kind for account in found.accounts}}
    assert kinds == {"Local account": 150, "Unassigned user": 1, "Assigned user": 1}
    assigned = next(account for account in found.accounts if str(account.kind) == "Assigned user")
    assert (assigned.source_id, assigned.matching_value) == (users.id_of("ada"), f"ADA@{DOMAIN}")
    assert [account.is_active for account in found.accounts if account.user_principal_name.startswith("mia")] == [False]
    assert [dict(item.call.query) for item in users.exchanges()] == [
        {"startIndex": "1", "count": "100"},
        {"startIndex": "101", "count": "100"},
    ]
    assert (users.tapt.users(), users.audit()) == before
    assert users.links() == {}
    assert users.log() == []

"""Open questions that have no story of their own elsewhere: both answers of each setting."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lab import DOMAIN
from lab import Lab

from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.model.job import JobStatus


@pytest.mark.rule("Q-01", "ENG-044")
@pytest.mark.parametrize(("anchored", "accounts"), [(False, ["ada", "bea"]), (True, ["ada"])])
def test_whether_a_pattern_matches_the_whole_value(
    open_lab: Callable[..., Lab], anchored: bool, accounts: list[str]
) -> None:
    lab = open_lab(regex_match_anchored=anchored).without_groups()
    lab.filter(("department", "REGEX MATCH", "Sales"))
    lab.person("ada", department="Sales")
    lab.person("bea", department="Sales North")
    lab.start()

    assert list(lab.active()) == accounts


@pytest.mark.rule("Q-02", "ENG-046")
@pytest.mark.parametrize(("contains", "accounts"), [(False, ["ada"]), (True, ["bea"])])
def test_what_the_ampersand_does_with_numbers(
    open_lab: Callable[..., Lab], contains: bool, accounts: list[str]
) -> None:
    lab = open_lab(ampersand_contains=contains).without_groups()
    lab.filter(("employeeId", "&", "14"))
    lab.person("ada", employeeId="6")  # its bits are in 14
    lab.person("bea", employeeId="1")  # its digit is in "14"
    lab.start()

    assert list(lab.active()) == accounts


@pytest.mark.rule("Q-20", "ENG-165")
@pytest.mark.parametrize("reactivates", [True, False])
def test_an_account_found_inactive_at_the_first_match(open_lab: Callable[..., Lab], reactivates: bool) -> None:
    lab = open_lab(takeover_reactivates=reactivates).without_groups()
    lab.tapt.add_profile({"userName": f"ada@{DOMAIN}", "active": False, "title": "Clerk"})
    lab.person("ada", jobTitle="Chief")
    lab.start()

    account = lab.account("ada")
    assert account is not None
    assert (account["active"], account["title"]) == (reactivates, "Chief")


@pytest.mark.rule("Q-21", "ENG-186", "ENG-199")
@pytest.mark.parametrize("keeps", [True, False])
def test_the_link_of_somebody_who_left_the_scope(open_lab: Callable[..., Lab], keeps: bool) -> None:
    lab = open_lab(keeps_links_of_unmanaged=keeps).without_groups()
    lab.person("ada")
    lab.start()
    lab.unassign("ada")
    lab.cycle()
    assert (lab.link("ada") is not None) is keeps
    assert lab.active() == {"ada": False}

    lab.assign("ada")
    lab.look()
    lab.cycle()
    first = lab.sent()[1]
    assert first == ("GET /Users/ada" if keeps else "GET /Users?userName eq ada")
    assert lab.active() == {"ada": True}


@pytest.mark.rule("Q-22", "ENG-343")
@pytest.mark.parametrize(("is_update", "action"), [(False, "Other"), (True, "Update")])
def test_the_action_of_a_record_of_nothing_to_send(open_lab: Callable[..., Lab], is_update: bool, action: str) -> None:
    lab = open_lab(redundant_is_update=is_update).without_groups()
    lab.person("ada")
    lab.start()
    lab.look()
    lab.edit("ada", displayName="ADA")
    lab.cycle()

    assert lab.log() == [f"{action} Skipped ada RedundantExport"]


@pytest.mark.rule("Q-23", "ENG-199")
@pytest.mark.parametrize(("is_other", "action"), [(False, "Update"), (True, "Other")])
def test_the_action_of_a_return(open_lab: Callable[..., Lab], is_other: bool, action: str) -> None:
    lab = open_lab(return_is_other=is_other).without_groups()
    lab.person("ada")
    lab.start()
    lab.disable("ada")
    lab.cycle()
    lab.look()
    lab.enable("ada")
    lab.cycle()

    assert lab.log() == [f"{action} Success ada"]
    assert lab.active() == {"ada": True}


@pytest.mark.rule("Q-25", "ENG-280")
@pytest.mark.parametrize(("counts", "status"), [(True, JobStatus.QUARANTINE), (False, JobStatus.ACTIVE)])
def test_whether_objects_that_wait_count_as_failures(
    open_lab: Callable[..., Lab], counts: bool, status: JobStatus
) -> None:
    lab = open_lab(threshold_counts_open_escrows=counts, escrow_floor=3, first_retry_in_next_cycle=False)
    lab.without_groups()
    lab.people("ada", "bea", "cem", "dan", "eva")
    lab.fault(method="POST", status=422, times=2)
    lab.start()
    assert lab.job.status is JobStatus.ACTIVE
    lab.person("fay")
    lab.fault(method="POST", status=422)
    lab.cycle()

    assert lab.job.status is status


@pytest.mark.rule("Q-26", "ENG-013")
@pytest.mark.parametrize("renames", [False, True])
def test_what_a_soft_delete_renames(open_lab: Callable[..., Lab], renames: bool) -> None:
    lab = open_lab(tombstone_renames_mail=renames).without_groups()
    lab.edit_row("title", expression='Join(", ", [proxyAddresses])')
    lab.person("ada", mail=f"ada@{DOMAIN}", proxyAddresses=[f"SMTP:ada@{DOMAIN}", f"smtp:a@{DOMAIN}"])
    object_id = lab.id_of("ada").replace("-", "")
    lab.start()
    lab.delete("ada")
    lab.cycle()

    account = lab.tapt.users()[0]
    prefix = object_id if renames else ""
    assert account["userName"] == f"{object_id}ada@{DOMAIN}"
    assert account["emails"][0]["value"] == f"{prefix}ada@{DOMAIN}"
    assert account["externalId"] == f"{prefix}ada"
    assert account["title"] == f"SMTP:{prefix}ada@{DOMAIN}, smtp:{prefix}a@{DOMAIN}"


@pytest.mark.rule("Q-24", "ENG-140")
@pytest.mark.parametrize("is_logged", [False, True])
def test_whether_a_failed_probe_leaves_a_record(open_lab: Callable[..., Lab], is_logged: bool) -> None:
    lab = open_lab(failed_probe_is_logged=is_logged).without_groups()
    lab.person("ada")
    lab.tapt.revoke_token()
    lab.start()

    code = "SystemForCrossDomainIdentityManagementInvalidCredentials"
    records = lab.logs()
    assert [(item.identity, item.action, item.status, item.code) for item in records] == (
        [("Tapt", "Other", "Failure", code)] if is_logged else []
    )
    assert lab.job.last_execution is not None
    assert [item.cycle_id for item in records] == ([lab.job.last_execution.cycle_id] if is_logged else [])
    for item in records:
        assert item.error is not None
        assert item.error.reason.endswith("2026-01-05T09:30:00.0000000Z UTC")
        assert [step.status for step in item.steps] == ["failure"]
        assert [exchange.sequence for exchange in lab.exchanges()] == list(item.request_sequences)
    assert lab.audit()[-1] == "Quarantine"


@pytest.mark.rule("Q-27", "ENG-012")
@pytest.mark.parametrize(("by_mail", "name"), [(False, "lee@contoso.example"), (True, "lee@partner.example")])
def test_the_name_of_a_guest_without_the_mark_of_guests(open_lab: Callable[..., Lab], by_mail: bool, name: str) -> None:
    lab = open_lab(guest_upn_from_mail=by_mail).without_groups()
    lab.unmap('emails[type eq "work"].value')
    lab.person("lee", userType="Guest", mail="lee@partner.example")
    lab.person("ada", userType="Member", mail="a.park@partner.example")
    lab.person("kim", userType="Guest")
    marked = "eva_partner.example#EXT#@contoso.example"
    lab.person("eva", assigned=False, userPrincipalName=marked, userType="Guest", mail="other@partner.example")
    lab.sim.applications.assign(lab.app, marked)
    lab.start()
    assert sorted(user["userName"] for user in lab.tapt.users()) == sorted(
        [name, f"ada@{DOMAIN}", f"kim@{DOMAIN}", "eva@partner.example"]
    )

    lab.look()
    lab.edit("lee", mail="lee.new@partner.example")
    lab.cycle()
    assert (lab.tapt.user("lee.new@partner.example") is not None) is by_mail
    lab.delete("lee")
    lab.cycle()
    renamed = next(user["userName"] for user in lab.tapt.users() if not user["active"])
    assert renamed.endswith("lee.new@partner.example" if by_mail else f"lee@{DOMAIN}")
    assert len(renamed.split("lee")[0]) == 32


def _with_two_roles(lab: Lab, way: str) -> None:
    """Give ada the role Editor in one of three ways, then the role Admin, and provision her."""
    for role in ("Editor", "Admin"):
        lab.sim.applications.add_role(lab.app, role, role)
    lab.map('roles[primary eq "True"].value', expression="SingleAppRoleAssignment([appRoleAssignments])")
    lab.person("ada", assigned=False)
    if way == "user":
        lab.assign("ada", role="Editor")
    else:
        lab.group("Editors", "ada", assigned=False)
        lab.assign("Editors", role="Editor")
    lab.assign("ada", role="Admin")
    lab.start()
    lab.look()


@pytest.mark.rule("Q-28", "ENG-107")
@pytest.mark.parametrize("is_change", [True, False])
@pytest.mark.parametrize("way", ["user", "group", "member", "deletion", "security"])
def test_a_role_taken_away_from_somebody_whom_another_assignment_keeps(
    open_lab: Callable[..., Lab], way: str, is_change: bool
) -> None:
    lab = open_lab(role_removal_is_a_change=is_change).without_groups()
    _with_two_roles(lab, way)
    if way == "user":
        lab.unassign("ada", role="Editor")
    elif way == "group":
        lab.unassign("Editors", role="Editor")
    elif way == "member":
        lab.sim.directory.remove_members("Editors", [f"ada@{DOMAIN}"])
    elif way == "deletion":
        lab.sim.directory.delete_group("Editors")
    else:
        lab.sim.directory.update_group("Editors", {"securityEnabled": False})
    lab.cycle()
    sent = lab.writes()
    assert len(sent) == is_change
    assert ("Admin" in " ".join(sent)) is is_change

    lab.edit("ada", jobTitle="Chief")  # whatever else changes takes the role with it
    lab.cycle()
    assert ("Admin" in " ".join(lab.writes())) is not is_change

    lab.unassign("ada", role="Admin")  # the last one: that is leaving the scope, not a lost role
    lab.cycle()
    assert lab.active() == {"ada": False}


@pytest.mark.rule("Q-29", "ENG-180")
@pytest.mark.parametrize("is_deleted", [True, False])
def test_a_hybrid_user_taken_out_of_the_sync(open_lab: Callable[..., Lab], is_deleted: bool) -> None:
    lab = open_lab(unsynced_user_is_soft_deleted=is_deleted).without_groups()
    lab.map("userType", expression='Switch([dirSyncEnabled], "Cloud", "True", "Hybrid")')
    lab.person("ada", dirSyncEnabled=True)
    lab.person("bea")
    lab.start()
    lab.look()
    lab.sim.directory.take_out_of_sync(f"ada@{DOMAIN}")
    lab.cycle()

    assert lab.active() == {"bea": True, **({} if is_deleted else {"ada": True})} | (
        {f"{lab.id_of('ada').replace('-', '')}ada": False} if is_deleted else {}
    )
    if not is_deleted:
        assert lab.writes() == ["PATCH /Users/ada Replace:userType=Cloud"]
    for name, problem in (("ada", "recycle bin" if is_deleted else "not synchronized"), ("bea", "not synchronized")):
        with pytest.raises(StateConflict, match=problem):
            lab.sim.directory.take_out_of_sync(f"{name}@{DOMAIN}")

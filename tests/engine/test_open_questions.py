"""Open questions that have no story of their own elsewhere: both answers of each setting."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lab import DOMAIN
from lab import Lab

from entra_sim.simulator.model.job import JobStatus


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
    lab.person("ada", mail=f"ada@{DOMAIN}")
    object_id = lab.id_of("ada").replace("-", "")
    lab.start()
    lab.delete("ada")
    lab.cycle()

    account = lab.tapt.users()[0]
    prefix = object_id if renames else ""
    assert account["userName"] == f"{object_id}ada@{DOMAIN}"
    assert account["emails"][0]["value"] == f"{prefix}ada@{DOMAIN}"
    assert account["externalId"] == f"{prefix}ada"

"""Made-up tenants, the demo tenant, and the file of 200 people that other tests use."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.ids import CountedIds
from entra_sim.simulator.tenants import DirectoryImage
from entra_sim.simulator.tenants import demo_tenant
from entra_sim.simulator.tenants import differences
from entra_sim.simulator.tenants import read_directory
from entra_sim.simulator.tenants import seeded_ids
from entra_sim.simulator.tenants import summarise
from entra_sim.simulator.tenants import synthesize

DATA = Path(__file__).parents[2] / "data"
PEOPLE = [DATA / "people-200.csv", DATA / "people-200.groups.csv", DATA / "people-200.members.csv"]


def scripts(image: DirectoryImage) -> set[str]:
    """Return the scripts of the letters in display names."""
    return {
        unicodedata.name(character).split(" ")[0]
        for user in image.users
        for character in str(user.attributes["displayName"])
        if character.isalpha()
    }


def holds_together(image: DirectoryImage) -> None:
    users = {user.object_id for user in image.users}
    ids = users | {group.object_id for group in image.groups}
    assert len(ids) == len(image.users) + len(image.groups)
    assert len({user.user_principal_name.casefold() for user in image.users}) == len(image.users)
    assert {user.manager for user in image.users} <= users | {None}
    assert {key for group in image.groups for key in group.members} <= ids


def test_the_same_seed_gives_the_same_tenant_and_another_seed_another() -> None:
    one = synthesize(300, 7, seeded_ids(7))
    assert one == synthesize(300, 7, seeded_ids(7))
    assert one != synthesize(300, 8, seeded_ids(7))


@pytest.mark.parametrize("people", [0, 1, 2, 50, 1500])
def test_a_tenant_of_any_size_holds_together(people: int) -> None:
    image = synthesize(people, "size", seeded_ids(people))
    assert len(image.users) == people
    holds_together(image)


@pytest.mark.parametrize("seed", range(20))
def test_fifty_people_are_enough_for_every_case(seed: int) -> None:
    image = synthesize(50, seed, seeded_ids(seed))
    summary = summarise(image)
    assert summary.guest_count
    assert summary.disabled_count
    assert summary.without_mail_count
    assert summary.without_manager_count
    assert summary.nested_group_count
    assert any(group.has_rule for group in summary.groups)
    assert len(scripts(image)) >= 3


def test_a_senseless_size_is_refused() -> None:
    with pytest.raises(UserInputError, match="0 to 2,000,000"):
        synthesize(-1, 1, seeded_ids(1))


def test_the_file_of_200_people_is_what_its_seed_gives() -> None:
    """Made by: entra-sim tenant new --people 200 --seed people-200 --output tests/data/people-200.csv"""
    image = read_directory(PEOPLE, new_id=CountedIds().new)
    assert differences(synthesize(200, "people-200", seeded_ids("people-200")), image) == ()


@pytest.mark.rule("ENG-012", "ENG-021")
def test_the_file_of_200_people_has_what_real_directories_have() -> None:
    image = read_directory(PEOPLE, new_id=CountedIds().new)
    holds_together(image)
    summary = summarise(image)
    assert summary.user_count == 200
    assert summary.guest_count >= 1
    assert summary.disabled_count >= 5
    assert summary.without_mail_count >= 10
    assert summary.namesake_count >= 2
    assert summary.nested_group_count >= 2
    assert any("'" in user.user_principal_name for user in image.users)
    assert {"LATIN", "CYRILLIC", "GREEK", "CJK", "HANGUL", "ARABIC", "DEVANAGARI"} <= scripts(image)


@pytest.mark.rule("ENG-012", "ENG-007", "ENG-021")
def test_the_demo_tenant_is_what_the_guide_promises() -> None:
    image = demo_tenant(CountedIds().new)
    holds_together(image)
    summary = summarise(image)
    assert (summary.user_count, summary.group_count) == (40, 6)
    assert (summary.guest_count, summary.disabled_count) == (1, 1)
    assert summary.without_mail_count == 3
    assert summary.without_manager_count == 3
    assert summary.nested_group_count == 1
    assert [group.display_name for group in summary.groups if group.has_rule] == ["Contractors"]
    assert image.assignments == ()
    people = {user.user_principal_name.partition("@")[0]: user.attributes for user in image.users}
    assert "surname" not in people["madhavi"]
    assert "givenName" not in people["theo.marsh"]
    assert "department" not in people["priya.nair"]
    assert people["maria.silva"]["displayName"] == people["maria.silva2"]["displayName"]
    assert people["niamh.o'neill"]["surname"] == "O'Neill"
    assert {"LATIN", "CYRILLIC", "GREEK", "CJK", "ARABIC"} <= scripts(image)


@pytest.mark.rule("ENG-101")
def test_ada_park_has_a_value_for_every_attribute_of_the_default_mapping() -> None:
    ada = next(user for user in demo_tenant(CountedIds().new).users if user.user_principal_name.startswith("ada."))
    names = (
        "userPrincipalName accountEnabled displayName jobTitle mail preferredLanguage givenName surname "
        "physicalDeliveryOfficeName streetAddress city state postalCode country telephoneNumber mobile "
        "facsimileTelephoneNumber mailNickname employeeId department"
    )
    assert set(names.split()) <= set(ada.attributes)
    assert ada.manager is not None

"""Other people, the same directory."""

from __future__ import annotations

import unicodedata

import pytest

from entra_sim.simulator.ids import CountedIds
from entra_sim.simulator.tenants import AssignmentRecord
from entra_sim.simulator.tenants import DirectoryImage
from entra_sim.simulator.tenants import GroupRecord
from entra_sim.simulator.tenants import UserRecord
from entra_sim.simulator.tenants import demo_tenant
from entra_sim.simulator.tenants import pseudonymise
from entra_sim.simulator.tenants import seeded_ids
from entra_sim.simulator.tenants import summarise
from entra_sim.simulator.tenants import synthesize

_PERSONAL = (
    "userPrincipalName displayName givenName surname mail mailNickname telephoneNumber mobile employeeId streetAddress"
)
PERSONAL = _PERSONAL.split()


@pytest.fixture(scope="module")
def before() -> DirectoryImage:
    return synthesize(2000, "real", seeded_ids("real"))


@pytest.fixture(scope="module")
def after(before: DirectoryImage) -> DirectoryImage:
    return pseudonymise(before, "secret")


def folded(text: str) -> list[tuple[str, bool]]:
    """Return for each character its accents and whether it is upper case."""
    return [(unicodedata.normalize("NFD", character)[1:], character.isupper()) for character in text]


def test_the_same_seed_gives_the_same_people_and_another_seed_others(
    before: DirectoryImage, after: DirectoryImage
) -> None:
    assert after == pseudonymise(before, "secret")
    assert after != pseudonymise(before, "other")


def test_nobody_keeps_a_name_a_mail_or_an_id(before: DirectoryImage, after: DirectoryImage) -> None:
    for name in ("displayName", "userPrincipalName", "objectId"):
        kept = [
            old.attributes[name]
            for old, new in zip(before.users, after.users, strict=True)
            if old.attributes[name] == new.attributes[name]
        ]
        assert kept == []
    assert not {user.object_id for user in before.users} & {user.object_id for user in after.users}


def test_lengths_accents_case_domains_and_gaps_stay(before: DirectoryImage, after: DirectoryImage) -> None:
    for old, new in zip(before.users, after.users, strict=True):
        assert list(old.attributes) == list(new.attributes)
        for name in PERSONAL:
            one, other = str(old.attributes.get(name, "")), str(new.attributes.get(name, ""))
            assert len(one) == len(other)
            if one.isascii() or unicodedata.name(one[0]).startswith("LATIN"):
                assert folded(one) == folded(other)
            assert one.rpartition("@")[2] == other.rpartition("@")[2] or "@" not in one
            assert [c for c in one if not c.isalnum()] == [c for c in other if not c.isalnum()]


def test_relations_stay(before: DirectoryImage, after: DirectoryImage) -> None:
    ids = {old.object_id: new.object_id for old, new in zip(before.users, after.users, strict=True)}
    ids.update({old.object_id: new.object_id for old, new in zip(before.groups, after.groups, strict=True)})
    for old, new in zip(before.users, after.users, strict=True):
        assert new.manager == (ids[old.manager] if old.manager else None)
    for old_group, new_group in zip(before.groups, after.groups, strict=True):
        assert new_group.members == tuple(ids[key] for key in old_group.members)
    assigned = DirectoryImage(users=before.users, assignments=(AssignmentRecord(principal=before.users[0].object_id),))
    assert pseudonymise(assigned, "secret").assignments[0].principal == ids[before.users[0].object_id]
    one, other = summarise(before), summarise(after)
    assert (one.namesake_count, one.manager_depth, one.attribute_counts) == (
        other.namesake_count,
        other.manager_depth,
        other.attribute_counts,
    )


def test_two_people_never_become_one(after: DirectoryImage) -> None:
    names = {user.user_principal_name.casefold() for user in after.users}
    assert len(names) == len(after.users)


def test_the_principal_name_still_fits_the_display_name(after: DirectoryImage) -> None:
    fitting = [
        user
        for user in after.users
        if user.attributes["displayName"].isascii()
        and user.user_principal_name.split("@")[0].rstrip("0123456789")
        == user.attributes["displayName"].casefold().replace(" ", ".")
    ]
    assert len(fitting) > 400


def test_a_person_is_the_same_whoever_else_is_there(before: DirectoryImage, after: DirectoryImage) -> None:
    alone = pseudonymise(DirectoryImage(users=before.users[40:41]), "secret")
    assert alone.users[0].attributes == after.users[40].attributes


@pytest.mark.rule("ENG-012")
def test_a_guest_keeps_the_home_domain() -> None:
    guest = next(
        user for user in pseudonymise(demo_tenant(CountedIds().new), 7).users if "#EXT#" in user.user_principal_name
    )
    local = guest.user_principal_name.partition("_fabrikam.example#EXT#@contoso.example")[0]
    assert guest.attributes["mail"] == f"{local}@fabrikam.example"
    assert local != "kim.doyle"


def one_user(**attributes: object) -> UserRecord:
    return UserRecord(
        attributes={
            "objectId": "00000001-0000-4000-8000-000000000001",
            "userPrincipalName": "ada.park@x.example",
            "displayName": "Ada Park",
            "accountEnabled": True,
            **attributes,
        }
    )


def test_names_in_other_texts_are_replaced() -> None:
    group = GroupRecord(
        attributes={
            "objectId": "00000002-0000-4000-8000-000000000001",
            "displayName": "Ada Park's team",
            "description": "Ask ada.park@x.example, or (Ada Park)",
        }
    )
    image = DirectoryImage(users=(one_user(jobTitle="Assistant to Ada Park"),), groups=(group,))
    after = pseudonymise(image, 1)
    name = after.users[0].attributes["displayName"]
    assert after.groups[0].display_name == f"{name}'s team"
    assert after.groups[0].attributes["description"] == f"Ask {after.users[0].user_principal_name}, or ({name})"
    assert after.users[0].attributes["jobTitle"] == f"Assistant to {name}"


def test_organisational_words_stay_and_rare_extension_values_do_not() -> None:
    users = tuple(
        UserRecord(
            attributes={
                **one_user(
                    department="Research", extensionAttribute1="site-7", extensionAttribute2=f"badge-{number:04}"
                ).attributes,
                "objectId": f"00000001-0000-4000-8000-{number:012x}",
                "userPrincipalName": f"u{number}@x.example",
            }
        )
        for number in range(3)
    )
    after = pseudonymise(DirectoryImage(users=users), 1)
    assert {user.attributes["department"] for user in after.users} == {"Research"}
    assert {user.attributes["extensionAttribute1"] for user in after.users} == {"site-7"}
    values = [str(user.attributes["extensionAttribute2"]) for user in after.users]
    assert len(set(values)) == 3
    assert all("-" in value and "badge" not in value for value in values)


def test_hybrid_identifiers_are_replaced_in_their_form() -> None:
    user = one_user(
        onPremisesSecurityIdentifier="S-1-5-21-1004336348-1177238915-682003330-512",
        onPremisesDistinguishedName="CN=Ada Park,OU=People,DC=x,DC=example",
        employeeHireDate="2024-05-01T00:00:00Z",
        immutableId="Abc123==",
        proxyAddresses=("SMTP:ada.park@x.example", "smtp:ada@y.example"),
    )
    after = pseudonymise(DirectoryImage(users=(user,)), 1).users[0].attributes
    assert after["onPremisesSecurityIdentifier"].startswith("S-1-5-21-")
    assert after["onPremisesSecurityIdentifier"] != user.attributes["onPremisesSecurityIdentifier"]
    assert after["onPremisesDistinguishedName"] == f"CN={after['displayName']},OU=People,DC=x,DC=example"
    assert after["immutableId"].endswith("==")
    assert after["proxyAddresses"][0] == f"SMTP:{after['userPrincipalName']}"
    assert after["proxyAddresses"][1].endswith("@y.example")
    assert after["employeeHireDate"].endswith("T00:00:00Z")

"""Importing over a known directory: only differences count, and what a file does not speak of stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from entra_sim.simulator.ids import CountedIds
from entra_sim.simulator.tenants import Change
from entra_sim.simulator.tenants import DirectoryImage
from entra_sim.simulator.tenants import ReadReport
from entra_sim.simulator.tenants import Subject
from entra_sim.simulator.tenants import demo_tenant
from entra_sim.simulator.tenants import differences
from entra_sim.simulator.tenants import laid_over
from entra_sim.simulator.tenants import pseudonymise

Read = Callable[..., ReadReport]
Refuse = Callable[..., list[str]]

USERS = (
    "userPrincipalName,displayName,department,mobile,manager\n"
    "ada@x.example,Ada,Research,1,\n"
    "bo@x.example,Bo,Sales,2,ada@x.example\n"
)
FILES = {
    "users.csv": USERS,
    "groups.csv": "displayName\nTeam\nOther\n",
    "members.csv": "group,member\nTeam,ada@x.example\nTeam,bo@x.example\nOther,bo@x.example\n",
    "assignments.csv": "principal\nTeam\n",
}


@pytest.fixture
def known(read: Read) -> DirectoryImage:
    image: DirectoryImage = read(FILES).image
    return image


def told(old: DirectoryImage, new: DirectoryImage) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(change.subject, change.change, change.attributes) for change in differences(old, new)]


def test_the_same_files_without_ids_change_nothing(read: Read, known: DirectoryImage) -> None:
    assert differences(known, read(FILES, known=known).image) == ()


def test_one_changed_cell_is_one_difference(read: Read, known: DirectoryImage) -> None:
    image = read({"users.csv": USERS.replace("Research", "Lab")}, known=known).image
    (change,) = differences(known, image)
    assert (change.subject, change.change, change.attributes) == (Subject.USER, Change.UPDATED, ("department",))
    assert change.key == known.users[0].object_id


@pytest.mark.rule("ENG-014")
def test_an_emptied_cell_clears_and_a_missing_column_does_not(read: Read, known: DirectoryImage) -> None:
    phones = "userPrincipalName,mobile\nada@x.example,\n"
    image = read({"phones.csv": phones}, known=known).image
    assert told(known, image) == [("user", "updated", ("mobile",))]
    assert len(image.users) == 2
    assert "mobile" not in {user.user_principal_name: user for user in image.users}["ada@x.example"].attributes


def test_members_alone_change_the_members_of_the_groups_they_name(read: Read, known: DirectoryImage) -> None:
    image = read({"members.csv": "group,member\nTeam,ada@x.example\n"}, known=known).image
    (change,) = differences(known, image)
    assert change.attributes == ("members",)
    assert change.members_removed == (known.users[1].object_id,)
    assert change.members_added == ()


def test_people_who_are_not_named_stay_unless_they_are_to_go(read: Read, known: DirectoryImage) -> None:
    only_ada = {"users.csv": USERS.replace("bo@x.example,Bo,Sales,2,ada@x.example\n", "")}
    assert differences(known, read(only_ada, known=known).image) == ()
    image = read(only_ada, known=known, keeps_missing=False).image
    assert told(known, image) == [
        ("user", "removed", ()),
        ("group", "updated", ("members",)),
        ("group", "updated", ("members",)),
    ]


def test_a_new_person_with_a_new_manager_and_an_assignment_that_went(read: Read, known: DirectoryImage) -> None:
    files = {
        "users.csv": USERS.replace("2,ada@x.example", "2,cy@x.example") + "cy@x.example,Cy,Sales,3,ada@x.example\n",
        "assignments.csv": "principal\nOther\n",
    }
    image = read(files, known=known).image
    assert told(known, image) == [
        ("assignment", "removed", ()),
        ("user", "added", ()),
        ("user", "updated", ("manager",)),
        ("assignment", "added", ()),
    ]


def test_a_renamed_person_is_recognised_by_id_and_a_reborn_one_is_not(read: Read, known: DirectoryImage) -> None:
    ada = known.users[0].object_id
    renamed = f"id,userPrincipalName,displayName\n{ada},ada.park@x.example,Ada\n"
    assert told(known, read({"users.csv": renamed}, known=known).image) == [("user", "updated", ("userPrincipalName",))]
    reborn = "id,userPrincipalName,displayName\n7cc0c81b-f2a2-489a-8243-eda96da4214d,ada@x.example,Ada\n"
    image = read({"users.csv": reborn}, known=known, keeps_missing=False).image
    assert [change.change for change in differences(known, image) if change.subject is Subject.USER] == [
        Change.REMOVED,
        Change.REMOVED,
        Change.ADDED,
    ]


def test_a_taken_principal_name_is_refused(refuse: Refuse, known: DirectoryImage) -> None:
    text = "id,userPrincipalName,displayName\n7cc0c81b-f2a2-489a-8243-eda96da4214d,ada@x.example,Ada\n"
    assert "belongs to another user" in refuse({"new.csv": text}, known=known)[0]


def test_values_in_lists_and_in_tuples_are_the_same() -> None:
    image = demo_tenant(CountedIds().new)
    users = tuple(
        type(user)(
            attributes={
                name: list(value) if isinstance(value, tuple) else value for name, value in user.attributes.items()
            },
            manager=user.manager,
        )
        for user in image.users
    )
    assert differences(image, DirectoryImage(users=users, groups=image.groups)) == ()


def test_applying_the_differences_in_order_gives_the_new_directory(read: Read, known: DirectoryImage) -> None:
    new = read(
        {"users.csv": USERS.replace("bo@", "cy@"), "groups.csv": "displayName,members\nTeam,cy@x.example\n"},
        known=known,
        keeps_missing=False,
    ).image
    parts: dict[Subject, dict[Any, Any]] = {
        Subject.USER: {user.object_id: user for user in known.users},
        Subject.GROUP: {group.object_id: group for group in known.groups},
        Subject.ASSIGNMENT: {row: row for row in known.assignments},
    }
    for change in differences(known, new):
        part = parts[change.subject]
        key = (change.old or change.new) if change.subject is Subject.ASSIGNMENT else change.key
        if change.change is Change.REMOVED:
            del part[key]
        else:
            part[key] = change.new
    assert set(parts[Subject.USER]) == {user.object_id for user in new.users}
    assert {group.object_id: group for group in new.groups} == parts[Subject.GROUP]
    assert set(parts[Subject.ASSIGNMENT]) == set(new.assignments)


def test_pseudonyms_laid_over_themselves_change_nothing(read: Read) -> None:
    first = pseudonymise(read(FILES).image, "s")
    ids = CountedIds(side=9)
    for _ in range(5):
        ids.new("user")
    again = pseudonymise(read({name: FILES[name] for name in sorted(FILES)}).image, "s")
    renumbered = laid_over(again, first, keeps_missing=True)
    assert differences(first, renumbered) == ()

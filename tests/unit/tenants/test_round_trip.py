"""What is written reads back as it was, in every form."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.ids import CountedIds
from entra_sim.simulator.tenants import AssignmentRecord
from entra_sim.simulator.tenants import DirectoryImage
from entra_sim.simulator.tenants import GroupRecord
from entra_sim.simulator.tenants import UserRecord
from entra_sim.simulator.tenants import demo_tenant
from entra_sim.simulator.tenants import read_directory
from entra_sim.simulator.tenants import seeded_ids
from entra_sim.simulator.tenants import synthesize
from entra_sim.simulator.tenants import write_directory

FORMS = [
    ("csv", "folder"),
    ("csv", "people.csv"),
    ("json", "folder"),
    ("json", "all.json"),
    ("graph", "folder"),
    ("graph", "all.json"),
]

TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=("Cs", "Cc")), min_size=1, max_size=20
).filter(lambda text: not text.startswith(("System.", "Microsoft.", "{")))
LISTS = st.lists(TEXT.filter(str.strip), min_size=1, max_size=4).map(tuple)
EXTENSION = "extension_0123456789abcdef0123456789abcdef_"


def _others(own: str, ids: list[str]) -> list[str]:
    return [object_id for object_id in ids if object_id != own]


@st.composite
def images(draw: st.DrawFn) -> DirectoryImage:
    count = draw(st.integers(0, 5))
    user_ids = [f"00000001-0000-4000-8000-{number:012x}" for number in range(count)]
    group_ids = [f"00000002-0000-4000-8000-{number:012x}" for number in range(draw(st.integers(0, 3)))]
    optional = st.fixed_dictionaries(
        {},
        optional={
            "givenName": TEXT,
            "jobTitle": TEXT,
            "telephoneNumber": TEXT,
            "otherMails": LISTS,
            "proxyAddresses": LISTS,
            "extensionAttribute3": TEXT,
            "employeeOrgData.division": TEXT,
            "employeeHireDate": st.sampled_from(["2024-01-05T00:00:00Z", "1999-12-31T23:59:59.5Z"]),
            "dirSyncEnabled": st.booleans(),
            EXTENSION + "text": TEXT,
            EXTENSION + "flag": st.booleans(),
            EXTENSION + "number": st.integers(-(2**31), 2**31),
        },
    )
    users = tuple(
        UserRecord(
            attributes={
                "objectId": object_id,
                "userPrincipalName": f"u{number}@x.example",
                "displayName": draw(TEXT),
                "accountEnabled": draw(st.booleans()),
                "mailNickname": f"u{number}",
                **draw(optional),
            },
            manager=draw(st.none() | st.sampled_from(user_ids)),
        )
        for number, object_id in enumerate(user_ids)
    )
    groups = tuple(
        GroupRecord(
            attributes={
                "objectId": object_id,
                "displayName": draw(TEXT | st.just("u0@x.example") | st.just(group_ids[0])),
                "securityEnabled": draw(st.booleans()),
                "mailEnabled": False,
            },
            members=tuple(draw(st.lists(st.sampled_from(_others(object_id, user_ids + group_ids)), unique=True)))
            if len(user_ids + group_ids) > 1
            else (),
        )
        for object_id in group_ids
    )
    principals = user_ids + group_ids
    roles = st.none() | st.sampled_from(["Editor", "00000004-0000-4000-8000-000000000001"])
    pairs = st.lists(st.tuples(st.sampled_from(principals), roles), unique=True) if principals else st.just([])
    rows = draw(pairs)
    assignments = tuple(AssignmentRecord(principal=principal, role=role) for principal, role in rows)
    return DirectoryImage(users=users, groups=groups, assignments=assignments)


def written_and_read(image: DirectoryImage, form: str, name: str) -> DirectoryImage:
    with tempfile.TemporaryDirectory() as folder:
        files = write_directory(image, Path(folder) / name, form)
        return read_directory(list(files), new_id=CountedIds().new)


@pytest.mark.parametrize(("form", "name"), FORMS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(image=images())
def test_any_directory_survives(form: str, name: str, image: DirectoryImage) -> None:
    assert written_and_read(image, form, name) == image


@pytest.mark.parametrize(("form", "name"), FORMS)
def test_the_demo_tenant_and_a_made_up_one_survive(form: str, name: str) -> None:
    demo = demo_tenant(CountedIds().new)
    assert written_and_read(demo, form, name) == demo
    made_up = synthesize(120, "trip", seeded_ids("trip"))
    assert written_and_read(made_up, form, name) == made_up


def test_a_table_is_for_people_to_read(tmp_path: Path) -> None:
    write_directory(demo_tenant(CountedIds().new), tmp_path / "people.csv")
    users = (tmp_path / "people.csv").read_text(encoding="utf-8").splitlines()
    members = (tmp_path / "people.members.csv").read_text(encoding="utf-8").splitlines()
    assert users[0].startswith("objectId,userPrincipalName,accountEnabled,displayName,givenName")
    assert users[2].endswith(",grace.holloway@contoso.example")
    assert "Sales,Field sales" in members


@pytest.mark.rule("ENG-002")
def test_graph_json_has_graphs_names_and_nesting(tmp_path: Path) -> None:
    write_directory(demo_tenant(CountedIds().new), tmp_path, "graph")
    page = json.loads((tmp_path / "users.json").read_text(encoding="utf-8"))
    ada = page["value"][1]
    assert page["@odata.context"].endswith("#users(manager())")
    assert ada["id"] == "00000001-0000-4000-8000-000000000002"
    assert ada["businessPhones"] == ["+44 20 7946 0102"]
    assert ada["officeLocation"] == "London 3"
    assert ada["employeeOrgData"] == {"division": "Discovery", "costCenter": "R-100"}
    assert ada["onPremisesExtensionAttributes"] == {"extensionAttribute1": "badge-0002"}
    assert ada["manager"] == {"@odata.type": "#microsoft.graph.user", "id": page["value"][0]["id"]}
    groups = json.loads((tmp_path / "groups.json").read_text(encoding="utf-8"))["value"]
    sales = next(group for group in groups if group["displayName"] == "Sales")
    assert [member["@odata.type"] for member in sales["members"]][-2:] == [
        "#microsoft.graph.user",
        "#microsoft.graph.group",
    ]


def test_tables_of_an_earlier_export_do_not_stay_behind(tmp_path: Path) -> None:
    demo = demo_tenant(CountedIds().new)
    write_directory(demo, tmp_path / "t", "csv")
    write_directory(DirectoryImage(users=demo.users), tmp_path / "t", "csv")
    assert [path.name for path in sorted((tmp_path / "t").iterdir())] == ["users.csv"]


def test_nothing_half_written_stays_and_the_reason_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UserInputError, match="cannot be written"):
        write_directory(DirectoryImage(), tmp_path / "file" / "users.csv")
    values: list[Any] = [True, "yes"]
    users = tuple(
        UserRecord(attributes={"objectId": "x", "userPrincipalName": "x", "displayName": "x", EXTENSION + "a": value})
        for value in values
    )
    with pytest.raises(UserInputError, match="has one type"):
        write_directory(DirectoryImage(users=users), tmp_path / "new", "csv")
    assert not (tmp_path / "new").exists()

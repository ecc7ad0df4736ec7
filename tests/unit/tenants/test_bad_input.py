"""Files with mistakes: every mistake is told with row and column, and nothing is taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from entra_sim.simulator.ids import CountedIds
from entra_sim.simulator.tenants import DirectoryFileError
from entra_sim.simulator.tenants import ReadReport
from entra_sim.simulator.tenants import read_directory

Read = Callable[..., ReadReport]
Refuse = Callable[..., list[str]]

HEAD = "userPrincipalName,displayName,accountEnabled,employeeHireDate,postalCode\n"


@pytest.mark.parametrize(
    ("row", "where", "what"),
    [
        ("ada@x.example,Ada,Treu,,", "people.csv:3:3:", "column 'accountEnabled' must be true or false, not 'Treu'"),
        ("ada@x.example,Ada,true,yesterday,", "people.csv:3:4:", "must be an instant such as 2026-01-05T09:00:00Z"),
        ("ada@x.example,Ada,true,01/02/2024,", "people.csv:3:4:", "day and month are clear"),
        ("ada@x.example,Ada,true,2024-02-30,", "people.csv:3:4:", "must be an instant"),
        (f"ada@x.example,Ada,true,,{'9' * 41}", "people.csv:3:5:", "must have at most 40 characters, not 41"),
        (",Ada,true,,", "people.csv:3:1:", "a user needs a userPrincipalName"),
        ("ada.x.example,Ada,true,,", "people.csv:3:1:", "must look like ada@contoso.example, not 'ada.x.example'"),
        ("ada@x.example,,true,,", "people.csv:3:2:", "a user needs a displayName"),
        ("BO@x.example,Bo,true,,", "people.csv:3:1:", "'BO@x.example' is there twice, first at people.csv:2:1"),
        ("ada@x.example,Ada,true", "people.csv:3:4:", "this row has 3 cells, the titles are 5"),
        ("ada@x.example,Ada,true,,,x", "people.csv:3:6:", "this row has 6 cells, the titles are 5"),
        ('ada@x.example,"Ada" Park,true,,', "people.csv:3:", "this row cannot be split into cells"),
    ],
)
def test_a_broken_row_is_told_with_row_and_column(refuse: Refuse, row: str, where: str, what: str) -> None:
    lines = refuse({"people.csv": HEAD + "bo@x.example,Bo,true,,\n" + row + "\n"})
    assert len(lines) == 1
    assert lines[0].startswith(where)
    assert what in lines[0]
    assert lines[0].endswith("Nothing was imported.")


def test_every_mistake_is_told_at_once(refuse: Refuse) -> None:
    lines = refuse({"people.csv": HEAD + "ada@x.example,,maybe,,\nbo@x.example,Bo,perhaps,,\n"})
    assert [line.split(" ")[0] for line in lines[:2]] == ["people.csv:2:3:", "people.csv:3:3:"]
    assert lines[-1] == "Nothing was imported."


def test_many_mistakes_are_counted(refuse: Refuse) -> None:
    rows = "".join(f"user{number}@x.example,U,maybe{number},,\n" for number in range(40))
    lines = refuse({"people.csv": HEAD + rows})
    assert len(lines) == 25 + 2
    assert lines[25] == "... and 15 more problems."


def test_a_row_after_a_cell_of_several_lines_is_told_with_its_own_line(refuse: Refuse) -> None:
    text = 'userPrincipalName,displayName,accountEnabled\nada@x.example,"Ada\nPark",true\nbo@x.example,Bo,maybe\n'
    assert refuse({"people.csv": text})[0].startswith("people.csv:4:3:")
    text = 'userPrincipalName,displayName,accountEnabled\nada@x.example,"Ada\nPark",maybe\n'
    assert refuse({"people.csv": text})[0].startswith("people.csv:2:3:")


FLATTENED = (
    '"UserPrincipalName","DisplayName","BusinessPhones","ProxyAddresses","OnPremisesExtensionAttributes","Manager",'
    '"AssignedLicenses"\n' + '"{}@x.example","X","System.String[]","System.Collections.Generic.List`1[System.String]",'
    '"Microsoft.Graph.PowerShell.Models.MicrosoftGraphOnPremisesExtensionAttributes",'
    '"Microsoft.Graph.PowerShell.Models.MicrosoftGraphDirectoryObject",'
    '"Microsoft.Graph.PowerShell.Models.MicrosoftGraphAssignedLicense[]"\n' * 3
).replace("{}", "u{}")


def test_names_of_types_in_place_of_values_are_refused_with_an_export_that_works(
    refuse: Refuse,
) -> None:
    text = FLATTENED
    for number in range(3):
        text = text.replace("u{}", f"u{number}", 1)
    lines = refuse({"users.csv": text})
    told = {line.split(" ")[0]: line for line in lines}
    assert set(list(told)[:4]) == {"users.csv:2:3:", "users.csv:2:4:", "users.csv:2:5:", "users.csv:2:6:"}
    assert "@{n='businessPhones';e={$_.BusinessPhones -join ';'}}" in told["users.csv:2:3:"]
    assert "(and 2 more such)" in told["users.csv:2:3:"]
    assert "@{n='manager';e={$_.Manager.Id}}" in told["users.csv:2:6:"]
    assert sum("Get-MgUser -All" in line for line in lines) == 1
    assert "Nothing was imported." in lines


def test_people_whose_names_look_technical_are_not_refused(read: Read) -> None:
    text = "userPrincipalName,displayName,jobTitle\na@x.example,Microsoft.Teams Room 4,System.Administrator\n"
    assert read({"users.csv": text}).image.users[0].attributes["jobTitle"] == "System.Administrator"


def test_a_misspelt_column_is_refused_with_the_nearest_attribute(refuse: Refuse) -> None:
    lines = refuse({"people.csv": "userPrincipalName,displayName,departement\nada@x.example,Ada,R\n"})
    assert lines[0].startswith("people.csv:1:3: there is no attribute 'departement'; did you mean 'department'?")


def test_two_columns_for_one_attribute_are_refused(refuse: Refuse) -> None:
    lines = refuse({"people.csv": "userPrincipalName,displayName,city,City\nada@x.example,Ada,Rom,Roma\n"})
    assert lines[0].startswith("people.csv:1:4: column 'City' holds city as column 3 does already")


def test_a_table_without_a_needed_column_names_it(refuse: Refuse) -> None:
    assert "users need a column 'userPrincipalName'" in refuse({"people.csv": "name,mail\nAda,ada@x.example\n"})[0]
    lines = refuse({"a.csv": "userPrincipalName\nada@x.example\nbo@x.example\n"})
    assert "users need a column 'displayName'" in lines[0]
    assert "(and 1 more such)" in lines[0]


@pytest.mark.parametrize(
    ("files", "where", "what"),
    [
        (
            {"users.csv": "userPrincipalName,displayName,manager\nada@x.example,Ada,nobody@x.example\n"},
            "users.csv:2:3:",
            "there is no manager 'nobody@x.example'",
        ),
        (
            {
                "users.csv": "userPrincipalName,displayName\nada@x.example,Ada\n",
                "groups.csv": "displayName\nTeam\n",
                "members.csv": "group,member\nTeam,ada@x.example\nTeem,ada@x.example\n",
            },
            "members.csv:3:1:",
            "there is no group 'Teem'",
        ),
        (
            {
                "groups.csv": "displayName\nTeam\nTeam\n",
                "members.csv": "group,member\nTeam,Team\n",
            },
            "members.csv:2:1:",
            "several groups are called 'Team'; write the group's object id",
        ),
        (
            {"groups.csv": "displayName,members\nTeam,Team\n"},
            "groups.csv:2:2:",
            "a group cannot be a member of itself",
        ),
        (
            {"groups.csv": "objectId,displayName\nseven,Team\n"},
            "groups.csv:2:1:",
            "objectId must be an id such as",
        ),
        (
            {
                "users.csv": "userPrincipalName,displayName\na@x.example,A\n",
                "assignments.csv": "principal\nb@x.example\n",
            },
            "assignments.csv:2:1:",
            "there is no user or group 'b@x.example'",
        ),
    ],
)
def test_references_that_lead_nowhere(refuse: Refuse, files: dict[str, str], where: str, what: str) -> None:
    lines = refuse(files)
    assert lines[0].startswith(where)
    assert what in lines[0]


def test_unknown_references_can_be_left_out(read: Read) -> None:
    text = "userPrincipalName,displayName,manager\nada@x.example,Ada,nobody@x.example\n"
    report = read({"users.csv": text}, leaves_out_unknown=True)
    assert report.image.users[0].manager is None
    assert "were left out" in report.notes[0]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty"),
        (b"userPrincipalName,displayName\nzo\xeb@x.example,Zo\xeb\n", "people.csv:2: is not valid UTF-8 text"),
        (b"PK\x03\x04" + bytes(40), "null characters"),
    ],
)
def test_files_that_are_no_tables(refuse: Refuse, content: bytes, what: str) -> None:
    assert what in refuse({"people.csv": content})[0]


def test_a_missing_file_and_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(DirectoryFileError, match="cannot be read"):
        read_directory(tmp_path / "none.csv", new_id=CountedIds().new)
    with pytest.raises(DirectoryFileError, match=r"holds none of users\.csv"):
        read_directory(tmp_path, new_id=CountedIds().new)


def test_a_file_that_is_too_large_is_not_read(refuse: Refuse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entra_sim.simulator.tenants.decoding.MAX_FILE_BYTES", 1 << 20)
    assert "larger than 1 MB" in refuse({"people.csv": b"x" * ((1 << 20) + 1)})[0]


def test_too_many_columns_are_refused(refuse: Refuse) -> None:
    assert "has 1001 columns" in refuse({"people.csv": ",".join(f"c{number}" for number in range(1001)) + "\n"})[0]

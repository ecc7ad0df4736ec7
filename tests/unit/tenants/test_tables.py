"""Tables as people and tools write them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from entra_sim.simulator.tenants import DirectoryImage
from entra_sim.simulator.tenants import ReadReport
from entra_sim.simulator.tenants import UserRecord

Read = Callable[..., ReadReport]
ReadFolder = Callable[[dict[str, str]], DirectoryImage]

# The header of the Entra admin center's "Download users".
ENTRA_DOWNLOAD = (
    "userPrincipalName,displayName,surname,mail,givenName,id,userType,jobTitle,department,accountEnabled,usageLocation,"
    "streetAddress,state,country,officeLocation,city,postalCode,telephoneNumber,mobilePhone,alternateEmailAddress,"
    "ageGroup,consentProvidedForMinor,legalAgeGroupClassification,companyName,creationType,directorySynced,"
    "invitationState,identityIssuer,createdDateTime\n"
    "ada.park@contoso.example,Ada Park,Park,ada.park@contoso.example,Ada,7CC0C81B-F2A2-489A-8243-EDA96DA4214D,Member,"
    'Head of Research,Research,True,GB,"18 Foundry Lane, 2nd floor",,United Kingdom,London 3,London,EC9A 1AA,'
    "+44 20 7946 0102,,ada@home.example,,,,Contoso,,True,,contoso.example,8/19/2021 1:25:31 PM\n"
)

# The header of the Microsoft 365 admin center's "Export users".
M365_EXPORT = (
    "Block credential,City,Country/Region,Department,DirSyncEnabled,Display name,Fax,First name,Last dirsync time,"
    "Last name,Last password change time stamp,License assignment details,Licenses,Mobile Phone,Oath token meta data,"
    "Object Id,Office,Password never expires,Phone number,Postal code,Preferred data location,Preferred language,"
    "Proxy addresses,Release track,Soft deletion time stamp,State,Street address,Strong password required,Title,"
    "Usage location,User principal name,When created\n"
    "TRUE,London,United Kingdom,Research,,Ada Park,,Ada,,Park,,,Unlicensed,,,7cc0c81b-f2a2-489a-8243-eda96da4214d,"
    "London 3,,+44 20 7946 0102,EC9A 1AA,,en-GB,SMTP:ada+tapt@contoso.example+smtp:ada@contoso.example,,,,"
    "18 Foundry Lane,,Head of Research,GB,ada.park@contoso.example,2021-08-19 13:25:31Z\n"
    "FALSE,,,,,Gone Away,,,,,,,,,,,,,,,,,,,2024-01-05 09:00:00Z,,,,,,gone@contoso.example,2020-01-01 00:00:00Z\n"
)


def only(users: tuple[UserRecord, ...]) -> UserRecord:
    assert len(users) == 1
    return users[0]


@pytest.mark.rule("ENG-002")
def test_the_download_of_the_entra_admin_center(read: Read) -> None:
    report = read({"exportUsers_2026-1-5.csv": ENTRA_DOWNLOAD})
    assert dict(only(report.image.users).attributes) == {
        "objectId": "7cc0c81b-f2a2-489a-8243-eda96da4214d",
        "userPrincipalName": "ada.park@contoso.example",
        "displayName": "Ada Park",
        "surname": "Park",
        "givenName": "Ada",
        "mail": "ada.park@contoso.example",
        "mailNickname": "ada.park",
        "userType": "Member",
        "jobTitle": "Head of Research",
        "department": "Research",
        "accountEnabled": True,
        "usageLocation": "GB",
        "streetAddress": "18 Foundry Lane, 2nd floor",
        "country": "United Kingdom",
        "physicalDeliveryOfficeName": "London 3",
        "city": "London",
        "postalCode": "EC9A 1AA",
        "telephoneNumber": "+44 20 7946 0102",
        "otherMails": ("ada@home.example",),
        "companyName": "Contoso",
        "dirSyncEnabled": True,
        "createdDateTime": "2021-08-19T13:25:31Z",
    }
    assert "ageGroup" in report.notes[0]


@pytest.mark.rule("ENG-002")
def test_the_export_of_the_microsoft_365_admin_center(read: Read) -> None:
    report = read({"users.csv": M365_EXPORT})
    attributes = only(report.image.users).attributes
    assert attributes["accountEnabled"] is False
    assert attributes["proxyAddresses"] == ("SMTP:ada+tapt@contoso.example", "smtp:ada@contoso.example")
    assert attributes["jobTitle"] == "Head of Research"
    assert attributes["physicalDeliveryOfficeName"] == "London 3"
    assert attributes["createdDateTime"] == "2021-08-19T13:25:31Z"
    assert any("deleted were left out" in note for note in report.notes)


def test_the_portals_bulk_template(read: Read) -> None:
    template = (
        "version:v1.0,,,\n"
        "Name [displayName] Required,User name [userPrincipalName] Required,"
        "Initial password [passwordProfile] Required,Block sign in (Yes/No) [accountEnabled] Required\n"
        "Example: Chris Green,chris@contoso.com,myPassword1234,No\n"
        "Ada Park,ada@contoso.example,secret,Yes\n"
    )
    attributes = only(read({"UserCreateTemplate.csv": template}).image.users).attributes
    assert attributes["displayName"] == "Ada Park"
    assert attributes["accountEnabled"] is False
    assert "secret" not in str(attributes)


def test_export_csv_of_powershell_5_with_its_type_line(read: Read) -> None:
    text = (
        "#TYPE Microsoft.Open.AzureAD.Model.User\r\n"
        '"ObjectId","AccountEnabled","DisplayName","MailNickName","Mobile","UserPrincipalName","ExtensionProperty"\r\n'
        '"7cc0c81b-f2a2-489a-8243-eda96da4214d","True","Ada ""Addy"" Park","ada","+44 7700 900101",'
        '"ada@contoso.example","System.Collections.Generic.Dictionary`2[System.String,System.String]"\r\n'
    )
    attributes = only(read({"aad.csv": text}).image.users).attributes
    assert attributes["displayName"] == 'Ada "Addy" Park'
    assert attributes["mobile"] == "+44 7700 900101"


SMALL = "userPrincipalName;displayName;department\nzoë@contoso.example;Zoë Łukasz;Forschung, Süd\n"


@pytest.mark.parametrize(
    "content",
    [
        SMALL.encode(),
        SMALL.encode("utf-8-sig"),
        SMALL.encode("utf-16"),
        SMALL.encode("utf-16-be"),
        b"\xfe\xff" + SMALL.encode("utf-16-be"),
        ("sep=;\n" + SMALL).encode(),
        SMALL.replace(";", "\t").encode("utf-16"),
        SMALL.replace("\n", "\r\n").encode(),
        SMALL.replace("Forschung, Süd", '"Forschung, Süd"').replace(";", ",").encode(),
        SMALL.replace("Forschung, Süd", '"Forschung, Süd"').replace(";", ", ").encode(),
        ("\n" + SMALL + "\n\n").encode(),
    ],
    ids=[
        "utf-8",
        "bom",
        "utf-16",
        "utf-16 unmarked",
        "utf-16-be",
        "sep",
        "tabs",
        "crlf",
        "commas",
        "comma blank",
        "blank lines",
    ],
)
def test_encodings_and_separators_give_the_same_directory(read: Read, content: bytes) -> None:
    attributes = only(read({"people.csv": content}).image.users).attributes
    assert attributes["displayName"] == "Zoë Łukasz"
    assert attributes["department"] == "Forschung, Süd"


@pytest.mark.rule("ENG-001", "ENG-005", "ENG-025")
def test_a_folder_with_groups_members_managers_and_assignments(
    read_folder: ReadFolder,
) -> None:
    image = read_folder(
        {
            "users.csv": "userPrincipalName,displayName\nada@contoso.example,Ada\nbo@contoso.example,Bo\n",
            "groups.csv": "displayName,mailEnabled\nInner,false\nOuter,false\n",
            "members.csv": "group,member\nInner,ada@contoso.example\nOuter,Inner\nOuter,BO@contoso.example\n",
            "managers.csv": "user,manager\nbo@contoso.example,ada@contoso.example\n",
            "assignments.csv": "principal,role\nOuter,\nada@contoso.example,Editor\n"
            "bo@contoso.example,00000000-0000-0000-0000-000000000000\n",
            "readme.md": "not read",
        }
    )
    ada, bo = (user.object_id for user in image.users)
    inner, outer = image.groups
    assert inner.members == (ada,)
    assert outer.members == (inner.object_id, bo)
    assert [user.manager for user in image.users] == [None, ada]
    assert [(row.principal, row.role) for row in image.assignments] == [
        (outer.object_id, None),
        (ada, "Editor"),
        (bo, None),
    ]


def test_members_of_one_group_as_the_portal_downloads_them(
    read_folder: ReadFolder,
) -> None:
    image = read_folder(
        {
            "users.csv": "userPrincipalName,displayName\nada@contoso.example,Ada\n",
            "groups.csv": "displayName\nTapt people\n",
            "members/Tapt people.csv": "userPrincipalName,displayName\nada@contoso.example,Ada\n",
        }
    )
    assert image.groups[0].members == (image.users[0].object_id,)


def test_what_a_row_is_follows_from_its_columns_when_the_name_does_not_say(read: Read) -> None:
    report = read(
        {
            "a.csv": "userPrincipalName,displayName\nada@contoso.example,Ada\n",
            "b.csv": "displayName,securityEnabled\nTeam,true\n",
            "c.csv": "groupDisplayName,memberUserPrincipalName\nTeam,ada@contoso.example\n",
            "d.csv": "PrincipalId,PrincipalDisplayName,AppRoleId\nada@contoso.example,Ada,\n",
        }
    )
    assert len(report.image.groups[0].members) == 1
    assert len(report.image.assignments) == 1


@pytest.mark.rule("ENG-014")
def test_an_empty_cell_is_no_value_and_blanks_inside_a_value_stay(read: Read) -> None:
    text = "userPrincipalName,displayName,department,jobTitle\nada@contoso.example, Ada ,,x \n"
    attributes = only(read({"a.csv": text}).image.users).attributes
    assert "department" not in attributes
    assert attributes["displayName"] == " Ada "
    assert attributes["jobTitle"] == "x "


@pytest.mark.rule("ENG-012")
def test_the_stored_principal_name_of_a_guest_is_kept(read: Read) -> None:
    text = "userPrincipalName,displayName\nkim_fabrikam.example#EXT#@contoso.example,Kim\n"
    user = only(read({"a.csv": text}).image.users)
    assert user.user_principal_name == "kim_fabrikam.example#EXT#@contoso.example"


def test_an_account_is_enabled_unless_the_file_says_otherwise(read: Read) -> None:
    text = "userPrincipalName,displayName,accountEnabled\na@x.example,A,\nb@x.example,B,0\nc@x.example,C,Yes\n"
    assert [user.attributes["accountEnabled"] for user in read({"a.csv": text}).image.users] == [True, False, True]

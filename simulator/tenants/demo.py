"""The demo tenant: forty invented people of Contoso, made by hand so that each shows something.

What to show with whom (a guide for trainers, and what the tests hold to):
- Ada Park, Head of Research, is complete: every attribute of the default mapping has a value.
- Niamh O'Neill has an apostrophe in her principal name: it is quoted in the match filter.
- Jürgen Weiß, Łukasz Żak, João Araújo, 佐藤 美咲, Юлия Белова, سارة منصور, Αθηνά Ρήγα: letters of many scripts.
- Maria Silva is there twice, told apart by principal name and department.
- Madhavi has one name only, so no surname; Theo Marsh has no given name.
- Ivo Brandt, Rosa Fenn and Sam Oakes work in the warehouse and have no mail.
- Priya Nair has no department: a filter "department NOT EQUALS Sales" leaves her out (ENG-043).
- Leo Hartmann is disabled; Kim Doyle is a guest from Fabrikam with #EXT# in the principal name (ENG-012).
- Grace Holloway, the chief executive, and two others have no manager.
- "Sales" holds "Field sales" as a member: who is only in the inner group is not in scope with the outer (ENG-021).
- "Contractors" has a membership rule and looks dynamic; here its members are as listed (ENG-007).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from entra_sim.simulator.tenants.records import DirectoryImage
from entra_sim.simulator.tenants.records import GroupRecord
from entra_sim.simulator.tenants.records import UserRecord

DOMAIN = "contoso.example"

_OFFICES: dict[str, dict[str, str]] = {
    "L": {
        "physicalDeliveryOfficeName": "London 3",
        "streetAddress": "18 Foundry Lane",
        "city": "London",
        "postalCode": "EC9A 1AA",
        "country": "United Kingdom",
        "usageLocation": "GB",
        "preferredLanguage": "en-GB",
    },
    "D": {
        "physicalDeliveryOfficeName": "Dublin 2",
        "streetAddress": "5 Chapel Quay",
        "city": "Dublin",
        "state": "Leinster",
        "postalCode": "D02 X0Y0",
        "country": "Ireland",
        "usageLocation": "IE",
        "preferredLanguage": "en-IE",
    },
    "M": {
        "physicalDeliveryOfficeName": "München 7",
        "streetAddress": "Lindenstraße 44",
        "city": "München",
        "state": "Bayern",
        "postalCode": "80999",
        "country": "Deutschland",
        "usageLocation": "DE",
        "preferredLanguage": "de-DE",
    },
    "O": {
        "physicalDeliveryOfficeName": "Osaka 9",
        "streetAddress": "若葉町7番地",
        "city": "大阪市",
        "state": "大阪府",
        "postalCode": "539-0001",
        "country": "日本",
        "usageLocation": "JP",
        "preferredLanguage": "ja-JP",
    },
    "S": {
        "physicalDeliveryOfficeName": "Seattle 12",
        "streetAddress": "400 Harbor Avenue",
        "city": "Seattle",
        "state": "WA",
        "postalCode": "98199",
        "country": "United States",
        "usageLocation": "US",
        "preferredLanguage": "en-US",
    },
}

# key | given name | surname | job title | department | office | manager; the key is the local part of the name.
_PEOPLE = """
grace.holloway | Grace | Holloway | Chief Executive Officer | Executive | L |
ada.park | Ada | Park | Head of Research | Research | L | grace.holloway
niamh.o'neill | Niamh | O'Neill | Head of Sales | Sales | D | grace.holloway
juergen.weiss | Jürgen | Weiß | Head of Engineering | Engineering | M | grace.holloway
sofia.vance | Sofia | Vance | Head of Operations | Operations | S | grace.holloway
zoe.lindqvist | Zoë | Lindqvist | Head of People | People & Culture | L | grace.holloway
tomas.reed | Tomas | Reed | Research Scientist | Research | L | ada.park
misaki.sato | 美咲 | 佐藤 | Research Scientist | Research | O | ada.park
yuliya.belova | Юлия | Белова | Data Scientist | Research | M | ada.park
oscar.finch | Oscar | Finch | Lab Technician | Research | L | ada.park
sara.mansour | سارة | منصور | Research Assistant | Research | L | tomas.reed
madhavi | Madhavi | | Data Scientist | Research | S | ada.park
athina.riga | Αθηνά | Ρήγα | Lab Technician | Research | M | tomas.reed
declan.shea | Declan | O'Shea | Account Manager | Sales | D | niamh.o'neill
maria.silva | Maria | Silva | Account Manager | Sales | S | niamh.o'neill
joao.araujo | João | Araújo | Sales Engineer | Sales | L | niamh.o'neill
beatrix.lowell | Beatrix | Lowell | Inside Sales | Sales | D | declan.shea
henry.cole | Henry | Cole | Field Representative | Sales | L | declan.shea
noemie.caron | Noémie | Caron | Field Representative | Sales | L | declan.shea
wesley.thorne | Wesley | Thorne | Field Representative | Sales | S | maria.silva
kenta.mori | Kenta | Mori | Field Representative | Sales | O | maria.silva
lukasz.zak | Łukasz | Żak | Software Engineer | Engineering | M | juergen.weiss
ingrid.bauer | Ingrid | Bauer | Software Engineer | Engineering | M | juergen.weiss
priya.nair | Priya | Nair | Software Engineer | | S | juergen.weiss
theo.marsh | | Marsh | Test Engineer | Engineering | L | ingrid.bauer
charlotte.quill | Charlotte | Quill | Site Reliability Engineer | Engineering | D | juergen.weiss
emre.dogan | Emre | Doğan | Software Engineer | Engineering | M | ingrid.bauer
caleb.hale | Caleb | Hale | Identity Engineer | Operations | S | sofia.vance
lydia.brook | Lydia | Brook | System Administrator | Operations | S | caleb.hale
ivo.brandt | Ivo | Brandt | Warehouse Operative | Operations | M | sofia.vance
rosa.fenn | Rosa | Fenn | Warehouse Operative | Operations | S | sofia.vance
sam.oakes | Sam | Oakes | Warehouse Operative | Operations | S | sofia.vance
maria.silva2 | Maria | Silva | Payroll Specialist | Finance | L | sofia.vance
edith.garner | Edith | Garner | Controller | Finance | L | sofia.vance
felix.rowe | Felix | Rowe | Recruiter | People & Culture | D | zoe.lindqvist
hana.dvorak | Hana | Dvořáková | Trainer | People & Culture | M | zoe.lindqvist
leo.hartmann | Leo | Hartmann | Account Manager | Sales | M | niamh.o'neill
nora.ashby | Nora | Ashby | Interior Designer | Operations | L |
silas.irving | Silas | Irving | Security Consultant | Engineering | S | juergen.weiss
"""

_GUEST = {
    "userPrincipalName": f"kim.doyle_fabrikam.example#EXT#@{DOMAIN}",
    "accountEnabled": True,
    "displayName": "Kim Doyle",
    "mailNickname": "kim.doyle_fabrikam.example#EXT#",
    "mail": "kim.doyle@fabrikam.example",
    "otherMails": ("kim.doyle@fabrikam.example",),
    "companyName": "Fabrikam",
    "userType": "Guest",
}

_CONTRACTORS = ("nora.ashby", "silas.irving", "emre.dogan")

# key of a person → attributes that differ from the rule; None takes one away.
_EXCEPTIONS: dict[str, dict[str, Any]] = {
    "ada.park": {
        "mobile": "+44 7700 900101",
        "facsimileTelephoneNumber": "+44 20 7946 0999",
        "state": "Greater London",
        "employeeOrgData.division": "Discovery",
        "employeeOrgData.costCenter": "R-100",
        "extensionAttribute1": "badge-0002",
    },
    "misaki.sato": {"displayName": "佐藤 美咲"},
    "ivo.brandt": {"mail": None, "proxyAddresses": None, "telephoneNumber": None, "preferredLanguage": None},
    "rosa.fenn": {"mail": None, "proxyAddresses": None, "telephoneNumber": None},
    "sam.oakes": {"mail": None, "proxyAddresses": None, "telephoneNumber": None, "employeeId": None},
    "theo.marsh": {"displayName": "Theo Marsh"},
    "leo.hartmann": {"accountEnabled": False},
    "nora.ashby": {"physicalDeliveryOfficeName": None, "companyName": "Ashby Interiors"},
    "silas.irving": {"jobTitle": None, "extensionAttribute1": "badge-0039"},
    "oscar.finch": {"streetAddress": None, "postalCode": None},
}

# name | description | members: keys of people, or names of groups above.
_GROUPS: tuple[tuple[str, str, tuple[str, ...], dict[str, Any]], ...] = (
    (
        "Tapt people",
        "Who works with Tapt. Assign this group to Tapt Integration.",
        (
            "ada.park",
            "tomas.reed",
            "misaki.sato",
            "yuliya.belova",
            "niamh.o'neill",
            "joao.araujo",
            "juergen.weiss",
            "lukasz.zak",
            "caleb.hale",
            "zoe.lindqvist",
            "ivo.brandt",
            "guest",
        ),
        {},
    ),
    ("Tapt administrators", "Who may change settings in Tapt.", ("caleb.hale", "lydia.brook"), {}),
    (
        "Research",
        "Everybody in Research.",
        (
            "ada.park",
            "tomas.reed",
            "misaki.sato",
            "yuliya.belova",
            "oscar.finch",
            "sara.mansour",
            "madhavi",
            "athina.riga",
        ),
        {},
    ),
    (
        "Field sales",
        "Representatives on the road; a member of Sales.",
        ("henry.cole", "noemie.caron", "wesley.thorne", "kenta.mori"),
        {},
    ),
    (
        "Sales",
        "Sales at a desk, and the group Field sales.",
        (
            "niamh.o'neill",
            "declan.shea",
            "maria.silva",
            "joao.araujo",
            "beatrix.lowell",
            "leo.hartmann",
            "Field sales",
        ),
        {},
    ),
    (
        "Contractors",
        "Everybody whose employee type is Contractor.",
        _CONTRACTORS,
        {"groupTypes": ("DynamicMembership",), "membershipRule": 'user.employeeType -eq "Contractor"'},
    ),
)


def demo_tenant(new_id: Callable[[str], str]) -> DirectoryImage:
    """Return the demo tenant: 40 users (one guest, one disabled) and 6 groups; nothing is assigned.

    Args:
        new_id: called with "user" for each person in order, then with "group".
    """
    rows = [[cell.strip() for cell in line.split("|")] for line in _PEOPLE.strip().splitlines()]
    ids = {key: new_id("user") for key, *_ in rows}
    ids["guest"] = new_id("user")
    users = [
        UserRecord(
            attributes={"objectId": ids[key], **_person(number, key, *cells)},
            manager=ids.get(manager),
        )
        for number, (key, *cells, manager) in enumerate(rows, start=1)
    ]
    users.append(UserRecord(attributes={"objectId": ids["guest"], **_GUEST}))
    groups = []
    for name, description, members, more in _GROUPS:
        ids[name] = new_id("group")
        attributes = {
            "objectId": ids[name],
            "displayName": name,
            "description": description,
            "mailNickname": name.lower().replace(" ", "-"),
            "mailEnabled": False,
            "securityEnabled": True,
            **more,
        }
        groups.append(GroupRecord(attributes=attributes, members=tuple(ids[key] for key in members)))
    return DirectoryImage(users=tuple(users), groups=tuple(groups))


def _person(
    number: int, key: str, given: str, surname: str, title: str, department: str, office: str
) -> dict[str, Any]:
    principal = f"{key}@{DOMAIN}"
    values: dict[str, Any] = {
        "userPrincipalName": principal,
        "accountEnabled": True,
        "displayName": f"{given} {surname}".strip(),
        "givenName": given,
        "surname": surname,
        "mailNickname": key,
        "mail": principal,
        "proxyAddresses": (f"SMTP:{principal}",),
        "jobTitle": title,
        "department": department,
        "companyName": "Contoso",
        "employeeId": f"{1000 + number}",
        "employeeType": "Contractor" if key in _CONTRACTORS else "Employee",
        "employeeHireDate": f"{2012 + number % 13}-{1 + number % 12:02}-{1 + number % 28:02}T00:00:00Z",
        **_OFFICES[office],
        "telephoneNumber": f"+44 20 7946 0{100 + number}",
        "userType": "Member",
        **_EXCEPTIONS.get(key, {}),
    }
    return {name: value for name, value in values.items() if value not in (None, "")}

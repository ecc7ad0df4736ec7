"""Made-up tenants of any size: the same number and seed give the same bytes.

The one module of this package that draws by chance; the generator is seeded by the caller and used by nobody else.
A made-up tenant has what real ones have and demos lack: names in many scripts, apostrophes, namesakes, guests, disabled
accounts, people without mail or manager, missing attributes, nested groups, a tree of managers.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.tenants.limits import MAX_OBJECTS
from entra_sim.simulator.tenants.names import CULTURES
from entra_sim.simulator.tenants.names import DEPARTMENTS
from entra_sim.simulator.tenants.names import GUEST_DOMAINS
from entra_sim.simulator.tenants.names import OFFICES
from entra_sim.simulator.tenants.names import Office
from entra_sim.simulator.tenants.records import DirectoryImage
from entra_sim.simulator.tenants.records import GroupRecord
from entra_sim.simulator.tenants.records import UserRecord

REPORTS_PER_MANAGER = 7
PROGRESS_PEOPLE = 5_000

_NATIVE_SCRIPT_RATIO = 0.6
_FOREIGN_RATIO = 0.12
_GUEST_RATIO = 0.03
_DISABLED_RATIO = 0.03
_NO_MAIL_RATIO = 0.05
_TAPT_RATIO = 0.3


def seeded_ids(seed: int | str) -> Callable[[str], str]:
    """Return a maker of ids for `synthesize`: random-looking, the same for the same seed."""
    chance = random.Random(f"ids of tenant {seed}")

    def new_id(kind: str) -> str:
        digits = f"{chance.getrandbits(128):032x}"
        variant = "89ab"[int(digits[16], 16) % 4]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"

    return new_id


def synthesize(
    people: int,
    seed: int | str,
    new_id: Callable[[str], str],
    *,
    domain: str = "contoso.example",
    progress: Callable[[str, int], None] = lambda name, count: None,
) -> DirectoryImage:
    """Return a made-up directory.

    From 50 people on it surely holds a guest, a disabled user, people without mail, an apostrophe, and names in
    non-Latin letters. Groups: one per department and office, "Tapt people" with direct members, "All staff" that holds
    only groups, "Sales leadership" nested in "Sales", and one with a membership rule.

    Args:
        people: how many users, guests included.
        seed: number or text.
        new_id: called with "user" or "group".
        domain: the tenant's verified domain.
        progress: called every few thousand people.
    Raises:
        UserInputError: the number is negative or too large.
    """
    if not 0 <= people <= MAX_OBJECTS:
        raise UserInputError(f"a tenant can have 0 to {MAX_OBJECTS:,} people, not {people:,}.")
    maker = _Maker(random.Random(f"people of tenant {seed}"), domain)
    users: list[dict[str, Any]] = []
    for number in range(people):
        users.append({"objectId": new_id("user"), **maker.person(number, people)})
        if (number + 1) % PROGRESS_PEOPLE == 0:
            progress("people", number + 1)
    managers = maker.managers(users)
    records = tuple(
        UserRecord(attributes=attributes, manager=manager) for attributes, manager in zip(users, managers, strict=True)
    )
    return DirectoryImage(users=records, groups=maker.groups(records, new_id))


class _Maker:
    def __init__(self, chance: random.Random, domain: str) -> None:
        self._chance = chance
        self._domain = domain
        self._taken: dict[str, int] = {}
        self._office_weights = [office.weight for office in OFFICES]
        self._department_weights = [weight for _, weight, _ in DEPARTMENTS]

    def person(self, number: int, people: int) -> dict[str, Any]:
        """Return the attributes of the person of this number, in the order of the reference, without an id."""
        chance = self._chance
        office = OFFICES[number % len(OFFICES)] if number < 2 * len(OFFICES) else self._draw_office()
        culture = CULTURES[office.culture if chance.random() >= _FOREIGN_RATIO else chance.choice(tuple(CULTURES))]
        given, surname = chance.choice(culture.given), chance.choice(culture.surnames)
        is_native = chance.random() < _NATIVE_SCRIPT_RATIO
        first, last = (given[0], surname[0]) if is_native else (_titled(given[1]), _titled(surname[1]))
        if given[0].isascii() or _is_latin(given[0]):
            first, last = given[0], surname[0]
        display = f"{last} {first}" if culture.is_family_first and is_native else f"{first} {last}"
        local = self._free(f"{given[1]}.{surname[1]}".casefold().replace(" ", "."))
        if number % 33 == 32 or (number >= 50 and chance.random() < _GUEST_RATIO / 10):
            return self._guest(display, local)
        return self._member(number, people, display=display, first=first, last=last, local=local, office=office)

    def _draw_office(self) -> Office:
        return self._chance.choices(OFFICES, self._office_weights)[0]

    def _free(self, local: str) -> str:
        """Return the local part, with a number behind it from the second namesake on."""
        count = self._taken.get(local, 0) + 1
        self._taken[local] = count
        return local if count == 1 else self._free(f"{local}{count}")

    def _guest(self, display: str, local: str) -> dict[str, Any]:
        home = self._chance.choice(GUEST_DOMAINS)
        return {
            "userPrincipalName": f"{local}_{home}#EXT#@{self._domain}",
            "accountEnabled": True,
            "displayName": display,
            "mailNickname": f"{local}_{home}#EXT#"[:64],
            "mail": f"{local}@{home}",
            "otherMails": (f"{local}@{home}",),
            "userType": "Guest",
        }

    def _member(
        self, number: int, people: int, *, display: str, first: str, last: str, local: str, office: Office
    ) -> dict[str, Any]:
        chance = self._chance
        department, _, titles = chance.choices(DEPARTMENTS, self._department_weights)[0]
        principal = f"{local}@{self._domain}"
        has_mail = number % 20 != 19 and chance.random() >= _NO_MAIL_RATIO
        values: dict[str, Any] = {
            "userPrincipalName": principal,
            "accountEnabled": not (number % 40 == 39 or chance.random() < _DISABLED_RATIO),
            "displayName": display,
            "givenName": first,
            "surname": last,
            "mailNickname": local[:64],
            "mail": principal if has_mail else None,
            "proxyAddresses": (f"SMTP:{principal}", f"smtp:{local}@{office.usage_location.lower()}.{self._domain}")
            if has_mail
            else None,
            "jobTitle": self._title(number, people, department, titles),
            "department": department,
            "companyName": "Contoso",
            "employeeId": f"{100_000 + number}",
            "employeeType": "Contractor" if chance.random() < 0.08 else "Employee",
            "employeeHireDate": self._day(),
            "physicalDeliveryOfficeName": office.name,
            "streetAddress": office.street.format(chance.randint(1, 180)),
            "city": office.city,
            "state": office.state or None,
            "postalCode": self._digits(office.postal),
            "country": office.country,
            "usageLocation": office.usage_location,
            "telephoneNumber": self._digits(office.phone),
            "mobile": self._digits(office.phone) if chance.random() < 0.7 else None,
            "facsimileTelephoneNumber": self._digits(office.phone) if chance.random() < 0.05 else None,
            "preferredLanguage": office.language,
            "userType": "Member",
        }
        for name in self._gaps():
            values[name] = None
        return {name: value for name, value in values.items() if value is not None}

    def _title(self, number: int, people: int, department: str, titles: tuple[str, ...]) -> str:
        if number == 0:
            return "Chief Executive Officer"
        if number <= REPORTS_PER_MANAGER:
            return f"Vice President {department}"
        if number * REPORTS_PER_MANAGER < people:
            return f"Manager {department}"
        return self._chance.choice(titles)

    def _day(self) -> str:
        year, month, day = (self._chance.randint(*span) for span in ((2006, 2025), (1, 12), (1, 28)))
        return f"{year}-{month:02}-{day:02}T00:00:00Z"

    def _digits(self, form: str) -> str:
        return "".join(str(self._chance.randint(0, 9)) if character == "#" else character for character in form)

    _OPTIONAL = (
        "givenName",
        "jobTitle",
        "department",
        "employeeId",
        "telephoneNumber",
        "streetAddress",
        "preferredLanguage",
    )

    def _gaps(self) -> tuple[str, ...]:
        """Return attributes that this person lacks; most lack none."""
        return (self._chance.choice(self._OPTIONAL),) if self._chance.random() < 0.15 else ()

    def managers(self, users: list[dict[str, Any]]) -> list[str | None]:
        """Return for each user the manager's id: a tree over the members; guests and a few others have none."""
        members = [user for user in users if user["userType"] == "Member"]
        boss_of: dict[str, str] = {}
        for position, user in enumerate(members[1:], start=1):
            if self._chance.random() >= 0.02:
                boss_of[user["objectId"]] = members[(position - 1) // REPORTS_PER_MANAGER]["objectId"]
        return [boss_of.get(user["objectId"]) for user in users]

    def groups(self, users: tuple[UserRecord, ...], new_id: Callable[[str], str]) -> tuple[GroupRecord, ...]:
        """Return the groups, those that hold groups after the ones they hold."""
        members = [user for user in users if user.attributes["userType"] == "Member"]
        found: list[GroupRecord] = []

        def group(name: str, description: str, keys: list[str], **more: Any) -> str:
            nickname = "".join(character for character in name.casefold() if character.isalnum())
            attributes = {
                "objectId": new_id("group"),
                "displayName": name,
                "description": description,
                "mailNickname": nickname,
                "mailEnabled": False,
                "securityEnabled": True,
                **more,
            }
            found.append(GroupRecord(attributes=attributes, members=tuple(dict.fromkeys(keys))))
            return str(attributes["objectId"])

        parts = []
        leaders = [user.object_id for user in members[: max(1, len(members) // REPORTS_PER_MANAGER)]]
        for department, _, _ in DEPARTMENTS:
            people = [user.object_id for user in members if user.attributes.get("department") == department]
            nested = []
            if department == "Sales":
                leading = set(leaders)
                nested = [group("Sales leadership", "Managers in Sales", [key for key in people if key in leading])]
            parts.append(group(department, f"Everybody in {department}", people + nested))
        for office in OFFICES:
            here = [
                user.object_id for user in members if user.attributes.get("physicalDeliveryOfficeName") == office.name
            ]
            if here:
                parts.append(group(f"Office {office.name}", f"Everybody who works in {office.city}", here))
        group("All staff", "Holds groups only: nested members are not provisioned", parts)
        chosen = [user.object_id for user in users if self._chance.random() < _TAPT_RATIO]
        group("Tapt people", "Assign this group to Tapt Integration", chosen or [user.object_id for user in users[:1]])
        contractors = [user.object_id for user in members if user.attributes.get("employeeType") == "Contractor"]
        group(
            "Contractors",
            "Members by rule",
            contractors,
            groupTypes=("DynamicMembership",),
            membershipRule='user.employeeType -eq "Contractor"',
        )
        return tuple(found)


def _titled(latin: str) -> str:
    return " ".join(part.capitalize() for part in latin.replace(".", " ").split())


def _is_latin(text: str) -> bool:
    return all(ord(character) < 0x250 or 0x1E00 <= ord(character) < 0x1F00 for character in text)

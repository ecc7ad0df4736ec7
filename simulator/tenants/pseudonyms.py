"""Other people in the same directory: names, addresses and numbers replaced; domains, accents, lengths and gaps kept.

A directory with a fault in it often cannot be shown, because its people are real. Its replacement behaves alike: every
value keeps its length, its kind of letters and where accents and apostrophes stand; what was missing stays missing;
managers, members and assignments stay.

How: each run of letters or digits is numbered among all runs of the same shape (vowel, consonant, accent, script, digit
at each place), and that number goes through a permutation keyed by the seed. So two different names never become one,
the same name becomes the same everywhere (in the display name, the principal name and the mail), and the same seed
gives the same result when the directory is exported again. Who knows the seed can undo it; a seed that nobody can
guess protects like a key.

Not replaced: domains, organisational words (job title, department, company, city, office ...), group names, unless a
person's name, principal name or mail stands in them.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from datetime import date
from datetime import timedelta
from functools import lru_cache
from typing import Any

from entra_sim.simulator.tenants.letters import Shape
from entra_sim.simulator.tenants.letters import shape_of
from entra_sim.simulator.tenants.records import AssignmentRecord
from entra_sim.simulator.tenants.records import DirectoryImage
from entra_sim.simulator.tenants.records import GroupRecord
from entra_sim.simulator.tenants.records import UserRecord

ROUNDS = 6
HIRE_DATE_SHIFT_DAYS = 14

_RUN = re.compile(r"\d+|[^\W\d_]+(?:[\u0300-\u036f\u0900-\u0903\u093a-\u094f]+[^\W\d_]*)*")
_ADDRESS = re.compile(r"[^\s@;,<>:]+@[^\s@;,<>]+")

_NAMES = ("givenName", "surname", "displayName")
_ADDRESSES = ("userPrincipalName", "mail", "onPremisesUserPrincipalName")
_ADDRESS_LISTS = ("otherMails", "proxyAddresses")
_NUMBERS = ("telephoneNumber", "mobile", "facsimileTelephoneNumber")
_CODES = (
    "employeeId",
    "immutableId",
    "netId",
    "onPremisesSamAccountName",
    "streetAddress",
    "postalCode",
)
_DATES = ("employeeHireDate", "employeeLeaveDateTime")
_REPLACED = (*_NAMES, *_ADDRESSES, *_NUMBERS, *_CODES, *_DATES, "objectId", "mailNickname")
_KEPT_IF_SHARED = re.compile(r"extension.*")
MIN_SHARED = 3
"""How many people must share a value of an extension attribute for it to be a category, which is kept."""


def pseudonymise(image: DirectoryImage, seed: int | str) -> DirectoryImage:
    """Return the directory with other people in it; the same for the same seed, whatever else is in the directory.

    Object ids are replaced too, everywhere alike. The one thing that depends on the rest of the directory: values of
    extension attributes are kept where at least MIN_SHARED people share them.

    Args:
        image: the directory.
        seed: number or text; keep it to yourself if the people are real.
    """
    return _Pseudonymiser(image, str(seed)).image()


class _Pseudonymiser:
    def __init__(self, image: DirectoryImage, seed: str) -> None:
        self._image = image
        self._key = hashlib.blake2b(seed.encode(), digest_size=32, person=b"entra-sim people").digest()
        self._words = lru_cache(maxsize=1 << 18)(self._new_word)
        self._shared = self._counted()
        self._phrases: dict[str, str] = {}
        self._addresses: dict[str, str] = {}

    def image(self) -> DirectoryImage:
        users = tuple(self._user(user) for user in self._image.users)
        for before, after in zip(self._image.users, users, strict=True):
            self._remember(before.attributes, after.attributes)
        users = tuple(
            UserRecord(attributes=self._searched(user.attributes, _REPLACED), manager=user.manager) for user in users
        )
        groups = tuple(self._group(group) for group in self._image.groups)
        assignments = tuple(
            AssignmentRecord(principal=self._id(row.principal), role=row.role) for row in self._image.assignments
        )
        return DirectoryImage(users=users, groups=groups, assignments=assignments)

    # records

    def _user(self, user: UserRecord) -> UserRecord:
        shift = timedelta(
            days=self._number("hire " + user.object_id) % (2 * HIRE_DATE_SHIFT_DAYS + 1) - HIRE_DATE_SHIFT_DAYS
        )
        values = {name: self._value(name, value, shift) for name, value in user.attributes.items()}
        return UserRecord(attributes=values, manager=self._id(user.manager) if user.manager else None)

    def _value(self, name: str, value: Any, shift: timedelta) -> Any:
        if name == "objectId":
            return self._id(value)
        if name in _NAMES:
            return self._text(value)
        if name in _ADDRESSES:
            return self._address(value)
        if name in _ADDRESS_LISTS:
            return tuple(self._address(item) for item in value)
        if name == "mailNickname":
            return self._guest_local(value) if "#EXT#" in value else self._text(value)
        if name in _NUMBERS:
            return self._phone(value)
        if name in _CODES:
            return self._text(value)
        if name in _DATES:
            return self._date(value, shift)
        return self._other(name, value)

    def _other(self, name: str, value: Any) -> Any:
        if name == "onPremisesSecurityIdentifier":
            return value[:9] + self._text(value[9:])
        if name == "onPremisesDistinguishedName":
            return re.sub(r"(?i)CN=((?:[^,\\]|\\.)+)", lambda found: f"CN={self._text(found[1])}", value, count=1)
        if name == "alternativeSecurityIds":
            return tuple(self._text(item) for item in value)
        if _KEPT_IF_SHARED.match(name) and isinstance(value, str) and self._shared[name, value] < MIN_SHARED:
            return self._text(value)
        return value

    def _group(self, group: GroupRecord) -> GroupRecord:
        values = {**self._searched(group.attributes), "objectId": self._id(group.object_id)}
        return GroupRecord(attributes=values, members=tuple(self._id(key) for key in group.members))

    # kinds of values

    def _text(self, value: str) -> str:
        return _RUN.sub(lambda found: self._words(found[0]), value)

    def _address(self, value: str) -> str:
        prefix, colon, rest = value.rpartition(":")
        local, at, domain = rest.rpartition("@")
        if not at:
            return prefix + colon + self._text(rest)
        return prefix + colon + self._guest_local(local) + at + domain

    def _guest_local(self, local: str) -> str:
        """Return a local part; of a guest's, "alias_theirdomain#EXT#", the domain is kept. Source: ENG-012."""
        alias, mark, end = local.partition("#EXT#")
        if not mark:
            return self._text(local)
        name, line, domain = alias.rpartition("_")
        return f"{self._text(name)}{line}{domain}{mark}{end}" if line else self._text(alias) + mark + end

    def _phone(self, value: str) -> str:
        """Return a number with the same country: the first three characters of an international one stay."""
        kept = 3 if value.startswith("+") else 0
        return value[:kept] + self._text(value[kept:])

    def _date(self, value: str, shift: timedelta) -> str:
        try:
            return (date.fromisoformat(value[:10]) + shift).isoformat() + value[10:]
        except (ValueError, OverflowError):
            return value

    def _id(self, value: str) -> str:
        digits = hashlib.blake2b(value.casefold().encode(), digest_size=16, key=self._key).hexdigest()
        variant = "89ab"[int(digits[16], 16) % 4]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"

    # names that stand in other texts

    def _remember(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        name = before["displayName"]
        if " " in name:
            self._phrases[name.casefold()] = after["displayName"]
        for attribute in _ADDRESSES:
            if attribute in before:
                self._addresses[before[attribute].casefold()] = after[attribute]

    def _searched(self, values: Mapping[str, Any], replaced: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return values in which no person of the old directory is named in full; those replaced stay as they are."""
        return {
            name: self._search(value) if isinstance(value, str) and name not in replaced and _is_prose(value) else value
            for name, value in values.items()
        }

    def _search(self, value: str) -> str:
        value = _ADDRESS.sub(lambda found: self._addresses.get(found[0].casefold(), found[0]), value)
        words = value.split(" ")
        for length in range(min(5, len(words)), 1, -1):
            for start in range(len(words) - length + 1):
                phrase = " ".join(words[start : start + length])
                bare = phrase.strip("(),;.:\"'")
                bare = re.sub(r"['’]s$", "", bare)
                other = self._phrases.get(bare.casefold())
                if other:
                    words[start : start + length] = phrase.replace(bare, other).split(" ")
        return " ".join(words)

    def _counted(self) -> dict[tuple[str, str], int]:
        counts: dict[tuple[str, str], int] = {}
        for user in self._image.users:
            for name, value in user.attributes.items():
                if isinstance(value, str) and _KEPT_IF_SHARED.match(name):
                    counts[name, value] = counts.get((name, value), 0) + 1
        return counts

    # one run of letters or digits

    def _new_word(self, word: str) -> str:
        shape, number = shape_of(word)
        return shape.word(self._permuted(number, shape), word)

    def _permuted(self, number: int, shape: Shape) -> int:
        """Return another number below shape.size, each number once: a Feistel network, walked until it is below."""
        size = shape.size
        if size < 2:
            return number
        left_size = _root(size)
        right_size = -(-size // left_size)
        while True:
            left, right = divmod(number, right_size)
            for turn in range(ROUNDS):
                if turn % 2:
                    right = (right + self._number(f"{turn} {shape.key} {left}")) % right_size
                else:
                    left = (left + self._number(f"{turn} {shape.key} {right}")) % left_size
            number = left * right_size + right
            if number < size:
                return number

    def _number(self, text: str) -> int:
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16, key=self._key).digest())


def _is_prose(value: str) -> bool:
    return " " in value or "@" in value


def _root(size: int) -> int:
    """Return the smallest number whose square is not below size."""
    root = math.isqrt(size)
    return root if root * root == size else root + 1

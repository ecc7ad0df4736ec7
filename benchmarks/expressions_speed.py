"""How long the default user mapping takes per user, and how that compares with a function written by hand.

    python benchmarks/expressions_speed.py [USERS] [--json]

Prints microseconds per user (best of several rounds) for `Rows.evaluate`, for 22 calls of `evaluate`, and for a Python
function that computes the same row values, with the ratios; further a few single expressions. Exit code 1 if a target
is missed: 40 µs per user, 4 times by hand.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from collections.abc import Mapping
from functools import partial
from time import perf_counter
from typing import Any

from entra_sim.simulator.expressions import Rows
from entra_sim.simulator.expressions import evaluate
from entra_sim.simulator.expressions import parse

ROUNDS = 7
TARGET_MICROSECONDS = 40.0
TARGET_RATIO = 4.0

ROWS = (
    "[userPrincipalName]",
    'Switch([IsSoftDeleted], , "False", "True", "True", "False")',
    "[displayName]",
    "[jobTitle]",
    "[mail]",
    "[preferredLanguage]",
    "[givenName]",
    "[surname]",
    'Join(" ", [givenName], [surname])',
    "[physicalDeliveryOfficeName]",
    "[streetAddress]",
    "[city]",
    "[state]",
    "[postalCode]",
    "[country]",
    "[telephoneNumber]",
    "[mobile]",
    "[facsimileTelephoneNumber]",
    "[mailNickname]",
    "[employeeId]",
    "[department]",
    "[manager]",
)
SINGLE = (
    'Join("@", NormalizeDiacritics(StripSpaces(Join(".", [givenName], [surname]))), "contoso.com")',
    'Replace([telephoneNumber], , "[()\\\\s-]+", , "", , )',
    'IIF([country] = "USA", [state], [city])',
    'FormatDateTime([hired], , "yyyy-MM-dd", "dd.MM.yyyy")',
)


def people(count: int) -> list[dict[str, Any]]:
    """Return users with most attributes filled; every third is soft-deleted, every fifth has no given name."""
    return [
        {
            "userPrincipalName": f"user{number}@contoso.com",
            "IsSoftDeleted": number % 3 == 0,
            "displayName": f"User {number}",
            "jobTitle": "Engineer",
            "mail": f"user{number}@contoso.com",
            "preferredLanguage": "en-US",
            "givenName": None if number % 5 == 0 else f"Given{number}",
            "surname": "Müller",
            "streetAddress": f"{number} Main Street",
            "city": "Berlin",
            "state": "BE",
            "postalCode": "10115",
            "country": "DE",
            "telephoneNumber": "+49 (30) 1234-5678",
            "mailNickname": f"user{number}",
            "employeeId": str(number),
            "department": "Research",
            "manager": "00000001-0000-4000-8000-000000000001",
            "hired": "2023-09-01",
        }
        for number in range(count)
    ]


def by_hand(user: Mapping[str, Any]) -> list[Any]:
    """Return the same row values, as a programmer would write it for this mapping alone."""
    get = user.get
    deleted = get("IsSoftDeleted")
    return [
        get("userPrincipalName"),
        {"False": "True", "True": "False"}.get(str(deleted)),
        get("displayName"),
        get("jobTitle"),
        get("mail"),
        get("preferredLanguage"),
        get("givenName"),
        get("surname"),
        " ".join([part for part in (get("givenName"), get("surname")) if part]),
        get("physicalDeliveryOfficeName"),
        get("streetAddress"),
        get("city"),
        get("state"),
        get("postalCode"),
        get("country"),
        get("telephoneNumber"),
        get("mobile"),
        get("facsimileTelephoneNumber"),
        get("mailNickname"),
        get("employeeId"),
        get("department"),
        get("manager"),
    ]


def best(works: Mapping[str, Callable[[Mapping[str, Any]], object]], users: list[dict[str, Any]]) -> dict[str, float]:
    """Return the fewest microseconds per user of several rounds for each work.

    The works take turns, so that a busy machine slows all of them; what they give is dropped, as a cycle does.
    """
    spans: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            start = perf_counter()
            for user in users:
                work(user)
            spans[name].append(perf_counter() - start)
    return {name: min(found) / len(users) * 1e6 for name, found in spans.items()}


def measure(count: int) -> dict[str, Any]:
    """Return all figures, in microseconds per user."""
    users = people(count)
    expressions = [parse(text) for text in ROWS]
    rows = Rows.of(expressions)
    for user in users[:30]:
        assert rows.evaluate(user).values == by_hand(user)
    whole = best(
        {
            "by_hand": by_hand,
            "rows": rows.evaluate,
            "each": lambda user: [evaluate(expression, user) for expression in expressions],
        },
        users,
    )
    single = best({text: partial(evaluate, parse(text)) for text in SINGLE}, users)
    return {
        "users": count,
        **{name: round(span, 2) for name, span in whole.items()},
        "ratio_rows": round(whole["rows"] / whole["by_hand"], 2),
        "ratio_each": round(whole["each"] / whole["by_hand"], 2),
        "single": {text: round(span, 2) for text, span in single.items()},
    }


def main(arguments: list[str]) -> int:
    """Print the figures; return 1 if a target is missed."""
    count = next((int(argument) for argument in arguments if argument.isdigit()), 20_000)
    figures = measure(count)
    if "--json" in arguments:
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    else:
        lines = [
            f"default user mapping, 22 rows, {count:,} users, microseconds per user, best of {ROUNDS}:",
            f"  by hand        {figures['by_hand']:7.2f}",
            f"  Rows.evaluate  {figures['rows']:7.2f}  = {figures['ratio_rows']} times by hand",
            f"  22 x evaluate  {figures['each']:7.2f}  = {figures['ratio_each']} times by hand",
            "single expressions:",
            *(f"  {span:7.2f}  {text}" for text, span in figures["single"].items()),
        ]
        sys.stdout.write("\n".join(lines) + "\n")
    is_fast = figures["rows"] < TARGET_MICROSECONDS and figures["ratio_rows"] <= TARGET_RATIO
    return 0 if is_fast else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

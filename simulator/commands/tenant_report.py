"""What `entra-sim tenant` prints: counts, one person, what an import did, for people and for machines."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import click

from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.model.attributes import USER_ATTRIBUTES
from entra_sim.simulator.tenants import Difference
from entra_sim.simulator.tenants import DirectoryImage
from entra_sim.simulator.tenants import GroupRecord
from entra_sim.simulator.tenants import ReadReport
from entra_sim.simulator.tenants import UserRecord
from entra_sim.simulator.tenants import summarise

MOST_GROUPS, MOST_DOMAINS = 50, 20


def tell_notes(report: ReadReport, as_json: bool) -> None:
    """Print what was left out, for people."""
    if not as_json:
        for note in report.notes:
            click.echo(f"Note: {note}", err=True)


def tell_import(
    report: ReadReport, changes: tuple[Difference, ...], *, dry_run: bool, ignored_count: int, as_json: bool
) -> None:
    """Print what an import did, or would do."""
    counts: dict[str, dict[str, int]] = {}
    for change in changes:
        of_subject = counts.setdefault(f"{change.subject}s", {})
        of_subject[str(change.change)] = of_subject.get(str(change.change), 0) + 1
    if as_json:
        print_json(
            {
                "files": list(report.files),
                "notes": list(report.notes),
                "changes": counts,
                "is_dry_run": dry_run,
                "ignored_assignment_count": ignored_count,
                "details": [_difference(change) for change in changes],
            }
        )
        return
    tell_notes(report, as_json)
    read = {"users": len(report.image.users), "groups": len(report.image.groups)}
    click.echo(f"Read {', '.join(report.files)}: the directory has {counted(read)}.")
    if not changes:
        click.echo("Nothing differs from the directory; nothing was changed.")
        return
    verb = "Would change" if dry_run else "Changed"
    parts = [
        f"{_number(number, subject)} {change}"
        for subject, by_change in counts.items()
        for change, number in by_change.items()
    ]
    click.echo(f"{verb}: {', '.join(parts)}.")
    if ignored_count:
        click.echo(
            f"{_number(ignored_count, 'assignments')} left out: they need a tenant with exactly one application.",
            err=True,
        )


def _difference(change: Difference) -> dict[str, Any]:
    return {
        "subject": str(change.subject),
        "change": str(change.change),
        "id": change.key,
        "attributes": list(change.attributes),
        "members_added": list(change.members_added) if "members" in change.attributes else [],
        "members_removed": list(change.members_removed) if "members" in change.attributes else [],
    }


def show_all(image: DirectoryImage, as_json: bool) -> None:
    """Print the counts of a directory."""
    summary = summarise(image)
    if as_json:
        print_json(dataclasses.asdict(summary))
        return
    facts = [
        ("users", summary.user_count),
        ("  guests", summary.guest_count),
        ("  disabled", summary.disabled_count),
        ("  without mail", summary.without_mail_count),
        ("  without manager", summary.without_manager_count),
        ("  who share a display name", summary.namesake_count),
        ("levels of managers", summary.manager_depth),
        ("groups", summary.group_count),
        ("  that are members of groups", summary.nested_group_count),
        ("assignments", summary.assignment_count),
    ]
    _print_table([(label, f"{number:,}") for label, number in facts])
    click.echo("\nDomains")
    _print_table(
        [(f"  {domain}", f"{number:,}") for domain, number in list(summary.domain_counts.items())[:MOST_DOMAINS]]
    )
    click.echo("\nAttributes: users with a value, without")
    total = summary.user_count
    _print_table([(f"  {name}", f"{n:,}", f"{total - n:,}") for name, n in summary.attribute_counts.items()])
    if summary.groups:
        click.echo("\nGroups: direct users, direct groups")
        rows = [
            (
                f"  {group.display_name}{' (by rule)' if group.has_rule else ''}",
                f"{group.user_count:,}",
                f"{group.group_count:,}",
            )
            for group in summary.groups[:MOST_GROUPS]
        ]
        _print_table(rows)
        if len(summary.groups) > len(rows):
            click.echo(f"  ... and {len(summary.groups) - len(rows):,} more")


def show_one(image: DirectoryImage, key: str, as_json: bool) -> None:
    """Print one user or group with its relations.

    Raises:
        UserInputError: nobody has this key; the message names the nearest.
    """
    from difflib import get_close_matches

    keys = image.readable_keys()
    record = _found(image, key)
    if record is None:
        near = get_close_matches(key, list(keys.values()), n=1)
        hint = f"did you mean '{near[0]}'?" if near else "'tenant show' counts who is there."
        raise UserInputError(f"There is nobody and no group called '{key}'; {hint}")
    manager = getattr(record, "manager", None)
    relations = {
        "manager": keys.get(manager) if manager else None,
        "members": [keys.get(member, member) for member in getattr(record, "members", ())],
        "member of": [group.display_name for group in image.groups if record.object_id in group.members],
        "assigned": [row.role or "default access" for row in image.assignments if row.principal == record.object_id],
    }
    if as_json:
        print_json({**record.attributes, **{name.replace(" ", "_"): value for name, value in relations.items()}})
        return
    rows = [(name, _shown(value)) for name, value in _ordered(record.attributes)]
    rows += [(name, _shown(value)) for name, value in relations.items() if value]
    _print_table(rows, right=False)


def _found(image: DirectoryImage, key: str) -> UserRecord | GroupRecord | None:
    folded = key.strip().casefold()
    records: tuple[UserRecord | GroupRecord, ...] = (*image.users, *image.groups)
    for name in ("objectId", "userPrincipalName", "displayName"):
        for record in records:
            if str(record.attributes.get(name, "")).casefold() == folded:
                return record
    return None


def _ordered(attributes: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return attributes in the order of the reference, directory extensions last."""
    order = {row.name: number for number, row in enumerate(USER_ATTRIBUTES)}
    return sorted(attributes.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _number(number: int, plural: str) -> str:
    """Return a number with its noun, the singular for one."""
    return f"{number:,} {plural.removesuffix('s') if number == 1 else plural}"


def counted(counts: dict[str, int]) -> str:
    """Return counts in words, "200 users, 31 groups"; what is not there is not named."""
    parts = [_number(number, name) for name, number in counts.items() if number]
    return ", ".join(parts) or "no users and no groups"


def _print_table(rows: Sequence[tuple[str, ...]], *, right: bool = True) -> None:
    if not rows:
        return
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    for label, *cells in rows:
        aligned = [cell.rjust(width) if right else cell for cell, width in zip(cells, widths[1:], strict=True)]
        click.echo("  ".join([label.ljust(widths[0]), *aligned]).rstrip())


def print_json(value: Any) -> None:
    """Print one JSON value."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))

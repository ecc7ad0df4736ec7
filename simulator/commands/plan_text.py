"""What `entra-sim plan` and `entra-sim lint` print for people: the summary first, then groups of equal changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import click

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.planning.documents import Moved
from entra_sim.simulator.planning.model import Finding
from entra_sim.simulator.planning.model import Kind
from entra_sim.simulator.planning.model import ObjectPlan
from entra_sim.simulator.planning.model import Plan
from entra_sim.simulator.planning.summary import EqualChanges
from entra_sim.simulator.planning.summary import equal_changes
from entra_sim.simulator.planning.summary import stays_wrong

MOST_GROUPS = 40
MOST_STRAYS = 20
MOST_MOVED = 20
WIDTH = 60
_COLOURS = {
    Kind.DISABLED: "yellow",
    Kind.DELETED: "red",
    Kind.HELD: "yellow",
    Kind.AMBIGUOUS: "red",
    Kind.EXPRESSION_ERROR: "red",
    Kind.FAILED: "red",
    Kind.CREATED: "green",
}


def tell(plan: Plan, moved: Sequence[Moved] | None, person: str | None) -> None:
    """Print the plan, or what becomes of one user or group."""
    if person is not None:
        for line in chosen(plan, person):
            tell_person(line)
        return
    tell_summary(plan)
    if plan.findings:
        click.echo()
        tell_findings(plan.findings)
    groups = equal_changes(plan)
    if groups:
        click.echo()
        click.secho("Groups of equal changes", bold=True)
        for group in groups[:MOST_GROUPS]:
            _tell_group(group)
        if len(groups) > MOST_GROUPS:
            click.echo(f"  and {len(groups) - MOST_GROUPS:,} smaller groups; --csv or --html shows all")
    _tell_stays(plan)
    _tell_strays(plan)
    if moved is not None:
        tell_moved(moved)


def tell_summary(plan: Plan) -> None:
    """Print cycle, totals, accidental-deletion verdict, requests and notes."""
    click.secho(f"{plan.title}: {plan.cycle_reason}", bold=True)
    if not plan.objects:
        click.echo("  Nobody is looked at.")
    for kind, counts in plan.totals().items():
        shown = ", ".join(f"{count:,} {_noun(name, count)}" for name, count in counts.items())
        click.secho(f"  {kind:<17}{shown}", fg=_COLOURS.get(Kind(kind)))
    wrong = sum(bool(line.stays_wrong) for line in plan.objects)
    if wrong:
        click.echo(f"  {'stays wrong':<17}{wrong:,} {_noun('object', wrong)}: the real service will not repair it")
    if plan.strays:
        click.echo(f"  {'matched by nobody':<17}{len(plan.strays):,} {_noun('account', len(plan.strays))}")
    verdict = plan.verdict
    state = "" if verdict.is_on else " (it is off in this plan: --deletion-threshold N turns it on)"
    if verdict.removal_count == 0:
        what = "nothing would be removed"
    elif verdict.trips:
        what = f"{verdict.removal_count:,} removals exceed the threshold of {verdict.threshold:,}: all would be held"
    else:
        what = f"{verdict.removal_count:,} removals do not exceed the threshold of {verdict.threshold:,}; " + (
            f"one of {verdict.removal_count - 1:,} or less would hold them"
        )
    click.echo(f"  Accidental-deletion prevention: {what}{state}.")
    if plan.is_initial:
        low, high = plan.minutes
        click.echo(
            f"  Initial cycle over {plan.in_scope_count:,} objects and memberships in scope: about "
            f"{_span(low)} to {_span(high)} in the real service (ENG-470)."
        )
    requests = ", ".join(f"{count:,} {method}" for method, count in plan.requests.items())
    click.echo(f"  Requests to the target: {requests or 'none'}.")
    for note in plan.notes:
        click.echo(f"  Note: {note}")


def _span(minutes: float) -> str:
    if minutes < 1:
        return f"{round(minutes * 60)} s"
    if minutes < 120:
        return f"{round(minutes)} min"
    return f"{minutes / 60:.1f} h" if minutes < 48 * 60 else f"{minutes / 60 / 24:.1f} d"


def _noun(name: str, count: int) -> str:
    return name.lower() if count == 1 else f"{name.lower()}s"


def _tell_group(group: EqualChanges) -> None:
    label = f": {group.label}" if group.label else ""
    noun = _noun(group.object_type, group.count)
    click.secho(f"  {group.count:,} {noun} {group.kind}{label}", fg=_COLOURS.get(group.kind))
    for line in group.examples:
        click.echo(f"      {line.identity}{_example(line)}")
    if group.count > len(group.examples):
        click.echo(f"      and {group.count - len(group.examples):,} more")


def _example(line: ObjectPlan) -> str:
    if line.kind in (Kind.CREATED, Kind.HELD):
        return ""
    if line.kind is Kind.TAKEN_OVER:
        return f"  (matched by {line.match})"
    if line.kind in (Kind.UPDATED, Kind.RE_ENABLED) and line.changes:
        first = line.changes[0]
        more = f" and {len(line.changes) - 1} more" if len(line.changes) > 1 else ""
        return f"  {_cut(first.old)} -> {_cut(first.new)}{more}"
    if line.clause:
        return f"  {line.value!r}"
    return f"  {_cut(line.reason)}" if line.reason and not line.cause else ""


def _cut(text: str | None) -> str:
    if text is None:
        return "(none)"
    return repr(text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}...")


def _tell_stays(plan: Plan) -> None:
    groups = stays_wrong(plan)
    if not groups:
        return
    click.echo()
    click.secho("Stays wrong: the real service does not repair this by itself", bold=True)
    for group in groups:
        click.echo(f"  {group.count:,} {_noun('object', group.count)}, {group.rule}: {', '.join(group.examples)}")
        click.echo(f"      {group.text}")


def _tell_strays(plan: Plan) -> None:
    if not plan.strays:
        return
    click.echo()
    click.secho("Accounts and groups of the target that nobody matches", bold=True)
    for one in plan.strays[:MOST_STRAYS]:
        click.echo(f"  {one.object_type} {one.name}{'' if one.is_active else ' (disabled)'}")
    if len(plan.strays) > MOST_STRAYS:
        click.echo(f"  and {len(plan.strays) - MOST_STRAYS:,} more; --csv or --html shows all")


def tell_moved(moved: Sequence[Moved]) -> None:
    """Print what differs from the plan compared with."""
    click.echo()
    click.secho(f"Against the saved plan: {len(moved):,} fare otherwise", bold=True)
    for (before, after), count in Counter((one.before, one.after) for one in moved).most_common():
        click.echo(f"  {count:,}: {before or 'not in it'} -> {after or 'not in this one'}")
    for one in moved[:MOST_MOVED]:
        names = f" ({', '.join(one.attributes)})" if one.attributes else ""
        click.echo(f"      {one.identity}: {one.before or '-'} -> {one.after or '-'}{names}")
    if len(moved) > MOST_MOVED:
        click.echo(f"      and {len(moved) - MOST_MOVED:,} more; --json shows all")


def tell_findings(findings: Sequence[Finding]) -> None:
    """Print what lint found."""
    click.secho(f"Lint: {len(findings)} {_noun('finding', len(findings))}", bold=True)
    for item in findings:
        colour = "red" if item.severity == "error" else "yellow"
        click.secho(f"  {item.severity} {item.id} ({item.rule}), {item.place}", fg=colour)
        click.echo(f"      {item.text}")
        if item.people:
            more = f" and {item.people_count - len(item.people):,} more" if item.people_count > len(item.people) else ""
            click.echo(f"      For example {', '.join(item.people)}{more}.")
        click.echo(f"      Remedy: {item.remedy}")


def chosen(plan: Plan, name: str) -> list[ObjectPlan]:
    """Return the lines of a user or group by principal name, display name or object id.

    Raises:
        NotFound: the plan has none; the message names the nearest.
    """
    folded = name.casefold()
    found = [line for line in plan.objects if folded in (line.identity.casefold(), line.object_id.casefold())]
    if not found:
        from difflib import get_close_matches

        near = get_close_matches(folded, [line.identity.casefold() for line in plan.objects], n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise NotFound(f"The plan has no user or group '{name}'.{hint}")
    return found


def tell_person(line: ObjectPlan) -> None:
    """Print everything about one user or group."""
    click.secho(f"{line.object_type} {line.identity}: {line.kind}", bold=True, fg=_COLOURS.get(line.kind))
    click.echo(f"  object id   {line.object_id}")
    if line.target:
        click.echo(f"  account     {line.target}")
    if line.match:
        click.echo(f"  matched by  {line.match}")
    if line.reason:
        click.echo(f"  why         {line.reason}")
    if line.clause:
        click.echo(f"  clause      {line.clause}, the value is {line.value!r}")
    if line.column:
        click.echo(f"  column      {line.column} of the expression")
    for change in line.changes:
        old = "" if change.old is None else f"{change.old} -> "
        new = "(removed)" if change.new is None else change.new
        click.echo(f"  attribute   {change.attribute}: {old}{new}   from {change.source}")
    for wrong in line.stays_wrong:
        click.echo(f"  stays wrong {wrong.text} ({wrong.rule})")
    click.echo(f"  requests    {line.reads} reads, {line.writes} writes")
    click.echo(f"  rules       {', '.join(line.rules)}")

"""`entra-sim plan`: what a change would do to a whole directory, before it is made."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from itertools import chain
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import click

from entra_sim.simulator.commands.endpoint_options import endpoint_of
from entra_sim.simulator.commands.endpoint_options import optional_endpoint_options
from entra_sim.simulator.errors import UserInputError

if TYPE_CHECKING:
    from entra_sim.simulator.planning.building import Question
    from entra_sim.simulator.planning.documents import Moved
    from entra_sim.simulator.planning.files import TargetImage
    from entra_sim.simulator.planning.model import JobSettings
    from entra_sim.simulator.planning.model import Plan
    from entra_sim.simulator.tenants import DirectoryImage

FILE = click.Path(dir_okay=False, path_type=Path)
ANY = click.Path(path_type=Path)
SCOPE = click.Choice(["assigned", "all"])
FLAG = click.Choice(["none", "aadOptscim062020"])
SWITCH = click.Choice(["on", "off"])
GATE_FAILED = 1
PIECES = 2000
"""Pieces of JSON that are printed at a time."""
WORDS = {"seed": "filling the target as it is now", "link": "finding what is linked", "plan": "planning"}
PLAIN_EVERY = 10_000


@click.command("plan")
@click.option(
    "--tenant", "tenants", type=ANY, multiple=True, required=True, help="Export of users, groups: file, folder."
)
@click.option("--schema", type=FILE, required=True, metavar="NOW.json", help="Exported job schema, as it is now.")
@click.option("--change", type=FILE, metavar="NEW.json", help="The schema as it would be; without a change: go-live.")
@click.option("--target-users", type=FILE, multiple=True, metavar="FILE", help="The target's accounts: SCIM JSON, CSV.")
@click.option("--target-groups", type=FILE, multiple=True, metavar="FILE", help="The target's groups: SCIM JSON, CSV.")
@click.option("--scope", type=SCOPE, default="assigned", show_default=True, help="Who is synchronized now.")
@click.option("--change-scope", type=SCOPE, help="Who would be synchronized.")
@click.option("--flag", type=FLAG, help="Flag of the tenant URL now.")
@click.option("--change-flag", type=FLAG, help="Flag of the tenant URL after the change.")
@click.option("--skip-out-of-scope-deletions", "skips", type=SWITCH, default="off", show_default=True, help="Now.")
@click.option("--change-skip-out-of-scope-deletions", "change_skips", type=SWITCH, help="After the change.")
@click.option("--deletion-threshold", type=click.IntRange(0), metavar="N", help="Prevent accidental deletions above N.")
@click.option("--assign", multiple=True, metavar="NAME", help="Assign this user or group in the change.")
@click.option("--unassign", multiple=True, metavar="NAME", help="Unassign this user or group in the change.")
@click.option("--change-actions", multiple=True, metavar="TYPE=ACTIONS", help="As in User=create,update.")
@click.option("--change-filter", multiple=True, metavar="TYPE:CLAUSES", help="As in 'User: department EQUALS Sales'.")
@click.option("--restart", is_flag=True, help="Provisioning is restarted with the change.")
@click.option("--drop-unknown-references", is_flag=True, help="Leave out managers and members that are not there.")
@click.option("--person", metavar="NAME", help="Show one user or group only.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@click.option("--save", type=FILE, metavar="FILE.json", help="Write the plan as JSON, for --against.")
@click.option("--csv", "table", type=FILE, metavar="FILE.csv", help="Write the plan as a table.")
@click.option("--html", "page", type=FILE, metavar="FILE.html", help="Write the plan as one page with search.")
@click.option("--against", type=FILE, metavar="PLAN.json", help="Say what differs from a plan that was saved.")
@click.option("--fail-over", metavar="LIMITS", help="Exit with 1 above limits: disabled=50,deleted=0,errors=0.")
@click.option("--processes", type=click.IntRange(1, 2), default=2, show_default=True, help="For large directories.")
@optional_endpoint_options
def command(**options: Any) -> None:
    """Say what a change of mappings, filters, scope or flag would do to everybody, before it is made.

    Files in, nothing out: the target is assumed to hold what the schema yields now; or name its accounts with
    --target-users, or read them with --url (GET only). Without a change: what a first start would do. The engine
    itself decides; nothing is stored but the files that you name.

    \b
    Examples:
      entra-sim plan --tenant export --schema now.json --change new.json
      entra-sim plan --tenant export --schema now.json --change new.json --fail-over disabled=50,deleted=0
      entra-sim plan --tenant export --schema now.json --target-users accounts.csv --scope all --html plan.html
      entra-sim plan --tenant export --schema now.json --change-scope all --person ada.park@contoso.example
    """
    from entra_sim.simulator.commands.plan_text import tell
    from entra_sim.simulator.planning.building import make_plan
    from entra_sim.simulator.planning.documents import Former
    from entra_sim.simulator.planning.files import read_json_file
    from entra_sim.simulator.planning.summary import passed_limits
    from entra_sim.simulator.planning.summary import read_gates

    limits = read_gates(options["fail_over"]) if options["fail_over"] else {}
    against = options["against"]
    former = None if against is None else Former(read_json_file(against), str(against))
    progress = _Progress()
    with _no_looking_for_cycles():
        plan = make_plan(_question(options, progress), progress.plan)
        progress.end()
        moved = None if former is None else former.compared(plan)
        _write_files(options, plan, moved)
        if options["as_json"]:
            _print_json(plan, moved, options["person"])
        else:
            tell(plan, moved, options["person"])
    exceeded = passed_limits(plan, limits)
    for sentence in exceeded:
        click.echo(f"Limit exceeded: {sentence}", err=True)
    if exceeded:
        sys.exit(GATE_FAILED)


@contextmanager
def _no_looking_for_cycles() -> Iterator[None]:
    """Leave the collector of reference cycles off: there is nothing for it to find, and it looks at everything."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _question(options: dict[str, Any], progress: _Progress) -> Question:
    from entra_sim.simulator.clock import wall_now
    from entra_sim.simulator.ids import CountedIds
    from entra_sim.simulator.planning.building import Question
    from entra_sim.simulator.planning.files import TargetImage
    from entra_sim.simulator.planning.packing import return_memory
    from entra_sim.simulator.planning.target_files import read_target_files
    from entra_sim.simulator.tenants import read_report

    now, change = _states(options)
    files = [*options["target_users"], *options["target_groups"]]
    if files and options["url"]:
        raise UserInputError("Give --target-users or --url, not both.")
    target: TargetImage | None = None
    if files:  # before the directory: each takes the most memory while it is read
        target = TargetImage()
        read_target_files(list(options["target_users"]), target, "" if not options["target_groups"] else "User")
        read_target_files(list(options["target_groups"]), target, "Group")
        return_memory()
    report = read_report(
        options["tenants"],
        new_id=CountedIds().new,
        leaves_out_unknown=options["drop_unknown_references"],
        progress=progress,
    )
    image = report.image
    now, change = _with_assignments(now, change, options, image)
    findings: list[str] = []
    if options["url"]:
        target, findings, now, change = _read_endpoint(options, progress, now, change)
    notes = (*report.notes, *(target.notes if target is not None else ()), *findings)
    return Question(
        image=image,
        now=now,
        change=change,
        at=wall_now(),
        users=None if target is None else target.users,
        groups=None if target is None else target.groups,
        processes=options["processes"],
        restarts=options["restart"],
        notes=notes,
    )


def _states(options: dict[str, Any]) -> tuple[JobSettings, JobSettings | None]:
    """Return the job as it is and as it would be; None when nothing is to change."""
    from dataclasses import replace

    from entra_sim.simulator.commands.plan_edits import edited_schema
    from entra_sim.simulator.planning.files import read_schema_file
    from entra_sim.simulator.planning.model import JobSettings

    now = JobSettings(
        document=read_schema_file(options["schema"]),
        sync_all=options["scope"] == "all",
        dialect=_dialect(options["flag"]),
        skips_out_of_scope_deletions=options["skips"] == "on",
        threshold=options["deletion_threshold"],
    )
    names = ("change", "change_scope", "change_flag", "change_skips", "change_actions", "change_filter")
    if not any(options[name] for name in (*names, "assign", "unassign", "restart")):
        return now, None
    changed = options["change"]
    document = now.document if changed is None else read_schema_file(changed)
    document = edited_schema(document, options["change_actions"], options["change_filter"])
    change = replace(now, document=document)
    if options["change_scope"]:
        change = replace(change, sync_all=options["change_scope"] == "all")
    if options["change_flag"]:
        change = replace(change, dialect=_dialect(options["change_flag"]))
    if options["change_skips"]:
        change = replace(change, skips_out_of_scope_deletions=options["change_skips"] == "on")
    return now, change


def _dialect(flag: str | None) -> Any:
    from entra_sim.simulator.scim.profile import Dialect

    return Dialect.FLAGGED if flag == "aadOptscim062020" else Dialect.DEFAULT


def _with_assignments(
    now: JobSettings, change: JobSettings | None, options: dict[str, Any], image: DirectoryImage
) -> tuple[JobSettings, JobSettings | None]:
    from dataclasses import replace

    from entra_sim.simulator.commands.plan_edits import principal_ids

    if change is None:
        return now, None
    assigned = {item.principal for item in image.assignments}
    added = principal_ids(image, options["assign"], "--assign")
    removed = principal_ids(image, options["unassign"], "--unassign")
    for name, principal in zip(options["unassign"], removed, strict=True):
        if principal not in assigned:
            raise UserInputError(f"--unassign: '{name}' is not assigned in these files; leave the option out.")
    return now, replace(change, assigned=added, unassigned=removed)


def _read_endpoint(
    options: dict[str, Any], progress: _Progress, now: JobSettings, change: JobSettings | None
) -> tuple[TargetImage, list[str], JobSettings, JobSettings | None]:
    """Return what the endpoint holds, what it cannot be asked, and the states with the flag of its URL."""
    from dataclasses import replace

    from entra_sim.simulator.ids import RandomIds
    from entra_sim.simulator.model.mapping import read_schema
    from entra_sim.simulator.planning.scanning import read_target
    from entra_sim.simulator.planning.scanning import unfilterable

    names = (
        *("url", "token", "token_file", "ca_file", "insecure_tls", "allow_http", "oauth_token_endpoint"),
        *("oauth_client_id", "oauth_client_secret", "oauth_client_secret_file", "oauth_scope"),
    )
    endpoint = endpoint_of(**{name: options[name] for name in names})
    if not options["flag"]:
        now = replace(now, dialect=endpoint.url.dialect)
        kept = change is None or options["change_flag"]
        change = change if kept or change is None else replace(change, dialect=endpoint.url.dialect)
    transport = endpoint.transport()
    ids = RandomIds()
    try:
        target = read_target(transport, progress)
        schema = read_schema((change or now).document)
        notes = []
        for mapping in (schema.user, schema.group):
            for row in mapping.matching if mapping.is_enabled else ():
                why = unfilterable(transport, mapping.object_type, row.target_attribute_name, ids.new("probe"))
                if why:
                    notes.append(f"The target cannot filter on '{row.target_attribute_name}' (ENG-077): {why}")
    finally:
        transport.close()
    return target, notes, now, change


def _write_files(options: dict[str, Any], plan: Plan, moved: Sequence[Moved] | None) -> None:
    from entra_sim.simulator.planning.documents import as_table
    from entra_sim.simulator.planning.documents import json_pieces
    from entra_sim.simulator.planning.page import page_pieces

    if options["save"]:
        _write(options["save"], chain(json_pieces(plan, moved), "\n"))
    if options["table"]:
        _write(options["table"], as_table(plan))
    if options["page"]:
        _write(options["page"], page_pieces(plan, moved))


def _write(path: Path, pieces: Iterable[str]) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(pieces)
    except OSError as error:
        raise UserInputError(f"{path}: cannot be written ({error.strerror}); choose another name") from error
    click.echo(f"Wrote {path}", err=True)


def _print_json(plan: Plan, moved: Sequence[Moved] | None, person: str | None) -> None:
    from entra_sim.simulator.commands.plan_text import chosen
    from entra_sim.simulator.planning.documents import json_pieces

    wanted = None if person is None else {line.object_id for line in chosen(plan, person)}
    pieces = json_pieces(plan, moved, indents=True, wanted=wanted)
    while text := "".join(islice(pieces, PIECES)):
        click.echo(text, nl=False)
    click.echo()


class _Progress:
    """Tells on standard error how far it is: one line that counts up on a terminal, now and then a line elsewhere."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._width = 0
        self._told: tuple[str, int] = ("", 0)

    def __call__(self, name: str, count: int) -> None:
        self._tell(f"reading {name}", count, f"reading {name}: {count:,}")

    def plan(self, what: str, count: int, total: int) -> None:
        """Tell how many of how many are done."""
        words = WORDS.get(what, what)
        self._tell(what, count, f"{words}: {count:,} of {total:,}")

    def _tell(self, what: str, count: int, text: str) -> None:
        if self._is_terminal:
            click.echo(f"\r{text.ljust(self._width)}", nl=False, err=True)
            self._width = max(self._width, len(text))
        elif (what, count // PLAIN_EVERY) != self._told and count >= PLAIN_EVERY:
            self._told = (what, count // PLAIN_EVERY)
            click.echo(text, err=True)

    def end(self) -> None:
        """Clear the counting line."""
        if self._width:
            click.echo("\r" + " " * self._width + "\r", nl=False, err=True)

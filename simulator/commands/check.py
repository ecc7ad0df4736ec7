"""`entra-sim check`: everything Entra sends, against somebody's own endpoint, and whether it survives."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import click

from entra_sim.simulator.commands.endpoint_options import FILE
from entra_sim.simulator.commands.endpoint_options import endpoint_of
from entra_sim.simulator.commands.endpoint_options import endpoint_options
from entra_sim.simulator.errors import UserInputError

if TYPE_CHECKING:
    from entra_sim.simulator.checking.results import CheckReport
    from entra_sim.simulator.checking.results import CheckResult
    from entra_sim.simulator.checking.runner import CheckOptions
    from entra_sim.simulator.checking.runner import CheckRunner
    from entra_sim.simulator.transport.endpoint import Endpoint


def _list_checks(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if not value or context.resilient_parsing:
        return
    from entra_sim.simulator.checking.catalogue import catalogue
    from entra_sim.simulator.checking.extra_checks import LOAD_CHECK
    from entra_sim.simulator.checking.extra_checks import SIGN_IN_CHECK

    for check in (*catalogue(has_groups=True), SIGN_IN_CHECK, LOAD_CHECK):
        click.echo(f"{check.check_id:<60} {check.title}")
    context.exit()


@click.command("check")
@endpoint_options
@click.option("--schema", type=FILE, metavar="FILE", help="Job schema (Graph JSON) whose requests are sent.")
@click.option("--domain", default="check.example", show_default=True, help="Domain of the made-up people.")
@click.option("--no-groups", is_flag=True, help="Leave groups out.")
@click.option("--no-load", is_flag=True, help="Leave out 25 requests a second for 10 seconds.")
@click.option("--wait", metavar="SPAN", help="Wait this long, for example 60s, until the endpoint answers.")
@click.option("--timeout", "timeout_s", type=click.FloatRange(0.1, 600), default=60, show_default=True, help="Seconds.")
@click.option(
    "--fail-on",
    type=click.Choice(["breaks", "loses", "cosmetic"]),
    default="loses",
    show_default=True,
    help="The mildest finding for which the exit code is 1.",
)
@click.option("--accept", type=FILE, metavar="FILE", help="Accepted deviations: YAML list of check, reason, until.")
@click.option("--junit", type=FILE, metavar="FILE", help="Write JUnit XML.")
@click.option("--report", type=FILE, metavar="FILE", help="Write one self-contained HTML page.")
@click.option("--annotations/--no-annotations", default=None, help="Print CI annotations; default: where understood.")
@click.option("--verbose", is_flag=True, help="Name the checks that pass, too.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON for machines.")
@click.option("--list", is_flag=True, expose_value=False, is_eager=True, callback=_list_checks, help="List the checks.")
def command(
    schema: Path | None,
    domain: str,
    no_groups: bool,
    no_load: bool,
    wait: str | None,
    timeout_s: float,
    fail_on: str,
    accept: Path | None,
    junit: Path | None,
    report: Path | None,
    annotations: bool | None,
    verbose: bool,
    is_json: bool,
    **given: Any,
) -> None:
    """Walk an endpoint through every request form and life-cycle of Entra, in both dialects, and say what is wrong.

    Only objects whose names begin with entra-sim-check are made, changed and removed, also after Ctrl-C. Effects are
    read back. After every write a second evaluation must send nothing.

    \b
    Examples:
      entra-sim check --url http://localhost:8080/scim/v2 --token-file token.txt
      entra-sim check --url https://app.example/scim --no-groups --report check.html --junit check.xml
      entra-sim check --url http://localhost:8080/scim --wait 60s --fail-on breaks --accept accepted.yaml

    Exit code 0: nothing counts; 1: findings, or checks that could not be made; 2: the input is wrong; 130: Ctrl-C.
    """
    from entra_sim.simulator.checking.acceptance import Acceptances
    from entra_sim.simulator.checking.acceptance import read_acceptances
    from entra_sim.simulator.checking.catalogue import all_ids
    from entra_sim.simulator.checking.results import Severity
    from entra_sim.simulator.checking.runner import CheckOptions
    from entra_sim.simulator.service.schemas import object_mapping_of

    wait_s = _seconds(wait)
    document = _schema(schema)
    options = CheckOptions(
        domain=_domain(domain),
        has_groups=not no_groups and bool(object_mapping_of(document, "Group").get("enabled", True)),
        has_load=not no_load,
        timeout_s=timeout_s,
        acceptances=read_acceptances(accept, all_ids()) if accept else Acceptances(),
    )
    endpoint = endpoint_of(**given)
    display = _Display(is_verbose=verbose, is_quiet=is_json)
    runner = _runner(endpoint, document, options, display)
    found, was_stopped = _walked(runner, wait_s)
    display.end()
    severity = Severity(fail_on)
    _write(found, severity, junit, report)
    _tell(found, annotations, is_json)
    if was_stopped or found is None:
        sys.exit(130)
    sys.exit(1 if found.fails(severity) else 0)


def _walked(runner: CheckRunner, wait_s: float) -> tuple[CheckReport | None, bool]:
    from entra_sim.simulator.commands.interrupting import asks_then_insists

    report = None
    try:
        with asks_then_insists(runner.stop, lambda: runner.is_walking) as was_asked:
            if wait_s:
                runner.wait_for_answer(wait_s)
            report = runner.walk()
            return report, was_asked() or not report.is_complete
    except KeyboardInterrupt:
        return report, True


def _runner(endpoint: Endpoint, document: dict[str, Any], options: CheckOptions, display: _Display) -> CheckRunner:
    from entra_sim.simulator.checking.job import checking_run
    from entra_sim.simulator.checking.runner import CheckRunner
    from entra_sim.simulator.clock import VirtualClock
    from entra_sim.simulator.clock import wall_now
    from entra_sim.simulator.ids import RandomIds
    from entra_sim.simulator.ids import fresh_chance

    clock = VirtualClock(wall_now(), rate=1.0)
    ids = RandomIds()

    def new_id() -> str:
        return ids.new("user")

    run = checking_run(document, domain=options.domain, now=clock.now, new_id=new_id, chance=fresh_chance())
    return CheckRunner(
        endpoint,
        run,
        options,
        run_id=new_id()[:8],
        new_id=new_id,
        now=clock.now,
        pause=clock.wait,
        heard=display.heard,
    )


class _Display:
    """Prints checks as they end; on a terminal with a counting line below."""

    def __init__(self, *, is_verbose: bool, is_quiet: bool) -> None:
        self._is_verbose = is_verbose
        self._is_quiet = is_quiet
        self._counts = not is_quiet and sys.stdout.isatty()

    def heard(self, result: CheckResult, number: int, count: int) -> None:
        """Print one result."""
        if self._is_quiet:
            return
        from entra_sim.simulator.checking.reports.text import result_lines

        self.end()
        for line in result_lines(result, is_verbose=self._is_verbose):
            click.echo(line)
        if self._counts and number < count:
            click.echo(f"{number} of {count} ...", nl=False)

    def end(self) -> None:
        """Take the counting line away."""
        if self._counts:
            click.echo("\r" + " " * 24 + "\r", nl=False)


def _write(found: CheckReport | None, fail_on: Any, junit: Path | None, report: Path | None) -> None:
    if found is None:
        return
    if junit is not None:
        from entra_sim.simulator.checking.reports.junit import junit_xml

        _write_file(junit, junit_xml(found, fail_on))
    if report is not None:
        from entra_sim.simulator.checking.reports.page import html_page

        _write_file(report, html_page(found).encode("utf-8"))


def _tell(found: CheckReport | None, annotations: bool | None, is_json: bool) -> None:
    from entra_sim.simulator.checking.reports.annotations import annotation_lines
    from entra_sim.simulator.checking.reports.annotations import understands_annotations
    from entra_sim.simulator.checking.reports.text import summary_lines

    if found is None:
        click.echo("Stopped at once; objects whose names begin with entra-sim-check may be left.", err=True)
        return
    if is_json:
        click.echo(json.dumps(found.as_dict(), indent=2, ensure_ascii=False))
    else:
        for line in summary_lines(found):
            click.echo(line)
    if not found.is_complete:
        click.echo("Stopped. What was made has been removed.", err=True)
    if annotations if annotations is not None else understands_annotations(os.environ):
        for line in annotation_lines(found):
            click.echo(line, err=is_json)


def _write_file(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise UserInputError(f"{path} cannot be written ({error.strerror}); name another file.") from error


def _schema(path: Path | None) -> dict[str, Any]:
    from entra_sim.simulator.commands.schema_file import read_schema_file
    from entra_sim.simulator.service.schemas import template_schema

    return template_schema("check") if path is None else read_schema_file(path)


def _seconds(text: str | None) -> float:
    from entra_sim.simulator.clock import wall_now
    from entra_sim.simulator.spans import parse_span

    return parse_span(text, wall_now()).total_seconds() if text else 0.0


def _domain(text: str) -> str:
    labels = text.strip().split(".")
    if len(labels) < 2 or not all(label and label.replace("-", "").isalnum() for label in labels):
        raise UserInputError(f"--domain {text}: write a domain such as check.example.")
    return text.strip()

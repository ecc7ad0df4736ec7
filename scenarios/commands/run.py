"""`entra-sim run`: scenario files and folders, with reports that people and CI read."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import click

from entra_sim.scenarios.commands.interrupt import exits_on_interrupt
from entra_sim.scenarios.selection import select
from entra_sim.simulator.commands.endpoint_options import FILE
from entra_sim.simulator.errors import UserInputError

if TYPE_CHECKING:
    from entra_sim.scenarios.foreign import ForeignTarget

COLOURS = {"passed": "green", "failed": "red", "error": "red", "not applicable": "yellow"}


@click.command("run")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "-k", "words", metavar="WORDS", default="", help="Only scenarios whose file, folder or title has these words."
)
@click.option("--library", is_flag=True, help="The scenarios that come with entra-sim.")
@click.option("--jobs", metavar="N", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes.")
@click.option("--fail-fast", is_flag=True, help="Stop after the first scenario that does not pass.")
@click.option("--http", "is_http", is_flag=True, help="Over real sockets on loopback instead of in-process.")
@click.option("--junit", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write JUnit XML.")
@click.option("--report", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write one HTML page.")
@click.option(
    "--transcript", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help="Write every transcript here."
)
@click.option("--update", is_flag=True, help="Accept this run's transcripts: store them beside the scenarios.")
@click.option("--target", metavar="URL", help="A foreign endpoint in place of mock Tapt: tenant URL, before /Users.")
@click.option("--token", envvar="ENTRA_SIM_TOKEN", metavar="T", help="Its secret token; better in ENTRA_SIM_TOKEN.")
@click.option("--token-file", type=FILE, metavar="FILE", help="File that holds the secret token.")
@click.option("--ca-file", type=FILE, metavar="FILE", help="PEM file of authorities to trust for --target.")
@click.option("--insecure-tls", is_flag=True, help="Take any certificate of --target.")
@click.option("--allow-http", is_flag=True, help="Plain http also to other machines than this one.")
@click.option("--set", "settings", metavar="NAME=VALUE", multiple=True, help="A setting, over the scenario's own.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON for machines.")
def command(
    paths: tuple[str, ...],
    words: str,
    library: bool,
    jobs: int,
    fail_fast: bool,
    is_http: bool,
    junit: Path | None,
    report: Path | None,
    transcript: Path | None,
    update: bool,
    settings: tuple[str, ...],
    is_json: bool,
    target: str | None,
    **given: Any,
) -> None:
    """Run scenario files or folders of them; ./scenarios when no PATH is given.

    \b
    Examples:
      entra-sim run --library                         every scenario that comes along
      entra-sim run leavers.yaml --transcript out     one file, with its transcript
      entra-sim run tests/scenarios --jobs 2 --junit scenarios.xml --report scenarios.html
      ENTRA_SIM_TOKEN=... entra-sim run --library --target https://localhost:8443/scim

    With --target, 'target users' and 'target groups' are read over SCIM, scenarios that need mock Tapt's inside are
    named as not applicable, and what a scenario makes is removed when it ends.

    Exit code 0: all passed; 1: an expectation failed; 2: a file or option is wrong, or nothing was applicable.
    """
    from entra_sim.scenarios.batch import BatchOptions
    from entra_sim.scenarios.batch import run_batch
    from entra_sim.scenarios.outcome import worst
    from entra_sim.scenarios.reports import text
    from entra_sim.scenarios.runner import RunOptions

    foreign = _foreign(target, given, jobs=jobs, is_http=is_http, is_update=update)
    chosen = select(paths, library=library, words=words)
    options = BatchOptions(
        run=RunOptions(transport="http" if is_http else "wsgi", settings=_settings(settings), target=foreign),
        jobs=jobs,
        is_fail_fast=fail_fast,
        transcripts=transcript,
        is_update=update,
    )
    if foreign is not None:
        foreign.check()
    display = _Display(len(chosen), is_quiet=is_json)
    began = time.perf_counter()
    with exits_on_interrupt("Stopped; nothing is left running."):
        outcomes = run_batch(chosen, options, display.heard)
    seconds = time.perf_counter() - began
    exit_code = worst(outcomes)
    display.end()
    if junit is not None:
        from entra_sim.scenarios.reports.junit import junit_xml

        write_file(junit, junit_xml(outcomes))
    if report is not None:
        from entra_sim.scenarios.reports.page import html_page

        write_file(report, html_page(outcomes, seconds).encode("utf-8"))
    if is_json:
        from entra_sim.scenarios.reports.machine import as_json

        click.echo(json.dumps(as_json(outcomes, exit_code, seconds), indent=2, ensure_ascii=False))
    else:
        click.echo(text.summary(outcomes, len(chosen), seconds))
    sys.exit(exit_code)


def _foreign(
    url: str | None, given: dict[str, Any], *, jobs: int, is_http: bool, is_update: bool
) -> ForeignTarget | None:
    """Return the foreign endpoint that the options describe, None for mock Tapt.

    Raises:
        UserInputError: the options do not fit together.
    """
    from entra_sim.scenarios.foreign import ForeignTarget
    from entra_sim.simulator.commands.endpoint_options import endpoint_of

    if url is None:
        named = [name for name, value in given.items() if value and name != "token"]
        if named:
            raise UserInputError(
                f"--{named[0].replace('_', '-')} goes with --target URL; give the URL or leave it out."
            )
        return None
    if jobs > 1:
        raise UserInputError(
            "--target and --jobs: scenarios would meet each other at the one endpoint; leave out --jobs."
        )
    if is_http or is_update:
        raise UserInputError(
            f"--target and --{'http' if is_http else 'update'} exclude each other: a foreign endpoint is always "
            "reached over HTTP, and accepted transcripts are those of mock Tapt."
        )
    no_oauth: dict[str, Any] = dict.fromkeys(
        ("oauth_token_endpoint", "oauth_client_id", "oauth_client_secret", "oauth_client_secret_file")
    )
    endpoint = endpoint_of(url=url, oauth_scope="", **given, **no_oauth)
    return ForeignTarget(endpoint=endpoint, url=url.strip(), secret=endpoint.secrets[0])


class _Display:
    """Prints scenarios as they end; on a terminal with a counting line below."""

    def __init__(self, total: int, *, is_quiet: bool) -> None:
        self._total = total
        self._done = 0
        self._is_quiet = is_quiet
        self._counts = not is_quiet and sys.stdout.isatty()
        self._colour = False if os.environ.get("NO_COLOR") else None

    def heard(self, outcome: object) -> None:
        from entra_sim.scenarios.outcome import ScenarioOutcome
        from entra_sim.scenarios.reports import text

        assert isinstance(outcome, ScenarioOutcome)
        self._done += 1
        if self._is_quiet:
            return
        self.end()
        click.echo(click.style(text.headline(outcome), fg=COLOURS.get(str(outcome.outcome))), color=self._colour)
        for line in text.details(outcome):
            click.echo(line)
        if self._counts and self._done < self._total:
            click.echo(f"{self._done} of {self._total} ...", nl=False)

    def end(self) -> None:
        """Take the counting line away."""
        if self._counts:
            click.echo("\r" + " " * 24 + "\r", nl=False)


def _settings(pairs: Sequence[str]) -> tuple[tuple[str, str], ...]:
    from entra_sim.simulator.settings import Settings

    found = []
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign:
            raise UserInputError(f"--set {pair}: write NAME=VALUE")
        found.append((name.strip(), value.strip()))
    Settings.from_mapping(dict(found), where="--set")
    return tuple(found)


def write_file(path: Path, content: bytes) -> None:
    """Write a report.

    Raises:
        UserInputError: the place cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise UserInputError(f"{path} cannot be written: {error.strerror}; name another file") from error

"""`entra-sim tapt`: mock Tapt alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from entra_sim.mock_tapt.serve import Announcement

EXAMPLES = """\b
Examples:
  entra-sim tapt
  entra-sim tapt --ephemeral --port 0 --token-file token.txt --ready-file ready.json
  entra-sim tapt --ephemeral --ids counted --clock frozen@2026-01-05T09:00:00Z --seed people.json
"""


@click.command(epilog=EXAMPLES)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8471, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 is any free one.")
@click.option(
    "--data",
    default=Path(".entra-sim"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the database.",
)
@click.option("--ephemeral", is_flag=True, help="Keep everything in memory.")
@click.option("--public-url", metavar="URL", help="What the dashboard and meta.location show; else the Host header.")
@click.option(
    "--token",
    metavar="TOKEN",
    envvar=["ENTRA_SIM_TAPT_TOKEN", "ENTRA_SIM_TOKEN"],
    help="Preset the bearer token. Others on this machine can see it; ENTRA_SIM_TOKEN or --token-file hide it.",
)
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Preset the bearer token from a file.",
)
@click.option("--control-key", metavar="KEY", help="Key of the control API; else one is made and printed.")
@click.option(
    "--seed",
    "seed_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="People and groups for an empty database (JSON).",
)
@click.option("--ids", type=click.Choice(["random", "counted"]), default="random", show_default=True)
@click.option("--chance-seed", default="", metavar="TEXT", help="Seed of faults that strike by chance.")
@click.option("--clock", default="live", show_default=True, help="live, 60x, frozen, frozen@2026-01-05T09:00:00Z.")
@click.option("--strict", is_flag=True, help="The RFC to the letter, without the tolerance Entra needs.")
@click.option("--no-sign-in", is_flag=True, help="Everybody who opens the dashboard is the administrator.")
@click.option("--allow-host", multiple=True, metavar="NAME", help="Another name under which pages answer.")
@click.option("--ready-file", type=click.Path(dir_okay=False, path_type=Path), help="Written once everything listens.")
@click.option("--json", "as_json", is_flag=True, help="Announce as JSON.")
def command(
    host: str,
    port: int,
    data: Path,
    ephemeral: bool,
    public_url: str | None,
    token: str | None,
    token_file: Path | None,
    control_key: str | None,
    seed_file: Path | None,
    ids: str,
    chance_seed: str,
    clock: str,
    strict: bool,
    no_sign_in: bool,
    allow_host: tuple[str, ...],
    ready_file: Path | None,
    as_json: bool,
) -> None:
    """Serve mock Tapt alone: SCIM API at /scim/v2, dashboard at /, control API at /_control. Ctrl-C ends it."""
    from functools import partial

    from entra_sim.mock_tapt.clock import parse_clock
    from entra_sim.mock_tapt.errors import TaptError
    from entra_sim.mock_tapt.ids import new_key
    from entra_sim.mock_tapt.seed import read_seed
    from entra_sim.mock_tapt.serve import ServeOptions
    from entra_sim.mock_tapt.serve import serve

    try:
        parse_clock(clock)
        options = ServeOptions(
            host=host,
            port=port,
            data=None if ephemeral else data,
            public_url=_checked_url(public_url),
            token=_token(token, token_file),
            control_key=control_key or new_key(),
            clock=clock,
            ids=ids,
            strict=strict,
            seed=partial(read_seed, seed_file) if seed_file else None,
            needs_sign_in=not no_sign_in,
            allowed_hosts=allow_host,
            ready_file=ready_file,
            chance_seed=chance_seed,
        )
        if not options.is_local:
            click.echo(f"Warning: {host} can be reached from other machines.", err=True)
        serve(options, lambda told: _announce(told, as_json=as_json))
    except TaptError as error:
        click.echo(f"entra-sim: {error}", err=True)
        raise SystemExit(error.exit_code) from error


def _token(token: str | None, token_file: Path | None) -> str | None:
    from entra_sim.mock_tapt.errors import TaptError
    from entra_sim.mock_tapt.tokens import check_secret

    if token is not None and token_file is not None:
        raise TaptError("Give --token or --token-file, not both.")
    if token_file is not None:
        token = token_file.read_text(encoding="utf-8").strip()
    check_secret(token)
    return token


def _checked_url(url: str | None) -> str | None:
    from urllib.parse import urlsplit

    from entra_sim.mock_tapt.errors import TaptError

    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise TaptError(f"'{url}' is no URL to be reached under; write it as https://tapt.example.")
    return url.rstrip("/")


def _announce(told: Announcement, *, as_json: bool) -> None:
    if as_json:
        import json

        click.echo(json.dumps(told.to_json()))
        return
    shown = told.to_json()
    click.echo(f"Mock Tapt listens at {told.url} (unofficial; not affiliated with Tapt or Microsoft).")
    click.echo(f"  Tenant URL    {shown['tenant_url']}")
    click.echo("  Secret Token  " + ("as given" if told.options.token else "Settings > Integrations > Generate"))
    click.echo(f"  Dashboard     {told.url}/")
    for mail, password in shown["passwords"].items():
        click.echo(f"                {mail}  {password}")
    click.echo(f"  Control API   {shown['control_url']}  key {shown['control_key']}")
    click.echo(f"  Data          {told.options.data or 'in memory'}")
    click.echo("Ctrl-C ends it.")

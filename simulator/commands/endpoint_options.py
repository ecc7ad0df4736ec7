"""The options by which a command is given somebody's own endpoint: address, sign-in, trust."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import click

from entra_sim.simulator.errors import UserInputError

if TYPE_CHECKING:
    from entra_sim.simulator.transport.endpoint import Endpoint

FILE = click.Path(dir_okay=False, path_type=Path)

_OPTIONS = (
    click.option("--url", required=True, metavar="URL", help="Tenant URL, the part before /Users, with flags if any."),
    click.option("--token", envvar="ENTRA_SIM_TOKEN", metavar="T", help="Secret token; better in ENTRA_SIM_TOKEN."),
    click.option("--token-file", type=FILE, metavar="FILE", help="File that holds the secret token."),
    click.option("--oauth-token-endpoint", metavar="URL", help="Sign in with OAuth 2 client credentials, from here."),
    click.option("--oauth-client-id", metavar="ID", help="Client id for the token endpoint."),
    click.option(
        "--oauth-client-secret",
        envvar="ENTRA_SIM_OAUTH_CLIENT_SECRET",
        metavar="S",
        help="Client secret; better in ENTRA_SIM_OAUTH_CLIENT_SECRET.",
    ),
    click.option("--oauth-client-secret-file", type=FILE, metavar="FILE", help="File that holds the client secret."),
    click.option("--oauth-scope", default="", metavar="SCOPE", help="Scope to ask for, if the endpoint needs one."),
    click.option("--ca-file", type=FILE, metavar="FILE", help="PEM file of authorities to trust."),
    click.option("--insecure-tls", is_flag=True, help="Take any certificate."),
    click.option("--allow-http", is_flag=True, help="Plain http also to other machines than this one."),
)


def endpoint_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a click command; they arrive under the names that `endpoint_of` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def optional_endpoint_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command that can do without an endpoint: `url` may be None."""
    for option in reversed(_OPTIONS[1:]):
        command = option(command)
    return click.option("--url", metavar="URL", help="Tenant URL of the target; it is read, never written.")(command)


def endpoint_of(
    *,
    url: str,
    token: str | None,
    token_file: Path | None,
    oauth_token_endpoint: str | None,
    oauth_client_id: str | None,
    oauth_client_secret: str | None,
    oauth_client_secret_file: Path | None,
    oauth_scope: str,
    ca_file: Path | None,
    insecure_tls: bool,
    allow_http: bool,
) -> Endpoint:
    """Return the endpoint that the options describe.

    Raises:
        UserInputError: they do not fit together, or one of them cannot be used.
        TargetError: the token endpoint gives no token.
    """
    from entra_sim.simulator.scim.profile import TenantUrl
    from entra_sim.simulator.transport.credentials import BearerToken
    from entra_sim.simulator.transport.endpoint import Endpoint

    parsed = TenantUrl.parse(url, allow_http=allow_http)
    trust: dict[str, Any] = {"ca_file": ca_file, "insecure_tls": insecure_tls}
    if oauth_token_endpoint:
        from entra_sim.simulator.clock import wall_now
        from entra_sim.simulator.transport.oauth import ClientCredentials

        secret = _secret(oauth_client_secret, oauth_client_secret_file, "oauth-client-secret")
        if not oauth_client_id or not secret:
            raise UserInputError(
                "--oauth-token-endpoint needs --oauth-client-id and --oauth-client-secret-file FILE "
                "(or ENTRA_SIM_OAUTH_CLIENT_SECRET)."
            )
        credentials = ClientCredentials(
            oauth_token_endpoint,
            oauth_client_id,
            secret,
            now=wall_now,
            scope=oauth_scope,
            allow_http=allow_http,
            **trust,
        )
        first = credentials().partition(" ")[2]
        endpoint = Endpoint(url=parsed, authorization=credentials, secrets=(secret, first), **trust)
    else:
        held = _secret(token, token_file, "token")
        if held is None:
            raise UserInputError(
                "There is no token: set ENTRA_SIM_TOKEN, give --token-file FILE, or sign in with "
                "--oauth-token-endpoint; an endpoint that checks none takes any."
            )
        endpoint = Endpoint(url=parsed, authorization=BearerToken(held), secrets=(held.strip(),), **trust)
    endpoint.check_files()
    return endpoint


def _secret(value: str | None, file: Path | None, option: str) -> str | None:
    """Return the secret of an option or of its file; what is typed on the command line can be seen by others."""
    name = option.replace("-", "_")
    context = click.get_current_context()
    is_typed = context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    if value is not None and file is not None and is_typed:
        raise UserInputError(f"Give --{option} or --{option}-file, not both.")
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise UserInputError(f"{file} cannot be read ({reason}); name a file that holds the secret.") from error
    if value is not None and is_typed:
        click.echo(f"Warning: others on this machine can see --{option}; --{option}-file hides it.", err=True)
    return value

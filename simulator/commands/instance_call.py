"""Talking to a running instance: its address and key stand in the data folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.service.instance import DEFAULT_FOLDER
from entra_sim.simulator.service.instance import running_instance

REQUEST_TIMEOUT_S = 600.0

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_FOLDER,
    show_default=True,
    help="Data folder of the instance.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def call_instance(data: Path, path: str, change: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the JSON answer of the instance over a data folder; with a change it is a POST.

    Raises:
        NotFound: no instance runs, or it does not answer, or it does not know what is named.
        StateConflict, UserInputError: the instance refuses; its own sentence.
    """
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.error import URLError
    from urllib.request import Request
    from urllib.request import urlopen

    instance = running_instance(data)
    headers = {"Authorization": f"Bearer {instance.key}", "Content-Type": "application/json"}
    body = None if change is None else json.dumps(change).encode()
    request = Request(f"{instance.admin_url}{path}", data=body, headers=headers)
    try:
        with urlopen(request, timeout=REQUEST_TIMEOUT_S) as answer:
            facts: dict[str, Any] = json.load(answer)
            return facts
    except HTTPError as error:
        try:
            message = str(json.load(error)["error"])
        except (ValueError, KeyError, TypeError):
            message = (
                f"The instance at {instance.admin_url} answered {error.code} {error.reason} to {path}. "
                "What 'entra-sim up' printed says more."
            )
        kinds = {404: NotFound, 409: StateConflict}
        raise kinds.get(error.code, UserInputError)(message) from error
    except (URLError, OSError) as error:
        raise NotFound(
            f"The instance at {instance.admin_url} does not answer. Start it again with 'entra-sim up'."
        ) from error
    except (ValueError, HTTPException) as error:
        raise NotFound(
            f"What answers at {instance.admin_url} is no instance of entra-sim. Start one with 'entra-sim up', "
            "on another --port if this one is taken."
        ) from error

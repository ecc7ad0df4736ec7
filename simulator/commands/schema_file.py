"""A job schema from a file, for commands that take one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from entra_sim.simulator.errors import UserInputError


def read_schema_file(path: Path) -> dict[str, Any]:
    """Return a job schema as Graph exports it.

    Raises:
        UserInputError: the file cannot be read or holds no usable schema.
    """
    from entra_sim.simulator.model.mapping import read_schema

    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"no JSON: {error}"
        raise UserInputError(f"{path} cannot be read ({reason}); give a job schema as Graph exports it.") from error
    if not isinstance(document, dict):
        raise UserInputError(f"{path} holds no job schema; give a synchronizationSchema as Graph exports it.")
    try:
        read_schema(document)
    except UserInputError as error:
        raise UserInputError(f"{path}: {error}") from error
    return document

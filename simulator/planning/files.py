"""The files a plan is made of: an exported job schema, and exports of the target's users and groups."""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

from entra_sim.simulator.engine.mapping import compile_mapping
from entra_sim.simulator.engine.scoping import check_filters
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.model.mapping import read_schema
from entra_sim.simulator.planning.accounts import Accounts

MAX_FILE_BYTES = 512 * 1024 * 1024
MAX_RESOURCES = 1_000_000


@dataclass(slots=True)
class TargetImage:
    """What the target holds, as far as files or the endpoint say. `notes`: what could not be had."""

    users: Accounts = field(default_factory=Accounts)
    groups: Accounts = field(default_factory=Accounts)
    notes: list[str] = field(default_factory=list)


def read_bytes_file(path: Path) -> bytes:
    """Return the bytes of a text file, without a byte order mark.

    Raises:
        UserInputError: it cannot be read, is too large or is no UTF-8 text.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise UserInputError(f"{path}: larger than {MAX_FILE_BYTES // 1024 // 1024} MB; split it")
        content = path.read_bytes().removeprefix(codecs.BOM_UTF8)
        content.decode()
    except OSError as error:
        raise UserInputError(f"{path}: cannot be read ({error.strerror}); check the name") from error
    except UnicodeDecodeError as error:
        raise UserInputError(f"{path}: byte {error.start} is no UTF-8; save the file as UTF-8") from error
    return content


def read_json_file(path: Path) -> Any:
    """Return the JSON of a file.

    Raises:
        UserInputError: it cannot be read or is no JSON; the message says where.
    """
    try:
        return json.loads(read_bytes_file(path))
    except json.JSONDecodeError as error:
        place = f"{path}: line {error.lineno}, column {error.colno}"
        raise UserInputError(f"{place}: no JSON ({error.msg}); export the file again") from error
    except RecursionError as error:
        raise UserInputError(f"{path}: nested too deeply to be a schema") from error


def read_schema_file(path: Path) -> dict[str, Any]:
    """Return a synchronizationSchema that the engine can use.

    Raises:
        UserInputError: it is none; the message says where.
    """
    document = read_json_file(path)
    if isinstance(document, Mapping) and isinstance(document.get("schema"), Mapping):
        document = document["schema"]
    check_schema(document, str(path))
    return dict(document)


def check_schema(document: Any, where: str) -> None:
    """Refuse what is no usable synchronizationSchema.

    Raises:
        UserInputError: what is wrong and where.
    """
    if not isinstance(document, Mapping):
        raise UserInputError(f"{where}: this is no synchronizationSchema; export it from the job's schema editor")
    try:
        schema = read_schema(document, where)
        for mapping in (schema.user, schema.group):
            compile_mapping(mapping)
            check_filters(mapping.scoping_filters, f"{where}: {mapping.name}", mapping.object_type)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, UserInputError):
            raise
        text = f"{where}: this is no synchronizationSchema ({type(error).__name__}: {error}); export it again"
        raise UserInputError(text) from error
    except UserInputError as error:
        text = str(error)
        raise error if text.startswith(where) else UserInputError(f"{where}: {text}") from error

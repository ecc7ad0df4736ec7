"""A data folder and the instance that runs over it: making the folder, the lock, and `instance.json`.

POSIX and Windows both give a lock that a kill frees. Everything that differs between them is in `_lock_file`.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from dataclasses import asdict
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import StateConflict

DEFAULT_FOLDER = Path(".entra-sim")
INSTANCE_FILE = "instance.json"
LOCK_FILE = "lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """Where a running instance listens, and the key that changes it."""

    admin_url: str
    tapt_url: str
    key: str
    process: int


class FolderLock:
    """A data folder that is made, writable and ours until `release`.

    Raises:
        StateConflict: it cannot be made or written, or another instance holds it; says what to do.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            ignore = folder / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
            self._file: IO[str] = open(folder / LOCK_FILE, "a+", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise StateConflict(
                f"The data folder '{folder}' cannot be used ({error.strerror or error}). "
                "Choose another with --data DIR, or run with --ephemeral."
            ) from error
        try:
            _lock_file(self._file)
        except OSError as error:
            self._file.close()
            raise StateConflict(
                f"The data folder '{folder}' is in use by another instance. Stop it, or choose another with --data DIR."
            ) from error

    def release(self) -> None:
        """Give the folder back."""
        (self.folder / INSTANCE_FILE).unlink(missing_ok=True)
        self._file.close()


def _lock_file(file: IO[str]) -> None:
    if sys.platform == "win32":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def new_key() -> str:
    """Return a fresh control key."""
    return secrets.token_urlsafe(24)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read; whoever waits for it finds the whole of it, or nothing."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)


def kept_key(path: Path) -> str:
    """Return the key that a file holds, made at the first call: sessions outlive a restart."""
    try:
        kept = path.read_text(encoding="utf-8").strip()
    except OSError:
        kept = ""
    if kept:
        return kept
    key = new_key()
    write_private(path, key + "\n")
    return key


def announce(folder: Path, instance: Instance) -> None:
    """Write where the instance listens, for commands that talk to it."""
    write_private(folder / INSTANCE_FILE, json.dumps(asdict(instance), indent=1) + "\n")


def running_instance(folder: Path) -> Instance:
    """Return the instance that runs over a folder.

    Raises:
        NotFound: none does; says how to start one.
    """
    try:
        facts = json.loads((folder / INSTANCE_FILE).read_text(encoding="utf-8"))
        return Instance(**facts)
    except (OSError, ValueError, TypeError):
        raise NotFound(
            f"No instance runs over '{folder}'. Start one with 'entra-sim up', or name its folder with --data DIR."
        ) from None

"""The calls that differ between operating systems: locking a file, listening at a port."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
from pathlib import Path
from typing import IO

from entra_sim.mock_tapt.errors import TaptError

BACKLOG = 1024
MANY_FILES = 4_096
"""Open files that are enough for all connections; macOS starts a process with 256."""


def lock_file(path: Path) -> IO[bytes]:
    """Return the open file whose lock this process holds until it ends, however it ends.

    Raises:
        TaptError: another process holds it.
    """
    handle = path.open("ab")
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        raise TaptError(
            f"Another entra-sim uses {path.parent}; stop it, or choose another --data folder or --ephemeral."
        ) from error
    return handle


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes any free one.

    Raises:
        TaptError: the port is taken, or the address is not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":  # there, sharing a port is what must be ruled out
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        where = f"{host}:{port}"
        if isinstance(error, PermissionError):
            raise TaptError(f"Port {port} is reserved for the system; choose one above 1023 with --port.") from error
        if error.errno != errno.EADDRINUSE:
            raise TaptError(
                f"Cannot listen at {where} ({error.strerror}); give --host an address of this machine."
            ) from error
        holder = _holder_of(port)
        by = f" by {holder}" if holder else ""
        raise TaptError(f"{where} is taken{by}; choose another port with --port, or 0 for any free one.") from error
    return listener


def allow_many_files() -> None:
    """Let this process hold as many connections as the system lets it; it starts with fewer."""
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = MANY_FILES if hard == resource.RLIM_INFINITY else min(MANY_FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _holder_of(port: int) -> str:
    """Return the process that listens on a port, as far as /proc tells."""
    try:
        lines = Path("/proc/net/tcp").read_text().splitlines()[1:] + Path("/proc/net/tcp6").read_text().splitlines()[1:]
        wanted = f":{port:04X}"
        inodes = {p[9] for line in lines if (p := line.split())[3] == "0A" and p[1].endswith(wanted)}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and inodes and _holds(folder, inodes):
                name = (folder / "comm").read_text().strip()
                return f"process {folder.name} ({name})"
    except OSError:
        return ""
    return ""


def _holds(folder: Path, inodes: set[str]) -> bool:
    try:
        links = [os.readlink(entry) for entry in (folder / "fd").iterdir()]
    except OSError:
        return False
    return any(link.startswith("socket:[") and link[8:-1] in inodes for link in links)


def make_private_folder(path: Path) -> None:
    """Make the data folder, readable by its owner only, that version control leaves alone.

    Raises:
        TaptError: it cannot be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        ignore = path / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
    except OSError as error:
        raise TaptError(f"Cannot make the data folder {path}: {error.strerror}.") from error


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all.

    Raises:
        TaptError: it cannot be written.
    """
    try:
        part = path.with_name(f"{path.name}.part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            handle.write(text)
        part.replace(path)
    except OSError as error:
        raise TaptError(f"Cannot write {path}: {error.strerror}.") from error

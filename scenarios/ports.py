"""Which process holds a port, where that can be known (Linux, own processes or as root)."""

from __future__ import annotations

from pathlib import Path

_PROC = Path("/proc")
_LISTEN = "0A"


def holder_of(port: int) -> str:
    """Return "NAME (process 123)" for the process that listens on a TCP port, or "" when that cannot be known."""
    inodes = _listening_inodes(port)
    if not inodes:
        return ""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in _PROC.glob("[0-9]*"):
        try:
            for descriptor in (process / "fd").iterdir():
                if str(descriptor.readlink()) in wanted:
                    name = (process / "comm").read_text(encoding="utf-8").strip()
                    return f"{name} (process {process.name})"
        except OSError:
            continue
    return ""


def _listening_inodes(port: int) -> set[str]:
    found: set[str] = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = (_PROC / "net" / table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTEN and int(fields[1].rsplit(":", 1)[1], 16) == port:
                found.add(fields[9])
    return found

"""Directories read from texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from entra_sim.simulator.ids import CountedIds
from entra_sim.simulator.tenants import DirectoryFileError
from entra_sim.simulator.tenants import DirectoryImage
from entra_sim.simulator.tenants import ReadReport
from entra_sim.simulator.tenants import read_directory
from entra_sim.simulator.tenants import read_report

Read = Callable[..., ReadReport]
Refuse = Callable[..., list[str]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function: file name → text or bytes, to what is read from all of them."""

    def reads(files: dict[str, str | bytes], *, known: DirectoryImage | None = None, **more: bool) -> ReadReport:
        paths = []
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            paths.append(path)
        return read_report(paths, new_id=CountedIds().new, known=known, **more)  # type: ignore[arg-type]

    return reads


@pytest.fixture
def read_folder(tmp_path: Path) -> Callable[[dict[str, str]], DirectoryImage]:
    """Return a function: file name in one folder → text, to the directory that the folder holds."""

    def reads(files: dict[str, str]) -> DirectoryImage:
        for name, content in files.items():
            path = tmp_path / "folder" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return read_directory(tmp_path / "folder", new_id=CountedIds().new)

    return reads


@pytest.fixture
def refuse(read: Read, tmp_path: Path) -> Refuse:
    """Return a function: files → the lines of the refusal, without the folder."""

    def refuses(files: dict[str, str | bytes], **more: bool) -> list[str]:
        with pytest.raises(DirectoryFileError) as caught:
            read(files, **more)
        return str(caught.value).replace(f"{tmp_path}/", "").split("\n")

    return refuses

"""Which files a command means: files, folders, the shipped library; filtered by words."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path

from entra_sim.simulator.errors import UserInputError

ENDINGS = (".yaml", ".yml")
DEFAULT_FOLDER = "scenarios"
LIBRARY = Path(__file__).parent / "library"


def is_scenario_file(path: Path) -> bool:
    """Return whether a file is a scenario by its name: a YAML ending, no dot or underscore in front."""
    return path.suffix in ENDINGS and not path.name.startswith((".", "_"))


def select(paths: Sequence[str], *, library: bool = False, words: str = "") -> list[tuple[Path, str]]:
    """Return (path, shown name) of every scenario file that is meant, in the order given, folders sorted.

    Args:
        paths: files and folders; without any, the library if asked for, else `./scenarios`.
        words: only files whose name, folder or title line holds all of these words.
    Raises:
        UserInputError: a path does not exist, or nothing matches.
    """
    found: dict[Path, str] = {}
    for root in _roots(paths, library):
        for path, shown in _files(root, is_library=library and root == LIBRARY):
            found.setdefault(path.resolve(), shown)
    chosen = [(path, shown) for path, shown in found.items() if _fits(path, words)]
    if not chosen:
        where = ", ".join(paths) if paths else ("the library" if library else f"./{DEFAULT_FOLDER}")
        raise UserInputError(
            f"no scenario in {where}"
            + (f" has '{words}' in its name or title" if words else "; scenario files end in .yaml")
        )
    return chosen


def _roots(paths: Sequence[str], library: bool) -> Iterable[Path]:
    if library:
        yield LIBRARY
    for name in paths:
        path = Path(name)
        if not path.exists():
            raise UserInputError(
                f"{name}: there is no such file or folder; 'entra-sim scenario list' shows the library"
            )
        yield path
    if not paths and not library:
        path = Path(DEFAULT_FOLDER)
        if not path.is_dir():
            raise UserInputError(
                "name a scenario file or folder; there is no folder ./scenarios here (--library means the shipped ones"
                + (", '.' those that lie here)" if any(map(is_scenario_file, Path().iterdir())) else ")")
            )
        yield path


def _files(root: Path, *, is_library: bool) -> Iterable[tuple[Path, str]]:
    if root.is_file():
        yield root, root.as_posix()
        return
    for path in sorted(root.rglob("*")):
        if path.is_file() and is_scenario_file(path):
            yield path, f"library/{path.relative_to(root).as_posix()}" if is_library else path.as_posix()


def _fits(path: Path, words: str) -> bool:
    wanted = words.casefold().split()
    if not wanted:
        return True
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as lines:
            head = "".join(line for _, line in zip(range(20), lines, strict=False))
    except OSError:
        head = ""
    title = next((line for line in head.splitlines() if line.startswith("scenario:")), "")
    text = f"{path.parent.name}/{path.stem} {title}".casefold()
    return all(word in text for word in wanted)

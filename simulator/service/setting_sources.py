"""Where settings come from: `entra-sim.toml`, the environment, `--set`. The later wins. Source: design.md section 5."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

from entra_sim.simulator.errors import SettingsError
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.settings import Settings
from entra_sim.simulator.settings import describe

FILE_NAME = "entra-sim.toml"
PREFIX = "ENTRA_SIM_"
MAX_FILE_BYTES = 1 << 20


def gathered_settings(
    assignments: Sequence[str] = (), *, folder: Path = Path(), environ: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings that hold for a command started in a folder.

    Args:
        assignments: `NAME=VALUE`, as given with --set.
        folder: where `entra-sim.toml` is looked for; its table `[settings]` holds names and values.
        environ: the environment; `ENTRA_SIM_WORKERS=4` sets `workers`.
    Raises:
        SettingsError: a name does not exist or a value is of the wrong kind; says where it was given.
        UserInputError: the file cannot be read, or an assignment has no "=".
    """
    settings = _from_file(folder / FILE_NAME)
    for item in describe():
        name = PREFIX + item.name.upper()
        if environ is not None and name in environ:
            settings = settings.replaced({item.name: environ[name]}, where=f"environment variable {name}")
    values = {}
    for assignment in assignments:
        name, separator, value = assignment.partition("=")
        if not separator:
            raise UserInputError(f"--set {assignment}: write NAME=VALUE, for example --set workers=4.")
        values[name.strip()] = value.strip()
    return settings.replaced(values, where="--set")


def _from_file(path: Path) -> Settings:
    if not path.is_file():
        return Settings()
    if path.stat().st_size > MAX_FILE_BYTES:
        raise UserInputError(f"{path}: the file is larger than {MAX_FILE_BYTES} bytes.")
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserInputError(f"{path}: not readable as TOML: {error}.") from error
    unknown = sorted(set(document) - {"settings"})
    if unknown:
        raise UserInputError(f"{path}: there is no table or key '{unknown[0]}'; settings stand in [settings].")
    values = document.get("settings", {})
    if not isinstance(values, dict):
        raise SettingsError(f"{path}: [settings] is a table of names and values.", name="settings")
    return Settings.from_mapping(values, where=str(path))

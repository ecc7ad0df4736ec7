"""Settings from file, environment and --set: the later wins, mistakes are named with their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.service.setting_sources import gathered_settings


def test_the_later_source_wins(tmp_path: Path) -> None:
    (tmp_path / "entra-sim.toml").write_text(
        "[settings]\nworkers = 2\npage_size = 7\nescrow_floor = 10\n", encoding="utf-8"
    )
    environ = {"ENTRA_SIM_PAGE_SIZE": "8", "ENTRA_SIM_ESCROW_FLOOR": "11", "PATH": "/bin"}
    settings = gathered_settings(["escrow_floor=12"], folder=tmp_path, environ=environ)
    assert settings.differing() == {"workers": 2, "page_size": 8, "escrow_floor": 12}


def test_without_any_source_the_defaults_hold(tmp_path: Path) -> None:
    assert gathered_settings(folder=tmp_path, environ={}).differing() == {}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[settings]\nworker = 2\n", "did you mean 'workers'"),
        ("[settings]\nworkers = 'many'\n", "needs a whole number"),
        ("[setings]\nworkers = 2\n", r"stand in \[settings\]"),
        ("[settings\n", "not readable as TOML"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_place(tmp_path: Path, text: str, wanted: str) -> None:
    (tmp_path / "entra-sim.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UserInputError, match=wanted) as refused:
        gathered_settings(folder=tmp_path, environ={})
    assert "entra-sim.toml" in str(refused.value)


def test_a_mistake_in_the_environment_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(UserInputError, match="ENTRA_SIM_WORKERS"):
        gathered_settings(folder=tmp_path, environ={"ENTRA_SIM_WORKERS": "many"})


def test_an_assignment_needs_a_value(tmp_path: Path) -> None:
    with pytest.raises(UserInputError, match="NAME=VALUE"):
        gathered_settings(["workers"], folder=tmp_path, environ={})

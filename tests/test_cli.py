"""The frame of the command line."""

from __future__ import annotations

from click.testing import CliRunner

from entra_sim.cli import root


def test_an_unknown_command_is_answered_with_the_nearest_one() -> None:
    result = CliRunner().invoke(root, ["evil"])
    assert result.exit_code == 2
    assert "Did you mean 'eval'?" in result.output

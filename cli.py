"""The command line: one group whose commands are loaded only when called, so that `--help` stays fast."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING
from typing import Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

# name → (module:attribute of the click command, one line for the list of commands, section of the list)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": (
        "entra_sim.scenarios.commands.demo:command",
        "Play the Tapt tutorial end to end over real HTTP.",
        "Start here",
    ),
    "up": (
        "entra_sim.scenarios.commands.up:command",
        "Serve both sides until Ctrl-C; state is kept.",
        "Start here",
    ),
    "run": (
        "entra_sim.scenarios.commands.run:command",
        "Run scenario files as regression tests.",
        "Scenarios",
    ),
    "scenario": (
        "entra_sim.scenarios.commands.scenario:command",
        "Write, check and describe scenario files.",
        "Scenarios",
    ),
    "clock": (
        "entra_sim.simulator.commands.clock:command",
        "Show or move the time of a running instance.",
        "Running instance",
    ),
    "do": (
        "entra_sim.scenarios.commands.do:command",
        "Do one scenario step, or check one expectation, on a running instance.",
        "Running instance",
    ),
    "logs": (
        "entra_sim.simulator.commands.logs:command",
        "Show, follow, export the provisioning log.",
        "Running instance",
    ),
    "why": (
        "entra_sim.simulator.commands.why:command",
        "What the next cycle does with a person or group, and why.",
        "Running instance",
    ),
    "lab": (
        "entra_sim.simulator.commands.lab:command",
        "Save and restore a running instance by name.",
        "Running instance",
    ),
    "tapt": (
        "entra_sim.mock_tapt.command:command",
        "Serve mock Tapt alone: SCIM API, dashboard, control API.",
        "Running instance",
    ),
    "sync": (
        "entra_sim.simulator.commands.sync:command",
        "Provision a directory from files into any SCIM endpoint.",
        "Your own endpoint",
    ),
    "check": (
        "entra_sim.simulator.commands.check:command",
        "Check an endpoint against everything Entra sends.",
        "Your own endpoint",
    ),
    "eval": (
        "entra_sim.simulator.commands.eval:command",
        "Evaluate a mapping expression; list the functions.",
        "Tools",
    ),
    "tenant": (
        "entra_sim.simulator.commands.tenant:command",
        "Make, import, export, show directories of people.",
        "Tools",
    ),
    "plan": (
        "entra_sim.simulator.commands.plan:command",
        "What a change would do to a whole directory, before it is made.",
        "Tools",
    ),
    "lint": (
        "entra_sim.simulator.commands.lint:command",
        "Find known traps in a job schema.",
        "Tools",
    ),
    "rules": (
        "entra_sim.simulator.commands.rules:command",
        "What is simulated, assumed, not simulated; explain an error code.",
        "Tools",
    ),
}
SECTIONS = ("Start here", "Scenarios", "Your own endpoint", "Running instance", "Tools")


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is called, and shows user errors as one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module_name, attribute = entry[0].split(":")
        command = getattr(importlib.import_module(module_name), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else "See 'entra-sim --help' for the commands."
            raise click.UsageError(f"{error.message.rstrip('.')}. {hint}", ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section in SECTIONS:
            rows = [(name, entry[1]) for name, entry in COMMANDS.items() if entry[2] == section]
            if rows:
                with formatter.section(section):
                    formatter.write_dl(rows)


@click.group(
    cls=LazyGroup,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "ENTRA_SIM",
        "max_content_width": 100,
    },
)
@click.version_option(package_name="entra-sim", prog_name="entra-sim")
def root() -> None:
    """Microsoft Entra ID provisioning on a laptop: a simulator of the service, and mock Tapt to provision into.

    Unofficial; not affiliated with Microsoft or Tapt. Nothing leaves this machine. Every option can also be given as an
    environment variable, ENTRA_SIM_<COMMAND>_<OPTION>.
    """


def main(arguments: Sequence[str] | None = None) -> Any:
    """Run the command line. Exit codes: 0 done, 1 an expectation or gate failed, 2 the input is wrong, 130 Ctrl-C."""
    from entra_sim.simulator.errors import SimulatorError
    from entra_sim.simulator.errors import machine_fault

    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    try:
        return root.main(args=list(arguments) if arguments is not None else None, standalone_mode=False)
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except SimulatorError as error:
        click.echo(f"entra-sim: {error}", err=True)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nStopped.", err=True)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output has gone (`... | head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        sentence = machine_fault(error)
        if sentence is None:
            raise
        click.echo(f"entra-sim: {sentence}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()

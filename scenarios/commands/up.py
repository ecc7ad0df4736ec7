"""`entra-sim up`: both sides in one process, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.errors import machine_fault
from entra_sim.simulator.service.instance import DEFAULT_FOLDER
from entra_sim.simulator.service.instance import FolderLock
from entra_sim.simulator.service.instance import Instance
from entra_sim.simulator.service.instance import announce
from entra_sim.simulator.service.instance import kept_key
from entra_sim.simulator.service.instance import new_key
from entra_sim.simulator.service.instance import write_private

if TYPE_CHECKING:
    from entra_sim.scenarios.world import World

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.command("up")
@click.option("--port", type=click.IntRange(0, 65535), default=8470, show_default=True, help="Admin side; 0: any free.")
@click.option("--tapt-port", type=click.IntRange(0, 65535), default=8471, show_default=True, help="Tapt; 0: any free.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to bind; others can reach another one.")
@click.option("--allow-host", multiple=True, help="Host name under which pages may be called besides loopback names.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_FOLDER,
    show_default=True,
    help="Folder for the state; made on first use.",
)
@click.option("--ephemeral", is_flag=True, help="Keep nothing: a temporary folder, removed at the end.")
@click.option("--empty", is_flag=True, help="Do not seed the demo tenant on first start.")
@click.option("--sign-in/--no-sign-in", default=True, show_default=True, help="Ask who it is, on both sides.")
@click.option("--clock", "clock_rate", help="live, frozen, or a rate such as 60x; default: as it was, live at first.")
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="A setting; 'rules --settings' lists.")
@click.option("--ready-file", type=click.Path(dir_okay=False, path_type=Path), help="Write URLs and key here as JSON.")
def command(
    port: int,
    tapt_port: int,
    host: str,
    allow_host: tuple[str, ...],
    data: Path,
    ephemeral: bool,
    empty: bool,
    sign_in: bool,
    clock_rate: str | None,
    assignments: tuple[str, ...],
    ready_file: Path | None,
) -> None:
    """Serve both sides in one process: the simulator's page and Tapt. State is kept in the data folder.

    The first start makes a demo tenant (40 people, 6 groups) and configures nothing: the tutorial does. Ctrl-C stops;
    the next start goes on, and what fell due meanwhile runs once.

    \b
    Examples:
      entra-sim up
      entra-sim up --port 0 --tapt-port 0 --ready-file ready.json
      entra-sim up --ephemeral --clock frozen
    """
    from entra_sim.simulator.service.setting_sources import gathered_settings

    settings = gathered_settings(assignments, environ=os.environ)
    rate = _rate(clock_rate)
    with tempfile.TemporaryDirectory(prefix="entra-sim-") as temporary:
        folder = Path(temporary) / "data" if ephemeral else data
        lock = FolderLock(folder)
        try:
            from entra_sim.scenarios.world import World

            world = World.open_folder(folder, settings=settings, rate=rate)
            world.keep_saves_in(folder / "saves")
            try:
                key = new_key()
                hosts = frozenset({"127.0.0.1", "localhost", "[::1]", *allow_host, *_own_name(host)})
                admin_url, tapt_url = world.serve(
                    host=host,
                    port=port,
                    tapt_port=tapt_port,
                    key=key,
                    hosts=hosts,
                    sign_in=sign_in,
                    session_key=kept_key(folder / "session.key"),
                    folder=Path.cwd(),
                )
                if not empty:
                    _seed(world)
                instance = Instance(admin_url=admin_url, tapt_url=tapt_url, key=key, process=os.getpid())
                announce(folder, instance)
                _tell(world, instance, host, folder, ephemeral=ephemeral, asks_sign_in=sign_in)
                if world.library is not None:
                    world.library.read_ahead()
                facts = {"admin_url": admin_url, "tapt_url": tapt_url, "key": key, "process": os.getpid()}
                _run_until_stopped(world, lambda: _write_ready(ready_file, facts))
            finally:
                world.close()
        finally:
            lock.release()
    click.echo("Stopped. Everything is saved." if not ephemeral else "Stopped.")


def _write_ready(ready_file: Path | None, facts: dict[str, object]) -> None:
    if ready_file is not None:
        write_private(ready_file, json.dumps(facts, indent=1) + "\n")


def _rate(text: str | None) -> float | None:
    if text is None:
        return None
    words = {"live": 1.0, "frozen": 0.0}
    if text in words:
        return words[text]
    try:
        rate = float(text.removesuffix("x"))
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= 100_000:
        raise UserInputError(f"--clock {text}: write live, frozen, or a rate such as 60x.")
    return rate


def _own_name(host: str) -> tuple[str, ...]:
    return () if host in LOOPBACK or host in ("0.0.0.0", "::") else (host,)


def _seed(world: World) -> None:
    """Make the demo tenant when the directory is empty."""
    directory = world.simulator.directory
    if world.simulator.core.directory.count_users() or directory.users(deleted=True, limit=1):
        return
    from entra_sim.simulator.tenants import demo_tenant

    directory.import_image(demo_tenant(world.ids.new))


def _tell(
    world: World,
    instance: Instance,
    host: str,
    folder: Path,
    *,
    ephemeral: bool,
    asks_sign_in: bool,
) -> None:
    admin_url, tapt_url, key = instance.admin_url, instance.tapt_url, instance.key
    click.echo(f"Entra side  {admin_url}")
    click.echo(f"Tapt        {tapt_url}")
    for mail, password in world.tapt_passwords.items() if asks_sign_in else ():
        click.echo(f"            {mail} / {password}")
    if asks_sign_in and host not in LOOPBACK:
        click.echo(f"Access key  {key} (the Entra side asks for it at sign-in)")
    click.echo(f"Time        {world.clock.now():%Y-%m-%d %H:%M:%S} UTC, {world.clock.rate:g}x")
    click.echo(f"State       {'kept nowhere (--ephemeral)' if ephemeral else folder}")
    if host not in LOOPBACK:
        click.echo(f"Warning: bound to {host}; others on the network can reach this lab.", err=True)
    click.echo("Ctrl-C stops. 'entra-sim clock advance 40m' moves the time from another terminal.")


def _run_until_stopped(world: World, tell_ready: Callable[[], None]) -> None:
    """Let time pass until a signal comes; `tell_ready` is called once signals are heeded."""
    from entra_sim.simulator.service.scheduler import Ticker

    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    world.simulator.runner.should_stop = stopped.is_set

    told: list[str] = []

    def tick() -> None:
        try:
            world.simulator.time.tick()
            world.simulator.keeper.save()
        except Exception as error:
            sentence = machine_fault(error)
            if sentence is None:
                raise
            if sentence not in told:  # once, not each second
                told.append(sentence)
                click.echo(f"entra-sim: {sentence} What was under way goes on then.", err=True)
        else:
            told.clear()

    ticker = Ticker(tick)
    ticker.start()
    try:
        tell_ready()
        while not stopped.wait(0.5):
            continue
    finally:
        ticker.stop()
        world.simulator.keeper.save()
        for number, handler in previous.items():
            signal.signal(number, handler)

"""Many scenarios: one after the other or in several processes, with transcripts written and compared."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path

from entra_sim.scenarios import transcript
from entra_sim.scenarios.outcome import Failure
from entra_sim.scenarios.outcome import Outcome
from entra_sim.scenarios.outcome import ScenarioOutcome
from entra_sim.scenarios.problems import ScenarioProblems
from entra_sim.scenarios.runner import RunOptions
from entra_sim.scenarios.runner import run
from entra_sim.simulator.errors import ScenarioError
from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.errors import UserInputError

MAX_JOBS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """How a batch is run.

    Args:
        jobs: processes.
        is_fail_fast: begin no further scenario after the first that did not pass.
        transcripts: folder that gets every transcript, or None.
        is_update: store this run's transcripts beside the scenarios as the accepted ones.
    """

    run: RunOptions = RunOptions()  # noqa: RUF009 — a frozen value
    jobs: int = 1
    is_fail_fast: bool = False
    transcripts: Path | None = None
    is_update: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    path: Path
    shown: str
    transcript_name: str


def run_batch(
    chosen: Sequence[tuple[Path, str]], options: BatchOptions, heard: Callable[[ScenarioOutcome], None]
) -> list[ScenarioOutcome]:
    """Run the files and return how they ended, in the order given.

    Args:
        chosen: (path, shown name) each.
        heard: called with every outcome, in the order given.
    Raises:
        UserInputError: the folder for transcripts cannot be written.
    """
    if options.transcripts is not None:
        _make_folder(options.transcripts)
    tasks = _tasks(chosen)
    if options.jobs <= 1 or len(tasks) == 1:
        return _one_by_one(tasks, options, heard)
    return _in_processes(tasks, options, heard)


def _tasks(chosen: Sequence[tuple[Path, str]]) -> list[_Task]:
    stems = Counter(path.stem for path, _ in chosen)
    return [
        _Task(
            path=path,
            shown=shown,
            transcript_name=path.stem
            if stems[path.stem] == 1
            else shown.rpartition(".")[0].replace("/", "-").strip("-."),
        )
        for path, shown in chosen
    ]


def _one_by_one(
    tasks: list[_Task], options: BatchOptions, heard: Callable[[ScenarioOutcome], None]
) -> list[ScenarioOutcome]:
    outcomes = []
    for task in tasks:
        outcomes.append(run_file(task, options))
        heard(outcomes[-1])
        if options.is_fail_fast and outcomes[-1].outcome.is_bad:
            break
    return outcomes


def _in_processes(
    tasks: list[_Task], options: BatchOptions, heard: Callable[[ScenarioOutcome], None]
) -> list[ScenarioOutcome]:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import active_children
    from multiprocessing import get_context

    outcomes = []
    workers = min(options.jobs, MAX_JOBS, len(tasks))
    with ProcessPoolExecutor(max_workers=workers, mp_context=get_context("spawn"), initializer=_quiet) as pool:
        futures = [pool.submit(run_file, task, options) for task in tasks]
        try:
            for future in futures:
                outcomes.append(future.result())
                heard(outcomes[-1])
                if options.is_fail_fast and outcomes[-1].outcome.is_bad:
                    break
        except BaseException:
            for process in active_children():
                process.terminate()
            raise
        finally:
            for future in futures:
                future.cancel()
    return outcomes


def _quiet() -> None:
    """Leave Ctrl-C to the parent, which ends the pool."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


def run_file(task: _Task, options: BatchOptions) -> ScenarioOutcome:
    """Return how one file ended; a file that cannot be loaded is an outcome too."""
    from entra_sim.scenarios.loader import load

    try:
        scenario = load(task.path, task.shown)
        outcome = run(scenario, options.run)
    except UserInputError as error:
        return _unreadable(task, error)
    except SimulatorError as error:
        return _unreadable(task, error)
    except Exception as error:
        return _broken(task, error)
    if options.transcripts is not None and outcome.transcript:
        _write(options.transcripts / f"{task.transcript_name}{transcript.ENDING}", outcome.transcript)
    return _compared(task, outcome, options)


def _compared(task: _Task, outcome: ScenarioOutcome, options: BatchOptions) -> ScenarioOutcome:
    """Return the outcome, failed when an accepted transcript stands beside the scenario and differs.

    A foreign target answers in its own way: nothing is compared then.
    """
    accepted = transcript.expected_path(task.path)
    if outcome.outcome is not Outcome.PASSED or options.run.target is not None:
        return outcome
    if options.is_update:
        _write(accepted, outcome.transcript)
        return outcome
    if not accepted.is_file():
        return outcome
    lines = transcript.difference(accepted.read_bytes().decode("utf-8", "replace"), outcome.transcript)
    if not lines:
        return outcome
    return replace(
        outcome,
        outcome=Outcome.FAILED,
        failure=Failure(
            where=f"{task.shown.rpartition('.')[0]}{transcript.ENDING}:1:1",
            line=1,
            subject="transcript",
            message="the transcript is not the accepted one; --update accepts it",
            context=lines,
        ),
    )


def _unreadable(task: _Task, error: SimulatorError) -> ScenarioOutcome:
    place = error.problems[0] if isinstance(error, ScenarioProblems) else error
    line = place.line if isinstance(place, ScenarioError) else 1
    where = f"{task.shown}:{line}:{place.column if isinstance(place, ScenarioError) else 1}"
    failure = Failure(where=where, line=line, subject="", message=str(error))
    return _not_run(task, failure)


def _broken(task: _Task, error: Exception) -> ScenarioOutcome:
    """Return the outcome of a defect of entra-sim itself; its last frames help to report it."""
    import traceback

    frames = traceback.format_exception(error)[-6:]
    lines = tuple(line for frame in frames for line in frame.rstrip().splitlines())
    message = f"a defect of entra-sim: {type(error).__name__}: {error}"
    return _not_run(task, Failure(where=f"{task.shown}:1:1", line=1, subject="", message=message, context=lines))


def _not_run(task: _Task, failure: Failure) -> ScenarioOutcome:
    from entra_sim.scenarios.loader import DEFAULT_START

    return ScenarioOutcome(
        path=task.shown,
        name=task.path.stem,
        title=task.path.stem,
        why="",
        rules=(),
        outcome=Outcome.ERROR,
        started_at=DEFAULT_START,
        failure=failure,
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserInputError(f"the folder {folder} cannot be made: {error.strerror}; name another one") from error
    if not os.access(folder, os.W_OK):
        raise UserInputError(f"the folder {folder} is read-only; name another one")


def _write(path: Path, text: str) -> None:
    try:
        path.write_bytes(text.encode("utf-8"))
    except OSError as error:
        raise UserInputError(f"{path} cannot be written: {error.strerror}") from error

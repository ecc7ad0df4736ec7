"""The processes that plan: this one and, for a large directory, a second one that it talks to over pipes.

Started the same way on every system, as a fresh interpreter, so that nothing depends on what a fork would copy. No
more is sent than its share of the people; its answers come back packed.
"""

from __future__ import annotations

import gc
import json
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from collections.abc import Sequence
from typing import IO
from typing import Any

from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.planning.cycle import Environment
from entra_sim.simulator.planning.cycle import Progress
from entra_sim.simulator.planning.packing import return_memory
from entra_sim.simulator.planning.sharing import Share
from entra_sim.simulator.planning.target import PretendTarget
from entra_sim.simulator.planning.users import UserHalf

_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from entra_sim.simulator.planning.crew import serve; serve()"
)


def made_half(environment: Environment, share: Share, prefix: str) -> UserHalf:
    """Return the users of a share with a pretend target that holds the accounts of the share."""
    target = PretendTarget(prefix)
    target.load("User", share.accounts)
    return UserHalf(environment, target, share.people)


class Helper:
    """A second process. It loads its code while this one goes on."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", _START, json.dumps(sys.path)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def send(self, message: Any) -> None:
        """Send what the other process is to do."""
        assert self._process.stdin is not None
        try:
            pickle.dump(message, self._process.stdin, pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()
        except (OSError, ValueError) as error:  # ValueError: the pipe is closed already
            raise _lost() from error

    def receive(self) -> Any:
        """Return the answer.

        Raises:
            Exception: what was raised there.
            UserInputError: the process is gone.
        """
        assert self._process.stdout is not None
        try:
            is_well, result = pickle.load(self._process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            raise _lost() from error
        if not is_well:
            raise result
        return result

    def end(self) -> None:
        """Stop the process, whatever it does."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except OSError:  # what was not yet sent cannot be sent any more
                continue
        self._process.kill()
        self._process.wait()


def _lost() -> UserInputError:
    return UserInputError("The second process has ended before its work was done; plan with --processes 1.")


class Crew:
    """The shares at work: the first in this process, the others in processes of their own."""

    def __init__(self, environment: Environment, shares: Sequence[Share], helpers: Sequence[Helper]) -> None:
        self._helpers = helpers
        for number, (helper, share) in enumerate(zip(helpers, shares[1:], strict=True), 2):
            helper.send((environment, share, f"planned-{number}"))
        self.own = made_half(environment, shares[0], "planned-1")

    def each(self, name: str, *arguments: Any, progress: Progress | None = None) -> list[Any]:
        """Return what a method of every share's `UserHalf` returns, called at the same time."""
        for helper in self._helpers:
            helper.send((name, arguments))
        method: Callable[..., Any] = getattr(self.own, name)
        size = len(self._helpers) + 1
        if progress is not None:
            tell = progress
            results = [method(*arguments, lambda what, count: tell(what, count * size))]
        else:
            results = [method(*arguments)]
        return results + [helper.receive() for helper in self._helpers]


def serve() -> None:
    """Work on one share in a process of its own, until the one that asks is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one that asks is interrupted, and ends this one
    gc.disable()  # a plan makes no cycles worth mentioning; looking for them costs a tenth of the time
    asked, answers, sys.stdout = sys.stdin.buffer, sys.stdout.buffer, sys.stderr
    try:
        environment, share, prefix = pickle.load(asked)
        half = made_half(environment, share, prefix)
        del share
        return_memory()
        while True:
            name, arguments = pickle.load(asked)
            _answer(half, name, arguments, answers)
    except (EOFError, OSError):
        return


def _answer(half: UserHalf, name: str, arguments: Sequence[Any], answers: IO[bytes]) -> None:
    extra = (_quiet,) if name == "work" else ()
    try:
        result = (True, getattr(half, name)(*arguments, *extra))
    except Exception as error:  # told to the process that asked, which raises it
        result = (False, _portable(error))
    pickle.dump(result, answers, pickle.HIGHEST_PROTOCOL)
    answers.flush()


def _portable(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # its class wants more than its message
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _quiet(_what: str, _count: int) -> None:
    return None

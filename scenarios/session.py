"""One world while a scenario, or somebody at a running instance, acts on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import StateConflict

if TYPE_CHECKING:
    from entra_sim.scenarios.foreign import Visit
    from entra_sim.scenarios.model import Step
    from entra_sim.scenarios.world import World

COMPLIANCE_FLAG = "aadOptscim062020"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Where "since" begins: the last sequence number that is not looked at any more, per kind of record."""

    requests: int = 0
    logs: int = 0
    audit: int = 0
    mail: int = 0


class Session:
    """The world, the current application, and what the last steps showed.

    Args:
        world: an open World.
        folder: where files that a step names are looked for.
        foreign: the stay at a foreign endpoint, when that is the target in place of mock Tapt.
    """

    def __init__(self, world: World, *, folder: Path, foreign: Visit | None = None) -> None:
        self.world = world
        self.folder = folder
        self.foreign = foreign
        self.window = Window()
        self.application_name = ""
        self.connection: Any = None
        self.on_demand: Any = None
        self.issued_token: Any = None
        self.happenings: list[Any] = []

    @property
    def simulator(self) -> Any:
        """Return the simulator's facade."""
        return self.world.simulator

    @property
    def tapt(self) -> Any:
        """Return mock Tapt.

        Raises:
            StateConflict: the world's target is a foreign endpoint.
        """
        if self.world.tapt is None:
            raise StateConflict("this step needs mock Tapt, and the target is another endpoint; leave the step out")
        return self.world.tapt

    @property
    def application(self) -> Any:
        """Return the current application; the only one when none was chosen.

        Raises:
            NotFound: there is none yet, or one of several must be chosen.
        """
        if not self.application_name:
            names = [application.name for application in self.simulator.applications.list()]
            if not names:
                raise NotFound("there is no application yet; begin with 'create application: Tapt Integration'")
            if len(names) > 1:
                raise NotFound(
                    f"there are several applications; add 'application: NAME' to the step: {', '.join(names)}"
                )
            self.application_name = names[0]
        return self.simulator.applications.get(self.application_name)

    def use_application(self, name: str) -> None:
        """Make an existing application the current one.

        Raises:
            NotFound: no application has this name.
        """
        self.simulator.applications.get(name)
        self.application_name = name

    def tapt_credentials(self, *, flagged: bool) -> tuple[str, str]:
        """Return tenant URL and secret token as Tapt showed them last; a token is generated when none was.

        Args:
            flagged: put the compliance flag at the end of the URL (WIRE-002).
        """
        if self.foreign is not None:
            return self.foreign.credentials(flagged=flagged)
        if self.issued_token is None:
            self.issued_token = self.tapt.generate_token()
        url = str(self.issued_token.url or f"{self.world.tapt_url}/scim/v2")
        return (f"{url}?{COMPLIANCE_FLAG}" if flagged else url), str(self.issued_token.secret)

    def target_url(self, url: str) -> str:
        """Return a tenant URL that a file names; mock Tapt's address means the foreign endpoint where there is one."""
        return url if self.foreign is None else self.foreign.moved(url)

    def held_users(self) -> list[dict[str, Any]]:
        """Return the users that the target holds, as SCIM resources: from Tapt's inside, or read over SCIM."""
        return list(self.tapt.users()) if self.foreign is None else self.foreign.users()

    def held_groups(self) -> list[dict[str, Any]]:
        """Return the groups that the target holds, likewise."""
        return list(self.tapt.groups()) if self.foreign is None else self.foreign.groups()

    def advance(self, span: timedelta) -> None:
        """Let time pass; what happened on the way is added to `happenings`."""
        self.happenings += self.world.advance(span)

    def perform(self, step: Step) -> None:
        """Do one step, then run what falls due at this very instant: a start, a restart, allowed deletes.

        Raises:
            SimulatorError: the step is refused.
        """
        if step.application:
            self.use_application(step.application)
        if step.verb is not None:
            step.verb.perform(self, step.argument)
            self.advance(timedelta())

    def open_window(self) -> None:
        """Let the next window begin here."""
        simulator, world = self.simulator, self.world
        before = self.window
        self.window = Window(
            requests=_last(world.exchanges(before.requests), before.requests),
            logs=_last(self.logs(before.logs), before.logs),
            audit=_last(simulator.queries.audit(before.audit), before.audit),
            mail=_last(simulator.queries.mail(before.mail), before.mail),
        )

    def logs(self, since: int) -> list[Any]:
        """Return the provisioning log of all applications after a sequence number, oldest first."""
        entries = []
        for application in self.simulator.applications.list():
            entries += self.simulator.queries.logs(application, since=since)
        return sorted(entries, key=lambda entry: entry.sequence)


def _last(records: Any, before: int) -> int:
    return max((record.sequence for record in records), default=before)

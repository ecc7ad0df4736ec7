"""Runs one scenario in a fresh world: set-up, steps in order, the first difference ends it.

Observers hear of every step as it happens; the narrated demo and the progress display are observers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from typing import Protocol

from entra_sim.scenarios import transcript
from entra_sim.scenarios.expectations.check import check
from entra_sim.scenarios.expectations.target import holdings
from entra_sim.scenarios.foreign import ForeignTarget
from entra_sim.scenarios.foreign import Visit
from entra_sim.scenarios.foreign import not_applicable
from entra_sim.scenarios.matching import is_like
from entra_sim.scenarios.model import ApplicationPlan
from entra_sim.scenarios.model import Expectation
from entra_sim.scenarios.model import Scenario
from entra_sim.scenarios.model import Step
from entra_sim.scenarios.outcome import Event
from entra_sim.scenarios.outcome import Failure
from entra_sim.scenarios.outcome import Outcome
from entra_sim.scenarios.outcome import ScenarioOutcome
from entra_sim.scenarios.outcome import StepOutcome
from entra_sim.scenarios.problems import Place
from entra_sim.scenarios.recorder import Recorder
from entra_sim.scenarios.session import Session
from entra_sim.scenarios.session import Window
from entra_sim.scenarios.steps.application import add_role
from entra_sim.scenarios.steps.application import set_scope
from entra_sim.scenarios.steps.directory import create_user
from entra_sim.scenarios.steps.mappings import set_group_mapping
from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.settings import Settings

OpenWorld = Callable[..., AbstractContextManager[Any]]


class Observer(Protocol):
    """Hears of a run while it goes on."""

    def begins(self, scenario: Scenario, session: Session) -> None:
        """Hear that the world stands and the first step is next."""

    def step_begins(self, step: Step) -> None:
        """Hear that a step is about to be done."""

    def step_ended(self, step: Step, events: tuple[Event, ...], session: Session) -> None:
        """Hear what a step brought about."""

    def ended(self, outcome: ScenarioOutcome, session: Session) -> None:
        """Hear how the scenario ended, while its world is still open."""


class Silent:
    """An observer that says nothing."""

    def begins(self, scenario: Scenario, session: Session) -> None:
        """Ignore it."""

    def step_begins(self, step: Step) -> None:
        """Ignore it."""

    def step_ended(self, step: Step, events: tuple[Event, ...], session: Session) -> None:
        """Ignore it."""

    def ended(self, outcome: ScenarioOutcome, session: Session) -> None:
        """Ignore it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How scenarios are run.

    Args:
        transport: "wsgi" in one process, "http" over loopback sockets.
        settings: values over the scenario's own, by name.
        target: a foreign endpoint in place of mock Tapt.
    """

    transport: str = "wsgi"
    settings: tuple[tuple[str, str], ...] = ()
    target: ForeignTarget | None = None


class _Stop(Exception):
    """The scenario ends here; carries why."""

    def __init__(self, outcome: Outcome, failure: Failure) -> None:
        super().__init__(failure.message)
        self.outcome = outcome
        self.failure = failure


def run(
    scenario: Scenario,
    options: RunOptions | None = None,
    observer: Observer | None = None,
    open_world: OpenWorld | None = None,
) -> ScenarioOutcome:
    """Run a scenario and return how it ended; nothing of the world is left.

    Args:
        open_world: World.open, or what stands for it.
    """
    options = options or RunOptions()
    observer = observer or Silent()
    if options.target is None:
        return _run_in(scenario, options, observer, open_world)
    obstacle = not_applicable(scenario)
    if obstacle is not None:
        return _without_run(scenario, obstacle)
    with options.target.visit(scenario) as visit:
        outcome = _run_in(scenario, options, observer, visit.open_world, visit)
    return visit.judged(outcome)


def _run_in(
    scenario: Scenario,
    options: RunOptions,
    observer: Observer,
    open_world: OpenWorld | None,
    visit: Visit | None = None,
) -> ScenarioOutcome:
    began = time.perf_counter()
    settings = Settings.from_mapping(scenario.settings).replaced(dict(options.settings))
    if open_world is None:
        from entra_sim.scenarios.world import World

        open_world = World.open
    with open_world(
        start=scenario.start, settings=settings, transport=options.transport, seed=scenario.path.name
    ) as world:
        session = Session(world, folder=scenario.path.parent, foreign=visit)
        outcome = _Run(scenario, session, observer).outcome(settings, began)
        observer.ended(outcome, session)
    return outcome


def _without_run(scenario: Scenario, obstacle: Failure) -> ScenarioOutcome:
    return ScenarioOutcome(
        path=scenario.shown_path,
        name=scenario.name,
        title=scenario.title,
        why=scenario.why,
        rules=scenario.rules,
        outcome=Outcome.NOT_APPLICABLE,
        started_at=scenario.start,
        steps=tuple(
            StepOutcome(number=step.number, text=step.text, line=step.place.line, outcome=Outcome.NOT_RUN)
            for step in scenario.steps
        ),
        failure=obstacle,
    )


class _Run:
    """One run; holds what has happened so far."""

    def __init__(self, scenario: Scenario, session: Session, observer: Observer) -> None:
        self._scenario = scenario
        self._session = session
        self._observer = observer
        self._recorder = Recorder(session)
        self._steps: list[StepOutcome] = []

    def outcome(self, settings: Settings, began: float) -> ScenarioOutcome:
        scenario, failure, kind = self._scenario, None, Outcome.PASSED
        try:
            self._set_up()
            self._observer.begins(scenario, self._session)
            self._exercise() if scenario.exercise else self._perform_all(scenario.steps)
        except _Stop as stop:
            kind, failure = stop.outcome, stop.failure
        done = {step.number for step in self._steps}
        rest = [
            StepOutcome(number=step.number, text=step.text, line=step.place.line, outcome=Outcome.NOT_RUN)
            for step in scenario.steps
            if step.number not in done
        ]
        return ScenarioOutcome(
            path=scenario.shown_path,
            name=scenario.name,
            title=scenario.title,
            why=scenario.why,
            rules=scenario.rules,
            outcome=kind,
            started_at=scenario.start,
            simulated=self._session.world.clock.now() - scenario.start,
            seconds=time.perf_counter() - began,
            settings=settings.differing(),
            steps=(*self._steps, *rest),
            events=tuple(self._recorder.events),
            failure=failure,
            holdings=holdings(self._session),
            transcript=transcript.render(scenario, self._recorder.events),
        )

    def _set_up(self) -> None:
        place = Place(1, 1)
        try:
            set_up_tenant(self._session, self._scenario)
            for plan in self._scenario.applications:
                place = plan.place
                set_up_application(self._session, plan)
            if self._scenario.applications:
                self._session.use_application(self._scenario.applications[0].name)
        except SimulatorError as error:
            raise self._error(place, "", f"the scenario cannot be set up: {error}", Outcome.ERROR) from error
        self._recorder.collect()
        self._session.open_window()

    def _exercise(self) -> None:
        exercise = self._scenario.exercise
        assert exercise is not None
        self._perform_all(self._scenario.steps)
        if all(check(self._session, item, Window()) is None for item in exercise.done_when):
            raise self._error(exercise.place, "", "the exercise is solved before anybody repairs it", Outcome.FAILED)
        self._perform_all(exercise.solution, first=len(self._scenario.steps) + 1)
        self._check(exercise.done_when, Window())

    def _perform_all(self, steps: tuple[Step, ...], first: int = 1) -> None:
        for offset, step in enumerate(steps):
            self._perform(step, first + offset)

    def _perform(self, step: Step, number: int) -> None:
        self._observer.step_begins(step)
        at = self._session.world.clock.now()
        before = self._session.window
        told = [("say", step.guidance.say), ("at", step.guidance.at)]
        self._recorder.step(f"step {number}: {step.text}", [f"{key}: {text}" for key, text in told if text])
        outcome = Outcome.ERROR
        try:
            window = self._window_of(step)
            self._act(step)
            events = self._recorder.collect()
            outcome = Outcome.FAILED
            self._check(step.expectations, before)
            self._check(step.guidance.done_when, window)
            outcome = Outcome.PASSED
        except _Stop as stop:
            outcome = stop.outcome
            raise
        finally:
            self._steps.append(
                StepOutcome(
                    number=number,
                    text=step.text,
                    line=step.place.line,
                    outcome=outcome,
                    at=at,
                    say=step.guidance.say,
                    screen=step.guidance.at,
                )
            )
        if step.expectations:
            self._session.open_window()
        self._observer.step_ended(step, events, self._session)

    def _window_of(self, step: Step) -> Window:
        """Return the window of a `done when`: what the step itself brings about."""
        if not step.guidance.done_when:
            return self._session.window
        saved = self._session.window
        self._session.open_window()
        fresh, self._session.window = self._session.window, saved
        return fresh

    def _act(self, step: Step) -> None:
        if step.verb is None:
            return
        try:
            self._session.perform(step)
        except SimulatorError as error:
            self._refused(step, error)
            return
        if step.refused is not None:
            raise self._error(
                step.place,
                step.text,
                "the step was done, but the scenario says that it is refused",
                Outcome.FAILED,
                expected=step.refused,
                actual="no refusal",
            )

    def _refused(self, step: Step, error: SimulatorError) -> None:
        if step.refused is None:
            kind = Outcome.ERROR if error.exit_code == 2 else Outcome.FAILED
            raise self._error(step.place, step.text, str(error), kind) from error
        if not is_like(str(error), step.refused):
            raise self._error(
                step.place,
                step.text,
                "the step was refused, but with another sentence",
                Outcome.FAILED,
                expected=step.refused,
                actual=str(error),
            ) from error

    def _check(self, expectations: tuple[Expectation, ...], window: Window) -> None:
        for expectation in expectations:
            try:
                miss = check(self._session, expectation, window)
            except SimulatorError as error:
                raise self._error(expectation.place, expectation.noun.name, str(error), Outcome.ERROR) from error
            if miss is not None:
                raise self._error(
                    miss.place,
                    miss.subject,
                    f"{miss.subject} is not as expected",
                    Outcome.FAILED,
                    expected=miss.expected,
                    actual=miss.actual,
                )

    def _error(
        self, place: Place, subject: str, message: str, outcome: Outcome, *, expected: str = "", actual: str = ""
    ) -> _Stop:
        self._recorder.collect()
        return _Stop(
            outcome,
            Failure(
                where=f"{self._scenario.shown_path}:{place.line}:{place.column}",
                line=place.line,
                subject=subject,
                message=message,
                expected=expected,
                actual=actual,
                context=transcript.context(self._recorder.events),
            ),
        )


def set_up_tenant(session: Session, scenario: Scenario) -> None:
    """Put the people and groups of a scenario into the directory: users, groups, then managers and members."""
    directory = session.simulator.directory
    for user in scenario.tenant.users:
        create_user(session, {key: value for key, value in user.items() if key != "manager"})
    for group in scenario.tenant.groups:
        attributes = {key: value for key, value in group.items() if key != "members" and value is not None}
        directory.create_group(attributes)
    for user in scenario.tenant.users:
        if user.get("manager"):
            directory.set_manager(user["userPrincipalName"], user["manager"])
    for group in scenario.tenant.groups:
        if group.get("members"):
            directory.add_members(group["displayName"], group["members"])


def set_up_application(session: Session, plan: ApplicationPlan) -> None:
    """Create an application as the plan says, with credentials, scope, mappings and assignments, not started."""
    simulator = session.simulator
    application = simulator.applications.create(plan.name)
    session.use_application(plan.name)
    if plan.target != "none":
        simulator.provisioning.set_mode(application, "Automatic")
        if isinstance(plan.target, dict) and session.foreign is None:
            url, secret = plan.target["url"], plan.target["token"]
        else:
            url, secret = session.tapt_credentials(flagged=plan.dialect == "flagged")
        simulator.provisioning.save_credentials(application, url, secret)
    if plan.scope != "assigned":
        set_scope(session, plan.scope)
    if not plan.groups:
        set_group_mapping(session, is_enabled=False)
    for role in plan.roles:
        add_role(session, role)
    for principal, role_name in plan.assign:
        simulator.applications.assign(application, principal, role_name)

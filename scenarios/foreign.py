"""Scenarios against a foreign SCIM endpoint in place of mock Tapt: what it holds is read over SCIM, and tidied after.

An endpoint outlives a scenario and may hold objects of others. What was there before a scenario ("residents") is hidden
from its expectations and never written to; what the scenario made is removed when it ends.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from typing import Any

import orjson

from entra_sim.scenarios.expectations.target import NEEDS_TAPT as NOUNS_OF_TAPT
from entra_sim.scenarios.outcome import Failure
from entra_sim.scenarios.outcome import Outcome
from entra_sim.scenarios.outcome import ScenarioOutcome
from entra_sim.scenarios.session import COMPLIANCE_FLAG
from entra_sim.scenarios.steps.target import NEEDS_TAPT as VERBS_OF_TAPT
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply

if TYPE_CHECKING:
    from entra_sim.scenarios.model import Expectation
    from entra_sim.scenarios.model import Scenario
    from entra_sim.scenarios.model import Step
    from entra_sim.simulator.scim.profile import TenantUrl
    from entra_sim.simulator.settings import Settings
    from entra_sim.simulator.transport.base import Transport
    from entra_sim.simulator.transport.endpoint import Endpoint

KINDS = ("Users", "Groups")
PAGE = 100
MAX_RESIDENTS = 10_000
TAPT_URL = "https://tapt.example/scim/v2"
SCIM_JSON = (("Content-Type", "application/scim+json"),)
NOT_SERVED = (404, 501)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignTarget:
    """An endpoint of somebody's own, on which scenarios are run.

    Args:
        endpoint: its address, sign-in and trust.
        url: the tenant URL as typed; a flag in it holds for every scenario.
        secret: the secret token.
    """

    endpoint: Endpoint
    url: str
    secret: str

    def check(self) -> None:
        """Read the endpoint once.

        Raises:
            UserInputError: it cannot be read, or it holds too much for a test endpoint.
        """
        Visit(self).close()

    @contextmanager
    def visit(self, scenario: Scenario) -> Iterator[Visit]:
        """Give the endpoint to one scenario; what it made is removed at the end, also after Ctrl-C.

        Raises:
            UserInputError: the endpoint cannot be read, or holds people or groups of the scenario already.
        """
        visit = Visit(self)
        try:
            visit.refuse_residents_of(scenario)
            yield visit
        finally:
            visit.tidy()
            visit.close()


class Visit:
    """One scenario's stay at the endpoint.

    Attributes:
        leftovers: what could not be removed, with the answer; filled by `tidy`.
    """

    def __init__(self, target: ForeignTarget) -> None:
        self._target = target
        self._reader = target.endpoint.transport()
        self._made: set[str] = set()
        self._names: set[str] = set()
        self.leftovers: tuple[str, ...] = ()
        self._residents: dict[str, dict[str, Any]] = {}
        try:
            self._residents = {
                path: item for kind in KINDS for path, item in self._listed(kind, is_needed=kind == "Users")
            }
        except UserInputError:
            self.close()
            raise

    def refuse_residents_of(self, scenario: Scenario) -> None:
        """Raise a UserInputError when somebody of the scenario is there already."""
        wanted = {str(user["userPrincipalName"]).casefold() for user in scenario.tenant.users}
        wanted |= {str(group["displayName"]).casefold() for group in scenario.tenant.groups}
        for path, item in self._residents.items():
            name = str(item.get("userName" if path.startswith("/Users") else "displayName") or "")
            if name.casefold() in wanted:
                raise UserInputError(
                    f"the target already holds '{name}' ({path}); remove it there, or run against an empty test tenant"
                )

    # -- what a session asks -------------------------------------------------------------------------------------

    def users(self) -> list[dict[str, Any]]:
        """Return the users that this scenario brought about, as SCIM resources."""
        return [item for _, item in self._listed("Users")]

    def groups(self) -> list[dict[str, Any]]:
        """Return its groups; one whose members a list leaves out is read by itself."""
        return [item if "members" in item else self._read(path) or item for path, item in self._listed("Groups")]

    def credentials(self, *, flagged: bool) -> tuple[str, str]:
        """Return tenant URL and secret token."""
        url = self._target.url
        return (_with_query(url, COMPLIANCE_FLAG) if flagged else url), self._target.secret

    def moved(self, url: str) -> str:
        """Return the URL that a file names, with this endpoint in place of mock Tapt's address."""
        base, _, query = url.partition("?")
        return _with_query(self._target.url, query) if base.rstrip("/") == TAPT_URL else url

    def open_world(self, *, start: datetime, settings: Settings, transport: str, seed: str) -> Any:
        """Return a World without mock Tapt whose requests go to the endpoint."""
        from entra_sim.scenarios.foreign_world import ForeignWorld

        return ForeignWorld(self._connect, start=start, settings=settings, seed=seed)

    def _connect(
        self, url: TenantUrl, authorization: Callable[[], str], timeout_s: float, now: Callable[[], datetime]
    ) -> Transport:
        from entra_sim.simulator.transport.http import HttpTransport

        trust = self._target.endpoint
        made = HttpTransport(
            url, authorization, timeout_s=timeout_s, now=now, ca_file=trust.ca_file, insecure_tls=trust.insecure_tls
        )
        return _Guarded(made, self)

    # -- what the guard tells ------------------------------------------------------------------------------------

    def is_resident(self, path: str) -> bool:
        """Return whether an object was there before."""
        return path in self._residents

    def note(self, call: Call, reply: Reply) -> None:
        """Remember what a create made, and its name in case the answer got lost."""
        if call.method != "POST":
            return
        body = call.body or {}
        self._names.update(str(body[key]).casefold() for key in ("userName", "displayName") if body.get(key))
        made = _parsed(reply)
        if 200 <= reply.status < 300 and made.get("id"):
            self._made.add(f"{call.path}/{made['id']}")

    # -- the end -------------------------------------------------------------------------------------------------

    def tidy(self) -> None:
        """Remove what the scenario made: groups, then users."""
        doomed = self._made - set(self._residents)
        for kind in KINDS:
            try:
                listed = list(self._listed(kind))
            except UserInputError:
                continue
            name = "userName" if kind == "Users" else "displayName"
            doomed |= {path for path, item in listed if str(item.get(name)).casefold() in self._names}
        left = []
        for path in sorted(doomed):
            reply = self._reader.send(Call(method="DELETE", path=path))
            if not 200 <= reply.status < 300 and reply.status != 404:
                left.append(f"{path} ({reply.status or reply.failure})")
        self.leftovers = tuple(left)

    def close(self) -> None:
        """Give up the connection."""
        self._reader.close()

    def judged(self, outcome: ScenarioOutcome) -> ScenarioOutcome:
        """Return the outcome, an error when something was left behind."""
        if not self.leftovers or outcome.outcome is not Outcome.PASSED:
            return outcome
        message = f"the scenario passed, but the target keeps what it made: {', '.join(self.leftovers)}"
        failure = Failure(where=f"{outcome.path}:1:1", line=1, subject="", message=message)
        return replace(outcome, outcome=Outcome.ERROR, failure=failure)

    # -- reading -------------------------------------------------------------------------------------------------

    def _listed(self, kind: str, *, is_needed: bool = True) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield path and resource of all objects of a kind that are not residents."""
        seen: set[str] = set()
        while True:
            query = (("startIndex", str(len(seen) + 1)), ("count", str(PAGE)))
            reply = self._reader.send(Call(method="GET", path=f"/{kind}", query=query))
            if not is_needed and reply.status in NOT_SERVED:
                return
            page = _parsed(reply)
            resources = page.get("Resources", [] if "totalResults" in page else None)
            if reply.status != 200 or not isinstance(resources, list):
                raise UserInputError(_unreadable(self._target.endpoint.url.base, kind, reply))
            fresh = {f"/{kind}/{item.get('id')}": item for item in resources if isinstance(item, dict)}
            fresh = {path: item for path, item in fresh.items() if path not in seen}
            seen.update(fresh)
            yield from ((path, item) for path, item in fresh.items() if path not in self._residents)
            if not fresh or len(seen) >= int(page.get("totalResults") or 0):
                return
            if len(seen) > MAX_RESIDENTS:
                raise UserInputError(
                    f"the target holds more than {MAX_RESIDENTS} {kind}; run scenarios against a test tenant"
                )

    def _read(self, path: str) -> dict[str, Any]:
        reply = self._reader.send(Call(method="GET", path=path))
        return _parsed(reply) if reply.status == 200 else {}


class _Guarded:
    """A transport that never writes to what was there before, and tells the visit what is made."""

    def __init__(self, inner: Transport, visit: Visit) -> None:
        self._inner = inner
        self._visit = visit

    def send(self, call: Call) -> Reply:
        """Return what came back; see Transport."""
        if call.is_write and self._visit.is_resident(call.path):
            detail = "entra-sim keeps scenarios away from objects that the target held before."
            return Reply(status=403, headers=SCIM_JSON, body=orjson.dumps({"status": "403", "detail": detail}))
        reply = self._inner.send(call)
        self._visit.note(call, reply)
        return reply

    def close(self) -> None:
        """Give up the connection."""
        self._inner.close()


def not_applicable(scenario: Scenario) -> Failure | None:
    """Return what keeps a scenario from running against a foreign endpoint: it acts on or reads Tapt's inside."""
    steps = list(scenario.steps)
    expectations: list[Expectation] = []
    if scenario.exercise is not None:
        steps += scenario.exercise.solution
        expectations += scenario.exercise.done_when
    for step in steps:
        if step.verb is not None and step.verb.name in VERBS_OF_TAPT:
            return _failure(scenario, step, f"'{step.verb.name}' acts inside mock Tapt or on the way to it")
        expectations += [*step.expectations, *step.guidance.done_when]
    for item in expectations:
        if item.noun.name in NOUNS_OF_TAPT:
            return _failure(scenario, item, f"'{item.noun.name}' cannot be read over SCIM")
    return None


def _failure(scenario: Scenario, part: Step | Expectation, message: str) -> Failure:
    place = part.place
    where = f"{scenario.shown_path}:{place.line}:{place.column}"
    return Failure(where=where, line=place.line, subject="", message=f"not applicable to another target: {message}")


def _with_query(url: str, query: str) -> str:
    if not query or query in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}{query}"


def _parsed(reply: Reply) -> dict[str, Any]:
    try:
        body = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _unreadable(base: str, kind: str, reply: Reply) -> str:
    told = {401: "check the token", 403: "check what the token may do", 404: "check the URL, the part before /Users"}
    answer = f"it answered {reply.status}" if reply.status else reply.detail or reply.failure
    advice = told.get(reply.status, "scenarios need a list of what the target holds")
    return f"GET {base}/{kind} cannot be used: {answer.rstrip('.')}; {advice}"

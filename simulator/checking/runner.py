"""Walking an endpoint through the checks: sending, recording, stopping, and taking away what was made."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from datetime import datetime

import orjson

from entra_sim.simulator.checking.acceptance import Acceptances
from entra_sim.simulator.checking.bench import Bench
from entra_sim.simulator.checking.bench import identifying_sources
from entra_sim.simulator.checking.catalogue import catalogue
from entra_sim.simulator.checking.check import Check
from entra_sim.simulator.checking.exchange_texts import ExchangeTexts
from entra_sim.simulator.checking.extra_checks import LOAD_CHECK
from entra_sim.simulator.checking.extra_checks import SIGN_IN_CHECK
from entra_sim.simulator.checking.extra_checks import header_hint
from entra_sim.simulator.checking.extra_checks import sign_in_failure
from entra_sim.simulator.checking.failing import Failed
from entra_sim.simulator.checking.failing import Inapplicable
from entra_sim.simulator.checking.failing import Stuck
from entra_sim.simulator.checking.load import pour
from entra_sim.simulator.checking.people import Cast
from entra_sim.simulator.checking.results import CheckReport
from entra_sim.simulator.checking.results import CheckResult
from entra_sim.simulator.checking.results import Finding
from entra_sim.simulator.checking.results import Severity
from entra_sim.simulator.checking.results import Verdict
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.scim import requests
from entra_sim.simulator.scim import responses
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.scim.paths import member
from entra_sim.simulator.scim.status import retry_after_s
from entra_sim.simulator.transport.base import Transport
from entra_sim.simulator.transport.endpoint import Endpoint

_LOG = logging.getLogger(__name__)

WAIT_STEP_S = 0.5
PAUSE_S, LONGEST_PAUSE_S, MOST_PAUSES = 1.0, 10.0, 6
"""After a 429 without Retry-After; the longest that is waited; how often one request is tried."""

PATCHED_FOR_EVER = ("ENG-153", "WIRE-140")
MOST_STEPS = 2000
"""Requests in one check; more is a mistake of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """What a walk does.

    Args:
        domain: of the made-up people.
        has_groups, has_load: whether groups are checked, and 25 requests a second.
        load_s: how long, in real seconds.
        timeout_s: for one request.
    """

    domain: str
    has_groups: bool = True
    has_load: bool = True
    load_s: float = 10.0
    timeout_s: float = 60.0
    acceptances: Acceptances = field(default_factory=Acceptances)


class Interrupted(Exception):
    """Somebody asked to stop."""


class CheckRunner:
    """One walk over one endpoint.

    Args:
        endpoint: where.
        run: the job's run whose requests are sent.
        options: what to do.
        run_id: letters and digits for the marks of this walk.
        new_id: makes GUIDs.
        now: the clock, for the expiry of acceptances.
        pause: waits real seconds.
        heard: called after each check with what is known and how many there are.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        run: Run,
        options: CheckOptions,
        *,
        run_id: str,
        new_id: Callable[[], str],
        now: Callable[[], datetime],
        pause: Callable[[float], None],
        heard: Callable[[CheckResult, int, int], None] = lambda result, number, count: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoint = endpoint
        self._options = options
        self._now = now
        self._pause = pause
        self._heard = heard
        self._monotonic = monotonic
        self._cast = Cast(run_id=run_id, domain=options.domain, unique=identifying_sources(run.user))
        self._bench = Bench(run=run, cast=self._cast, new_id=new_id)
        self._new_id = new_id
        self._texts = ExchangeTexts(endpoint)
        self._transport: Transport = endpoint.transport(timeout_s=options.timeout_s)
        self._exchanges: list[tuple[Call, Reply]] = []
        self._made: dict[str, Call] = {}
        self._lost: list[tuple[str, str]] = []
        self._stop_asked = False
        self.is_walking = True
        self._results: list[CheckResult] = []

    def stop(self) -> None:
        """Ask to end after the request in hand; what was made is still taken away."""
        self._stop_asked = True

    def wait_for_answer(self, seconds: float) -> None:
        """Wait until the endpoint answers anything.

        Raises:
            StateConflict: it did not in time.
        """
        began = self._monotonic()
        while True:
            reply = self._transport.send(requests.probe("User", "userName", self._new_id()))
            self._transport.close()
            if reply.status or self._stop_asked:
                return
            if self._monotonic() - began >= seconds:
                raise StateConflict(
                    f"{self._endpoint.url.base} did not answer within {seconds:g} s: {reply.detail} "
                    "Start it, check the address, or wait longer with --wait."
                )
            self._pause(WAIT_STEP_S)

    def walk(self) -> CheckReport:
        """Make every check, take away what was made, and return the report."""
        began = self._monotonic()
        checks = catalogue(has_groups=self._options.has_groups)
        extra = [SIGN_IN_CHECK, *([LOAD_CHECK] if self._options.has_load else [])]
        count = len(checks) + len(extra)
        is_complete = True
        try:
            for check in (*checks, *extra):
                self._add(self._checked(check), count)
        except (Interrupted, KeyboardInterrupt):
            is_complete = False
        finally:
            self.is_walking = False
            leftovers = self._tidied()
            self._transport.close()
        return CheckReport(
            base=self._endpoint.url.base,
            results=tuple(self._results),
            leftovers=leftovers,
            is_complete=is_complete,
            has_groups=self._options.has_groups,
            seconds=self._monotonic() - began,
        )

    def _add(self, result: CheckResult, count: int) -> None:
        accepted, expired = self._options.acceptances.judge(result.check_id, self._now())
        accepted = accepted or result.accepted
        result = replace(result, accepted=accepted if result.verdict is not Verdict.PASSED else "", expired=expired)
        self._results.append(result)
        self._heard(result, len(self._results), count)

    # -- one check -----------------------------------------------------------------------------------------------

    def _checked(self, check: Check) -> CheckResult:
        if self._stop_asked:
            raise Interrupted
        blocker = self._blocker(check)
        if blocker is not None:
            result = self._result(check, Verdict.BLOCKED, why=f"an earlier step failed: {blocker.title}")
            return replace(result, accepted=blocker.accepted)
        self._exchanges = []
        self._bench.begin()
        began = self._monotonic()
        verdict, why, blocks = Verdict.PASSED, "", False
        try:
            if check is SIGN_IN_CHECK:
                self._sign_in()
            elif check is LOAD_CHECK:
                self._load()
            else:
                self._drive(check)
        except Failed as failure:
            self._bench.noted.append(failure)
            blocks = failure.blocks or (failure.severity or check.severity) is Severity.BREAKS
        except Stuck as stuck:
            verdict, why = Verdict.BLOCKED, str(stuck)
        except Inapplicable as reason:
            verdict, why = Verdict.SKIPPED, str(reason)
        except SimulatorError as error:
            self._bench.noted.append(Failed(str(error)))
        except (TypeError, ValueError, KeyError, AttributeError, IndexError) as fault:
            _LOG.exception("check.fault id=%s", check.check_id)
            verdict, why = Verdict.BLOCKED, f"the answer has a form that the check cannot read ({fault!r})"
        findings = tuple(self._finding(check, failure) for failure in self._bench.noted)
        if findings and verdict is Verdict.PASSED:
            verdict = Verdict.FAILED
        return self._result(
            check, verdict, findings=findings, why=why, seconds=self._monotonic() - began, blocks=blocks
        )

    def _blocker(self, check: Check) -> CheckResult | None:
        by_id = {result.check_id: result for result in self._results}
        earlier = [by_id[name] for name in check.after if name in by_id]
        return next((result for result in earlier if result.blocks or result.verdict is Verdict.BLOCKED), None)

    def _result(
        self,
        check: Check,
        verdict: Verdict,
        *,
        findings: tuple[Finding, ...] = (),
        why: str = "",
        seconds: float = 0.0,
        blocks: bool = False,
    ) -> CheckResult:
        return CheckResult(
            check_id=check.check_id,
            title=check.title,
            area=check.area,
            tracks=check.tracks,
            verdict=verdict,
            findings=findings,
            why=why,
            seconds=seconds,
            request_count=0 if verdict is Verdict.BLOCKED and not self._exchanges else len(self._exchanges),
            rules=check.rules,
            validator_tests=check.validator_tests,
            blocks=blocks,
        )

    def _drive(self, check: Check) -> None:
        generator = check.body(self._bench)
        try:
            call = next(generator)
            for _ in range(MOST_STEPS):
                call = generator.send(self._send(call))
        except StopIteration:
            return
        except Failed as failure:
            if check.check_id == "connect":
                header_hint(failure, self._endpoint, call, self._exchanges)
            raise
        raise AssertionError(f"{check.check_id} does not end")

    def _send(self, call: Call) -> Reply:
        """Send one call; what is created is remembered, so that it can be taken away."""
        if self._stop_asked:
            raise Interrupted
        target_id = call.path.split("/", 2)[2] if call.path.count("/") > 1 else ""
        if call.is_write and target_id and target_id not in self._bench.owned:
            raise Stuck(f"'{target_id}' was not created by this walk, so nothing is written to it")
        if call.method == "POST":
            body = call.body or {}
            key = "userName" if call.path == "/Users" else "displayName"
            self._lost.append((call.path, str(body.get(key, ""))))
        reply = self._patiently(call)
        kind = "Group" if call.path.startswith("/Groups") else "User"
        if call.method == "POST":
            made = _id_of(reply)
            if made:
                self._bench.owned.add(made)
                self._made[made] = requests.delete(kind, made)
            if made or 400 <= reply.status < 500:
                self._lost.pop()
        if call.method == "DELETE" and (200 <= reply.status < 300 or reply.status == 404):
            self._made.pop(target_id, None)
        return reply

    def _patiently(self, call: Call) -> Reply:
        """Return the answer; a limit on requests is waited for, since the walk is faster than Entra ever is."""
        for _ in range(MOST_PAUSES):
            reply = self._transport.send(call)
            self._exchanges.append((call, reply))
            if reply.status != 429 or self._stop_asked:
                break
            self._pause(min(retry_after_s(reply) or PAUSE_S, LONGEST_PAUSE_S))
        return reply

    def _sign_in(self) -> None:
        call = requests.probe("User", "userName", self._new_id())
        transport = self._endpoint.transport(
            timeout_s=self._options.timeout_s, authorization=lambda: "Bearer entra-sim-check-wrong-token"
        )
        try:
            reply = transport.send(call)
        finally:
            transport.close()
        self._exchanges.append((call, reply))
        failure = sign_in_failure(reply)
        if failure is not None:
            raise failure

    def _load(self) -> None:
        names = [f"{self._cast.prefix}load@{self._cast.domain}"]
        calls = [requests.match("User", "userName", name) for name in names]
        failure = pour(
            lambda: self._endpoint.transport(timeout_s=self._options.timeout_s),
            calls,
            seconds=self._options.load_s,
            should_stop=lambda: self._stop_asked,
            kept=self._exchanges,
        )
        if self._stop_asked:
            raise Interrupted
        if failure is not None:
            raise failure

    # -- findings ------------------------------------------------------------------------------------------------

    def _finding(self, check: Check, failure: Failed) -> Finding:
        last = self._exchanges[-1] if self._exchanges else None
        sent = failure.call or (last[0] if last else None)
        reply = last[1] if last else None
        got = "" if reply is None else self._texts.reply(reply)
        if failure.call is not None:
            answer = next((reply for call, reply in reversed(self._exchanges) if call is failure.call), None)
            if answer is not None and answer is not reply:
                got = f"{self._texts.reply(answer)}\n\nread back:\n{got}"
        severity = failure.severity or check.severity
        if check.severity is Severity.COSMETIC and not check.tracks:
            severity = Severity.COSMETIC
        return Finding(
            what=self._texts.clean(failure.what),
            sent="" if sent is None else self._texts.call(sent),
            got=got,
            needs=failure.needs or check.needs,
            rules=(*check.rules, *(PATCHED_FOR_EVER if failure.is_patched_for_ever else ())),
            severity=severity,
            fix=failure.fix or check.fix,
            is_patched_for_ever=failure.is_patched_for_ever,
        )

    # -- tidying -------------------------------------------------------------------------------------------------

    def _tidied(self) -> tuple[str, ...]:
        """Delete what was made, groups first; also what a create may have left whose answer could not be used."""
        self._transport.close()
        for path, name in self._lost:
            self._find_lost(path, name)
        order = sorted(self._made.items(), key=lambda item: item[1].path.startswith("/Users"))
        for target_id, call in order:
            reply = self._transport.send(call)
            if 200 <= reply.status < 300 or reply.status == 404:
                del self._made[target_id]
        return tuple(call.path for call in self._made.values())

    def _find_lost(self, path: str, name: str) -> None:
        kind, attribute = ("User", "userName") if path == "/Users" else ("Group", "displayName")
        if not self._cast.owns(name):
            return
        try:
            found = responses.read_page(self._transport.send(requests.match(kind, attribute, name))).resources
        except SimulatorError:
            return
        for resource in found:
            if str(resource.get(attribute, "")).lower() == name.lower():
                self._made[str(resource["id"])] = requests.delete(kind, str(resource["id"]))


def _id_of(reply: Reply) -> str:
    """Return the id of what a POST made, "" when it made nothing or does not say."""
    if not 200 <= reply.status < 300:
        return ""
    try:
        content = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return ""
    found = member(content, "id")
    return found if isinstance(found, str) else ""

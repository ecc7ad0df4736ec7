"""What checks find: values for every report. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How bad a finding is, worst first."""

    BREAKS = "breaks"
    LOSES = "loses"
    COSMETIC = "cosmetic"

    @property
    def words(self) -> str:
        """Return the severity as people read it."""
        return _WORDS[self]

    def is_at_least(self, other: Severity) -> bool:
        """Return whether this is as bad as another one, or worse."""
        order = list(Severity)
        return order.index(self) <= order.index(other)


_WORDS = {
    Severity.BREAKS: "breaks provisioning",
    Severity.LOSES: "loses data silently",
    Severity.COSMETIC: "cosmetic",
}


_SHORT = {Severity.BREAKS: "breaking", Severity.LOSES: "losing data", Severity.COSMETIC: "cosmetic"}


class Track(StrEnum):
    """What a verdict is about."""

    DEFAULT = "default dialect"
    FLAGGED = "flagged dialect"
    GROUPS = "groups"


USERS = frozenset({Track.DEFAULT, Track.FLAGGED})
EVERYTHING = frozenset(Track)


class Verdict(StrEnum):
    """What became of one check."""

    PASSED = "passed"
    FAILED = "failed"
    BLOCKED = "cannot be tested"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong with the endpoint.

    Args:
        what: what came back or happened, one sentence.
        sent, got: the request and the answer, as text.
        needs: what Entra needs.
        fix: what to change.
        is_patched_for_ever: every evaluation would send the same PATCH again.
    """

    what: str
    sent: str
    got: str
    needs: str
    rules: tuple[str, ...]
    severity: Severity
    fix: str
    is_patched_for_ever: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the finding for JSON."""
        return {
            "what": self.what,
            "severity": str(self.severity),
            "sent": self.sent,
            "got": self.got,
            "needs": self.needs,
            "rules": list(self.rules),
            "fix": self.fix,
            "patched_for_ever": self.is_patched_for_ever,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One check with what it found.

    Args:
        why: for BLOCKED and SKIPPED, the reason.
        accepted: reason of the accepted deviation, "" for none; its findings do not count.
        expired: sentence about an acceptance that is over, "" for none.
        blocks: checks that build on this one cannot be tested.
    """

    check_id: str
    title: str
    area: str
    tracks: frozenset[Track]
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    why: str = ""
    seconds: float = 0.0
    request_count: int = 0
    rules: tuple[str, ...] = ()
    validator_tests: tuple[str, ...] = ()
    accepted: str = ""
    expired: str = ""
    blocks: bool = False

    @property
    def counting(self) -> tuple[Finding, ...]:
        """Return the findings that count: none when the deviation is accepted."""
        return () if self.accepted else self.findings

    def as_dict(self) -> dict[str, Any]:
        """Return the result for JSON."""
        return {
            "id": self.check_id,
            "title": self.title,
            "area": self.area,
            "tracks": sorted(str(track) for track in self.tracks),
            "verdict": str(self.verdict),
            "why": self.why,
            "accepted": self.accepted,
            "expired": self.expired,
            "rules": list(self.rules),
            "validator_tests": list(self.validator_tests),
            "seconds": round(self.seconds, 3),
            "requests": self.request_count,
            "findings": [finding.as_dict() for finding in self.findings],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackVerdict:
    """One of the three verdicts. `word` is works, cosmetic, loses, breaks, unknown or not checked."""

    track: Track
    word: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """A whole walk.

    Args:
        base: the endpoint.
        leftovers: marked objects that could not be removed, as method-free paths.
        is_complete: false when it was stopped.
        has_groups: groups were checked.
    """

    base: str
    results: tuple[CheckResult, ...]
    leftovers: tuple[str, ...]
    is_complete: bool
    has_groups: bool
    seconds: float

    @property
    def verdicts(self) -> tuple[TrackVerdict, ...]:
        """Return one verdict each for the default dialect, the flagged dialect and groups."""
        return tuple(self._verdict(track) for track in Track)

    def fails(self, fail_on: Severity) -> bool:
        """Return whether something counts that is as bad as `fail_on`, or could not be tested."""
        found = (finding for result in self.results for finding in result.counting)
        if any(finding.severity.is_at_least(fail_on) for finding in found):
            return True
        return any(result.verdict is Verdict.BLOCKED and not result.accepted for result in self.results)

    def count(self, verdict: Verdict) -> int:
        """Return how many checks ended so."""
        return sum(result.verdict is verdict for result in self.results)

    @property
    def validator(self) -> tuple[int, int]:
        """Return how many of the published validator's tests pass, of how many that were run."""
        tested = [result for result in self.results if result.validator_tests and result.verdict in _TESTED]
        return sum(result.verdict is Verdict.PASSED for result in tested), len(tested)

    def _verdict(self, track: Track) -> TrackVerdict:
        if track is Track.GROUPS and not self.has_groups:
            return TrackVerdict(track=track, word="not checked", sentence="not checked (--no-groups)")
        concerned = [result for result in self.results if track in result.tracks]
        found = [finding for result in concerned for finding in result.counting]
        blocked = [result for result in concerned if result.verdict is Verdict.BLOCKED and not result.accepted]
        counts = {severity: sum(item.severity is severity for item in found) for severity in Severity}
        parts = [f"{count} {_SHORT[severity]}" for severity, count in counts.items() if count]
        if blocked:
            parts.append(f"{len(blocked)} checks cannot be tested because an earlier step failed")
        if not self.is_complete:
            parts.append("stopped before the end")
        word = next((str(severity) for severity in Severity if counts[severity]), "works")
        if word in ("works", "cosmetic", "loses") and (blocked or not self.is_complete):
            word = "unknown"
        head = _SENTENCES[word]
        return TrackVerdict(track=track, word=word, sentence=f"{head} ({'; '.join(parts)})" if parts else head)

    def as_dict(self) -> dict[str, Any]:
        """Return the report for JSON."""
        passed, run = self.validator
        return {
            "endpoint": self.base,
            "complete": self.is_complete,
            "verdicts": {str(item.track): {"word": item.word, "sentence": item.sentence} for item in self.verdicts},
            "validator": {"passed": passed, "run": run},
            "leftovers": list(self.leftovers),
            "seconds": round(self.seconds, 3),
            "checks": [result.as_dict() for result in self.results],
        }


_TESTED = (Verdict.PASSED, Verdict.FAILED)
_SENTENCES = {
    "works": "works",
    "cosmetic": "works, with cosmetic findings",
    "loses": "loses data silently",
    "breaks": "does not work",
    "unknown": "cannot be said",
}

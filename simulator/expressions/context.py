"""What an evaluation gets from outside: clock, ids, chance, tenant, target. Source: expressions.md section 5.6."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from entra_sim.simulator.expressions.date_reading import TWO_DIGIT_YEAR_MAX
from entra_sim.simulator.expressions.instant import Instant
from entra_sim.simulator.expressions.instant import instant_of
from entra_sim.simulator.expressions.patterns import TIME_LIMIT_S


class Chance(Protocol):
    """A source of chance; random.Random is one."""

    def randrange(self, start: int, /) -> int:
        """Return a whole number from 0 to below `start`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationContext:
    """Everything that is not in the expression or the source object. What is not given fails only when it is needed.

    Args:
        now: the instant for Now, aware UTC, or a function that gives it; also the year that a date without one takes.
        new_id: gives a fresh GUID for Guid.
        chance: for RandomString.
        default_domain: the tenant's default verified domain, None if it has none.
        is_taken: whether the target has a text already, for SelectUniqueValue; None: nothing is taken.
        regex_time_limit_s: longest time of one regular expression over one text, in seconds.
        two_digit_year_max: latest year that two digits mean. Assumed: .NET before 8; 2049 is .NET 8 and later.
        iif_missing_takes_else: comparing a missing or empty attribute in IIF takes the else branch. Assumed False: no
            value at all (expressions.md section 13, point 5).
    """

    now: datetime | Callable[[], datetime] | None = None
    new_id: Callable[[], str] | None = None
    chance: Chance | None = None
    default_domain: str | None = None
    is_taken: Callable[[str], bool] | None = None
    regex_time_limit_s: float = TIME_LIMIT_S
    two_digit_year_max: int = TWO_DIGIT_YEAR_MAX
    iif_missing_takes_else: bool = False

    def instant(self) -> Instant | None:
        """Return the present instant, None without a clock."""
        if self.now is None:
            return None
        return instant_of(self.now if isinstance(self.now, datetime) else self.now())


NO_CONTEXT = EvaluationContext()


class Run:
    """One evaluation: its context, and whether Redact took part."""

    __slots__ = ("context", "is_redacted")

    def __init__(self, context: EvaluationContext) -> None:
        self.context = context
        self.is_redacted = False

"""Reads a date strictly by a .NET input format, as DateTime.ParseExact does in the invariant culture.

The result is a clock time and its kind: with an offset or Z it is turned into UTC, without one it stands as it is.
Source: expressions.md sections 11.2 and 11.4. Assumed: the service's local zone is UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from datetime import date

from entra_sim.simulator.expressions.date_formats import FormatError
from entra_sim.simulator.expressions.date_formats import Piece
from entra_sim.simulator.expressions.date_formats import pieces
from entra_sim.simulator.expressions.date_names import DAYS
from entra_sim.simulator.expressions.date_names import MAX_OFFSET_HOURS
from entra_sim.simulator.expressions.date_names import MONTHS
from entra_sim.simulator.expressions.date_names import SHORT_DAYS
from entra_sim.simulator.expressions.date_names import SHORT_MONTHS
from entra_sim.simulator.expressions.date_names import full_year
from entra_sim.simulator.expressions.date_names import real_date
from entra_sim.simulator.expressions.instant import MAX_TICKS
from entra_sim.simulator.expressions.instant import TICKS_PER_MINUTE
from entra_sim.simulator.expressions.instant import Instant
from entra_sim.simulator.expressions.instant import ticks_of

DEFAULT_STYLES = frozenset({"roundtripkind", "allowleadingwhite", "allowtrailingwhite"})
"""Source: expressions.md section 9, FormatDateTime."""

_STYLES = {
    "none": frozenset[str](),
    "allowleadingwhite": frozenset({"allowleadingwhite"}),
    "allowtrailingwhite": frozenset({"allowtrailingwhite"}),
    "allowinnerwhite": frozenset({"allowinnerwhite"}),
    "allowwhitespaces": frozenset({"allowleadingwhite", "allowtrailingwhite", "allowinnerwhite"}),
    "nocurrentdatedefault": frozenset({"nocurrentdatedefault"}),
    "adjusttouniversal": frozenset({"adjusttouniversal"}),
    "assumelocal": frozenset({"assumelocal"}),
    "assumeuniversal": frozenset({"assumeuniversal"}),
    "roundtripkind": frozenset({"roundtripkind"}),
}
_REFUSED_TOGETHER = (
    {"assumelocal", "assumeuniversal"},
    {"roundtripkind", "assumelocal"},
    {"roundtripkind", "assumeuniversal"},
    {"roundtripkind", "adjusttouniversal"},
)
_WHITE = " \t\r\n\v\f"
_DIGITS = "0123456789"


class NoMatch(ValueError):
    """The text is not of the format."""


@dataclass(frozen=True, slots=True)
class ExactDate:
    """A clock time and its kind: "utc", "local" (converted from an offset) or "" without a zone."""

    moment: Instant
    kind: str


def styles_of(names: str) -> frozenset[str]:
    """Return the styles that a text such as "AssumeUniversal, AdjustToUniversal" names.

    Raises:
        FormatError: an unknown name, or names that .NET refuses together.
    """
    chosen: set[str] = set()
    for name in names.split(","):
        known = _STYLES.get(name.strip().lower())
        if known is None:
            raise FormatError(f'there is no date-time style "{name.strip()}"; there are None, {_style_names()}')
        chosen |= known
    for pair in _REFUSED_TOGETHER:
        if pair <= chosen:
            raise FormatError(f'the date-time styles "{names}" exclude each other')
    return frozenset(chosen)


def _style_names() -> str:
    return (
        "AllowLeadingWhite, AllowTrailingWhite, AllowInnerWhite, AllowWhiteSpaces, NoCurrentDateDefault, "
        "AdjustToUniversal, AssumeLocal, AssumeUniversal, RoundtripKind"
    )


def read_exactly(
    text: str, format_text: str, styles: frozenset[str], *, today: date | None, two_digit_year_max: int
) -> ExactDate:
    """Return the date that the text gives when read by the format.

    Args:
        text: the whole of it must be used up.
        format_text: custom or standard .NET format.
        styles: names as `styles_of` gives them.
        today: what a missing year is taken from; None if nobody knows the time.
        two_digit_year_max: latest year that two digits mean.
    Raises:
        NoMatch: the text is not of the format, or no such day or instant.
        FormatError: .NET refuses the format.
    """
    wanted = list(pieces(format_text))
    if "allowtrailingwhite" in styles:
        text = text.rstrip(_WHITE)
        wanted = _without_blanks(wanted, at_end=True)
    if "allowleadingwhite" in styles:
        text = text.lstrip(_WHITE)
        wanted = _without_blanks(wanted, at_end=False)
    reader = _Reader(text, allows_inner_white="allowinnerwhite" in styles)
    reader.read(wanted)
    return _result(reader.found, styles, today, two_digit_year_max)


def _without_blanks(wanted: list[Piece], *, at_end: bool) -> list[Piece]:
    """Return the format without the white space at one end, which is cut from the text too."""
    wanted = list(wanted)
    while wanted and not wanted[-1 if at_end else 0].kind:
        index = -1 if at_end else 0
        piece = wanted[index]
        stripped = piece.text.rstrip(_WHITE) if at_end else piece.text.lstrip(_WHITE)
        if stripped:
            wanted[index] = Piece("", stripped, piece.is_quoted)
            break
        del wanted[index]
    return wanted


@dataclass(slots=True)
class _Found:
    """What was read so far; -1 and None mean not said."""

    numbers: dict[str, int] = field(default_factory=dict)
    weekday: int = -1
    is_two_digit_year: bool = False
    is_twelve_hour: bool = False
    half: str = ""
    offset_minutes: int | None = None
    is_utc: bool = False

    def note(self, name: str, number: int) -> None:
        if self.numbers.setdefault(name, number) != number:
            raise NoMatch(f"the {name} is said twice, with different values")


class _Reader:
    """Walks through text and format together."""

    def __init__(self, text: str, *, allows_inner_white: bool) -> None:
        self._text = text
        self._position = 0
        self._allows_inner_white = allows_inner_white
        self.found = _Found()

    def read(self, wanted: list[Piece]) -> None:
        index = 0
        while index < len(wanted):
            if self._allows_inner_white:
                self._skip_white()
            piece = wanted[index]
            index += 1
            if piece.kind:
                self._read_specifier(piece)
            elif piece.text == "." and not piece.is_quoted and not self._rest().startswith("."):
                if index < len(wanted) and wanted[index].kind == "F":
                    index += 1
                else:
                    raise NoMatch("a point is missing")
            elif piece.text == "Z" and not piece.is_quoted:
                self._read_zone_name()
            elif _spells_gmt(wanted, index - 1):
                index += 2
                self._literal("GMT")
                self.found.offset_minutes, self.found.is_utc = 0, True
            else:
                self._literal(piece.text)
        if self._allows_inner_white:
            self._skip_white()
        if self._rest():
            raise NoMatch(f'"{self._rest()[:20]}" is left over')

    def _rest(self) -> str:
        return self._text[self._position :]

    def _skip_white(self) -> None:
        while self._position < len(self._text) and self._text[self._position] in _WHITE:
            self._position += 1

    def _literal(self, wanted: str) -> None:
        for character in wanted:
            if self._allows_inner_white and character in _WHITE:
                self._skip_white()
            elif self._text.startswith(character, self._position):
                self._position += 1
            else:
                raise NoMatch(f'"{wanted}" is missing')

    def _digits(self, least: int, most: int) -> str:
        start = self._position
        while self._position - start < most and self._text[self._position : self._position + 1] in tuple(_DIGITS):
            self._position += 1
        if self._position - start < least:
            raise NoMatch(f"{least} digit{'s' if least > 1 else ''} expected")
        return self._text[start : self._position]

    def _number(self, count: int) -> int:
        return int(self._digits(1, 2) if count == 1 else self._digits(count, count))

    def _name(self, names: tuple[str, ...]) -> int:
        rest = self._rest()[:12].lower()
        for index, name in sorted(enumerate(names), key=lambda pair: -len(pair[1])):
            if rest.startswith(name.lower()):
                self._position += len(name)
                return index
        raise NoMatch(f"one of {', '.join(names)} is missing")

    def _read_specifier(self, piece: Piece) -> None:
        count = piece.count
        match piece.kind:
            case "y":
                self._read_year(count)
            case "M":
                self._read_month(count)
            case "d":
                self._read_day(count)
            case "h" | "H":
                self.found.note("hour", self._number(min(count, 2)))
                self.found.is_twelve_hour = self.found.is_twelve_hour or piece.kind == "h"
            case "m":
                self.found.note("minute", self._number(min(count, 2)))
            case "s":
                self.found.note("second", self._number(min(count, 2)))
            case "f":
                self.found.note("fraction", int(self._digits(count, count).ljust(7, "0")))
            case "F":
                self.found.note("fraction", int(self._digits(0, count).ljust(7, "0")))
            case "t":
                self._read_half(count)
            case "z":
                self._read_offset(count)
            case "K":
                self._read_kind()
            case _:
                self._name(("A.D.", "AD"))

    def _read_year(self, count: int) -> None:
        self.found.is_two_digit_year = count <= 2
        digits = self._digits(3, 5) if count == 3 else ""
        self.found.note("year", int(digits) if digits else self._number(count))

    def _read_month(self, count: int) -> None:
        if count <= 2:
            self.found.note("month", self._number(count))
        else:
            self.found.note("month", self._name(SHORT_MONTHS if count == 3 else MONTHS) + 1)

    def _read_day(self, count: int) -> None:
        if count <= 2:
            self.found.note("day", self._number(count))
        else:
            self.found.weekday = self._name(SHORT_DAYS if count == 3 else DAYS)

    def _read_half(self, count: int) -> None:
        half = ("AM", "PM")[self._name(("A", "P") if count == 1 else ("AM", "PM"))]
        if self.found.half not in ("", half):
            raise NoMatch("AM and PM contradict each other")
        self.found.half = half

    def _read_offset(self, count: int) -> None:
        sign = self._rest()[:1]
        if sign not in ("+", "-"):
            raise NoMatch("an offset is missing")
        self._position += 1
        hours = self._number(min(count, 2)) if count < 3 else int(self._digits(1, 2))
        minutes = 0
        if count >= 3:
            if self._rest().startswith(":"):
                self._position += 1
            minutes = int(self._digits(2, 2))
        total = hours * 60 + minutes
        if minutes > 59 or total > MAX_OFFSET_HOURS * 60:
            raise NoMatch("the offset is too large")
        self.found.offset_minutes = total if sign == "+" else -total

    def _read_kind(self) -> None:
        if self._rest().startswith("Z"):
            self._position += 1
            self.found.offset_minutes, self.found.is_utc = 0, True
        elif self._rest()[:1] in ("+", "-"):
            self._read_offset(3)

    def _read_zone_name(self) -> None:
        self._name(("GMT", "Z"))
        self.found.offset_minutes, self.found.is_utc = 0, True


def _spells_gmt(wanted: list[Piece], index: int) -> bool:
    letters = wanted[index : index + 3]
    return [piece.text for piece in letters] == ["G", "M", "T"] and not any(piece.is_quoted for piece in letters)


def _result(found: _Found, styles: frozenset[str], today: date | None, two_digit_year_max: int) -> ExactDate:
    day = _day(found, styles, today, two_digit_year_max)
    if found.weekday >= 0 and day.weekday() != found.weekday:
        raise NoMatch(f"{day.isoformat()} is no {DAYS[found.weekday]}")
    hour = _hour(found)
    minute, second = found.numbers.get("minute", 0), found.numbers.get("second", 0)
    if hour > 23 or minute > 59 or second > 59:
        raise NoMatch("there is no such time of day")
    ticks = ticks_of(day, hour, minute, second, found.numbers.get("fraction", 0))
    ticks -= (found.offset_minutes or 0) * TICKS_PER_MINUTE
    if not 0 <= ticks <= MAX_TICKS:
        raise NoMatch("the instant is outside the years 1 to 9999")
    return ExactDate(Instant(ticks), _kind(found, styles))


def _day(found: _Found, styles: frozenset[str], today: date | None, two_digit_year_max: int) -> date:
    numbers = found.numbers
    year, month, number = numbers.get("year", 0), numbers.get("month", 0), numbers.get("day", 0)
    is_date_said = any(name in numbers for name in ("year", "month", "day"))
    if not is_date_said and "nocurrentdatedefault" in styles:
        return date(1, 1, 1)
    if "year" not in numbers:
        if today is None:
            raise NoMatch("the text says no year, and no clock is given to take it from")
        if not is_date_said:
            return today
        year = today.year
    elif found.is_two_digit_year:
        year = full_year(year, two_digit_year_max)
    day = real_date(year, month if "month" in numbers else 1, number if "day" in numbers else 1)
    if day is None:
        raise NoMatch("there is no such day")
    return day


def _hour(found: _Found) -> int:
    hour = found.numbers.get("hour", 0)
    if found.is_twelve_hour:
        if hour > 12:
            raise NoMatch("the hour is above 12; H reads 24 hours")
        return hour % 12 + (12 if found.half == "PM" else 0)
    if "hour" not in found.numbers:
        return 12 if found.half == "PM" else 0
    if (found.half == "AM" and hour >= 12) or (found.half == "PM" and hour < 12):
        raise NoMatch(f"hour {hour} is not {found.half}")
    return hour


def _kind(found: _Found, styles: frozenset[str]) -> str:
    if found.offset_minutes is None:
        if "assumeuniversal" in styles or "assumelocal" in styles:
            return "utc" if "adjusttouniversal" in styles else "local"
        return ""
    if "adjusttouniversal" in styles or ("roundtripkind" in styles and found.is_utc):
        return "utc"
    return "local"

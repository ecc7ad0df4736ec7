"""Prints an instant by a .NET output format, invariant culture. Source: expressions.md section 11.3."""

from __future__ import annotations

from datetime import date

from entra_sim.simulator.expressions.date_formats import Piece
from entra_sim.simulator.expressions.date_formats import pieces
from entra_sim.simulator.expressions.date_names import DAYS
from entra_sim.simulator.expressions.date_names import MONTHS
from entra_sim.simulator.expressions.instant import Instant

GENERAL_FORMAT = "G"
"""What an empty output format stands for. Assumed: .NET DateTime.ToString."""


def print_date(moment: Instant, kind: str, format_text: str) -> str:
    """Return the instant printed by the format.

    Args:
        moment: the clock time to print.
        kind: "utc", "local" (the service's zone, which is UTC) or "" for a time without zone; only K tells them apart.
        format_text: custom or standard .NET format; the empty text is the general format.
    Raises:
        FormatError: .NET refuses the format.
    """
    day = moment.date
    clock = moment.clock
    printed: list[str] = []
    for piece in pieces(format_text or GENERAL_FORMAT):
        if piece.kind == "F" and not _fraction(piece, clock[3]):
            if printed and printed[-1].endswith("."):
                printed[-1] = printed[-1][:-1]
            continue
        printed.append(_printed(piece, day, clock, kind))
    return "".join(printed)


def _printed(piece: Piece, day: date, clock: tuple[int, int, int, int], kind: str) -> str:
    hour, minute, second, fraction = clock
    match piece.kind:
        case "":
            return piece.text
        case "y":
            return _year(day.year, piece.count)
        case "M":
            return _named(day.month, MONTHS[day.month - 1], piece.count)
        case "d":
            return _named(day.day, DAYS[day.weekday()], piece.count)
        case "h":
            return _padded(hour % 12 or 12, piece.count)
        case "H":
            return _padded(hour, piece.count)
        case "m":
            return _padded(minute, piece.count)
        case "s":
            return _padded(second, piece.count)
        case "f" | "F":
            return _fraction(piece, fraction)
        case "t":
            half = "AM" if hour < 12 else "PM"
            return half[0] if piece.count == 1 else half
        case "z":
            return ("+0", "+00", "+00:00")[min(piece.count, 3) - 1]
        case "K":
            return {"utc": "Z", "local": "+00:00"}.get(kind, "")
        case _:
            return "A.D."


def _padded(number: int, count: int) -> str:
    return str(number) if count == 1 else f"{number:02d}"


def _year(year: int, count: int) -> str:
    if count <= 2:
        return _padded(year % 100, count)
    return str(year).rjust(count, "0")


def _named(number: int, name: str, count: int) -> str:
    if count <= 2:
        return _padded(number, count)
    return name[:3] if count == 3 else name


def _fraction(piece: Piece, ticks: int) -> str:
    digits = f"{ticks:07d}"[: piece.count]
    return digits if piece.kind == "f" else digits.rstrip("0")

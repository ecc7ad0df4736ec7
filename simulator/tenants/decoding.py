"""Bytes of a file to text, and text to rows: byte order marks, UTF-16, separators, lines that are not data.

Spreadsheets, PowerShell and the admin centers each write tables their own way; nothing here knows what the columns
mean.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from entra_sim.simulator.tenants.limits import MAX_CELL_CHARACTERS
from entra_sim.simulator.tenants.limits import MAX_COLUMNS
from entra_sim.simulator.tenants.limits import MAX_FILE_BYTES
from entra_sim.simulator.tenants.problems import DirectoryFileError
from entra_sim.simulator.tenants.problems import Place
from entra_sim.simulator.tenants.problems import Problem

SEPARATORS = (",", ";", "\t")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table: the line of the file where it starts, 1-based, and its cells."""

    line: int
    cells: list[str]


def read_text(path: Path, name: str) -> str:
    """Return the text of a file, without a byte order mark.

    Args:
        path: the file.
        name: the file as the user gave it, for messages.
    Raises:
        DirectoryFileError: it cannot be opened, is too large, or is neither UTF-8 nor UTF-16.
    """
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise file_problem(name, f"is larger than {MAX_FILE_BYTES >> 20} MB; split it into several files")
        raw = path.read_bytes()
    except OSError as error:
        raise file_problem(
            name, f"cannot be read ({error.strerror or error}); check the path and its rights"
        ) from error
    return decode(raw, name)


def decode(raw: bytes, name: str) -> str:
    """Return the bytes of a file as text; see `read_text`."""
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return _decoded(raw[len(mark) :], encoding, name)
    head = raw[:4096]
    if len(head) >= 4 and head.count(0) >= len(head) // 4:
        return _decoded(raw, "utf-16-le" if head[1::2].count(0) > head[0::2].count(0) else "utf-16-be", name)
    return _decoded(raw, "utf-8", name)


def _decoded(raw: bytes, encoding: str, name: str) -> str:
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = (
            f"is not valid {encoding.upper().removesuffix('-LE').removesuffix('-BE')} text; save it as 'CSV UTF-8', or"
            " in PowerShell write it with: Export-Csv -NoTypeInformation -Encoding utf8"
        )
        raise DirectoryFileError([Problem(place=Place(path=name, line=line), message=message)]) from error
    if "\0" in text:
        raise file_problem(name, "holds null characters, so it is not a text file; export it again as CSV or JSON")
    return text


def file_problem(name: str, message: str) -> DirectoryFileError:
    """Return the error of a file as a whole."""
    return DirectoryFileError([Problem(place=Place(path=name), message=message)])


def rows(text: str, name: str) -> Iterator[Row]:
    """Yield the rows of a table, titles first; cells as they are, but where titles follow "separator blank" without it.

    Left out: an empty row, PowerShell's "#TYPE" line, "sep=;" of spreadsheets, and of the portal's bulk templates the
    version line and the example row.

    Raises:
        DirectoryFileError: a row cannot be split into cells, a cell or the number of columns is too large.
    """
    separator, skipped, text = _preamble(text)
    outside = "".join(text.partition("\n")[0].split('"')[0::2])
    is_spaced = separator in outside and outside.count(separator) == outside.count(f"{separator} ")
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=is_spaced)
    line = skipped
    titles: list[str] = []
    try:
        for cells in reader:
            start, line = line + 1, skipped + reader.line_num
            if not any(cells) or (titles and cells[0].startswith("Example: ")):
                continue
            if not titles:
                titles = cells
                if len(cells) > MAX_COLUMNS:
                    raise file_problem(name, f"has {len(cells)} columns, more than {MAX_COLUMNS}")
            yield Row(line=start, cells=cells)
    except csv.Error as error:
        place = Place(path=name, line=line + 1)
        message = f"this row cannot be split into cells ({error}); look for a quotation mark that is not doubled"
        raise DirectoryFileError([Problem(place=place, message=message)]) from error


def _preamble(text: str) -> tuple[str, int, str]:
    """Return the separator, the number of lines before the titles, and the text from the titles on."""
    skipped = 0
    separator = ""
    while True:
        line, newline, rest = text.partition("\n")
        bare = line.strip().strip('"')
        if bare.lower().startswith("sep=") and len(bare) == 5:
            separator = bare[4]
        elif not (bare.startswith(("#TYPE ", "version:v")) or (not bare and newline)):
            return separator or _separator(line), skipped, text
        text = rest
        skipped += 1


def _separator(titles: str) -> str:
    outside = "".join(titles.split('"')[0::2])
    counts = [outside.count(separator) for separator in SEPARATORS]
    return SEPARATORS[counts.index(max(counts))]

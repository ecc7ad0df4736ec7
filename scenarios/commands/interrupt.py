"""Ctrl-C in a work command: one line, exit code 130, no traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def exits_on_interrupt(sentence: str) -> Iterator[None]:
    """Print the sentence and exit with 130 when Ctrl-C ends the body; everything in it has been closed by then."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"\n{sentence}", err=True)
        sys.exit(130)

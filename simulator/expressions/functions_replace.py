"""The five forms of Replace. Source: expressions.md section 9, Replace, and section 10.

Each takes the site, the run, the source as one text, and the values of the places that its form uses.
"""

from __future__ import annotations

from typing import Any

from entra_sim.simulator.expressions.context import Run
from entra_sim.simulator.expressions.pattern_escapes import PatternError
from entra_sim.simulator.expressions.patterns import Pattern
from entra_sim.simulator.expressions.patterns import PatternTimeout
from entra_sim.simulator.expressions.patterns import ResultTooLong
from entra_sim.simulator.expressions.patterns import compile_pattern
from entra_sim.simulator.expressions.values import MAX_TEXT_LENGTH
from entra_sim.simulator.expressions.values import Site
from entra_sim.simulator.expressions.values import is_blank
from entra_sim.simulator.expressions.values import shown
from entra_sim.simulator.expressions.values import single
from entra_sim.simulator.expressions.values import text
from entra_sim.simulator.expressions.values import text_or_empty


def replace_text(site: Site, run: Run, source: str, old: Any, new: Any) -> str:
    """Return the source with every old text replaced; unchanged if the old text turns out empty."""
    return _replaced(source, text_or_empty(old, site), text_or_empty(new, site), site)


def fill_template(site: Site, run: Run, source: str, old: Any, template: Any) -> str:
    """Return the template with every old text replaced by the source."""
    return _replaced(text_or_empty(template, site), text_or_empty(old, site), source, site)


def _replaced(whole: str, old: str, new: str, site: Site) -> str:
    if not old:
        return whole
    if len(new) > len(old) and len(whole) + whole.count(old) * (len(new) - len(old)) > MAX_TEXT_LENGTH:
        raise _too_long(site)
    return whole.replace(old, new)


def replace_pattern(site: Site, run: Run, source: str, pattern: Any, replacement: Any) -> str:
    """Return the source with every match replaced by a .NET substitution pattern."""
    compiled = _compiled(pattern, site)
    try:
        return compiled.replace(source, text_or_empty(replacement, site), run.context.regex_time_limit_s)
    except (PatternTimeout, PatternError, ResultTooLong) as error:
        raise _failed(error, pattern, site, run) from error


def replace_group(site: Site, run: Run, source: str, pattern: Any, group: Any, replacement: Any) -> str:
    """Return the source with the group's part of every match replaced, literally. Assumed: an unknown group does
    nothing."""
    compiled = _compiled(pattern, site)
    name, new = text_or_empty(group, site), text_or_empty(replacement, site)
    try:
        return compiled.replace_group(source, name, new, run.context.regex_time_limit_s)
    except (PatternTimeout, PatternError, ResultTooLong) as error:
        raise _failed(error, pattern, site, run) from error


def fall_back(site: Site, run: Run, source: Any, pattern: Any, group: Any, other: Any) -> Any:
    """Return the source, or the group of the first match in the other attribute if the source is missing or empty."""
    if not is_blank(source):
        return text(source, site) if not isinstance(source, tuple | list) else source
    compiled = _compiled(pattern, site)
    name = text_or_empty(group, site)
    if compiled.groups.number_of(name) is None:
        return single(source, site)
    substitute = text(other, site)
    if substitute is None:
        return None
    try:
        return compiled.first(substitute, name, run.context.regex_time_limit_s)
    except (PatternTimeout, PatternError) as error:
        raise _failed(error, pattern, site, run) from error


def _compiled(pattern: Any, site: Site) -> Pattern:
    wanted = text_or_empty(pattern, site)
    try:
        return compile_pattern(wanted)
    except PatternError as error:
        raise site.failure(f"the pattern {shown(wanted)} is wrong: {error}") from error


def _failed(error: Exception, pattern: Any, site: Site, run: Run) -> Exception:
    if isinstance(error, ResultTooLong):
        return _too_long(site)
    if isinstance(error, PatternTimeout):
        limit = run.context.regex_time_limit_s
        return site.failure(f"the pattern {shown(pattern)} takes longer than {limit:g} s on this text and was cut off")
    return site.failure(f"the pattern {shown(pattern)} cannot be used: {error}")


def _too_long(site: Site) -> Exception:
    return site.failure(f"the result is longer than {MAX_TEXT_LENGTH:,} characters")

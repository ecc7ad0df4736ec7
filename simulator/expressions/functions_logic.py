"""Functions of conditions and numbers. IIF, Switch and the like, which are lazy, are in `binding_lazy`.

Source: expressions.md section 9.
"""

from __future__ import annotations

from typing import Any

from entra_sim.simulator.expressions.context import Run
from entra_sim.simulator.expressions.values import FlowMarker
from entra_sim.simulator.expressions.values import Site
from entra_sim.simulator.expressions.values import is_blank
from entra_sim.simulator.expressions.values import is_list
from entra_sim.simulator.expressions.values import is_true
from entra_sim.simulator.expressions.values import marker_failure
from entra_sim.simulator.expressions.values import single
from entra_sim.simulator.expressions.values import whole_number

_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1


def bit_and(site: Site, run: Run, first: Any, second: Any) -> int:
    """Return the common bits. Assumed: 64-bit integers in two's complement."""
    return _int64(first, site, "value1") & _int64(second, site, "value2")


def _int64(value: Any, site: Site, what: str) -> int:
    number = whole_number(value, site, what)
    if not _INT64_MIN <= number <= _INT64_MAX:
        raise site.failure(f"{what} does not fit into 64 bits: {number}")
    return number


def c_bool(site: Site, run: Run, value: Any) -> bool:
    """Return whether the condition holds."""
    return is_true(value, site)


def negated(site: Site, run: Run, value: Any) -> bool:
    """Return False for Boolean True and the text True in any case, else True. Source: expressions.md, Not."""
    value = single(value, site)
    return not (value is True or (isinstance(value, str) and value.lower() == "true"))


def is_null(site: Site, run: Run, value: Any) -> bool:
    """Return whether there is no value. Assumed: an empty list is none."""
    return value is None or (is_list(_no_marker(value, site)) and not value)


def is_null_or_empty(site: Site, run: Run, value: Any) -> bool:
    """Return whether there is no value or the empty text."""
    return is_blank(_no_marker(value, site))


def is_present(site: Site, run: Run, value: Any) -> bool:
    """Return whether there is a value other than the empty text."""
    return not is_blank(_no_marker(value, site))


def _no_marker(value: Any, site: Site) -> Any:
    if type(value) is FlowMarker:
        raise marker_failure(site)
    return value


def redact(site: Site, run: Run, value: Any) -> Any:
    """Return the value, and note that the log must not show it."""
    run.is_redacted = True
    return _no_marker(value, site)

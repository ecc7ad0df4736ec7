"""Functions that draw on ids, chance and the tenant. Source: expressions.md sections 5.6 and 9."""

from __future__ import annotations

from typing import Any

from entra_sim.simulator.expressions.context import Chance
from entra_sim.simulator.expressions.context import Run
from entra_sim.simulator.expressions.values import Site
from entra_sim.simulator.expressions.values import text_or_empty
from entra_sim.simulator.expressions.values import whole_number

MAX_RANDOM_LENGTH = 256
"""Source: expressions.md section 9, RandomString."""

_CLASSES = (
    ("minimumNumbers", "0123456789"),
    ("minimumSpecialCharacters", "~!@#$%^&*_-+=`|\\(){}[]:;\"'<>,.?/"),
    ("minimumCapital", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("minimumLowerCase", "abcdefghijklmnopqrstuvwxyz"),
)


def guid(site: Site, run: Run) -> str:
    """Return a new GUID in lower case."""
    if run.context.new_id is None:
        raise site.failure("no source of ids is given")
    return run.context.new_id().lower()


def default_domain(site: Site, run: Run) -> str:
    """Return the tenant's default verified domain."""
    domain = run.context.default_domain
    if not domain:
        raise site.failure("the tenant has no default verified domain")
    return domain


def random_string(site: Site, run: Run, size: Any, *rest: Any) -> str:
    """Return a random text of the length, with the minima of each class, in random order."""
    *minima, avoid = rest
    wanted = whole_number(size, site, "length")
    counts = [whole_number(value, site, name) for value, (name, _) in zip(minima, _CLASSES, strict=True)]
    if not 0 <= wanted <= MAX_RANDOM_LENGTH:
        raise site.failure(f"length is from 0 to {MAX_RANDOM_LENGTH}; it is {wanted}")
    if min(counts) < 0 or sum(counts) > wanted:
        raise site.failure(f"the minima {', '.join(map(str, counts))} do not fit into a length of {wanted}")
    if run.context.chance is None:
        raise site.failure("no source of chance is given")
    avoided = text_or_empty(avoid, site)
    pools = [[letter for letter in letters if letter not in avoided] for _, letters in _CLASSES]
    needed = [pool for pool, count in zip(pools, counts, strict=True) for _ in range(count)]
    needed += [[letter for pool in pools for letter in pool]] * (wanted - len(needed))
    if not all(needed):
        raise site.failure("charactersToAvoid leaves nothing of a class that is wanted")
    chosen = [pool[run.context.chance.randrange(len(pool))] for pool in needed]
    return "".join(_shuffled(chosen, run.context.chance))


def _shuffled(letters: list[str], chance: Chance) -> list[str]:
    for last in range(len(letters) - 1, 0, -1):
        other = chance.randrange(last + 1)
        letters[last], letters[other] = letters[other], letters[last]
    return letters

"""Every noun an expectation can read, and the check itself."""

from __future__ import annotations

from entra_sim.scenarios.expectations.directory import NOUNS as DIRECTORY_NOUNS
from entra_sim.scenarios.expectations.job import NOUNS as JOB_NOUNS
from entra_sim.scenarios.expectations.records import NOUNS as RECORD_NOUNS
from entra_sim.scenarios.expectations.target import NOUNS as TARGET_NOUNS
from entra_sim.scenarios.language import Noun

NOUNS: dict[str, Noun] = {
    noun.name: noun for nouns in (TARGET_NOUNS, RECORD_NOUNS, JOB_NOUNS, DIRECTORY_NOUNS) for noun in nouns
}

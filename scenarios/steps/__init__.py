"""Every verb a step can use."""

from __future__ import annotations

from entra_sim.scenarios.language import Verb
from entra_sim.scenarios.steps.application import VERBS as APPLICATION_VERBS
from entra_sim.scenarios.steps.directory import VERBS as DIRECTORY_VERBS
from entra_sim.scenarios.steps.job import VERBS as JOB_VERBS
from entra_sim.scenarios.steps.mappings import VERBS as MAPPING_VERBS
from entra_sim.scenarios.steps.target import VERBS as TARGET_VERBS

VERBS: dict[str, Verb] = {
    verb.name: verb
    for verbs in (DIRECTORY_VERBS, APPLICATION_VERBS, MAPPING_VERBS, JOB_VERBS, TARGET_VERBS)
    for verb in verbs
}

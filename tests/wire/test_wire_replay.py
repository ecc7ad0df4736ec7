"""Every wire case through the real engine and the real transports.

The engine is reached through one function, `run_case(case, target)` in driver.py beside this file. It must

* build the job from `case.given`: flag and tenant URL from `target.tenant_url`; mappings (the default ones of WIRE-055
  plus `extraMappings`), matching attributes, target object actions, SkipOutOfScopeDeletions, `referenceQueries`
  (setting reference_check), `rematchOn404` (setting rematch_on_404);
* build the source from `case.given["directory"]` with the four states of each object, the links (managed unless a
  change says `previously: "unassigned"`), the members exported so far (`target.Groups[].members`) and the changes;
* run the phase: one connection test, one initial or incremental cycle, or one on-demand run of `job.subject`;
* send everything through `target.transport()`;
* return a list of ProvisioningOutcome: one for each log entry, or one with object id "" for a connection test.
"""

from __future__ import annotations

from driver import run_case
from wire_cases import Case
from wire_compare import compare
from wire_compare import compare_outcome
from wire_target import Target


def test_replay(case: Case, target: Target) -> None:
    outcomes = run_case(case, target)
    problems = compare(case, target.recorded) + compare_outcome(case, outcomes)
    assert not problems, "\n".join([case.data["title"], *problems])

"""The decision for one object, cell by cell. The expectations are written from the reference, not from the code."""

from __future__ import annotations

import itertools

import pytest

from entra_sim.simulator.engine.decide import Facts
from entra_sim.simulator.engine.decide import decide
from entra_sim.simulator.model.directory import Presence
from entra_sim.simulator.model.operation import Intent
from entra_sim.simulator.model.operation import Link

# state of the source, link, state last exported, scope → what is to be done, and whether the link is managed after it
# (blank: as it was). The words: create, update, disable, delete, skip REASON ACTION, nothing.
USERS = """
active    none       enabled   in   create                                   managed
active    none       enabled   out  skip NotEffectivelyEntitled Create       .
disabled  none       enabled   in   skip NotEffectivelyEntitled Create       .
disabled  none       enabled   out  skip NotEffectivelyEntitled Create       .
soft      none       enabled   in   skip NotEffectivelyEntitled Create       .
soft      none       enabled   out  skip NotEffectivelyEntitled Create       .
hard      none       enabled   in   nothing                                  .
hard      none       enabled   out  nothing                                  .
active    managed    enabled   in   update                                   managed
active    managed    enabled   out  disable                                  unmanaged
active    managed    disabled  in   update                                   managed
active    managed    disabled  out  skip RedundantExport Other               unmanaged
disabled  managed    enabled   in   disable                                  managed
disabled  managed    enabled   out  disable                                  unmanaged
disabled  managed    disabled  in   skip NotEffectivelyEntitled Update       .
disabled  managed    disabled  out  skip RedundantExport Other               unmanaged
soft      managed    enabled   in   disable                                  managed
soft      managed    enabled   out  disable                                  unmanaged
soft      managed    disabled  in   skip NotEffectivelyEntitled Update       .
soft      managed    disabled  out  skip RedundantExport Other               unmanaged
hard      managed    enabled   in   delete                                   .
hard      managed    enabled   out  skip NotEffectivelyEntitled Delete       unmanaged
hard      managed    disabled  in   delete                                   .
hard      managed    disabled  out  skip NotEffectivelyEntitled Delete       unmanaged
active    unmanaged  enabled   in   update                                   managed
active    unmanaged  enabled   out  disable                                  unmanaged
active    unmanaged  disabled  in   update                                   managed
active    unmanaged  disabled  out  skip NotEffectivelyEntitled Update       .
disabled  unmanaged  enabled   in   disable                                  managed
disabled  unmanaged  enabled   out  disable                                  unmanaged
disabled  unmanaged  disabled  in   skip NotEffectivelyEntitled Update       managed
disabled  unmanaged  disabled  out  skip NotEffectivelyEntitled Update       .
soft      unmanaged  enabled   in   disable                                  managed
soft      unmanaged  enabled   out  skip NotEffectivelyEntitled Update       .
soft      unmanaged  disabled  in   skip NotEffectivelyEntitled Update       managed
soft      unmanaged  disabled  out  skip NotEffectivelyEntitled Update       .
hard      unmanaged  enabled   in   skip NotEffectivelyEntitled Delete       .
hard      unmanaged  enabled   out  skip NotEffectivelyEntitled Delete       .
hard      unmanaged  disabled  in   skip NotEffectivelyEntitled Delete       .
hard      unmanaged  disabled  out  skip NotEffectivelyEntitled Delete       .
"""

GROUPS = """
there  unlinked  in   create                              managed
there  unlinked  out  skip NotEffectivelyEntitled Create  .
there  linked    in   update                              managed
there  linked    out  delete                              .
gone   unlinked  in   nothing                             .
gone   unlinked  out  nothing                             .
gone   linked    in   delete                              .
gone   linked    out  delete                              .
"""

PRESENCES = {
    "active": Presence.ACTIVE,
    "disabled": Presence.DISABLED,
    "soft": Presence.SOFT_DELETED,
    "hard": Presence.HARD_DELETED,
}
LINKS = {"none": Link.NONE, "managed": Link.MANAGED, "unmanaged": Link.UNMANAGED}
WORDS = {"provision": "create", "maintain": "update", "disable": "disable", "delete": "delete", "nothing": "nothing"}


def _rows(table: str) -> list[list[str]]:
    return [line.split() for line in table.strip().splitlines()]


def _said(intent: Intent) -> str:
    kind = str(intent.kind)
    if kind == "skip":
        return f"skip {intent.skip_reason} {intent.action}"
    return WORDS[kind]


def _after(intent: Intent) -> str:
    return {None: ".", True: "managed", False: "unmanaged"}[intent.managed_after]


def user(
    presence: str = "active", link: str = "managed", last: str = "enabled", scope: str = "in", **more: bool
) -> Facts:
    """Return the facts of a user in the words of the table."""
    facts = {"is_entitled": scope == "in", "passes_filters": True, **more}
    return Facts(
        object_type="User",
        presence=PRESENCES[presence],
        link=LINKS[link],
        was_disabled=last == "disabled",
        **facts,
    )


def test_the_table_of_users_holds_every_combination() -> None:
    wanted = set(itertools.product(PRESENCES, LINKS, ("enabled", "disabled"), ("in", "out")))
    wanted -= set(itertools.product(PRESENCES, ("none",), ("disabled",), ("in", "out")))  # nothing was ever exported

    assert {tuple(row[:4]) for row in _rows(USERS)} == wanted
    assert len(_rows(USERS)) == len(wanted)


@pytest.mark.rule("ENG-180", "ENG-181", "ENG-186", "ENG-188", "ENG-213")
@pytest.mark.parametrize("row", _rows(USERS), ids=" ".join)
def test_what_is_done_with_a_user(row: list[str]) -> None:
    presence, link, last, scope, *outcome, managed = row

    intent = decide(user(presence, link, last, scope))

    assert (_said(intent), _after(intent)) == (" ".join(outcome), managed)


@pytest.mark.rule("ENG-187")
@pytest.mark.parametrize("row", [row for row in _rows(USERS) if row[3] == "out"], ids=" ".join)
def test_a_filter_that_fails_is_as_good_as_no_assignment(row: list[str]) -> None:
    presence, link, last, _scope, *outcome, managed = row

    intent = decide(user(presence, link, last, "in", passes_filters=False))

    assert (_said(intent), _after(intent)) == (" ".join(outcome), managed)


@pytest.mark.rule("ENG-202", "ENG-142", "ENG-004")
@pytest.mark.parametrize("row", _rows(GROUPS), ids=" ".join)
def test_what_is_done_with_a_group(row: list[str]) -> None:
    there, link, scope, *outcome, managed = row

    intent = decide(
        Facts(
            object_type="Group",
            presence=Presence.ACTIVE if there == "there" else Presence.HARD_DELETED,
            link=Link.MANAGED if link == "linked" else Link.NONE,
            was_disabled=False,
            is_entitled=scope == "in",
            passes_filters=True,
        )
    )

    assert (_said(intent), _after(intent)) == (" ".join(outcome), managed)


def test_the_table_of_groups_holds_every_combination() -> None:
    wanted = set(itertools.product(("there", "gone"), ("unlinked", "linked"), ("in", "out")))

    assert {tuple(row[:3]) for row in _rows(GROUPS)} == wanted


EVENTS = {
    "E1": {"presence": "disabled"},
    "E2": {"presence": "soft"},
    "E4": {"scope": "out"},
    "E5": {"passes_filters": False},
}


@pytest.mark.rule("ENG-190", "ENG-191", "Q-10")
@pytest.mark.parametrize(
    ("event", "holds_disabled", "expected"),
    [
        ("E1", False, "disable"),
        ("E2", False, "disable"),
        ("E4", False, "skip OutOfScopeDeletionSkipped Disable"),
        ("E5", False, "skip OutOfScopeDeletionSkipped Disable"),
        ("E1", True, "skip OutOfScopeDeletionSkipped Disable"),
        ("E2", True, "skip OutOfScopeDeletionSkipped Disable"),
        ("E4", True, "skip OutOfScopeDeletionSkipped Disable"),
        ("E5", True, "skip OutOfScopeDeletionSkipped Disable"),
    ],
)
def test_skip_out_of_scope_deletions(event: str, holds_disabled: bool, expected: str) -> None:
    facts = user(**EVENTS[event], skips_out_of_scope_deletions=True, skip_holds_disabled=holds_disabled)

    assert _said(decide(facts)) == expected


@pytest.mark.rule("ENG-190", "ENG-184")
def test_skip_out_of_scope_deletions_does_not_hold_a_hard_delete_back() -> None:
    assert _said(decide(user("hard", last="disabled", skips_out_of_scope_deletions=True))) == "delete"


@pytest.mark.rule("ENG-192")
@pytest.mark.parametrize("event", EVENTS)
def test_without_a_mapping_of_the_state_no_removal_is_sent(event: str) -> None:
    assert _said(decide(user(**EVENTS[event], reads_soft_deleted=False))) == "skip RedundantExport Other"


@pytest.mark.rule("ENG-194", "ENG-110", "ENG-111")
@pytest.mark.parametrize("event", EVENTS)
def test_with_update_off_no_disable_is_sent(event: str) -> None:
    assert _said(decide(user(**EVENTS[event], updates=False))) == "skip TargetObjectActionDisabled Disable"


@pytest.mark.rule("ENG-110", "ENG-111", "ENG-195", "ENG-203")
@pytest.mark.parametrize(
    ("object_type", "presence", "link", "boxes", "expected"),
    [
        ("User", "active", "managed", {"updates": False}, "skip TargetObjectActionDisabled Update"),
        ("User", "hard", "managed", {"deletes": False}, "skip TargetObjectActionDisabled Delete"),
        ("Group", "active", "managed", {"updates": False}, "skip TargetObjectActionDisabled Update"),
        ("Group", "hard", "managed", {"deletes": False}, "skip TargetObjectActionDisabled Delete"),
        ("User", "active", "managed", {"creates": False, "deletes": False}, "update"),
        ("User", "hard", "managed", {"creates": False, "updates": False}, "delete"),
        ("User", "disabled", "managed", {"creates": False, "deletes": False}, "disable"),
        ("User", "active", "none", {"updates": False, "deletes": False}, "create"),
    ],
)
def test_target_object_actions(object_type: str, presence: str, link: str, boxes: dict, expected: str) -> None:
    facts = Facts(
        object_type=object_type,
        presence=PRESENCES[presence],
        link=LINKS[link],
        was_disabled=False,
        is_entitled=True,
        passes_filters=True,
        **boxes,
    )

    assert _said(decide(facts)) == expected


@pytest.mark.rule("ENG-185", "Q-09")
@pytest.mark.parametrize(
    ("sends", "last", "expected"),
    [
        (True, "enabled", "delete"),
        (True, "disabled", "delete"),
        (False, "enabled", "skip NotEffectivelyEntitled Delete"),
        (False, "disabled", "delete"),
    ],
)
def test_soft_and_hard_delete_inside_one_interval(sends: bool, last: str, expected: str) -> None:
    assert _said(decide(user("hard", last=last, soft_and_hard_delete_sends_delete=sends))) == expected


@pytest.mark.rule("ENG-198", "Q-11")
@pytest.mark.parametrize(
    ("exports", "presence", "link", "scope", "expected"),
    [
        (False, "disabled", "managed", "in", "skip NotEffectivelyEntitled Update"),
        (True, "disabled", "managed", "in", "disable"),
        (True, "soft", "managed", "in", "disable"),
        (True, "disabled", "managed", "out", "skip RedundantExport Other"),
        (True, "active", "unmanaged", "out", "skip NotEffectivelyEntitled Update"),
        (True, "disabled", "unmanaged", "in", "disable"),
    ],
)
def test_changes_of_a_disabled_user(exports: bool, presence: str, link: str, scope: str, expected: str) -> None:
    facts = user(presence, link, "disabled", scope, exports_changes_of_disabled=exports)

    assert _said(decide(facts)) == expected


@pytest.mark.rule("ENG-182", "ENG-183", "ENG-184", "ENG-199", "ENG-212")
@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        (user("disabled"), "ENG-182"),
        (user("soft"), "ENG-183"),
        (user("hard", last="disabled"), "ENG-184"),
        (user("hard"), "ENG-185"),
        (user(scope="out"), "ENG-186"),
        (user(passes_filters=False), "ENG-187"),
        (user("hard", "unmanaged", "disabled"), "ENG-188"),
        (user(scope="out", skips_out_of_scope_deletions=True), "ENG-190"),
        (user("active", "unmanaged", "disabled"), "ENG-199"),
        (user("disabled", "none"), "ENG-212"),
    ],
)
def test_a_decision_names_the_rule_behind_it(facts: Facts, rule: str) -> None:
    assert rule in decide(facts).rules

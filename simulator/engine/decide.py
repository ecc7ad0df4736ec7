"""The decision tables: linked?, in scope?, state of the source → intent.

First the state of the object chooses a row (USER_TABLE, GROUP_TABLE; ENG-182 to ENG-212), then the job's options may
hold the result back (`_held_back`: SkipOutOfScopeDeletions, target object actions). Nothing is read or sent here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace

from entra_sim.simulator.model.directory import Presence
from entra_sim.simulator.model.operation import Action
from entra_sim.simulator.model.operation import Intent
from entra_sim.simulator.model.operation import IntentKind
from entra_sim.simulator.model.operation import Link
from entra_sim.simulator.model.operation import SkipReason

ACTIVE, DISABLED, SOFT, HARD = Presence.ACTIVE, Presence.DISABLED, Presence.SOFT_DELETED, Presence.HARD_DELETED
NONE, MANAGED, UNMANAGED = Link.NONE, Link.MANAGED, Link.UNMANAGED
IN, OUT = True, False
WAS_ENABLED, WAS_DISABLED = False, True


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything a decision depends on.

    Args:
        is_entitled: by assignment or *sync all* (ENG-020 to ENG-026).
        passes_filters: the scoping filters of the mapping (ENG-040).
        was_disabled: the state last exported (SyncEntry.is_disabled).
        reads_soft_deleted: a mapping reads IsSoftDeleted, or accountEnabled when that is what changed (ENG-192).
    Source: ENG-181.
    """

    object_type: str
    presence: Presence
    link: Link
    was_disabled: bool
    is_entitled: bool
    passes_filters: bool
    creates: bool = True
    updates: bool = True
    deletes: bool = True
    skips_out_of_scope_deletions: bool = False
    skip_holds_disabled: bool = False
    exports_changes_of_disabled: bool = False
    soft_and_hard_delete_sends_delete: bool = True
    reads_soft_deleted: bool = True

    @property
    def is_inside(self) -> bool:
        """Return whether assignment and filters both hold."""
        return self.is_entitled and self.passes_filters


def _go(kind: IntentKind, *rules: str, managed: bool | None = None) -> Intent:
    return Intent(kind=kind, rules=rules, managed_after=managed)


def _skip(reason: SkipReason, *rules: str, managed: bool | None = None, action: Action = Action.CREATE) -> Intent:
    return Intent(kind=IntentKind.SKIP, rules=rules, managed_after=managed, skip_reason=reason, action=action)


NOTHING = IntentKind.NOTHING
NOT_ENTITLED = SkipReason.NOT_ENTITLED
REDUNDANT = SkipReason.REDUNDANT

UserKey = tuple[Presence, Link, bool, bool]

# (state of the source, link, state last exported, inside the scope) → intent.
USER_TABLE: Mapping[UserKey, Intent] = {
    (ACTIVE, NONE, WAS_ENABLED, IN): _go(IntentKind.PROVISION, "ENG-160", managed=True),
    (ACTIVE, NONE, WAS_ENABLED, OUT): _skip(NOT_ENTITLED, "ENG-142", "ENG-210"),
    (DISABLED, NONE, WAS_ENABLED, IN): _skip(NOT_ENTITLED, "ENG-212"),
    (DISABLED, NONE, WAS_ENABLED, OUT): _skip(NOT_ENTITLED, "ENG-210"),
    (SOFT, NONE, WAS_ENABLED, IN): _skip(NOT_ENTITLED, "ENG-210"),
    (SOFT, NONE, WAS_ENABLED, OUT): _skip(NOT_ENTITLED, "ENG-210"),
    (HARD, NONE, WAS_ENABLED, IN): _go(NOTHING, "ENG-211"),
    (HARD, NONE, WAS_ENABLED, OUT): _go(NOTHING, "ENG-211"),
    (ACTIVE, MANAGED, WAS_ENABLED, IN): _go(IntentKind.MAINTAIN, "ENG-153", managed=True),
    (ACTIVE, MANAGED, WAS_ENABLED, OUT): _go(IntentKind.DISABLE, "ENG-186", managed=False),
    (ACTIVE, MANAGED, WAS_DISABLED, IN): _go(IntentKind.MAINTAIN, "ENG-199", managed=True),
    (ACTIVE, MANAGED, WAS_DISABLED, OUT): _skip(REDUNDANT, "ENG-197", managed=False, action=Action.OTHER),
    (DISABLED, MANAGED, WAS_ENABLED, IN): _go(IntentKind.DISABLE, "ENG-182", managed=True),
    (DISABLED, MANAGED, WAS_ENABLED, OUT): _go(IntentKind.DISABLE, "ENG-182", "ENG-186", managed=False),
    (DISABLED, MANAGED, WAS_DISABLED, IN): _skip(NOT_ENTITLED, "ENG-198", action=Action.UPDATE),
    (DISABLED, MANAGED, WAS_DISABLED, OUT): _skip(REDUNDANT, "ENG-197", managed=False, action=Action.OTHER),
    (SOFT, MANAGED, WAS_ENABLED, IN): _go(IntentKind.DISABLE, "ENG-183", managed=True),
    (SOFT, MANAGED, WAS_ENABLED, OUT): _go(IntentKind.DISABLE, "ENG-183", "ENG-186", managed=False),
    (SOFT, MANAGED, WAS_DISABLED, IN): _skip(NOT_ENTITLED, "ENG-198", action=Action.UPDATE),
    (SOFT, MANAGED, WAS_DISABLED, OUT): _skip(REDUNDANT, "ENG-197", managed=False, action=Action.OTHER),
    (HARD, MANAGED, WAS_ENABLED, IN): _go(IntentKind.DELETE, "ENG-185"),
    (HARD, MANAGED, WAS_ENABLED, OUT): _skip(NOT_ENTITLED, "ENG-213", action=Action.DELETE, managed=False),
    (HARD, MANAGED, WAS_DISABLED, IN): _go(IntentKind.DELETE, "ENG-184", "ENG-216"),
    (HARD, MANAGED, WAS_DISABLED, OUT): _skip(NOT_ENTITLED, "ENG-213", action=Action.DELETE, managed=False),
    (ACTIVE, UNMANAGED, WAS_ENABLED, IN): _go(IntentKind.MAINTAIN, "ENG-199", managed=True),
    (ACTIVE, UNMANAGED, WAS_ENABLED, OUT): _go(IntentKind.DISABLE, "ENG-186", managed=False),
    (ACTIVE, UNMANAGED, WAS_DISABLED, IN): _go(IntentKind.MAINTAIN, "ENG-199", managed=True),
    (ACTIVE, UNMANAGED, WAS_DISABLED, OUT): _skip(NOT_ENTITLED, "ENG-198", action=Action.UPDATE),
    (DISABLED, UNMANAGED, WAS_ENABLED, IN): _go(IntentKind.DISABLE, "ENG-182", managed=True),
    (DISABLED, UNMANAGED, WAS_ENABLED, OUT): _go(IntentKind.DISABLE, "ENG-182", managed=False),
    (DISABLED, UNMANAGED, WAS_DISABLED, IN): _skip(NOT_ENTITLED, "ENG-198", managed=True, action=Action.UPDATE),
    (DISABLED, UNMANAGED, WAS_DISABLED, OUT): _skip(NOT_ENTITLED, "ENG-198", action=Action.UPDATE),
    (SOFT, UNMANAGED, WAS_ENABLED, IN): _go(IntentKind.DISABLE, "ENG-183", managed=True),
    (SOFT, UNMANAGED, WAS_ENABLED, OUT): _skip(NOT_ENTITLED, "ENG-188", action=Action.UPDATE),
    (SOFT, UNMANAGED, WAS_DISABLED, IN): _skip(NOT_ENTITLED, "ENG-198", managed=True, action=Action.UPDATE),
    (SOFT, UNMANAGED, WAS_DISABLED, OUT): _skip(NOT_ENTITLED, "ENG-188", action=Action.UPDATE),
    (HARD, UNMANAGED, WAS_ENABLED, IN): _skip(NOT_ENTITLED, "ENG-188", action=Action.DELETE),
    (HARD, UNMANAGED, WAS_ENABLED, OUT): _skip(NOT_ENTITLED, "ENG-188", action=Action.DELETE),
    (HARD, UNMANAGED, WAS_DISABLED, IN): _skip(NOT_ENTITLED, "ENG-188", action=Action.DELETE),
    (HARD, UNMANAGED, WAS_DISABLED, OUT): _skip(NOT_ENTITLED, "ENG-188", action=Action.DELETE),
}

GroupKey = tuple[bool, bool, bool]

# (still exists, linked, inside the scope) → intent. Groups have no disabled state (ENG-004, WIRE-112).
GROUP_TABLE: Mapping[GroupKey, Intent] = {
    (True, False, IN): _go(IntentKind.PROVISION, "ENG-230", managed=True),
    (True, False, OUT): _skip(NOT_ENTITLED, "ENG-142"),
    (True, True, IN): _go(IntentKind.MAINTAIN, "ENG-153", managed=True),
    (True, True, OUT): _go(IntentKind.DELETE, "ENG-202"),
    (False, False, IN): _go(NOTHING, "ENG-211"),
    (False, False, OUT): _go(NOTHING, "ENG-211"),
    (False, True, IN): _go(IntentKind.DELETE, "ENG-202"),
    (False, True, OUT): _go(IntentKind.DELETE, "ENG-202"),
}


def decide(facts: Facts) -> Intent:
    """Return what is to be done with one object.

    Source: WIRE-038, WIRE-092, WIRE-095, WIRE-096, WIRE-097, ENG-180 to ENG-213, ENG-110.
    """
    if facts.object_type == "Group":
        key = (facts.presence is not HARD, facts.link is not NONE, facts.is_inside)
        chosen = GROUP_TABLE[key]
    else:
        chosen = USER_TABLE[(facts.presence, facts.link, facts.was_disabled, facts.is_inside)]
        chosen = _by_settings(facts, chosen)
    return _held_back(facts, chosen)


def _by_settings(facts: Facts, chosen: Intent) -> Intent:
    if chosen.rules == ("ENG-186",) and facts.is_entitled:
        return replace(chosen, rules=("ENG-187",))
    if chosen.rules == ("ENG-185",) and not facts.soft_and_hard_delete_sends_delete:
        return _skip(NOT_ENTITLED, "ENG-185", managed=False, action=Action.DELETE)
    if facts.exports_changes_of_disabled and "ENG-198" in chosen.rules and facts.is_inside:
        return _go(IntentKind.DISABLE, "ENG-198", managed=chosen.managed_after)
    return chosen


def _held_back(facts: Facts, chosen: Intent) -> Intent:
    if _is_out_of_scope_deletion(facts, chosen):
        return _skip(SkipReason.OUT_OF_SCOPE_DELETION, "ENG-190", action=_action_of(chosen))
    if chosen.kind is IntentKind.DISABLE and not facts.reads_soft_deleted:
        return _skip(REDUNDANT, "ENG-192", managed=chosen.managed_after, action=Action.OTHER)
    if chosen.kind is IntentKind.DISABLE and not facts.updates:
        return _skip(SkipReason.ACTION_OFF, "ENG-194", managed=chosen.managed_after, action=Action.DISABLE)
    if chosen.kind is IntentKind.MAINTAIN and not facts.updates:
        return _skip(SkipReason.ACTION_OFF, "ENG-110", managed=True, action=Action.UPDATE)
    if chosen.kind is IntentKind.DELETE and not facts.deletes:
        rule = "ENG-203" if facts.object_type == "Group" else "ENG-195"
        return _skip(SkipReason.ACTION_OFF, rule, action=Action.DELETE)
    return chosen


def _is_out_of_scope_deletion(facts: Facts, chosen: Intent) -> bool:
    """Return whether SkipOutOfScopeDeletions holds it back: only what leaves the scope, unless Q-10 says more."""
    if not facts.skips_out_of_scope_deletions or not chosen.is_removal or facts.presence is HARD:
        return False
    left_scope = not facts.is_inside and facts.presence is ACTIVE
    return left_scope or (facts.skip_holds_disabled and facts.object_type == "User")


def _action_of(chosen: Intent) -> Action:
    return Action.DELETE if chosen.kind is IntentKind.DELETE else Action.DISABLE

"""Open questions, thresholds, intervals and limits: one declared list, each with type, unit, default and source.

Values come from `entra-sim.toml`, `ENTRA_SIM_...`, `--set name=value`, a scenario's `settings:` or the lab; the later
wins. Reports print those that differ from the default.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from entra_sim.simulator.errors import SettingsError


def _setting(default: Any, meaning: str, *, source: str, unit: str = "", question: str = "") -> Any:
    return dataclasses.field(
        default=default, metadata={"meaning": meaning, "source": source, "unit": unit, "question": question}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings with their defaults. `describe()` lists them."""

    regex_match_anchored: bool = _setting(
        False, "REGEX MATCH must match the whole value", source="ENG-044", question="Q-01"
    )
    ampersand_contains: bool = _setting(
        False, "& and !& test containment for whole numbers too, not bits", source="ENG-046", question="Q-02"
    )
    switch_null_defect: bool = _setting(
        False, "Switch over an unchanged attribute evaluates to null", source="ENG-093", question="Q-03"
    )
    cycle_interval_minutes: float = _setting(
        40.0, "time from the start of a cycle to the start of the next", source="ENG-124", unit="min", question="Q-04"
    )
    cycle_interval_max_minutes: float = _setting(
        0.0,
        "with a value, each interval is drawn between the interval and this",
        source="ENG-124",
        unit="min",
        question="Q-04",
    )
    cycle_interval_from_end: bool = _setting(
        False, "the interval is measured from the end of a cycle", source="ENG-124", question="Q-04"
    )
    probe_idle_cycles: bool = _setting(
        False, "probe the target even when a cycle has nothing to do", source="ENG-133", question="Q-05"
    )
    linked_lookup_by_filter: bool = _setting(
        False, "incremental cycles look a linked object up by filter first", source="ENG-166", question="Q-06"
    )
    rematch_on_404: bool = _setting(
        False, "a 404 on a linked id leads to a new match instead of InvalidAnchor", source="ENG-168", question="Q-07"
    )
    workers: int = _setting(1, "objects in flight at once", source="ENG-175", question="Q-08")
    soft_and_hard_delete_sends_delete: bool = _setting(
        True, "soft and hard delete inside one interval send a DELETE", source="ENG-185", question="Q-09"
    )
    skip_out_of_scope_holds_disable: bool = _setting(
        False,
        "SkipOutOfScopeDeletions also holds back disabled and soft-deleted users",
        source="ENG-191",
        question="Q-10",
    )
    export_changes_of_disabled: bool = _setting(
        False, "attribute changes of a disabled but assigned user are exported", source="ENG-198", question="Q-11"
    )
    members_per_patch: int = _setting(100, "members in one PATCH, 0 for no limit", source="WIRE-109", question="Q-12")
    soft_delete_removes_membership: bool = _setting(
        True, "a soft-deleted member is removed from its groups", source="ENG-237", question="Q-13"
    )
    first_retry_in_next_cycle: bool = _setting(
        True,
        "the first retry of a failed object is in the next cycle, else after 6 h",
        source="ENG-271",
        question="Q-14",
    )
    honour_retry_after: bool = _setting(
        False, "a 429 with Retry-After postpones the object's next attempt", source="ENG-276", question="Q-15"
    )
    request_timeout_s: float = _setting(
        60.0, "time for one request, in total", source="ENG-279", unit="s", question="Q-16"
    )
    quarantine_first_attempt_minutes: float = _setting(
        30.0,
        "first attempt after entering quarantine; doubled each time",
        source="ENG-284",
        unit="min",
        question="Q-17",
    )
    quarantine_cap_hours: float = _setting(
        24.0, "longest pause between attempts in quarantine", source="ENG-284", unit="h", question="Q-17"
    )
    delete_threshold_inclusive: bool = _setting(
        False, "accidental-deletion prevention trips at the threshold, not above it", source="ENG-302", question="Q-18"
    )
    hold_surplus_only: bool = _setting(
        False, "accidental-deletion prevention holds only what exceeds the threshold", source="ENG-303", question="Q-18"
    )
    cleared_links_start_initial: bool = _setting(
        False, "a ConnectorDataStore restart is followed by an initial cycle", source="ENG-315", question="Q-19"
    )
    takeover_reactivates: bool = _setting(
        True, "an account found inactive at the first match is set active", source="ENG-165", question="Q-20"
    )
    keeps_links_of_unmanaged: bool = _setting(
        True,
        "the link stays when somebody leaves the scope, so that a return finds it",
        source="ENG-186",
        question="Q-21",
    )
    redundant_is_update: bool = _setting(
        False, "a record of nothing to send has the action Update instead of Other", source="ENG-343", question="Q-22"
    )
    return_is_other: bool = _setting(
        False, "the record of a return has the action Other instead of Update", source="ENG-199", question="Q-23"
    )
    failed_probe_is_logged: bool = _setting(
        False,
        "a failed probe leaves a provisioning log record with the id of its cycle",
        source="ENG-140",
        question="Q-24",
    )
    threshold_counts_open_escrows: bool = _setting(
        True, "objects that wait for a retry count as failures of each cycle", source="ENG-280", question="Q-25"
    )
    tombstone_renames_mail: bool = _setting(
        False,
        "a soft delete puts the object id before mail, mail nickname and proxy addresses too",
        source="ENG-013",
        question="Q-26",
    )
    guest_upn_from_mail: bool = _setting(
        False,
        "a guest whose UPN has no #EXT# is known by the mail address, not by the UPN",
        source="ENG-012",
        question="Q-27",
    )
    role_removal_is_a_change: bool = _setting(
        True,
        "a role taken away from somebody whom another assignment keeps is a change of that user",
        source="ENG-107",
        question="Q-28",
    )
    unsynced_user_is_soft_deleted: bool = _setting(
        True,
        "a hybrid user taken out of the on-premises sync is soft-deleted, else stays as a cloud user",
        source="ENG-180",
        question="Q-29",
    )
    reference_check: bool = _setting(
        False, "ask the target before a manager or member write", source="WIRE-040", question="Q-30"
    )
    soft_delete_renames_unmapped_active: bool = _setting(
        False, "a soft delete sends the renamed UPN though active is not mapped", source="ENG-192", question="Q-31"
    )
    assignment_delay_s: float = _setting(
        0.0, "time until an assignment change becomes visible", source="ENG-016", unit="s"
    )
    watermark_life_days: float = _setting(
        30.0, "age at which a watermark is useless and everything is read anew", source="ENG-157", unit="d"
    )
    page_size: int = _setting(100, "objects in one page of a cycle", source="Assumed: progress is in pages, ENG-364")
    escrow_floor: int = _setting(5000, "failures before the proportion counts", source="ENG-280")
    escrow_proportion: float = _setting(0.40, "share of failures that quarantines", source="ENG-280")
    escrow_base: int = _setting(40000, "failures, references not counted, that quarantine", source="ENG-280")
    escrow_total: int = _setting(60000, "failures, references counted, that quarantine", source="ENG-280")
    quarantine_life_days: float = _setting(
        28.0, "time in quarantine until the job is disabled", source="ENG-287", unit="d"
    )
    escrow_life_days: float = _setting(28.0, "time until a failed object is given up", source="ENG-271", unit="d")
    recycle_bin_days: float = _setting(30.0, "time from soft to hard delete", source="ENG-011", unit="d")
    log_retention_days: float = _setting(30.0, "age at which provisioning logs are dropped", source="ENG-349", unit="d")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], *, where: str = "") -> Settings:
        """Return settings with these values instead of the defaults.

        Raises:
            SettingsError: a name does not exist or a value has the wrong type; the message says which and where.
        """
        return cls().replaced(values, where=where)

    def replaced(self, values: Mapping[str, Any], *, where: str = "") -> Settings:
        """Return a copy with these values; texts such as "true", "30" are read by the setting's type."""
        changes = {name: _read(name, value, where) for name, value in values.items()}
        return dataclasses.replace(self, **changes)

    def differing(self) -> dict[str, Any]:
        """Return the settings whose value is not the default, in declared order."""
        return {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingDescription:
    """One line of the list of settings."""

    name: str
    type: str
    default: Any
    unit: str
    meaning: str
    source: str
    question: str


def describe() -> tuple[SettingDescription, ...]:
    """Return every setting in declared order."""
    return tuple(
        SettingDescription(
            name=field.name,
            type=type(field.default).__name__,
            default=field.default,
            unit=field.metadata["unit"],
            meaning=field.metadata["meaning"],
            source=field.metadata["source"],
            question=field.metadata["question"],
        )
        for field in dataclasses.fields(Settings)
    )


def _read(name: str, value: Any, where: str) -> Any:
    fields = {field.name: field for field in dataclasses.fields(Settings)}
    place = f"{where}: " if where else ""
    if name not in fields:
        near = get_close_matches(name, fields, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else "; 'entra-sim rules --settings' lists them"
        raise SettingsError(f"{place}there is no setting '{name}'{hint}", name=name)
    kind = type(fields[name].default)
    try:
        return _converted(value, kind)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{place}setting '{name}' needs {_noun(kind)}, not {value!r}", name=name) from error


def _converted(value: Any, kind: type) -> Any:
    if kind is bool:
        if isinstance(value, bool):
            return value
        words = {
            "true": True,
            "yes": True,
            "on": True,
            "1": True,
            "false": False,
            "no": False,
            "off": False,
            "0": False,
        }
        return words[str(value).lower()] if str(value).lower() in words else _refuse(value)
    if isinstance(value, bool):
        raise ValueError(value)
    number = kind(value)
    if number < 0:
        raise ValueError(value)
    return number


def _refuse(value: Any) -> bool:
    raise ValueError(value)


def _noun(kind: type) -> str:
    return {"bool": "true or false", "int": "a whole number of 0 or more", "float": "a number of 0 or more"}[
        kind.__name__
    ]

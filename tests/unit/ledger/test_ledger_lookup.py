"""Finding a rule or a code from what a user types or pastes."""

from __future__ import annotations

import pytest

from entra_sim.simulator import errors
from entra_sim.simulator.engine.skips import action_off_text
from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.ledger.codes import Code
from entra_sim.simulator.ledger.rules import Ledger
from entra_sim.simulator.ledger.rules import load_ledger
from entra_sim.simulator.model.operation import Action
from entra_sim.simulator.scim.responses import error_text

PREFIX = "SystemForCrossDomainIdentityManagement"


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return load_ledger()


def _names(ledger: Ledger, text: str) -> list[str]:
    return [found.name if isinstance(found, Code) else found.id for found in ledger.find(text)]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ENG-186", "ENG-186"),
        ("eng-186", "ENG-186"),
        ("ENG186", "ENG-186"),
        ("eng 14", "ENG-014"),
        ("q-4", "Q-04"),
        ("Switch", "Switch"),
        ("switch", "Switch"),
        (" InvalidAnchor ", "InvalidAnchor"),
        ("invalidanchor", "InvalidAnchor"),
        ("notEffectivelyEntitled", "NotEffectivelyEntitled"),
        ("Timeout", "Timeout"),
    ],
)
def test_ids_functions_and_codes_are_found_however_they_are_typed(ledger: Ledger, typed: str, found: str) -> None:
    assert _names(ledger, typed) == [found]


@pytest.mark.parametrize(
    ("pasted", "found"),
    [
        (
            "Failed to create User 'ada@contoso.example' in customappsso; StatusCode: Conflict Message: Processing of "
            "the HTTP request resulted in an exception. Web Response: {} This operation was retried 0 times.",
            [f"{PREFIX}ServiceIncompatibleFiltering"],
        ),
        (
            f"Error code: {PREFIX}ServiceIncompatibleFiltering; StatusCode: Conflict",
            [f"{PREFIX}ServiceIncompatibleFiltering"],
        ),
        ("StatusCode: BadRequest Message: ...", [f"{PREFIX}ServiceIncompatible"]),
        ("statuscode: notfound", ["InvalidAnchor"]),
        ("StatusCode: ServiceUnavailable", ["WebExceptionProtocolError"]),
        ("The User 'ada' will be skipped. SkipReason: RedundantExport", ["RedundantExport"]),
        ("quarantined: EncounteredQuarantineException, see ENG-280", ["EncounteredQuarantineException", "ENG-280"]),
        ("The out of scope deletion was skipped.", ["OutOfScopeDeletionSkipped"]),
        ("InvalidAnchor and Timeout", ["InvalidAnchor", "Timeout"]),
        ("rules: ENG-186, ENG-188", ["ENG-186", "ENG-188"]),
    ],
)
def test_a_pasted_sentence_is_recognised_by_the_code_or_status_in_it(
    ledger: Ledger, pasted: str, found: list[str]
) -> None:
    assert _names(ledger, pasted) == found


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.TargetIncompatible, 400),
        (errors.TargetUnauthorized, 401),
        (errors.TargetForbidden, 403),
        (errors.TargetObjectGone, 404),
        (errors.TargetMethodNotAllowed, 405),
        (errors.TargetConflict, 409),
        (errors.TargetUnprocessable, 422),
        (errors.TargetThrottled, 429),
        (errors.TargetFailed, 500),
        (errors.TargetNotImplemented, 501),
        (errors.TargetUnreachable, 502),
        (errors.TargetUnreachable, 503),
    ],
)
def test_the_texts_of_failed_log_entries_are_recognised(
    ledger: Ledger, error: type[errors.TargetError], status: int
) -> None:
    text = error_text(error("Processing of the request failed.", status=status, body='{"detail": "no"}'), 0, None)
    assert _names(ledger, text) == [error.code]


@pytest.mark.parametrize(
    ("text", "found"),
    [(action_off_text(action), "TargetObjectActionDisabled") for action in (Action.CREATE, Action.DISABLE)]
    + [
        ("User 'ada' is skipped: 1) the user is not assigned to the application.", "NotEffectivelyEntitled"),
        ("User 'ada' is skipped: 1) it is not active in the source system (deleted).", "NotEffectivelyEntitled"),
        ("The required target attribute 'name.familyName' has no value; the user is ...", "AttributeValidationFailed"),
        ("The state of the user in both systems already matches; nothing is sent.", "RedundantExport"),
        ("Held by accidental deletion prevention until an administrator allows deletes", "TooManyDeletes"),
        ("Some members cannot be exported, because they ...", "UnableToResolveReferenceAttributeValue"),
        ("The lookup by userName found 2 resources where one was looked for.", "DuplicateTargetEntries"),
        ("The target's 'a' is linked to another source object (b).", "DuplicateSourceEntries"),
        ("'title' accepts one value, but its source gives 2.", "SchemaPropertyCanOnlyAcceptValue"),
        ("The mapping of 'title' failed: Mid: no (expression: Mid([a], 0, 1))", "InternalError"),
        ("No complete answer came within the time allowed.", "Timeout"),
        ("too large a share of the changes failed", "EncounteredEscrowProportionThreshold"),
        ("too many changes failed, references included", "EncounteredTotalEscrowThreshold"),
        ("too many changes failed.", "EncounteredBaseEscrowThreshold"),
    ],
)
def test_the_texts_of_skipped_log_entries_are_recognised(ledger: Ledger, text: str, found: str) -> None:
    assert _names(ledger, text) == [found]


def test_words_inside_other_words_are_no_codes(ledger: Ledger) -> None:
    with pytest.raises(NotFound):
        ledger.find("the ConflictResolver has a timeout")


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("ENG-187x", "there is no rule or code 'ENG-187x'; did you mean ENG-187 or ENG-186?"),
        ("ENG-207", "there is no rule or code 'ENG-207'; did you mean ENG-206 or ENG-205?"),
        ("Q-99", "there is no rule or code 'Q-99'; did you mean Q-31 or Q-30?"),
        ("InvalidAnchr", "there is no rule or code 'InvalidAnchr'; did you mean InvalidAnchor or InvalidDomain?"),
        ("RedundantExprot", "there is no rule or code 'RedundantExprot'; did you mean RedundantExport?"),
        ("zzzz", "there is no rule or code 'zzzz'; 'entra-sim rules' lists them all"),
        ("nothing known here", "no code, skip reason or rule is named in 'nothing known here'; paste"),
    ],
)
def test_a_typo_is_answered_with_the_nearest_id_or_code(ledger: Ledger, typed: str, answer: str) -> None:
    with pytest.raises(NotFound) as caught:
        ledger.find(typed)
    assert str(caught.value).startswith(answer)

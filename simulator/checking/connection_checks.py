"""Checks of the connection, of lookups and of refusals. Pure."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

from entra_sim.simulator.checking.bench import Bench
from entra_sim.simulator.checking.bench import Steps
from entra_sim.simulator.checking.check import Check
from entra_sim.simulator.checking.failing import Failed
from entra_sim.simulator.checking.failing import Inapplicable
from entra_sim.simulator.checking.results import EVERYTHING
from entra_sim.simulator.checking.results import USERS
from entra_sim.simulator.checking.results import Severity
from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.model.change import AttributeChange
from entra_sim.simulator.scim import requests
from entra_sim.simulator.scim import responses
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply

CONNECTION, LOOKUPS, REFUSALS = "connection", "lookups", "refusals"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


def _json(reply: Reply) -> dict[str, Any]:
    try:
        content = json.loads(reply.body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _test_connection(bench: Bench) -> Steps:
    attribute = bench.run.user.matching[0].row.target_attribute_name
    reply = yield requests.probe("User", attribute, bench.new_id())
    try:
        responses.probe_verdict(reply)
    except TargetError as error:
        fix = "Answer 200 with a ListResponse whose totalResults is 0 when nobody matches."
        if reply.status in (401, 403):
            fix = "Check the token; 401 and 403 are for wrong credentials alone; demand no User-Agent and no Accept."
        elif reply.status == 404:
            fix += " 404 is never the answer to a lookup: Entra takes the endpoint for broken and quarantines the job."
        raise Failed(f"Test connection fails: {error}", blocks=True, fix=fix) from error
    if responses.read_page(reply).total_count:
        raise Failed(
            "The lookup of a random GUID found somebody: the filter is ignored.",
            blocks=True,
            fix="Apply the filter: return only resources whose attribute equals the value, an empty list for none.",
        )


def _list_shape(bench: Bench) -> Steps:
    reply = yield requests.probe("User", "userName", bench.new_id())
    content = _json(reply)
    missing = [name for name in ("schemas", "totalResults", "Resources") if name not in content]
    if missing:
        raise Failed(f"The empty list has no {', '.join(missing)}.")
    if LIST not in content["schemas"] or content["totalResults"] != 0 or content["Resources"] != []:
        raise Failed("The empty list is not schemas [ListResponse], totalResults 0 (a number) and Resources [].")
    media = (reply.header("Content-Type") or "").partition(";")[0].strip().lower()
    if media not in ("application/scim+json", "application/json"):
        raise Failed(f"The answer's Content-Type is '{media}'.", fix="Answer with Content-Type application/scim+json.")


def _unknown_parameters(bench: Bench) -> Steps:
    person = bench.person("params")
    yield from bench.prepared(person)
    for extra in ((("aadOptscim062020", ""),), (("entraSimUnknown", "1"),)):
        call = requests.match("User", "userName", bench.user_name(person))
        reply = yield Call(method="GET", path=call.path, query=(*extra, *call.query))
        try:
            found = responses.read_list(reply)
        except TargetError as error:
            raise Failed(f"A lookup with the unknown parameter '{extra[0][0]}' fails: {error}") from error
        bench.expect_one(found, person, f"A lookup with the unknown parameter '{extra[0][0]}'")


def _match(bench: Bench) -> Steps:
    person = bench.person("match")
    yield from bench.prepared(person)
    bench.expect_one((yield from bench.lookup(person)), person, "The lookup by userName")


def _other_case(bench: Bench) -> Steps:
    person = bench.person("case")
    yield from bench.prepared(person)
    found = yield from bench.find("User", "userName", bench.user_name(person).upper())
    bench.expect_one(found, person, "The lookup by userName in capitals")


def _special_characters(bench: Bench) -> Steps:
    for label in ("o'brien", "plus+tag", "amp&hash#", "zoë-łukasz", "100%sure", "(a)!*b"):
        person = bench.person(label)
        try:
            yield from bench.create(person)
        except Failed as failure:
            raise Failed(
                f"A userName with special characters cannot be created ({person.name}): {failure.what}"
            ) from None
        found = yield from bench.lookup(person)
        bench.expect_one(found, person, f"The lookup of {person.name}")


def _by_external_id(bench: Bench) -> Steps:
    if not any(item.path.name == "externalid" for item in bench.run.user.rows):
        raise Inapplicable("The schema maps no externalId.")
    person = bench.person("external")
    yield from bench.prepared(person)
    found = yield from bench.find("User", "externalId", str(person.source.attributes["mailNickname"]))
    bench.expect_one(found, person, "The lookup by externalId")


def _by_typed_value(bench: Bench) -> Steps:
    path = 'emails[type eq "work"].value'
    if not any(item.row.target_attribute_name == path for item in bench.run.user.rows):
        raise Inapplicable("The schema maps no work e-mail.")
    person = bench.person("typed", ["mail"])
    yield from bench.prepared(person)
    found = yield from bench.find("User", path, str(person.source.attributes["mail"]))
    bench.expect_one(found, person, f"The lookup by {path}")


def _duplicate(bench: Bench) -> Steps:
    person = bench.person("twin")
    done = yield from bench.prepared(person)
    yield from _expect_conflict(done.writes[0][0])


def _duplicate_of_disabled(bench: Bench) -> Steps:
    person = bench.person("twin-off")
    done = yield from bench.prepared(person)
    yield requests.update("User", person.target_id, [_active_off()], bench.run.dialect)
    yield from _expect_conflict(done.writes[0][0])


def _active_off() -> AttributeChange:
    return AttributeChange(target_path="active", operation="Replace", old_value=True, new_value="False", type="Boolean")


def _expect_conflict(call: Call) -> Generator[Call, Reply, None]:
    reply = yield call
    if 200 <= reply.status < 300:
        raise Failed("A second user with the same userName was created.", severity=Severity.BREAKS)
    if reply.status != 409:
        raise Failed(
            f"A second user with the same userName is refused with {reply.status or reply.failure}, not with 409.",
            severity=Severity.LOSES if reply.status >= 500 or not reply.status else Severity.COSMETIC,
        )


def _unknown_ids(bench: Bench) -> Steps:
    nobody = bench.fake_id()
    calls = (
        requests.read("User", nobody),
        requests.update("User", nobody, [_active_off()], bench.run.dialect),
        requests.delete("User", nobody),
    )
    for call in calls:
        reply = yield call
        is_gone = call.method == "DELETE" and reply.status == 204
        if reply.status == 404 or is_gone:
            continue
        succeeded = 200 <= reply.status < 300
        raise Failed(
            f"{call.method} of an unknown id is answered with {reply.status or reply.failure}, not with 404.",
            severity=Severity.BREAKS if succeeded else Severity.LOSES,
        )


def _error_body(bench: Bench) -> Steps:
    reply = yield requests.read("User", bench.fake_id())
    content = _json(reply)
    if ERROR not in (content.get("schemas") or ()):
        raise Failed("The body of a 404 is no SCIM error message.")
    if content.get("status") != "404":
        raise Failed(f'The error\'s status is {content.get("status")!r}, not the text "404".')


_EMPTY_LIST = "200 and an empty ListResponse when nobody matches"

CHECKS = (
    Check(
        check_id="connect",
        title="Test connection: the lookup of a random GUID, without User-Agent and Accept",
        area=CONNECTION,
        tracks=EVERYTHING,
        rules=("WIRE-031", "WIRE-012", "WIRE-013", "ENG-130", "ENG-131"),
        needs=_EMPTY_LIST,
        fix="Answer 200 with a ListResponse whose totalResults is 0.",
        body=_test_connection,
    ),
    Check(
        check_id="list-shape",
        title="The empty list in full: schemas, totalResults, Resources, media type",
        area=CONNECTION,
        tracks=EVERYTHING,
        rules=("SRV-030", "WIRE-015"),
        needs="a ListResponse with totalResults as a number and Resources as a list",
        fix='Answer {"schemas":["' + LIST + '"],"totalResults":0,"Resources":[]}.',
        severity=Severity.COSMETIC,
        body=_list_shape,
        after=("connect",),
    ),
    Check(
        check_id="unknown-parameters",
        title="Unknown query parameters are ignored",
        area=CONNECTION,
        rules=("WIRE-003", "SRV-003"),
        needs="the same answer whatever else stands in the query",
        fix="Ignore query parameters that you do not know.",
        body=_unknown_parameters,
        after=("create-minimal",),
    ),
    Check(
        check_id="match",
        title="Match: the lookup by userName finds the one that was created",
        area=LOOKUPS,
        rules=("WIRE-020", "WIRE-032", "ENG-160"),
        needs="a list with exactly the one resource whose userName is asked for",
        fix='Support `userName eq "..."`, decode + as a blank, and make what was created visible to lookups at once.',
        body=_match,
        after=("create-minimal",),
    ),
    Check(
        check_id="match-other-case",
        title="Match in other case: userName is compared without case",
        area=LOOKUPS,
        rules=("SRV-032", "WIRE-140"),
        needs="the same hit in capitals: Entra's names differ in case from what was created once somebody edits them",
        fix="Compare userName without regard to case, in filters and for uniqueness.",
        body=_other_case,
        after=("match",),
    ),
    Check(
        check_id="filter-special-characters",
        title="Filters with an apostrophe, +, &, #, %, letters beyond ASCII",
        area=LOOKUPS,
        rules=("WIRE-020", "SRV-003", "QRK-24"),
        needs="the query decoded as a form: + is a blank, %2b a plus, escapes in lower case are UTF-8",
        fix="Decode the query string as application/x-www-form-urlencoded before the filter is parsed.",
        body=_special_characters,
        after=("match",),
    ),
    Check(
        check_id="filter-external-id",
        title="Filter by externalId",
        area=LOOKUPS,
        rules=("QRK-30", "SRV-014"),
        needs="a hit by externalId, which administrators choose as matching attribute",
        fix="Store externalId and support it in filters.",
        severity=Severity.COSMETIC,
        body=_by_external_id,
        after=("create-minimal",),
    ),
    Check(
        check_id="filter-typed-value",
        title='Filter by emails[type eq "work"].value',
        area=LOOKUPS,
        rules=("WIRE-021", "QRK-21"),
        needs="a hit by the mapping's path as it stands, if the e-mail is chosen as matching attribute",
        fix="Parse a value path on the left of eq, though the RFC's grammar has no such form.",
        severity=Severity.COSMETIC,
        body=_by_typed_value,
        after=("create-minimal",),
    ),
    Check(
        check_id="duplicate",
        title="A second user with the same userName: 409",
        area=REFUSALS,
        rules=("WIRE-131", "SRV-013", "SRV-040"),
        needs="409 with scimType uniqueness, and no second account",
        fix="Check userName for uniqueness in POST and PATCH, and answer 409.",
        body=_duplicate,
        after=("create-minimal",),
    ),
    Check(
        check_id="duplicate-of-disabled",
        title="A userName that a disabled user holds: 409",
        area=REFUSALS,
        rules=("QRK-29", "SRV-020"),
        needs="409: the disabled account is found by the lookup and enabled, it is never made twice",
        fix="Count disabled users when userName is checked for uniqueness.",
        body=_duplicate_of_disabled,
        after=("duplicate",),
    ),
    Check(
        check_id="unknown-ids",
        title="404 for an unknown id: read, update, delete",
        area=REFUSALS,
        rules=("WIRE-036", "WIRE-098", "ENG-168"),
        needs="404, by which Entra knows that a linked object is gone",
        fix="Answer 404 for ids that do not exist; create nothing.",
        body=_unknown_ids,
        after=("connect",),
    ),
    Check(
        check_id="error-body",
        title="The body of an error",
        area=REFUSALS,
        tracks=USERS,
        rules=("WIRE-132", "SRV-001"),
        needs="a SCIM error message, which the provisioning log shows to the administrator",
        fix='Answer errors with schemas ["' + ERROR + '"], status as text, and a detail.',
        severity=Severity.COSMETIC,
        body=_error_body,
        after=("unknown-ids",),
    ),
)

"""The tests of Microsoft's published SCIM Validator, by their names. Pure.

The validator is no provisioning client: it writes bodies of its own. What only it sends is cosmetic for provisioning,
but fails its report. Source: scim-wire.md section B.4.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from entra_sim.simulator.checking.bench import Bench
from entra_sim.simulator.checking.bench import Steps
from entra_sim.simulator.checking.check import Check
from entra_sim.simulator.checking.failing import Failed
from entra_sim.simulator.checking.failing import Stuck
from entra_sim.simulator.checking.results import Severity
from entra_sim.simulator.checking.results import Track
from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.scim import requests
from entra_sim.simulator.scim import responses
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.scim.patches import patch_body
from entra_sim.simulator.scim.paths import CORE
from entra_sim.simulator.scim.paths import CORE_GROUP
from entra_sim.simulator.scim.paths import ENTERPRISE
from entra_sim.simulator.scim.paths import TargetPath

VALIDATOR = "Microsoft's SCIM Validator"
MANAGER = f"{ENTERPRISE}:manager"
Operations = list[dict[str, Any]]
Made = Generator[Call, Reply, dict[str, Any]]

_VALUES: dict[str, tuple[Any, Any]] = {
    "displayName": ("Validator One", "Validator Two"),
    "title": ("Engineer", "Manager"),
    "preferredLanguage": ("en-US", "fr-FR"),
    "name.givenName": ("Ada", "Grace"),
    "name.familyName": ("One", "Two"),
    "name.formatted": ("Ada One", "Grace Two"),
    'emails[type eq "work"].value': ("one@{domain}", "two@{domain}"),
    'addresses[type eq "work"].formatted': ("1 Street", "2 Street"),
    'addresses[type eq "work"].locality': ("Springfield", "Shelbyville"),
    'addresses[type eq "work"].country': ("US", "DE"),
    'phoneNumbers[type eq "work"].value': ("+1 206 555 0100", "+1 206 555 0101"),
    'phoneNumbers[type eq "mobile"].value': ("+1 206 555 0142", "+1 206 555 0143"),
    f"{ENTERPRISE}:employeeNumber": ("0047", "0048"),
    f"{ENTERPRISE}:department": ("Research", "Sales"),
}


_ROLE = {"primary": "True", "display": "Editor", "value": "editor", "type": "app"}


def _call(method: str, path: str, body: Mapping[str, Any]) -> Call:
    return Call(method=method, path=path, body=body)


def _name(bench: Bench, label: str) -> str:
    return f"{bench.cast.prefix}v-{label}@{bench.cast.domain}"


def _values(bench: Bench, which: int) -> dict[str, Any]:
    return {path: str(pair[which]).replace("{domain}", bench.cast.domain) for path, pair in _VALUES.items()}


def _user_body(bench: Bench, label: str, *, is_full: bool, has_roles: bool = False) -> dict[str, Any]:
    name = _name(bench, label)
    body: dict[str, Any] = {"schemas": [CORE, ENTERPRISE], "userName": name}
    if not is_full:
        return body
    values = _values(bench, 0)
    return {
        **body,
        "active": True,
        "externalId": name,
        "displayName": values["displayName"],
        "title": values["title"],
        "preferredLanguage": values["preferredLanguage"],
        "name": {"givenName": "Ada", "familyName": "One", "formatted": "Ada One"},
        "emails": [{"type": "work", "value": values['emails[type eq "work"].value'], "primary": True}],
        "addresses": [{"type": "work", "formatted": "1 Street", "locality": "Springfield", "country": "US"}],
        "phoneNumbers": [
            {"type": "work", "value": "+1 206 555 0100"},
            {"type": "mobile", "value": "+1 206 555 0142"},
        ],
        **(
            {"roles": [{"primary": "True", "display": "Editor", "value": "editor", "type": "app"}]} if has_roles else {}
        ),
        ENTERPRISE: {"employeeNumber": "0047", "department": "Research"},
    }


def _made(call: Call) -> Made:
    """Return what a POST created.

    Raises:
        Stuck: it was refused.
    """
    reply = yield call
    try:
        return responses.read_created(reply)
    except TargetError as error:
        raise Stuck(f"the object for this test could not be created: {error}") from error


def _user(bench: Bench, label: str, *, is_full: bool = True) -> Made:
    return (yield from _made(_call("POST", "/Users", _user_body(bench, label, is_full=is_full))))


def _group(bench: Bench, label: str) -> Made:
    name = f"{bench.cast.prefix}v-{label}"
    return (
        yield from _made(
            _call("POST", "/Groups", {"schemas": [CORE_GROUP], "displayName": name, "externalId": bench.new_id()})
        )
    )


def _patched(kind: str, resource: Mapping[str, Any], operations: Operations) -> Made:
    """Send a PATCH and return the resource as it is read afterwards."""
    path = f"{requests.COLLECTIONS[kind]}/{resource['id']}"
    call = _call("PATCH", path, patch_body(operations))
    reply = yield call
    if reply.status not in (200, 204):
        raise Failed(f"The PATCH is answered with {reply.status or reply.failure}.", call=call)
    return (yield from _read(path))


def _read(path: str) -> Made:
    reply = yield Call(method="GET", path=path)
    try:
        return responses.read_resource(reply)
    except TargetError as error:
        raise Failed(f"The object cannot be read: {error}") from error


def _expect(resource: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    for path, value in values.items():
        held = TargetPath.parse(path).read(resource)
        if held != value:
            raise Failed(f"{path} is {held!r} afterwards, not {value!r}.")


def _found(kind: str, attribute: str, value: str, count: int) -> Generator[Call, Reply, list[dict[str, Any]]]:
    query = (("filter", f'{attribute} eq "{value}"'),)
    reply = yield Call(method="GET", path=requests.COLLECTIONS[kind], query=query)
    try:
        found = responses.read_list(reply)
    except TargetError as error:
        raise Failed(f"The lookup fails: {error}") from error
    if len(found) != count:
        raise Failed(f"The lookup finds {len(found)}, not {count}.")
    return list(found)


def _status(call: Call, wanted: Sequence[int]) -> Steps:
    reply = yield call
    if reply.status not in wanted:
        raise Failed(f"The answer is {reply.status or reply.failure}, not {wanted[0]}.")


# -- users -------------------------------------------------------------------------------------------------------------


def _create_user(bench: Bench) -> Steps:
    body = _user_body(bench, "create", is_full=True, has_roles=True)
    try:
        created = yield from _made(_call("POST", "/Users", body))
    except Stuck as stuck:
        raise Failed(str(stuck)) from stuck
    (found,) = yield from _found("User", "userName", _name(bench, "create"), 1)
    _expect(found, _values(bench, 0))
    if created["id"] != found["id"]:
        raise Failed("The lookup finds another id than the create gave.")


def _duplicate_user(bench: Bench) -> Steps:
    yield from _user(bench, "dup")
    yield from _status(_call("POST", "/Users", _user_body(bench, "dup", is_full=True)), (409,))


def _filter_user(bench: Bench) -> Steps:
    yield from _user(bench, "filter", is_full=False)
    yield from _found("User", "userName", _name(bench, "filter"), 1)


def _filter_no_user(bench: Bench) -> Steps:
    yield from _found("User", "userName", bench.new_id(), 0)


def _filter_user_case(bench: Bench) -> Steps:
    yield from _user(bench, "filtercase", is_full=False)
    yield from _found("User", "userName", _name(bench, "filtercase").upper(), 1)


def _replace_verbose(bench: Bench) -> Steps:
    body = _user_body(bench, "verbose", is_full=True, has_roles=True)
    user = yield from _made(_call("POST", "/Users", body))
    values = _values(bench, 1)
    operations: Operations = [{"op": "replace", "path": path, "value": value} for path, value in values.items()]
    operations.append({"op": "replace", "path": 'emails[type eq "work"].primary', "value": True})
    operations.append({"op": "replace", "path": 'roles[primary eq "True"].display', "value": "Owner"})
    operations.append({"op": "replace", "path": 'roles[primary eq "True"].value', "value": "owner"})
    resource = yield from _patched("User", user, operations)
    _expect(resource, {**values, 'roles[primary eq "True"].value': "owner"})


def _bundled(values: Mapping[str, Any], verb: str) -> Operations:
    typed = [{"op": verb, "path": path, "value": value} for path, value in values.items() if "[" in path]
    return [*typed, {"op": verb, "value": {path: value for path, value in values.items() if "[" not in path}}]


def _replace_bundled(bench: Bench) -> Steps:
    user = yield from _user(bench, "bundled")
    values = _values(bench, 1)
    _expect((yield from _patched("User", user, _bundled(values, "replace"))), values)


def _add_bundled(bench: Bench) -> Steps:
    user = yield from _user(bench, "addbundled", is_full=False)
    values = _values(bench, 1)
    _expect((yield from _patched("User", user, _bundled(values, "add"))), values)


def _add_verbose(bench: Bench) -> Steps:
    user = yield from _user(bench, "addverbose", is_full=False)
    values = _values(bench, 1)
    operations = [{"op": "add", "path": path, "value": value} for path, value in values.items()]
    _expect((yield from _patched("User", user, operations)), values)


def _remove_attributes(bench: Bench) -> Steps:
    user = yield from _user(bench, "remove")
    paths = ("title", "preferredLanguage", f"{ENTERPRISE}:department", 'phoneNumbers[type eq "mobile"].value')
    resource = yield from _patched("User", user, [{"op": "remove", "path": path} for path in paths])
    _expect(resource, dict.fromkeys(paths))


def _rename_user(bench: Bench) -> Steps:
    user = yield from _user(bench, "rename")
    name = _name(bench, "renamed")
    _expect((yield from _patched("User", user, [{"op": "replace", "value": {"userName": name}}])), {"userName": name})


def _disable_user(bench: Bench) -> Steps:
    user = yield from _user(bench, "disable")
    resource = yield from _patched("User", user, [{"op": "replace", "path": "active", "value": False}])
    (found,) = yield from _found("User", "userName", _name(bench, "disable"), 1)
    for shown in (resource, found):
        if shown.get("active") is not False:
            raise Failed(f"active is {shown.get('active')!r} afterwards, not false.")


def _manager(
    verb: str, label: str, value: Callable[[str], Any], *, is_cleared: bool = False
) -> Callable[[Bench], Steps]:
    def body(bench: Bench) -> Steps:
        user = yield from _user(bench, label, is_full=False)
        boss = yield from _user(bench, f"{label}boss", is_full=False)
        other = yield from _user(bench, f"{label}other", is_full=False)
        wanted = boss["id"]
        if verb == "replace":
            yield from _patched("User", user, [{"op": "add", "path": MANAGER, "value": {"value": wanted}}])
            wanted = other["id"]
        operation = {"op": verb, "path": MANAGER, "value": value(wanted)}
        resource = yield from _patched("User", user, [operation])
        _expect(resource, {MANAGER: None if is_cleared else wanted})

    return body


def _delete(kind: str, times: int) -> Callable[[Bench], Steps]:
    def body(bench: Bench) -> Steps:
        make = _user(bench, f"delete{times}", is_full=False) if kind == "User" else _group(bench, f"delete{times}")
        resource = yield from make
        call = requests.delete(kind, resource["id"])
        yield from _status(call, (204,))
        for _ in range(times - 1):
            yield from _status(call, (404,))
        yield from _status(requests.read(kind, resource["id"]), (404,))

    return body


def _delete_nobody(kind: str) -> Callable[[Bench], Steps]:
    def body(bench: Bench) -> Steps:
        yield from _status(requests.delete(kind, bench.fake_id()), (404,))

    return body


def _several_attributes(bench: Bench) -> Steps:
    user = yield from _user(bench, "several")
    operations: Operations = [
        {"op": "add", "path": "displayName", "value": "Validator Two"},
        {"op": "replace", "path": "title", "value": "Manager"},
    ]
    resource = yield from _patched("User", user, operations)
    _expect(resource, {"displayName": "Validator Two", "title": "Manager"})


def _null_update(bench: Bench) -> Steps:
    user = yield from _user(bench, "null")
    for path, value in (("title", ""), ("preferredLanguage", None)):
        resource = yield from _patched("User", user, [{"op": "replace", "path": path, "value": value}])
        _expect(resource, {path: None})


# -- groups ------------------------------------------------------------------------------------------------------------


def _with_member(bench: Bench, label: str) -> Generator[Call, Reply, tuple[dict[str, Any], str]]:
    group = yield from _group(bench, label)
    user = yield from _user(bench, f"{label}member", is_full=False)
    yield from _patched("Group", group, [{"op": "replace", "path": "members", "value": [{"value": user["id"]}]}])
    return group, user["id"]


def _members(resource: Mapping[str, Any]) -> list[str]:
    shown = resource.get("members")
    return [str(item.get("value")) for item in shown if isinstance(item, dict)] if isinstance(shown, list) else []


def _get_group(bench: Bench) -> Steps:
    group, _member = yield from _with_member(bench, "get")
    reply = yield requests.read("Group", group["id"])
    if "members" in responses.read_resource(reply):
        raise Failed("members is there though it was excluded.")


def _filter_group(excludes: bool) -> Callable[[Bench], Steps]:
    def body(bench: Bench) -> Steps:
        label = f"filter{excludes}"
        group, _member = yield from _with_member(bench, label)
        query = (("excludedAttributes", "members"),) if excludes else ()
        filtered = (*query, ("filter", f'displayName eq "{bench.cast.prefix}v-{label}"'))
        reply = yield Call(method="GET", path="/Groups", query=filtered)
        found = responses.read_list(reply)
        if [item["id"] for item in found] != [group["id"]]:
            raise Failed(f"The lookup finds {len(found)}, not 1.")
        if excludes and "members" in found[0]:
            raise Failed("members is there though it was excluded.")

    return body


def _filter_no_group(bench: Bench) -> Steps:
    yield from _found("Group", "displayName", bench.new_id(), 0)


def _filter_group_case(bench: Bench) -> Steps:
    yield from _group(bench, "case")
    yield from _found("Group", "displayName", f"{bench.cast.prefix}v-case".upper(), 1)


def _create_group(bench: Bench) -> Steps:
    group = yield from _group(bench, "create")
    _expect((yield from _read(f"/Groups/{group['id']}")), {"displayName": f"{bench.cast.prefix}v-create"})


def _duplicate_group(bench: Bench) -> Steps:
    yield from _group(bench, "dup")
    name = f"{bench.cast.prefix}v-dup"
    yield from _status(_call("POST", "/Groups", {"schemas": [CORE_GROUP], "displayName": name}), (409,))


def _replace_group(attribute: str) -> Callable[[Bench], Steps]:
    def body(bench: Bench) -> Steps:
        group = yield from _group(bench, f"replace{attribute}")
        value = f"{bench.cast.prefix}v-new-{attribute}"
        resource = yield from _patched("Group", group, [{"op": "replace", "value": {attribute: value}}])
        _expect(resource, {attribute: value})

    return body


def _add_member(bench: Bench) -> Steps:
    group, member = yield from _with_member(bench, "add")
    if _members((yield from _read(f"/Groups/{group['id']}"))) != [member]:
        raise Failed("The member is not there afterwards.")


def _remove_member(bench: Bench) -> Steps:
    group, member = yield from _with_member(bench, "rem")
    resource = yield from _patched("Group", group, [{"op": "remove", "path": f'members[value eq "{member}"]'}])
    if _members(resource):
        raise Failed("The member is still there afterwards.")


def _member_in_and_out(bench: Bench) -> Steps:
    group = yield from _group(bench, "inout")
    user = yield from _user(bench, "inoutmember", is_full=False)
    operations: Operations = [
        {"op": "add", "path": "members", "value": [{"value": user["id"]}]},
        {"op": "remove", "path": f'members[value eq "{user["id"]}"]'},
    ]
    if _members((yield from _patched("Group", group, operations))):
        raise Failed("The member is still there afterwards.")


_USER_TESTS: tuple[tuple[str, Callable[[Bench], Steps]], ...] = (
    ("Create a new User", _create_user),
    ("Create a duplicate User", _duplicate_user),
    ("Filter for an existing user", _filter_user),
    ("Filter for a non-existing user", _filter_no_user),
    ("Filter for an existing user with a different case", _filter_user_case),
    ("Patch User - Replace Attributes Verbose Request", _replace_verbose),
    ("Patch User - Replace Attributes", _replace_bundled),
    ("Patch User - Add Attributes", _add_bundled),
    ("Patch User - Add Attributes Verbose Request", _add_verbose),
    ("Patch User - Remove Attributes", _remove_attributes),
    ("Update User userName", _rename_user),
    ("Patch User - Disable User", _disable_user),
    ("Patch User - Add Manager", _manager("add", "mgradd", lambda manager: {"value": manager})),
    ("Patch User - Replace Manager", _manager("replace", "mgrnew", lambda manager: {"value": manager})),
    ("Patch User - Remove Manager", _manager("replace", "mgroff", lambda manager: {"value": ""}, is_cleared=True)),
    ("Delete a User", _delete("User", 1)),
    ("Patch User - Multiple Operations on different attributes (preview)", _several_attributes),
    ("Delete a non-existent User (preview)", _delete_nobody("User")),
    ("Delete the same User twice (preview)", _delete("User", 2)),
    ("SCIM_Null_Update_Test (gallery workflow)", _null_update),
)
_GROUP_TESTS: tuple[tuple[str, Callable[[Bench], Steps]], ...] = (
    ("Get group by id excluding members", _get_group),
    ("Filter for an existing group by displayName excluding members", _filter_group(True)),
    ("Filter for an existing group", _filter_group(False)),
    ("Filter for a non-existing group", _filter_no_group),
    ("Filter for an existing group with a different case", _filter_group_case),
    ("Create a new Group", _create_group),
    ("Create a duplicate Group", _duplicate_group),
    ("Patch Group - Replace Attributes", _replace_group("externalId")),
    ("Update Group displayName", _replace_group("displayName")),
    ("Patch Group - Add Member", _add_member),
    ("Patch Group - Remove Member", _remove_member),
    ("Delete a Group", _delete("Group", 1)),
    ("Patch Group - Multiple Operations on same attribute (preview)", _member_in_and_out),
    ("Delete a non-existent Group (preview)", _delete_nobody("Group")),
    ("Delete the same Group twice (preview)", _delete("Group", 2)),
)


def _check(name: str, body: Callable[[Bench], Steps], *, is_group: bool) -> Check:
    words = "".join(letter if letter.isalnum() else " " for letter in name.lower()).split()
    return Check(
        check_id="validator-" + "-".join(words),
        title=name,
        area=VALIDATOR,
        tracks=frozenset({Track.GROUPS}) if is_group else frozenset(),
        rules=("SRV-034",) if "excluding" in name else ("SRV-044",),
        needs="what the validator's test of this name expects",
        fix="Make the request that is shown succeed with this effect; the validator reports it as failed.",
        severity=Severity.COSMETIC,
        body=body,
        after=("connect", *(("group-create",) if is_group else ())),
        validator_tests=(name,),
    )


CHECKS = (
    *(_check(name, body, is_group=False) for name, body in _USER_TESTS),
    *(_check(name, body, is_group=True) for name, body in _GROUP_TESTS),
)

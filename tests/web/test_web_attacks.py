"""What an attacker would try: other sites' forms, other names, scripts in fields, readers, old sessions, oversize."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from visitor import TAPT_URL
from visitor import Visitor

from entra_sim.scenarios.world import World
from entra_sim.simulator.web import bound

SCRIPT = '"><script>alert(1)</script>{{7*7}}'


def csrf_of(person: Visitor) -> str:
    """Return the token of the open page's forms."""
    return next(node.attributes["value"] for node in person.page.all("input") if node.attributes.get("name") == "csrf")


def post(person: Visitor, path: str, fields: dict[str, str], **headers: str) -> Any:
    """Post a form without looking at a page first."""
    return person.client.post(path, data=fields, base_url=person.base, headers=headers)


@pytest.fixture
def configured(admin: Visitor, world: World, token: str) -> str:
    """Return the path of an application that is configured."""
    application = world.simulator.applications.create("Tapt Integration")
    world.simulator.provisioning.set_mode(application, "Automatic")
    world.simulator.provisioning.save_credentials(application, TAPT_URL, token)
    return f"/enterprise-apps/{application.application_id}"


# -- other sites -----------------------------------------------------------------------------------------------------


def test_a_form_without_the_sessions_token_changes_nothing(admin: Visitor, world: World) -> None:
    admin.open("/enterprise-apps/new/own")
    for fields in ({"name": "Evil"}, {"name": "Evil", "csrf": ""}, {"name": "Evil", "csrf": "x" * 32}):
        assert post(admin, "/enterprise-apps/new/own", fields).status_code == 403
    assert world.simulator.applications.list() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:9999"},
    ],
)
def test_a_form_that_another_site_sent_changes_nothing(admin: Visitor, world: World, headers: dict[str, str]) -> None:
    admin.open("/enterprise-apps/new/own")
    fields = {"name": "Evil", "csrf": csrf_of(admin)}
    assert post(admin, "/enterprise-apps/new/own", fields, **headers).status_code == 403
    assert world.simulator.applications.list() == []


def test_every_form_of_every_screen_carries_the_token(admin: Visitor, configured: str) -> None:
    paths = ["/", "/users", "/users/new", "/groups/new", "/lab/clock", "/lab/tutorial", configured]
    paths += [f"{configured}/{rest}" for rest in ("properties", "users", "provisioning", "provisioning/edit")]
    paths += [f"{configured}/provisioning/{rest}" for rest in ("mappings/users", "schema", "on-demand", "connectivity")]
    for path in paths:
        for form in admin.open(path).page.all("form"):
            if form.attributes.get("method") == "post":
                names = [node.attributes.get("name") for node in form.all("input")]
                assert "csrf" in names, f"{path}: {form.attributes}"


def test_no_state_changes_by_a_get_request(admin: Visitor, configured: str, world: World) -> None:
    before = world.simulator.queries.job(configured.rsplit("/", 1)[1])
    for path in ("provisioning/command?command=start&sure=yes", "provisioning/edit?action=save&status=On"):
        admin.open(f"{configured}/{path}")
    assert world.simulator.queries.job(configured.rsplit("/", 1)[1]) == before


# -- other names, other frames ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8470", "[::2]"])
def test_pages_do_not_answer_to_foreign_names(admin: Visitor, host: str) -> None:
    for path in ("/", "/sign-in", "/static/app.css", "/api/clock", "/api/requests"):
        response = admin.client.get(path, base_url=f"http://{host}")
        assert response.status_code == 421, path
    assert admin.client.get("/healthz", base_url=f"http://{host}").status_code == 200


def test_names_that_were_allowed_answer(app: Any, world: World) -> None:
    hosts = frozenset({"127.0.0.1", "lab.internal"})
    person = Visitor(bound(app, world.simulator, key="k", links={}, hosts=hosts), "http://lab.internal:8470")
    assert person.open("/").heading == "Sign in"


def test_pages_forbid_foreign_content_and_frames(admin: Visitor) -> None:
    headers = admin.client.get("/", base_url=admin.base).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_no_page_holds_inline_script_or_style(admin: Visitor, configured: str) -> None:
    for path in ("/", "/users", configured, f"{configured}/provisioning", "/lab/patterns", "/lab/about"):
        for node in admin.open(path).page.all():
            assert node.tag != "style", path
            assert node.tag != "script" or (node.attributes.get("src") and not node.text), path
            assert not [name for name in node.attributes if name == "style" or re.match(r"on[a-z]+$", name)], path


# -- scripts in fields -----------------------------------------------------------------------------------------------


def test_names_and_descriptions_are_shown_as_text(admin: Visitor, world: World, token: str) -> None:
    sim = world.simulator
    application = sim.applications.create(SCRIPT)
    user = sim.directory.create_user(
        {"userPrincipalName": "x@contoso.example", "displayName": SCRIPT, "jobTitle": SCRIPT, "department": SCRIPT}
    )
    group = sim.directory.create_group({"displayName": SCRIPT, "description": SCRIPT}, [user.object_id])
    sim.applications.assign(application, user.object_id)
    sim.applications.assign(application, group.object_id)
    sim.provisioning.set_mode(application, "Automatic")
    sim.provisioning.save_credentials(application, TAPT_URL, token)
    sim.provisioning.set_scoping_filters(
        application,
        "User",
        [{"title": SCRIPT, "clauses": [{"attribute": "displayName", "operator": "IS NOT NULL"}]}],
    )
    sim.provisioning.start(application)
    sim.time.tick()
    base = f"/enterprise-apps/{application.application_id}"
    entry = next(item for item in sim.queries.logs(application) if item.source_id == user.object_id)
    paths = ["/", "/enterprise-apps", base, f"{base}/properties", f"{base}/users", f"{base}/users/add/pick"]
    paths += [f"{base}/provisioning/{rest}" for rest in ("edit", "logs", "audit", "mappings/users/scope", "schema")]
    paths += [f"{base}/provisioning", f"{base}/provisioning/logs/{entry.entry_id}?tab=modified"]
    paths += [f"/users/{user.object_id}", f"/users/{user.object_id}/edit", f"/groups/{group.object_id}", "/groups"]
    paths += ["/users", "/lab/compare?look=yes", f"/lab/timeline/{user.object_id}", f"{base}/why/{user.object_id}"]
    paths += [f"/lab/requests/{number}" for number in entry.request_sequences]
    for path in paths:
        admin.open(path)
        assert admin.status == 200, path
        assert "<script>alert" not in admin.html, path
        assert "49" not in re.findall(r"script>(\d+)", admin.html), path
        assert len(admin.page.all("script")) == 2, path


def test_what_was_typed_wrongly_comes_back_as_text(admin: Visitor, configured: str) -> None:
    admin.open(f"{configured}/provisioning/edit").fill("Tenant URL", SCRIPT).click("Save")
    assert admin.status == 422
    assert len(admin.page.all("script")) == 2
    assert admin._control("Tenant URL", "input").attributes["value"] == SCRIPT


def test_searches_come_back_as_text(admin: Visitor, configured: str) -> None:
    for path in ("/users", "/groups", "/enterprise-apps", "/lab/about", f"{configured}/provisioning/on-demand"):
        admin.client.get(path, query_string={"search": SCRIPT}, base_url=admin.base)
        admin.open(f"{path}?search=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
        assert admin.status == 200
        assert "<script>alert" not in admin.html, path


# -- roles -----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("ENG-503")
def test_a_reader_sees_the_logs_but_not_the_configuration(
    enter: Callable[[str], Visitor], configured: str, world: World
) -> None:
    reader = enter("Robin Marsh")
    for path in ("/", "/users", configured, f"{configured}/provisioning/logs", f"{configured}/provisioning/audit"):
        assert reader.open(path).status == 200, path
    hidden = ("edit", "mappings/users", "mappings/users/attributes/0", "mappings/users/scope", "schema", "schema.json")
    for path in (*hidden, "expression-builder", "on-demand", "connectivity", "properties", "attribute-mapping"):
        assert reader.open(f"{configured}/provisioning/{path}").status == 403, path
        assert "Sign in as a Global Administrator" in reader.text


@pytest.mark.rule("ENG-503")
def test_a_reader_posts_nothing_that_changes(
    enter: Callable[[str], Visitor], configured: str, world: World, admin: Visitor
) -> None:
    reader = enter("Robin Marsh")
    reader.open("/")
    csrf = csrf_of(reader)
    app_id = configured.rsplit("/", 1)[1]
    job = world.simulator.queries.job(app_id)
    schema = world.simulator.provisioning.get_schema(app_id)
    user = world.simulator.directory.users(limit=1)[0].object_id
    posts = {
        f"{configured}/provisioning/edit": {"action": "save", "status": "On", "mode": "Automatic"},
        f"{configured}/provisioning/command": {"command": "start"},
        f"{configured}/provisioning/mappings/groups": {"action": "save", "sure": "yes", "enabled": "No"},
        f"{configured}/provisioning/schema": {"schema": "{}"},
        f"{configured}/users/add": {"principal": user},
        f"{configured}/properties": {"action": "delete", "sure": "yes"},
        "/enterprise-apps/new/own": {"name": "Mine"},
        f"/users/{user}/delete": {"sure": "yes"},
        f"/users/{user}/edit": {"displayName": "Nobody", "userPrincipalName": "n@contoso.example"},
        "/users/seed": {"count": "10"},
        "/lab/saves": {"action": "save", "name": "x"},
        "/lab/tutorial": {"sure": "yes"},
    }
    for path, fields in posts.items():
        assert post(reader, path, {**fields, "csrf": csrf}).status_code == 403, path
    assert world.simulator.queries.job(app_id) == job
    assert world.simulator.provisioning.get_schema(app_id) == schema
    assert len(world.simulator.applications.list()) == 1
    assert world.simulator.applications.assignments(app_id) == ()
    assert world.simulator.directory.user(user).deleted_at is None


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Avery Stone", "Global Administrator"),
        ("Jordan Vale", "Application Administrator"),
        ("Kim Rowan", "Cloud Application Administrator"),
    ],
)
def test_the_roles_that_the_tutorial_names_reach_the_configuration(
    enter: Callable[[str], Visitor], wsgi: Any, configured: str, name: str, role: str
) -> None:
    offered = [button.text for button in Visitor(wsgi).open("/").page.all("button")]
    assert any(text.startswith(name) and text.endswith(role) for text in offered)
    assert enter(name).open(f"{configured}/provisioning/edit").status == 200


def test_somebody_without_a_role_sees_nothing(enter: Callable[[str], Visitor], configured: str) -> None:
    member = enter("Sasha Birch")
    for path in ("/", "/users", configured, f"{configured}/provisioning/logs", "/lab/requests"):
        assert member.open(path).status == 403, path
        assert member.heading == "You do not have access"
        assert "has no directory role" in member.text


def test_nothing_is_shown_before_sign_in(wsgi: Any, configured: str) -> None:
    stranger = Visitor(wsgi)
    for path in ("/", "/users", configured, f"{configured}/provisioning/edit", "/lab/requests.har"):
        assert stranger.open(path).screen == "sign-in", path
    response = stranger.client.post("/users/seed", data={"count": "10"}, base_url=stranger.base)
    assert response.status_code == 403


# -- sessions --------------------------------------------------------------------------------------------------------


def test_sign_in_drops_the_session_that_was_there(wsgi: Any) -> None:
    person = Visitor(wsgi)
    person.open("/sign-in")
    before = person.client.get_cookie("entra_sim_session", domain="127.0.0.1")
    csrf = csrf_of(person)
    person._submit(person.page.all("button")[0])
    after = person.client.get_cookie("entra_sim_session", domain="127.0.0.1")
    assert before is not None
    assert after is not None
    assert after.value != before.value
    assert csrf_of(person) != csrf
    assert after.http_only
    assert after.same_site == "Lax"
    fixed = Visitor(wsgi)
    fixed.client.set_cookie("entra_sim_session", before.value, domain="127.0.0.1")
    assert fixed.open("/users").screen == "sign-in"


def test_a_copied_cookie_is_worth_nothing_after_sign_out(admin: Visitor, wsgi: Any) -> None:
    cookie = admin.client.get_cookie("entra_sim_session", domain="127.0.0.1")
    assert cookie is not None
    thief = Visitor(wsgi)
    thief.client.set_cookie("entra_sim_session", cookie.value, domain="127.0.0.1")
    assert thief.open("/users").screen == "users"
    admin.open("/")
    admin._submit(next(node for node in admin.page.all("button") if node.text == "Sign out"))
    assert thief.open("/users").screen == "sign-in"


def test_a_cookie_of_another_world_or_a_forged_one_is_not_taken(app: Any, admin: Visitor) -> None:
    from conftest_world import fresh_world

    cookie = admin.client.get_cookie("entra_sim_session", domain="127.0.0.1")
    assert cookie is not None
    with fresh_world() as other:
        person = Visitor(bound(app, other.simulator, key="k", links={}))
        person.client.set_cookie("entra_sim_session", cookie.value, domain="127.0.0.1")
        assert person.open("/users").screen == "sign-in"
        person.client.set_cookie("entra_sim_session", cookie.value[:-4] + "AAAA", domain="127.0.0.1")
        assert person.open("/users").screen == "sign-in"


@pytest.mark.parametrize(
    "target", ["//evil.example/", "https://evil.example/", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)"]
)
def test_sign_in_and_the_clock_lead_to_no_foreign_place(wsgi: Any, target: str) -> None:
    person = Visitor(wsgi)
    person.open("/sign-in")
    csrf = csrf_of(person)
    response = post(person, "/sign-in", {"csrf": csrf, "account": "global", "next": target})
    assert response.headers["Location"] == "/"
    person.open("/")
    response = post(person, "/clock", {"csrf": csrf_of(person), "move": "1m", "back": target})
    assert response.headers["Location"] == "/"


# -- sizes, paths, forms that nobody made ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/enterprise-apps/new/own", {"name": "x" * 121}),
        ("/enterprise-apps/new/own", {"name": "x" * 500_000}),
        ("/enterprise-apps/new/own", {"name": "a\x00b"}),
        ("/users/new", {"userPrincipalName": "a@contoso.example", "displayName": "x" * 257}),
        ("/groups/new", {"displayName": "x" * 257}),
    ],
)
def test_over_long_input_is_refused_with_a_sentence(admin: Visitor, path: str, fields: dict[str, str]) -> None:
    admin.open(path)
    response = post(admin, path, {**fields, "csrf": csrf_of(admin)})
    assert response.status_code == 422
    assert "Traceback" not in response.get_data(as_text=True)


def test_a_body_that_is_too_large_is_cut_off(admin: Visitor) -> None:
    admin.open("/enterprise-apps/new/own")
    response = post(admin, "/enterprise-apps/new/own", {"csrf": csrf_of(admin), "name": "x" * (3 << 20)})
    assert response.status_code == 413


@pytest.mark.parametrize(
    "path",
    [
        "/static/../__init__.py",
        "/static/..%2f__init__.py",
        "/static/%2e%2e/accounts.py",
        "/static//etc/passwd",
        "/enterprise-apps/..%2f..%2fetc%2fpasswd",
        "/enterprise-apps/%00",
        "/users/..",
        "/lab/requests/999999999999999999999999",
        "/lab/timeline/%3Cscript%3E",
        "/users/' OR 1=1 --",
        "/enterprise-apps/x/provisioning/mappings/..%2f",
    ],
)
def test_path_tricks_find_nothing(admin: Visitor, path: str) -> None:
    response = admin.client.get(path, base_url=admin.base)
    assert response.status_code in (301, 303, 308, 404)
    assert "root:" not in response.get_data(as_text=True)


@pytest.mark.parametrize("text", ["[", "[]", "null", "{}", '{"synchronizationRules": 3}', "[" * 50_000, "\x00", "{"])
def test_a_schema_that_is_none_is_refused_and_kept_as_typed(admin: Visitor, configured: str, text: str) -> None:
    admin.open(f"{configured}/provisioning/schema")
    response = post(admin, f"{configured}/provisioning/schema", {"csrf": csrf_of(admin), "schema": text})
    assert response.status_code == 422


@pytest.mark.parametrize(
    ("rest", "fields"),
    [
        ("provisioning/mappings/users/attributes/99", {"type": "Direct"}),
        ("provisioning/mappings/users/attributes/-1", {"type": "Direct"}),
        ("provisioning/mappings/users", {"action": "delete-99"}),
        ("provisioning/mappings/users/scope", {"remove": "7"}),
        ("provisioning/mappings/people", {"action": "save"}),
        ("provisioning/mappings/users/attribute-list/elsewhere", {"name": "x"}),
    ],
)
def test_rows_that_are_gone_are_not_found(admin: Visitor, configured: str, rest: str, fields: dict[str, str]) -> None:
    admin.open("/")
    assert post(admin, f"{configured}/{rest}", {**fields, "csrf": csrf_of(admin)}).status_code == 404


def test_secrets_stand_on_no_page(admin: Visitor, configured: str, token: str, world: World) -> None:
    world.simulator.provisioning.test_connection(configured.rsplit("/", 1)[1])
    number = world.simulator.exchanges()[-1].sequence
    paths = [f"{configured}/provisioning/{rest}" for rest in ("edit", "connectivity", "schema.json", "audit")]
    for path in (*paths, f"/lab/requests/{number}", "/lab/requests.har", f"/api/requests/{number}"):
        text = admin.client.get(path, base_url=admin.base).get_data(as_text=True)
        assert token not in text, path


def test_the_api_wants_the_key_or_a_session(admin: Visitor, wsgi: Any) -> None:
    stranger = Visitor(wsgi)
    for path in ("/api/agenda", "/api/tutorial", "/api/requests", "/api/about", "/api/compare"):
        assert stranger.client.get(path, base_url=stranger.base).status_code == 401, path
    assert admin.client.get("/api/agenda", base_url=admin.base).status_code == 200
    assert admin.client.post("/api/clock/advance", json={"span": "1m"}, base_url=admin.base).status_code == 401
    key = {"Authorization": "Bearer control-key"}
    response = stranger.client.post("/api/clock/advance", json={"span": "1m"}, headers=key, base_url="http://lab:1")
    assert response.status_code == 200
    wrong = {"Authorization": "Bearer wrong"}
    assert stranger.client.get("/api/agenda", headers=wrong, base_url=stranger.base).status_code == 401


def test_a_full_disk_is_told_as_what_it_is(admin: Visitor, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(text: str) -> dict[str, Any]:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(world.simulator, "perform", full)
    answer = admin.client.post(
        "/api/steps",
        json={"step": "unassign: nobody"},
        base_url=admin.base,
        headers={"Authorization": "Bearer control-key"},
    )
    assert answer.status_code == 507
    assert "Make room on the disk" in answer.json["error"]


def test_a_fault_of_ours_shows_an_id_and_no_traceback(
    admin: Visitor, world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(world.simulator.applications, "list", broken)
    admin.open("/enterprise-apps")
    assert admin.status == 500
    assert "secret detail" not in admin.html
    assert "Traceback" not in admin.html
    found = re.search(r"in the log under ([0-9a-f]{8})", admin.text)
    assert found is not None
    assert found.group(1) in caplog.text

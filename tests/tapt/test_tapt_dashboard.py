"""The dashboard by form posts alone: labels, order, sign-in, roles, and what each form does."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client
from werkzeug.test import TestResponse

from entra_sim.mock_tapt import Fault
from entra_sim.mock_tapt import Tapt
from entra_sim.mock_tapt import app
from entra_sim.mock_tapt.site import Site
from entra_sim.mock_tapt.site import SiteSettings

ENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


class Browser:
    """A browser without scripts: follows redirects, sends back the hidden fields of the page it is on."""

    def __init__(self, tapt: Tapt, **settings: Any) -> None:
        self.site = Site.around(tapt, SiteSettings(secret_key="key", **settings))
        self.client = Client(self.site.wsgi)
        self.page = ""
        self.status = 0

    def _take(self, answer: TestResponse) -> str:
        self.status = answer.status_code
        self.page = answer.get_data(as_text=True)
        return self.page

    def get(self, path: str) -> str:
        return self._take(self.client.get(path, follow_redirects=True))

    def post(self, path: str, /, **fields: str) -> str:
        token = re.search(r'name="csrf" value="([^"]+)"', self.page)
        assert token, self.page
        answer = self.client.post(path, data={"csrf": token[1], **fields})
        if answer.status_code == 303:
            return self.get(answer.headers["Location"])
        return self._take(answer)

    def sign_in(self, mail: str = "admin@tapt.example", password: str = "tapt-admin") -> str:
        self.get("/sign-in")
        return self.post("/sign-in", email=mail, password=password)

    @property
    def text(self) -> str:
        """The words of the page, in order."""
        unbroken = self.page.replace("<wbr>", "")  # a place where a word may be broken is no gap
        visible = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", unbroken, flags=re.S)
        return re.sub(r"\s+", " ", html.unescape(visible))


@pytest.fixture
def browser(tapt: Tapt) -> Browser:
    opened = Browser(tapt)
    opened.sign_in()
    return opened


def in_order(text: str, *words: str) -> bool:
    place = 0
    for word in words:
        place = text.find(word, place)
        if place < 0:
            return False
        place += len(word)
    return True


SCREENS = {
    "/profiles": ("profiles", "My Profiles", ["Users", "Groups", "Search", "Status", "Add profile"]),
    "/groups": ("groups", "My Profiles: groups", ["Users", "Groups"]),
    "/settings": ("settings", "Settings", ["Organisation", "Integrations", "Name", "Save"]),
    "/settings/integrations": (
        "integrations", "Integrations", ["Active Directory / Microsoft Entra ID", "Not connected", "Configure"],
    ),
    "/settings/integrations/entra": (
        "entra-integration", "SCIM Provisioning",
        ["URL", "Token", "Generate", "Accept groups", "Hard delete allowed", "Strict mode"],
    ),
    "/requests": ("inspector", "Requests", ["Nothing received yet. Select Test Connection in the admin center."]),
    "/faults": (
        "faults", "Faults",
        ["Token rejected", "Tapt down", "Slow", "Throttled", "Duplicate accounts", "Ignores PATCH",
         "Returns 200 for DELETE"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("path", SCREENS)
def test_every_screen_has_its_labels_in_order(browser: Browser, path: str) -> None:
    screen, heading, labels = SCREENS[path]
    page = browser.get(path)
    assert f'data-screen="{screen}"' in page
    assert re.findall(r"<h1>\s*(.*?)\s*</h1>", page) == [heading]
    assert in_order(browser.text, "My Profiles", "Requests", "Faults", "Settings", heading, *labels)
    assert "Local simulator. Not Microsoft, not Tapt. Nothing leaves this computer." in browser.text
    assert in_order(browser.text, "Tapt (local copy)", "admin@tapt.example", "Sign out")
    assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', page)
    assert not re.search(r"\sstyle=|\son[a-z]+=", page)


def test_empty_profiles_say_what_comes_next(browser: Browser) -> None:
    browser.get("/profiles")
    assert "No profiles yet. They arrive from Microsoft Entra ID once provisioning runs." in browser.text


def test_profiles_show_what_scim_brought(browser: Browser, scim, tapt: Tapt) -> None:
    scim.user(
        "ada@x.example", displayName="Ada Park", title="Lead", emails=[{"type": "work", "value": "a.p@x.example"}]
    )
    scim.user("bo@x.example", active=False)
    tapt.add_profile({"userName": "hand@x.example"})
    browser.get("/profiles")
    assert in_order(browser.text, "Name", "Email", "Title", "Status", "Source", "Updated")
    assert in_order(browser.text, "Ada Park", "a.p@x.example", "Lead", "Active", "Entra ID", "2026-01-05 09:00:00 UTC")
    assert in_order(browser.text, "bo@x.example", "Deactivated", "Entra ID", "hand@x.example", "manual")
    browser.get("/profiles?q=A.P@X")
    assert "1 profile" in browser.text
    assert "bo@x.example" not in browser.text
    browser.get("/profiles?status=deactivated")
    assert "1 profile " in browser.text
    browser.get("/profiles?q=%25")
    assert "Nobody matches" in browser.text


def test_profile_page_has_card_raw_resource_and_history(browser: Browser, scim) -> None:
    boss = scim.user("boss@x.example", displayName="The Boss")
    user = scim.user("ada@x.example", displayName="Ada", **{ENT: {"manager": {"value": boss["id"]}}})
    scim.patch(f"/Users/{user['id']}", {"op": "Replace", "path": "displayName", "value": "Ada <b>Park</b>"})
    page = browser.get(f"/profiles/{user['id']}")
    assert 'data-screen="profile"' in page
    assert "<b>Park" not in page
    assert in_order(browser.text, "Manager", "The Boss")
    assert in_order(browser.text, "Raw SCIM resource", '"userName": "ada@x.example"')
    assert in_order(browser.text, "History", "SCIM", "changed", "displayName", "− Ada", "+ Ada <b>Park</b>", "created")


def test_profile_is_added_edited_and_deleted_by_hand(browser: Browser, tapt: Tapt) -> None:
    browser.get("/profiles/add")
    browser.post(
        "/profiles/add", userName="new@x.example", displayName="New", **{'emails[type eq "work"].value': "n@x"}
    )
    user = tapt.user("new@x.example")
    assert user is not None
    assert user["emails"] == [{"type": "work", "value": "n@x"}]
    path = f"/profiles/{user['id']}"
    browser.get(f"{path}/edit")
    assert 'value="n@x"' in browser.page
    browser.post(f"{path}/edit", userName="new@x.example", title="Boss", **{'emails[type eq "work"].value': "n@x"})
    user = tapt.user("new@x.example")
    assert user is not None
    assert (user["title"], user["active"]) == ("Boss", False)
    assert "displayName" not in user
    assert "admin@tapt.example" in browser.text
    browser.get(path)
    browser.post(f"{path}/delete")
    assert tapt.users() == []
    assert browser.get(path).count("deleted")
    assert browser.status == 404
    assert [e.action for e in tapt.journal.hand_edits()] == ["added", "changed", "deleted"]
    assert tapt.journal.exchanges() == []


def test_taken_user_name_keeps_what_was_typed(browser: Browser, tapt: Tapt) -> None:
    tapt.add_profile({"userName": "ada"})
    browser.get("/profiles/add")
    browser.post("/profiles/add", userName="ADA", displayName="Second")
    assert browser.status == 422
    assert 'value="Second"' in browser.page
    assert "Another User has the userName" in browser.text


def test_groups_with_members(browser: Browser, scim) -> None:
    user = scim.user("ada@x.example", displayName="Ada")
    group = scim.group("Tapt people", members=[{"value": user["id"]}, {"value": "ghost"}])
    browser.get("/groups")
    assert in_order(browser.text, "Tapt people", "2")
    browser.get(f"/groups/{group['id']}")
    assert in_order(browser.text, "Tapt people", "Members", "Ada", "ghost", "nobody has this id", "Raw SCIM resource")


def test_token_is_shown_once_then_masked(browser: Browser, tapt: Tapt) -> None:
    browser.get("/settings/integrations/entra")
    assert "https://tapt.example/scim/v2" in browser.page
    browser.post("/settings/integrations/entra/generate")
    secret = re.search(r'id="token" readonly value="([^"]+)"', browser.page)
    assert secret
    assert "Copy it now; it will not be shown again" in browser.text
    caller = Client(tapt.wsgi)
    bearer = {"Authorization": f"Bearer {secret[1]}"}
    assert caller.get("/scim/v2/Users", headers=bearer).status_code == 200
    page = browser.get("/settings/integrations/entra")
    assert secret[1] not in page
    assert f"•••• {secret[1][-4:]}" in browser.text
    assert in_order(
        browser.text, "Created", "2026-01-05 09:00:00 UTC", "Expires", "2026-07-05 09:00:00 UTC", "Last used"
    )
    assert "The old token stops working at once" in browser.text
    browser.get("/settings/integrations")
    assert in_order(browser.text, "Active Directory / Microsoft Entra ID", "Connected", "Last request seen: 2026-01-05")
    browser.get("/settings/integrations/entra")
    browser.post("/settings/integrations/entra/revoke")
    assert caller.get("/scim/v2/Users", headers=bearer).status_code == 401


def test_expired_token_says_what_to_do(browser: Browser, tapt: Tapt, clock) -> None:
    tapt.generate_token()
    clock.move_to(clock.now().replace(month=7, day=6))
    browser.get("/settings/integrations")
    assert "Token expired" in browser.text
    browser.get("/settings/integrations/entra")
    assert in_order(browser.text, "2026-07-05 09:00:00 UTC", "Generate a new token and paste it into Secret Token")


def test_switches(browser: Browser, tapt: Tapt) -> None:
    browser.get("/settings/integrations/entra")
    browser.post("/settings/integrations/entra/switches", accept_groups="on", strict="on")
    assert tapt.switches.strict
    assert tapt.switches.accept_groups
    assert not tapt.switches.hard_delete_allowed
    assert len(re.findall(r" checked", browser.page)) == 2


def test_inspector_shows_both_sides_and_why(browser: Browser, scim, tapt: Tapt) -> None:
    user = scim.user("ada@x.example")
    scim.patch(f"/Users/{user['id']}", {"op": "Replace", "path": 'emials[type eq "work"].value', "value": "x"})
    browser.get("/requests")
    assert in_order(browser.text, "Time", "Method", "Path", "Status", "Fault", "User agent")
    assert in_order(browser.text, "PATCH", f"/Users/{user['id']}", "400", "POST", "/Users", "201")
    sequence = tapt.journal.last_sequence
    page = browser.get(f"/requests/{sequence}")
    assert 'data-screen="exchange"' in page
    assert in_order(browser.text, "Why refused", "names no attribute", "nearest: 'emails'", "Request", "Response")
    assert in_order(browser.text, "Findings", "QRK-01")
    assert in_order(browser.text, "Copy as curl", "curl -i -X PATCH", "Make this a fault")
    assert scim.token not in page
    browser.get("/requests?status=4xx&method=PATCH")
    assert "1 request," in browser.text
    assert browser.client.get("/requests.har").json["log"]["entries"]
    browser.post("/requests/clear")
    assert tapt.journal.exchanges() == []


def test_faults_by_preset_and_by_form_with_banner_everywhere(browser: Browser, tapt: Tapt) -> None:
    browser.get("/faults")
    browser.post("/faults/preset", preset="Tapt down")
    assert in_order(browser.text, "Tapt down", "any method", "status 503", "0 times", "on")
    for path in SCREENS:
        browser.get(path)
        assert "Faults are on: Tapt down" in browser.text
    browser.get("/faults")
    fault = tapt.faults.list()[0]
    browser.post(f"/faults/{fault.id}/off")
    assert "Faults are on" not in browser.text
    browser.post("/faults", method="POST", path="/Users", nth="2", status="409", scim_type="uniqueness", cut="")
    assert tapt.faults.list()[1].fault == Fault(method="POST", path="/Users", nth=2, status=409, scim_type="uniqueness")
    browser.post("/faults", method="POST", path="/Users", nth="two", status="409")
    assert browser.status == 422
    assert 'value="two"' in browser.page
    browser.post("/faults/clear")
    assert tapt.faults.list() == []


def test_member_sees_profiles_but_not_settings(tapt: Tapt, scim) -> None:
    user = scim.user("ada@x.example")
    member = Browser(tapt)
    member.sign_in("member@tapt.example", "tapt-member")
    assert in_order(member.text, "My Profiles", "ada@x.example")
    assert "Settings" not in member.text
    member.get("/settings/integrations/entra")
    assert member.status == 403
    member.get(f"/profiles/{user['id']}")
    assert member.status == 200
    assert "Delete" not in member.text
    member.post(f"/profiles/{user['id']}/delete")
    assert member.status == 403
    assert len(tapt.users()) == 1


def test_nothing_without_signing_in(tapt: Tapt) -> None:
    stranger = Browser(tapt)
    for path in SCREENS:
        answer = stranger.client.get(path)
        assert answer.status_code == 303
        assert "/sign-in" in answer.headers["Location"]
    assert stranger.client.post("/settings/integrations/entra/generate").status_code == 303
    assert tapt.token_status().state == "none"


def test_wrong_passwords_slow_the_next_one_down(tapt: Tapt) -> None:
    stranger = Browser(tapt)
    stranger.get("/sign-in")
    for _ in range(5):
        stranger.post("/sign-in", email="admin@tapt.example", password="guess")
        assert stranger.status == 422
    stranger.post("/sign-in", email="admin@tapt.example", password="tapt-admin")
    assert stranger.status == 429


@pytest.mark.parametrize("after", ["//evil.example/", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_sign_in_never_leads_to_a_foreign_place(tapt: Tapt, after: str) -> None:
    stranger = Browser(tapt)
    stranger.get("/sign-in")
    stranger.post("/sign-in", email="admin@tapt.example", password="tapt-admin", next=after)
    assert 'data-screen="profiles"' in stranger.page


def test_forms_from_elsewhere_are_refused(browser: Browser, tapt: Tapt) -> None:
    assert browser.client.post("/settings/integrations/entra/generate").status_code == 400
    assert browser.client.post("/faults/preset", data={"csrf": "guess", "preset": "Slow"}).status_code == 400
    assert tapt.token_status().state == "none"


def test_foreign_host_names_get_no_page(tapt: Tapt, scim) -> None:
    browser = Browser(tapt, allowed_hosts=frozenset({"lab.example"}))
    for host, status in (("evil.example", 403), ("lab.example", 200), ("127.0.0.1:8471", 200), ("[::1]:1", 200)):
        assert browser.client.get("/sign-in", headers={"Host": host}).status_code == status
    api = Client(browser.site.wsgi).get(
        "/scim/v2/Users", headers={"Host": "tapt", "Authorization": f"Bearer {scim.token}"}
    )
    assert api.status_code == 200


def test_headers_and_cookie(browser: Browser) -> None:
    answer = browser.client.get("/profiles")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers or "HttpOnly" in answer.headers["Set-Cookie"]
    cookie = browser.client.get_cookie("tapt_session")
    assert cookie is not None
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    assert "tapt_session" not in str(browser.client.get("/scim/v2/Users").headers)


def test_no_sign_in_makes_everybody_the_administrator(tapt: Tapt) -> None:
    open_house = Browser(tapt, needs_sign_in=False)
    open_house.get("/settings/integrations/entra")
    open_house.post("/settings/integrations/entra/generate")
    assert tapt.token_status().state == "active"
    assert "Sign out" not in open_house.text


def test_first_page_is_light_and_static_files_are_ours(browser: Browser) -> None:
    folder = Path(app.__file__).parent / "static"
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    assert sizes["tapt.css"] <= 25_000
    assert len((folder / "tapt.js").read_text().splitlines()) <= 150
    assert sum(sizes.values()) + len(browser.get("/profiles")) < 100_000
    for name in sizes:
        answer = browser.client.get(f"/static/{name}")
        assert answer.status_code == 200
        assert not re.search(r"https?://(?!www\.w3\.org)", answer.get_data(as_text=True))
        answer.close()


def test_pages_work_under_a_prefix(tapt: Tapt) -> None:
    site = Site.around(tapt, SiteSettings(secret_key="key", needs_sign_in=False))
    answer = Client(site.wsgi).get("/profiles", environ_overrides={"SCRIPT_NAME": "/tapt"})
    links = re.findall(r'(?:href|src|action)="(/[^"]*)"', answer.get_data(as_text=True))
    assert links
    assert all(link.startswith("/tapt/") for link in links)

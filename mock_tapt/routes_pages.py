"""The dashboard's people: My Profiles, one profile, groups. Every change is a form: POST, then 303 to the result."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint
from flask import abort
from flask import flash
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for

from entra_sim.mock_tapt import access
from entra_sim.mock_tapt import browsing
from entra_sim.mock_tapt.access import current_tapt
from entra_sim.mock_tapt.access import needs_administrator
from entra_sim.mock_tapt.errors import TaptError
from entra_sim.mock_tapt.form_limits import MAX_PAGE
from entra_sim.mock_tapt.form_limits import MAX_SEARCH_LENGTH
from entra_sim.mock_tapt.form_limits import refuse_long
from entra_sim.mock_tapt.schema import ENTERPRISE_USER
from entra_sim.mock_tapt.tapt import SCIM_ROOT

blueprint = Blueprint("pages", __name__, static_folder="static", static_url_path="/static")
blueprint.before_request(access.guard)

PAGE_SIZE = 50
# what "Edit by hand" and "Add profile" offer: label, SCIM path
FIELDS = (
    ("User name", "userName"),
    ("Display name", "displayName"),
    ("Given name", "name.givenName"),
    ("Family name", "name.familyName"),
    ("Email", 'emails[type eq "work"].value'),
    ("Title", "title"),
    ("Department", f"{ENTERPRISE_USER}:department"),
)


@blueprint.get("/")
def home() -> Any:
    """Go to the profiles."""
    return redirect(url_for("pages.profiles"), 303)


def _base() -> str:
    return current_tapt().tenant_url or f"{request.host_url.rstrip('/')}{request.script_root}{SCIM_ROOT}"


@blueprint.get("/profiles")
def profiles() -> Any:
    """List the users."""
    page, search = _page_number(), request.args.get("q", "").strip()[:MAX_SEARCH_LENGTH]
    status = request.args.get("status", "")[:MAX_SEARCH_LENGTH]
    found, total = browsing.find_profiles(current_tapt(), search, status, page, PAGE_SIZE, _base())
    return render_template(
        "profiles.html",
        rows=[_profile_row(shown, origin) for shown, origin in found],
        total=total,
        page=page,
        pages=max(1, -(-total // PAGE_SIZE)),
        search=search,
        status=status,
    )


def _page_number() -> int:
    return min(max(request.args.get("page", 1, type=int), 1), MAX_PAGE)


def _profile_row(shown: dict[str, Any], origin: str) -> dict[str, Any]:
    return {
        "id": shown["id"],
        "name": _name(shown),
        "email": _email(shown),
        "title": shown.get("title", ""),
        "is_active": shown.get("active", True),
        "source": "manual" if origin == "manual" else "Entra ID",
        "updated": shown["meta"]["lastModified"],
    }


def _name(shown: dict[str, Any]) -> str:
    name = shown.get("name") or {}
    parts = " ".join(str(name[key]) for key in ("givenName", "familyName") if name.get(key))
    return str(shown.get("displayName") or name.get("formatted") or parts or shown["userName"])


def _email(shown: dict[str, Any]) -> str:
    """Return the work e-mail, else the first, else the userName. Source: ui.md section 14."""
    entries = [entry for entry in shown.get("emails", ()) if isinstance(entry, dict) and entry.get("value")]
    best = next((e for e in entries if e.get("type") == "work"), entries[0] if entries else None)
    return str(best["value"] if best else shown["userName"])


@blueprint.get("/profiles/<profile_id>")
def profile(profile_id: str) -> Any:
    """Show one user: card, raw resource, history."""
    found = browsing.profile(current_tapt(), profile_id, _base())
    if found is None:
        abort(404, "There is no such profile: it was deleted, or Tapt was reset.")
    shown, origin, history = found
    extension = shown.get(ENTERPRISE_USER) or {}
    return render_template(
        "profile.html",
        shown=shown,
        row=_profile_row(shown, origin),
        department=extension.get("department", ""),
        manager=browsing.name_of(current_tapt(), (extension.get("manager") or {}).get("value", "")),
        raw=orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode(),
        history=history,
    )


@blueprint.route("/profiles/add", methods=["GET", "POST"])
def add_profile() -> Any:
    """Make an account by hand that no directory knows: for matching exercises."""
    needs_administrator()
    values = {path: request.form.get(path, "").strip() for _, path in FIELDS}
    error = ""
    if request.method == "POST":
        try:
            refuse_long({label: values[path] for label, path in FIELDS})
            added = browsing.add_by_paths(current_tapt(), values, who=access.person() or "")
            flash(f"{_name(added)} was added.")
            return redirect(url_for("pages.profile", profile_id=added["id"]), 303)
        except TaptError as problem:
            error = str(problem)
    page = render_template("edit.html", title="Add profile", fields=FIELDS, values=values, error=error, back="")
    return page, 422 if error else 200


@blueprint.route("/profiles/<profile_id>/edit", methods=["GET", "POST"])
def edit_profile(profile_id: str) -> Any:
    """Change an account by hand: the service does not undo it until its source changes or the job restarts."""
    needs_administrator()
    tapt = current_tapt()
    found = browsing.profile(tapt, profile_id, _base())
    if found is None:
        abort(404, "There is no such profile: it was deleted, or Tapt was reset.")
    shown = found[0]
    values = {path: browsing.value_at(shown, path) for _, path in FIELDS}
    is_active, error = bool(shown.get("active", True)), ""
    if request.method == "POST":
        given = {path: request.form.get(path, "").strip() for _, path in FIELDS}
        wants_active = request.form.get("active") == "yes"
        changes: dict[str, Any] = {p: v or None for p, v in given.items() if v != values[p]}
        if wants_active != is_active:
            changes["active"] = wants_active
        try:
            refuse_long({label: given[path] for label, path in FIELDS})
            if changes:
                tapt.edit_by_hand(shown["userName"], changes, who=access.person() or "")
                flash("Saved by hand. The provisioning service does not undo it by itself.")
            return redirect(url_for("pages.profile", profile_id=profile_id), 303)
        except TaptError as problem:
            values, is_active, error = given, wants_active, str(problem)
    page = render_template(
        "edit.html",
        title=f"Edit {_name(shown)} by hand",
        fields=FIELDS,
        values=values,
        error=error,
        back=profile_id,
        is_active=is_active,
    )
    return page, 422 if error else 200


@blueprint.post("/profiles/<profile_id>/delete")
def delete_profile(profile_id: str) -> Any:
    """Delete an account by hand."""
    needs_administrator()
    found = browsing.profile(current_tapt(), profile_id, _base())
    if found is None:
        abort(404, "There is no such profile: it was deleted already.")
    current_tapt().delete_by_hand(found[0]["userName"], who=access.person() or "")
    flash(f"{_name(found[0])} was deleted.")
    return redirect(url_for("pages.profiles"), 303)


@blueprint.get("/groups")
def groups() -> Any:
    """List the groups."""
    page = _page_number()
    found, total = browsing.find_groups(current_tapt(), page, PAGE_SIZE)
    pages = max(1, -(-total // PAGE_SIZE))
    return render_template("groups.html", rows=found, total=total, page=page, pages=pages)


@blueprint.get("/groups/<group_id>")
def group(group_id: str) -> Any:
    """Show one group with its members."""
    found = browsing.group(current_tapt(), group_id, _base())
    if found is None:
        abort(404, "There is no such group: it was deleted, or Tapt was reset.")
    shown, members, history = found
    raw = orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode()
    return render_template("group.html", shown=shown, members=members, raw=raw, history=history)

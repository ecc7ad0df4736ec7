"""A visitor without scripts: reads pages, presses links and buttons by the words on them, fills fields by label."""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode
from urllib.parse import urljoin
from urllib.parse import urlsplit

from werkzeug.test import Client
from werkzeug.test import TestResponse

TAPT_URL = "https://tapt.example/scim/v2"
"""Where the World's Tapt is reached."""

VOID = {"input", "meta", "link", "br", "use", "img", "hr"}


@dataclass
class Node:
    """An element of a page."""

    tag: str
    attributes: dict[str, str]
    parent: Node | None
    children: list[Node | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Return the words inside, blanks folded."""
        parts = [child if isinstance(child, str) else child.text for child in self.children]
        return re.sub(r"\s+", " ", " ".join(parts)).strip()

    def all(self, *tags: str) -> list[Node]:
        """Return every element of these tags below."""
        found = []
        for child in self.children:
            if isinstance(child, Node):
                if not tags or child.tag in tags:
                    found.append(child)
                found.extend(child.all(*tags))
        return found

    def above(self, tag: str) -> Node | None:
        """Return the nearest element of this tag that encloses this one."""
        node = self.parent
        while node is not None and node.tag != tag:
            node = node.parent
        return node


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("document", {}, None)
        self._open = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs}, self._open)
        self._open.children.append(node)
        if tag not in VOID:
            self._open = node

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.children.append(Node(tag, {name: value or "" for name, value in attrs}, self._open))

    def handle_endtag(self, tag: str) -> None:
        node: Node | None = self._open
        while node is not None and node.tag != tag:
            node = node.parent
        if node is not None and node.parent is not None:
            self._open = node.parent

    def handle_data(self, data: str) -> None:
        self._open.children.append(data)


def read_html(text: str) -> Node:
    """Return a page as a tree."""
    reader = _Reader()
    reader.feed(text.replace("<wbr>", ""))  # a place where a word may be broken is no gap
    return reader.root


class Visitor:
    """One person with one browser, scripts off."""

    def __init__(self, app: Any, base: str = "http://127.0.0.1:8470") -> None:
        self.client = Client(app, response_wrapper=TestResponse)
        self.base = base
        self.path = "/"
        self.status = 0
        self.html = ""
        self.page = Node("document", {}, None)
        self.typed: dict[int, list[str]] = {}
        self.visited: dict[str, str] = {}

    # -- going ---------------------------------------------------------------------------------------------------

    def open(self, path: str) -> Visitor:
        """Open an address; redirects are followed."""
        return self._send("GET", path, None)

    def _send(self, method: str, path: str, body: list[tuple[str, str]] | None) -> Visitor:
        for _ in range(10):
            data = urlencode(body) if body is not None else None
            kind = "application/x-www-form-urlencoded" if body is not None else None
            response = self.client.open(path, method=method, base_url=self.base, data=data, content_type=kind)
            if response.status_code not in (301, 302, 303):
                break
            assert response.status_code == 303 or method == "GET", f"{method} {path} answered {response.status_code}"
            place = urlsplit(urljoin(f"{self.base}{path}", response.headers["Location"]))
            assert f"{place.scheme}://{place.netloc}" == self.base, f"sent away to {place.geturl()}"
            method, body = "GET", None
            path = place.path + (f"?{place.query}" if place.query else "")
        self.path, self.status, self.html = path, response.status_code, response.get_data(as_text=True)
        self.page, self.typed = read_html(self.html), {}
        mains = self.page.all("main")
        if mains:
            self.visited.setdefault(mains[0].attributes.get("data-screen", ""), path)
        return self

    # -- reading -------------------------------------------------------------------------------------------------

    @property
    def screen(self) -> str:
        """Return the name of the screen."""
        return self.page.all("main")[0].attributes["data-screen"]

    @property
    def main(self) -> Node:
        """Return what stands beside the menus."""
        return self.page.all("main")[0]

    @property
    def text(self) -> str:
        """Return all words of the page's own part."""
        return self.main.text

    @property
    def heading(self) -> str:
        """Return the one h1."""
        headings = self.page.all("h1")
        assert len(headings) == 1, [node.text for node in headings]
        return headings[0].text

    def rows(self) -> list[list[str]]:
        """Return the cells of every table row."""
        return [[cell.text for cell in row.all("td")] for row in self.main.all("tr") if row.all("td")]

    def label_of(self, control: Node) -> str:
        """Return the words that name a control."""
        own = control.attributes.get("id")
        for label in self.page.all("label"):
            if (own and label.attributes.get("for") == own) or any(control is node for node in label.all()):
                return label.text
        return control.attributes.get("aria-label", "")

    # -- doing ---------------------------------------------------------------------------------------------------

    def click(self, words: str, *, within: str = "") -> Visitor:
        """Follow the link or press the button with these words (in the row with the words `within`)."""
        place = self._place(within)
        for node in [*place.all("a", "button"), *([] if within else self.page.all("a", "button"))]:
            names = {node.text, re.sub(r" \(.*\)$", "", node.text)}
            if words not in names and not (within and node.text.startswith(words)):
                continue
            assert "disabled" not in node.attributes, f"'{words}' is disabled"
            if node.tag == "a":
                return self.open(self._absolute(node.attributes["href"]))
            return self._submit(node)
        near = sorted({node.text for node in self.page.all("a", "button")})
        raise AssertionError(f"no link or button '{words}' on {self.path}; there are {near}")

    def _place(self, within: str) -> Node:
        if not within:
            return self.main
        for row in self.main.all("tr", "li"):
            if within in row.text:
                return row
        raise AssertionError(f"no row with '{within}' on {self.path}")

    def _absolute(self, href: str) -> str:
        place = urlsplit(urljoin(f"{self.base}{self.path}", href))
        return place.path + (f"?{place.query}" if place.query else "")

    def fill(self, label: str, value: str) -> Visitor:
        """Type into the field, or choose the option, that a label names."""
        control = self._control(label, "input", "textarea", "select")
        if control.tag == "select":
            options = {option.text: option.attributes.get("value", option.text) for option in control.all("option")}
            assert value in options, f"'{label}' offers {list(options)}"
            value = options[value]
        self.typed[id(control)] = [value]
        return self

    def choose(self, label: str, group: str = "") -> Visitor:
        """Choose a radio button by its words, in the fieldset with the legend `group`."""
        for control in self.main.all("input"):
            if control.attributes.get("type") != "radio" or self.label_of(control) != label:
                continue
            fieldset = control.above("fieldset")
            if group and (fieldset is None or fieldset.all("legend")[0].text != group):
                continue
            assert "disabled" not in control.attributes, f"'{label}' cannot be chosen"
            for other in self.main.all("input"):
                if other.attributes.get("name") == control.attributes["name"]:
                    self.typed[id(other)] = []
            self.typed[id(control)] = [control.attributes["value"]]
            return self
        raise AssertionError(f"no choice '{label}' on {self.path}")

    def tick(self, label: str, *, on: bool = True) -> Visitor:
        """Tick the check box whose label begins with these words, or untick it."""
        for control in self.main.all("input"):
            if control.attributes.get("type") == "checkbox" and self.label_of(control).startswith(label):
                self.typed[id(control)] = [control.attributes.get("value", "on")] if on else []
                return self
        raise AssertionError(f"no check box '{label}' on {self.path}")

    def _control(self, label: str, *tags: str) -> Node:
        for control in self.main.all(*tags):
            if self.label_of(control) == label:
                return control
        labels = [self.label_of(control) for control in self.main.all(*tags)]
        raise AssertionError(f"no field '{label}' on {self.path}; there are {labels}")

    def _submit(self, button: Node) -> Visitor:
        form = button.above("form")
        assert form is not None, f"the button '{button.text}' stands in no form"
        fields: list[tuple[str, str]] = []
        for control in form.all("input", "select", "textarea"):
            name = control.attributes.get("name")
            if name and "disabled" not in control.attributes:
                fields.extend((name, value) for value in self._values(control))
        if button.attributes.get("name"):
            fields.append((button.attributes["name"], button.attributes.get("value", "")))
        action = self._absolute(button.attributes.get("formaction") or form.attributes.get("action") or self.path)
        if form.attributes.get("method", "get").lower() == "post":
            return self._send("POST", action, fields)
        return self.open(f"{action.partition('?')[0]}?{urlencode(fields)}")

    def _values(self, control: Node) -> list[str]:
        if id(control) in self.typed:
            return self.typed[id(control)]
        kind = control.attributes.get("type", "text")
        if control.tag == "textarea":
            return ["".join(child for child in control.children if isinstance(child, str))]
        if control.tag == "select":
            options = control.all("option")
            chosen = [option for option in options if "selected" in option.attributes] or options[:1]
            return [option.attributes.get("value", option.text) for option in chosen]
        if kind in ("checkbox", "radio"):
            return [control.attributes.get("value", "on")] if "checked" in control.attributes else []
        if kind == "file":
            return []
        return [control.attributes.get("value", "")]

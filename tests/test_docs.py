"""Documents that cannot rot: commands, options, links, settings and rule ids in them exist, and none is left out."""

from __future__ import annotations

import importlib
import re
import shlex
from collections.abc import Iterator
from configparser import ConfigParser
from functools import cache
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from entra_sim.cli import COMMANDS
from entra_sim.cli import root
from entra_sim.docs.builder.references import ID
from entra_sim.docs.builder.references import read_rules
from entra_sim.simulator.ledger.codes import load_codes
from entra_sim.simulator.settings import describe

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("simulator", "mock_tapt", "scenarios")
SKIPPED_FOLDERS = {"build", "dist", "node_modules", "__pycache__"}
BINARY = {".png", ".ico", ".woff2", ".gif", ".pyc", ".db"}
GUIDES = ("README.md", "CONTRIBUTING.md")

# put together here so that this file does not name them itself
REGISTRIES = ["py" + "pi.org", "python" + "hosted.org", "registry.npm" + "js.org", "npm" + "js.com"]
REGISTRIES += ["proxy.golang" + ".org", "crates" + ".io", "rubygems" + ".org", "artifact" + "ory"]
WORKPLACES = ["/work" + "/", "/farm" + "/", ".libr" + "ary/"]


def _texts() -> Iterator[tuple[str, str]]:
    """Yield (path, content) of every text file of the project, as a checkout holds them."""
    folders = [ROOT]
    while folders:
        for path in sorted(folders.pop().iterdir()):
            name = path.relative_to(ROOT).as_posix()
            if path.is_dir() and not path.is_symlink():
                hidden = path.name.startswith(".") and path.name != ".ci"
                if not hidden and path.name not in SKIPPED_FOLDERS and not path.name.endswith(".egg-info"):
                    folders.append(path)
            elif path.is_file() and path.suffix not in BINARY and name != ".git":
                yield name, path.read_text(encoding="utf-8")


@cache
def _documents() -> dict[str, str]:
    return {name: text for name, text in _texts() if name.endswith(".md")}


def _own_documents() -> dict[str, str]:
    """Return the documents that speak of entra-sim's commands; the references speak of the real service."""
    return {name: text for name, text in _documents().items() if not name.startswith(("docs/reference/", "tests/"))}


def _invocations(text: str) -> Iterator[list[str]]:
    """Yield the words of every `entra-sim ...` in code, in blocks (one a line) and in running text."""
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    for line in lines:
        command = re.search(r"(?:^|[\s/])entra-sim( .+)?$", line.split(" #")[0].strip().removeprefix("$ "))
        if command:
            yield shlex.split(command.group(1) or "", comments=True)


def _examples(name: str, *commands: str) -> list[list[str]]:
    """Return the invocations of these commands that a document gives in full."""
    found = _invocations((ROOT / name).read_text(encoding="utf-8"))
    return [words for words in found if len(words) > 1 and words[0] in commands and words[0] in COMMANDS]


@cache
def _command(name: str) -> click.Command:
    module, attribute = COMMANDS[name][0].split(":")
    command = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)
    return command


def test_every_command_is_documented() -> None:
    told = {words[0] for text in _own_documents().values() for words in _invocations(text) if words}
    assert sorted(set(COMMANDS) - told) == []


def test_documents_name_only_commands_that_exist() -> None:
    wrong = [
        f"{name}: entra-sim {' '.join(words)}"
        for name, text in _own_documents().items()
        if name != "CHANGELOG.md"
        for words in _invocations(text)
        if words and not words[0].startswith("-") and words[0] not in COMMANDS
    ]
    assert wrong == []


def test_remedies_send_people_to_commands_that_exist() -> None:
    texts = [text for code in load_codes() for text in (code.cause, code.remedy)]
    named = {name for text in texts for name in re.findall(r"entra-sim ([a-z]+)", text)}
    assert named
    assert named - set(COMMANDS) == set()


def test_examples_use_options_and_sub_commands_that_exist() -> None:
    wrong = [
        f"{name}: entra-sim {' '.join(words)}: {stranger}"
        for name, text in _own_documents().items()
        for words in _invocations(text)
        if words and words[0] in COMMANDS
        for stranger in _strangers(_command(words[0]), words[1:])
    ]
    assert wrong == []


def _strangers(command: click.Command, words: list[str]) -> list[str]:
    """Return the sub-commands and options among the words that the command does not have."""
    if isinstance(command, click.Group) and words and re.fullmatch(r"[a-z][a-z-]*", words[0]):
        inner = command.commands.get(words[0])
        return [words[0]] if inner is None else _strangers(inner, words[1:])
    options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    return [word for word in words if _is_option(word) and word.split("=")[0] not in options]


def test_the_scenario_in_the_readme_passes(tmp_path: Path) -> None:
    (story,) = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (tmp_path / "story.yaml").write_text(story, encoding="utf-8")
    result = CliRunner().invoke(root, ["run", str(tmp_path / "story.yaml")])
    assert "1 scenario: 1 passed" in result.output
    assert result.exit_code == 0


@pytest.mark.parametrize("words", _examples("README.md", "eval", "rules"), ids=" ".join)
def test_examples_of_the_readme_run(words: list[str]) -> None:
    result = CliRunner().invoke(root, words)
    assert (result.exit_code, result.exception) == (0, None)
    assert result.output


def _is_option(word: str) -> bool:
    return re.match(r"--?[a-z]", word) is not None and word not in ("--help", "-h")


@pytest.mark.parametrize("name", GUIDES)
def test_make_targets_named_in_the_guides_exist(name: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][\w-]*):", makefile, re.MULTILINE))
    text = (ROOT / name).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`)make ([a-z][\w-]*)", text, re.MULTILINE))
    assert named
    assert named - targets == set()


def test_the_readme_starts_with_the_two_commands_and_says_what_it_is_not() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = [
        line for block in re.findall(r"^```.*\n((?:.*\n)*?)```", text, re.MULTILINE) for line in block.split("\n")
    ]
    assert [line.split("#")[0].strip() for line in commands[:2]] == ["make demo", "make test"]
    assert "nofficial" in text.split("##")[0]
    assert "(docs/fidelity.md)" in text


def test_links_between_documents_resolve() -> None:
    broken = []
    for name, text in _documents().items():
        prose = re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
        for target in re.findall(r"\]\(([^)\s]+)\)", prose) + re.findall(r"(?:src|href)=\"([^\"]+)\"", prose):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, anchor = target.partition("#")
            path = (ROOT / name).parent / file if file else ROOT / name
            if not path.exists() or (
                anchor and path.suffix == ".md" and anchor not in _anchors(path.read_text(encoding="utf-8"))
            ):
                broken.append(f"{name}: {target}")
    assert broken == []


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), ["README.md"]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        for target in re.findall(r"\]\(([^)#\s]+\.md)[^)\s]*\)", _documents()[name]):
            path = ((ROOT / name).parent / target).resolve()
            if path.is_relative_to(ROOT) and path.exists():
                waiting.append(path.relative_to(ROOT).as_posix())
    assert {name for name in _documents() if name.startswith("docs/")} - reached == set()


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+\s+(.*)", text, re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_contributing_draws_the_layers_that_the_contracts_keep() -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    layers = config["importlinter:contract:simulator"]["layers"].split("\n")[1:]
    drawn = " ".join((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split())
    assert " → ".join(layer.strip() for layer in layers) in drawn


def test_paths_named_in_the_guides_exist() -> None:
    wrong = []
    for name in GUIDES:
        for path in re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", (ROOT / name).read_text(encoding="utf-8")):
            if not (ROOT / path).exists():
                wrong.append(f"{name}: {path}")
    assert wrong == []


def test_every_setting_is_listed_with_its_meaning() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    missing = [item.name for item in describe() if f"| `{item.name}` |" not in text or item.meaning not in text]
    assert missing == []


def test_every_setting_states_where_its_default_comes_from() -> None:
    ids = {rule.id for rule in read_rules(ROOT / "docs" / "reference")}
    for item in describe():
        assert ID.findall(item.source) or item.source.startswith("Assumed: "), item.name
        assert set(ID.findall(item.source + item.question)) <= ids, item.name


def test_code_and_tests_name_only_rules_that_the_references_define() -> None:
    ids = {rule.id for rule in read_rules(ROOT / "docs" / "reference")}
    invented = {
        f"{path.relative_to(ROOT).as_posix()}: {rule_id}"
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for rule_id in ID.findall(path.read_text(encoding="utf-8"))
        if rule_id not in ids
    }
    assert invented == set()


def test_every_guess_of_the_code_is_told_to_the_user() -> None:
    page = (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8").partition("## What this simulation guesses")[2]
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if re.search(r"^\s*Assumed: ", text, re.MULTILINE):
                assert f"`{path.relative_to(ROOT).as_posix()}" in page, path.name


def test_no_file_names_a_package_registry_or_a_workplace() -> None:
    named = [
        f"{name}: {word}"
        for name, text in _texts()
        for word in (*REGISTRIES, *WORKPLACES)
        if word in text.lower() and not name.startswith("docs/reference/house-style")
    ]
    assert named == []

"""The tenant command over the real directory: what comes in is what goes out, and only differences reach the feed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from entra_sim.simulator.clock import VirtualClock
from entra_sim.simulator.commands import tenant
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.ids import CountedIds
from entra_sim.simulator.service import Simulator
from entra_sim.simulator.service.instance import FolderLock
from entra_sim.simulator.tenants import differences
from entra_sim.simulator.tenants import read_directory

DATA = Path(__file__).parent / "data"
PEOPLE = [DATA / "people-200.csv", DATA / "people-200.groups.csv", DATA / "people-200.members.csv"]

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function: arguments, to the output of the command on a folder of its own."""

    def runs(*arguments: object) -> str:
        words = [*map(str, arguments), "--data", str(tmp_path / "state")]
        result = CliRunner().invoke(tenant.command, words)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0
        return result.output

    return runs


def feed_length(tmp_path: Path) -> int:
    simulator = Simulator.open(tmp_path / "state")
    try:
        return int(simulator.core.database.value("SELECT count(*) FROM change"))
    finally:
        simulator.close()


def test_two_hundred_people_go_in_and_come_out_as_they_were(run: Run, tmp_path: Path) -> None:
    assert "200 users added, 31 groups added" in run("import", *PEOPLE)
    run("export", "--output", tmp_path / "out")
    before, after = (read_directory(paths, new_id=CountedIds().new) for paths in (PEOPLE, tmp_path / "out"))
    assert differences(before, after) == ()
    assert run("show").splitlines()[0].split() == ["users", "200"]


def test_importing_again_feeds_only_the_differences(run: Run, tmp_path: Path) -> None:
    run("import", *PEOPLE)
    length = feed_length(tmp_path)
    assert "Nothing differs" in run("import", *PEOPLE)
    assert feed_length(tmp_path) == length
    text = PEOPLE[0].read_text(encoding="utf-8").replace("Research Scientist", "Scientist", 1)
    (tmp_path / "people.csv").write_text(text, encoding="utf-8")
    assert "Changed: 1 user updated." in run("import", tmp_path / "people.csv")
    assert feed_length(tmp_path) == length + 1


def test_a_broken_file_leaves_the_directory_alone(run: Run, tmp_path: Path) -> None:
    run("import", *PEOPLE)
    lines = PEOPLE[0].read_text(encoding="utf-8").splitlines()
    lines[150] = lines[150].replace(",true,", ",maybe,").replace(",false,", ",maybe,")
    (tmp_path / "people.csv").write_text("\n".join([*lines[:20], *lines[150:]]), encoding="utf-8")
    length = feed_length(tmp_path)
    with pytest.raises(UserInputError, match=r"people\.csv:21:3: column 'accountEnabled' must be true or false"):
        run("import", tmp_path / "people.csv", "--remove-missing")
    assert feed_length(tmp_path) == length
    assert run("show").splitlines()[0].split() == ["users", "200"]


def test_people_who_were_removed_come_back(run: Run, tmp_path: Path) -> None:
    run("import", *PEOPLE)
    lines = PEOPLE[0].read_text(encoding="utf-8").splitlines()
    (tmp_path / "people.csv").write_text("\n".join(lines[:101]), encoding="utf-8")
    assert "100 users removed" in run(
        "import", tmp_path / "people.csv", "--remove-missing", "--drop-unknown-references"
    )
    run("import", *PEOPLE)
    assert run("show").splitlines()[0].split() == ["users", "200"]


def test_there_is_nothing_to_show_before_an_import(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UserInputError, match="There is no directory in"):
        run("show")
    assert not (tmp_path / "state").exists()


def test_a_dry_run_makes_no_folder_and_changes_nothing(run: Run, tmp_path: Path) -> None:
    assert "Would change: 200 users added" in run("import", *PEOPLE, "--dry-run")
    assert not (tmp_path / "state").exists()
    run("import", *PEOPLE)
    length = feed_length(tmp_path)
    (tmp_path / "people.csv").write_text("userPrincipalName,city\nmiles.wade@contoso.example,Rom\n", encoding="utf-8")
    assert "Would change: 1 user updated." in run("import", tmp_path / "people.csv", "--dry-run")
    assert feed_length(tmp_path) == length


def test_what_is_imported_happens_at_the_time_of_the_folder(run: Run, tmp_path: Path) -> None:
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    (tmp_path / "state").mkdir()
    simulator = Simulator.open(tmp_path / "state", clock=VirtualClock(start))
    simulator.keeper.save()
    simulator.close()
    run("import", PEOPLE[0])
    simulator = Simulator.open(tmp_path / "state")
    try:
        instants = {row[0] for row in simulator.core.database.rows("SELECT visible_at FROM change")}
    finally:
        simulator.close()
    assert [instant[:19] for instant in instants] == ["2026-01-05T09:00:00"]


def test_a_folder_that_an_instance_holds_is_not_changed(run: Run, tmp_path: Path) -> None:
    run("import", *PEOPLE)
    lock = FolderLock(tmp_path / "state")
    try:
        with pytest.raises(StateConflict, match="in use by another instance"):
            run("import", PEOPLE[0])
        assert run("show").splitlines()[0].split() == ["users", "200"]
    finally:
        lock.release()

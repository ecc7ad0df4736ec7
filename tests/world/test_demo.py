"""`entra-sim demo` and the tutorial's transcript, as a user runs them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

COMMAND = [sys.executable, "-m", "entra_sim.cli"]

STORY = (
    "POST /Users -> 201",
    "+ noor.haddad@contoso.example (active)",
    "Disable / Success  li.wei@contoso.example",
    "Delete / Success  bjorn.odegard@contoso.example",
    "quarantine, EncounteredQuarantineException",
    "The supplied credentials are authorized to enable provisioning",
    "What Tapt holds now",
    "The provisioning log",
    "How to go on",
)


def test_the_demo_tells_the_whole_story_and_ends_well() -> None:
    played = subprocess.run([*COMMAND, "demo"], capture_output=True, text=True, timeout=120)
    assert played.returncode == 0, played.stdout[-2000:] + played.stderr
    position = 0
    for line in STORY:
        found = played.stdout.find(line, position)
        assert found >= 0, f"missing or out of order: {line}"
        position = found
    assert "\x1b[" not in played.stdout
    assert "Traceback" not in played.stderr


def test_both_sides_listen_while_the_demo_plays() -> None:
    with subprocess.Popen([*COMMAND, "demo"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as playing:
        assert playing.stdout is not None
        addresses = []
        for line in playing.stdout:
            if " answers at " in line:
                addresses.append(line.split(" answers at ")[1].split(",")[0])
            if len(addresses) == 2:
                break
        answers = []
        for address in addresses:
            with urllib.request.urlopen(f"http://{address}/healthz", timeout=10) as page:
                answers.append(page.status)
        playing.send_signal(signal.SIGINT)
        playing.communicate(timeout=20)
    assert answers == [200, 200]


def test_ctrl_c_in_the_middle_leaves_no_traceback() -> None:
    playing = subprocess.Popen([*COMMAND, "demo"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert playing.stdout is not None
    for line in playing.stdout:
        if "POST /Users" in line:
            break
    began = time.monotonic()
    playing.send_signal(signal.SIGINT)
    _, errors = playing.communicate(timeout=20)
    assert playing.returncode == 130
    assert time.monotonic() - began < 5
    assert "Traceback" not in errors
    assert "nothing is left running" in errors


def test_transcripts_are_the_same_bytes_in_process_and_over_http(tmp_path: Path) -> None:
    texts = []
    for name, options in (("a", ()), ("b", ()), ("c", ("--http",))):
        folder = tmp_path / name
        ran = subprocess.run(
            [*COMMAND, "run", "--library", "-k", "tutorial", "--transcript", str(folder), *options],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        texts.append((folder / "tapt-tutorial.transcript").read_bytes())
    assert texts[0] == texts[1] == texts[2]
    assert b"{target}" in texts[0]
    assert b"127.0.0.1" not in texts[0]

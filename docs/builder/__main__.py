"""`python -m entra_sim.docs.builder`: write the generated files anew, or say what is wrong and write nothing."""

from __future__ import annotations

import sys
from pathlib import Path

from entra_sim.docs.builder.ledger import NOT_SIMULATED
from entra_sim.docs.builder.ledger import build_ledger
from entra_sim.docs.builder.ledger import without_proven
from entra_sim.docs.builder.pages import render

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Take proven rules out of `[open]`, then write each generated file that changed. Exit code 1 on problems."""
    hand_kept = ROOT / NOT_SIMULATED
    text = hand_kept.read_text(encoding="utf-8")
    ledger = build_ledger(ROOT)
    shorter = without_proven(text, ledger.evidence)
    if shorter != text:
        _write(hand_kept, shorter)
        ledger = build_ledger(ROOT)
    for problem in ledger.problems:
        sys.stderr.write(f"ledger: {problem}\n")
    if ledger.problems:
        return 1
    for name, content in render(ledger).items():
        path = ROOT / name
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            _write(path, content)
    return 0


def _write(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8", newline="\n")
    sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    sys.exit(main())

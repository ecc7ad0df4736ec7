"""How long a plan over a large directory takes, and how much memory, as a user would run it.

    python benchmarks/plan_speed.py [PEOPLE [OPTION...]]

A made-up tenant is written to CSV files; the change touches the title and a filter. `entra-sim plan` runs as a process
of its own, with its second process. Printed: wall seconds, processor seconds of all processes, and the largest memory
of all together, pages that they share counted once (Linux). Processor seconds tell more than wall seconds on a machine
that is busy. Options after PEOPLE are passed on: `--processes 1`, `--json`, `--html plan.html`.
"""

from __future__ import annotations

import copy
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from importlib.resources import files
from pathlib import Path

from entra_sim.simulator.tenants import seeded_ids
from entra_sim.simulator.tenants import synthesize
from entra_sim.simulator.tenants import write_directory

SAMPLE_S = 0.25
"""Seldom, since a look at the memory of a process stops it for milliseconds."""


def main() -> None:
    """Run the benchmark."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 30_000
    now = json.loads(files("entra_sim.simulator").joinpath("data/template-scim.json").read_text(encoding="utf-8"))
    change = copy.deepcopy(now)
    mapping = next(m for m in change["synchronizationRules"][0]["objectMappings"] if m["sourceObjectName"] == "User")
    title = next(row for row in mapping["attributeMappings"] if row["targetAttributeName"] == "title")
    expression = 'Join(", ", [jobTitle], [city])'
    title["source"] = {"expression": expression, "name": "Join", "type": "Function", "parameters": []}
    clause = {"operatorName": "NOT EQUALS", "sourceOperandName": "department", "targetOperand": {"values": ["Sales"]}}
    mapping["scope"] = {"groups": [{"name": "not Sales", "clauses": [clause]}]}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_directory(synthesize(people, 7, seeded_ids(7), domain="contoso.example"), place / "tenant", "csv")
        (place / "now.json").write_text(json.dumps(now), encoding="utf-8")
        (place / "new.json").write_text(json.dumps(change), encoding="utf-8")
        command = [sys.executable, "-m", "entra_sim.cli", "plan", "--tenant", str(place / "tenant"), "--scope", "all"]
        command += ["--schema", str(place / "now.json"), "--change", str(place / "new.json"), *sys.argv[2:]]
        began = time.perf_counter()
        with (place / "output").open("w+", encoding="utf-8") as printed:
            process = subprocess.Popen(command, stdout=printed)
            peak = [0]
            watcher = threading.Thread(target=_watch, args=(process.pid, peak), daemon=True)
            watcher.start()
            process.wait()
            wall_s = time.perf_counter() - began
            printed.seek(0)
            head = [line for line, _ in zip(printed, range(12), strict=False)]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    sys.stdout.write("".join(head))
    sys.stdout.write(
        f"{people:,} people, {len(mapping['attributeMappings'])} mappings: {wall_s:.1f} s wall, "
        f"{used.ru_utime + used.ru_stime:.1f} s of processor, "
        f"{peak[0] / 1024:.0f} MB at most in all processes together, exit code {process.returncode}\n"
    )


def _watch(parent: int, peak: list[int]) -> None:
    """Note the largest memory of a process and its children together, shared pages once, in kB (Linux: Pss)."""
    while True:
        total = 0
        for pid in [parent, *_children(parent)]:
            try:
                text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
            except OSError:
                continue
            total += next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)
        peak[0] = max(peak[0], total)
        if not os.path.exists(f"/proc/{parent}"):
            return
        time.sleep(SAMPLE_S)


def _children(parent: int) -> list[int]:
    try:
        return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="utf-8").split()]
    except OSError:
        return []


if __name__ == "__main__":
    main()

"""First byte of every page of the admin center and the lab, and of every filter of the logs, at rest.

    python benchmarks/web_pages.py FOLDER [--people 100000] [--records 1000000] [--rounds 5] [--filters]

The lab is made in FOLDER if it is not there yet (a million records take about 4 GB and some minutes), and served by
`entra-sim up` in a process of its own, as a user would.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parent))

from web_lab import Reader
from web_lab import build
from web_lab import pages_of
from web_lab import served
from web_lab import told


def filters(logs: str) -> Iterator[str]:
    """Yield addresses of the logs with every kind of filter, and with those that match nothing or little."""
    choices = {
        "range": ("all", "30d", "24h"),
        "status": ("", "Success", "Failure", "Warning"),
        "action": ("", "Create", "Delete", "StagedDelete", "Disable"),
        "object_type": ("", "Group"),
        "code": ("", "NotEffectivelyEntitled", "NoSuchCode"),
        "identity": ("", "ma", "zzz"),
        "cycle": ("", "00000000-2222-4000-8000-000000000000", "no-such-cycle"),
    }
    for values in itertools.product(*choices.values()):
        given = {key: value for key, value in zip(choices, values, strict=True) if value}
        for place in (logs, "/provisioning-logs"):
            yield f"{place}?{urlencode(given)}"


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--filters", action="store_true", help="every combination of the log filters, once each")
    asked = parser.parse_args()
    if not asked.folder.exists():
        build(asked.folder, asked.people, asked.records)
    with served(asked.folder) as lab:
        reader = Reader(lab.admin_url)
        pages = pages_of(lab)
        if asked.filters:
            times = sorted((reader.get(path)[0], path) for path in filters(pages["logs"]))
            sys.stdout.write(told("log filters", [time_ms for time_ms, _path in times]))
            for time_ms, path in times[-12:]:
                sys.stdout.write(f"{time_ms:7.1f} ms  {path}\n")
            return
        first = {name: reader.get(path) for name, path in pages.items()}
        for name, path in pages.items():
            times_ms = [reader.get(path)[0] for _ in range(asked.rounds)]
            sys.stdout.write(told(f"{name} (first {first[name][0]:.0f})", times_ms))
            if first[name][1] != 200:
                sys.stdout.write(f"  {path} answered {first[name][1]}\n")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""check-faults.py

Checks that Tests/FAULTS.md has a row for each fault, and that every test it names is there: a test
that is renamed or removed takes its row along.
"""

import pathlib
import re
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent / "Tests"
TABLE = TESTS / "FAULTS.md"
IDS = [f"F{number:02}" for number in range(1, 107)]
NAMED = re.compile(r'`([\w+/.-]+\.swift)` "([^"|]+)"')


def rows():
    """The rows of the table: their number in the file and their cells."""
    for number, line in enumerate(TABLE.read_text().splitlines(), 1):
        if re.match(r"\| F\d+ \|", line):
            yield number, [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def problems():
    """What is wrong with the table, a line each."""
    found = []
    for number, cells in rows():
        place = f"Tests/FAULTS.md:{number}: {cells[0]}"
        found.append(cells[0])
        if len(cells) != 4 or not all(cells):
            yield f"{place}: not four cells with something in each"
            continue
        tests = NAMED.findall(cells[2])
        if not tests and not cells[2].startswith("no test: "):
            yield f"{place}: no test is named, and no reason why there is none"
        for name, title in tests:
            file = TESTS / name
            if not file.is_file():
                yield f"{place}: there is no Tests/{name}"
            elif f'"{title}"' not in file.read_text():
                yield f'{place}: Tests/{name} has no test "{title}"'
    if found != IDS:
        yield f"Tests/FAULTS.md: rows missing, unknown or twice: {sorted(set(IDS) ^ set(found))}"


wrong = list(problems())
for problem in wrong:
    print(problem, file=sys.stderr)
sys.exit(1 if wrong else 0)

"""The audit of `lyapunov` as a table: each case, what was said of it before, what is said now, and the seconds.

    python benchmarks/audit_lyapunov.py [--only WORDS] [--limit SECONDS]

The cases stand in `tests/lyapunov/audit_cases.py`.  It ends with 1 if one is wrong or takes longer than the limit.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path

from arithmetic import Table, clipped

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "lyapunov"))
from audit_cases import cases  # noqa: E402 - a list of the tests


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", help="cases whose section or name contains this")
    parser.add_argument("--limit", type=float, default=10, help="seconds for one case, of the processor")
    options = parser.parse_args(arguments)
    rows, bad = [], 0
    for case in cases():
        if options.only not in f"{case.section} {case.name}":
            continue
        begin = time.process_time()
        said = case.said()
        seconds = time.process_time() - begin
        right = re.fullmatch(case.right, said, re.DOTALL) is not None
        bad += not right or seconds > options.limit
        note = "not as it should be" if not right else "" if "PROVED" in said else case.why
        now = ": ".join(filter(None, (clipped(said.replace("\n", "; "), 90), note)))
        rows.append((case.section, case.name, case.before, now, f"{seconds:.1f}"))
        print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)
    print(Table(("section", "case", "before", "now", "seconds"), rows).markdown())
    print(f"{len(rows)} cases, {bad} not as they should be or over {options.limit:g} s")
    return int(bad > 0)


if __name__ == "__main__":
    raise SystemExit(main())

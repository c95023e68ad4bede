"""The gallery and the tutorials run, and what they assert holds; `make docs` runs them all, with their pictures."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent.parent / "docs"
QUICK = {"period_doubling", "curve_of_minima", "hidden_layer_atlas", "t3_atlas_of_your_network"}
EXAMPLES = sorted(file for folder in ("examples", "tutorials") for file in (DOCS / folder).glob("*.py"))


@pytest.mark.parametrize("file", [pytest.param(file, id=file.stem, marks=() if file.stem in QUICK else pytest.mark.slow)
                                  for file in EXAMPLES])
def test_it_runs(file):
    end = subprocess.run([sys.executable, file.name], cwd=file.parent, capture_output=True, text=True,
                         env=os.environ | {"MPLBACKEND": "Agg", "PYTHONPATH": str(DOCS.parent)})
    assert end.returncode == 0, end.stderr


def test_there_are_as_many_as_the_pages_say():
    """An example has a title, and asserts something."""
    assert len(list((DOCS / "examples").glob("*.py"))) >= 24 and len(list((DOCS / "tutorials").glob("*.py"))) >= 6
    for file in (DOCS / "examples").glob("*.py"):
        lines, text = file.read_text().splitlines(), file.read_text()
        assert set(lines[2]) == {"="} and len(lines[2]) >= len(lines[1]) and "assert " in text, file.name

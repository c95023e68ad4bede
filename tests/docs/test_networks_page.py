"""docs/networks.md runs as it stands."""
import re
from pathlib import Path

import numpy as np
import pytest

from networks.benchmarks import table

PAGE = Path(__file__).parent.parent.parent / "docs" / "networks.md"


def test_the_examples_run(capsys):
    pytest.importorskip("torch")
    space = {"__name__": "example"}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S):
        exec(compile(block, PAGE.name, "exec"), space)
    loss, score, *_ = map(float, capsys.readouterr().out.splitlines()[:2])
    assert loss < 1e-3 and score > 0.99
    network, run, value = space["network"], space["run"], space["value"]
    assert network.layers == (2, 8, 1) and not network.recordable
    first = space["loss"].value(run.theta)
    assert value.item() < first and np.isfinite(first) and space["optimizer"].control["accepted"] > 40


def test_the_table_of_benchmarks_is_that_of_the_catalogue():
    assert table().markdown() in PAGE.read_text(), "stale: networks.benchmarks.table().markdown()"

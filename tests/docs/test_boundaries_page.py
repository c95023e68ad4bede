"""docs/boundaries.md runs as it stands, and says what it prints."""
import re
from pathlib import Path

import matplotlib
import pytest

PAGE = Path(__file__).parent.parent.parent / "docs" / "boundaries.md"
matplotlib.use("Agg")


def test_the_examples_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    space = {"__name__": "example"}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S):
        exec(compile(block, PAGE.name, "exec"), space)
    out = capsys.readouterr().out
    assert space["rates"].thresholds[0].at == pytest.approx((0.3819660,))
    shares = space["rates"].fraction("minimum")
    assert shares[0] > 0.99 and shares[-1] < 0.02
    assert "S_b = 0." in out and "1 negative eigenvalues" in out and "from saddle" in out
    assert {f.name for f in tmp_path.iterdir()} == {"rates.png", "slice.png"}
    assert "eigenvalue" in out and "minimum (" in out

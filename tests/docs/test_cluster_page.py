"""docs/cluster.md: its script runs here, and goes on from its store; what needs a cluster is read."""
import re
from pathlib import Path

PAGE = Path(__file__).parent.parent.parent / "docs" / "cluster.md"


def test_the_script_runs_and_goes_on(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    script, *others = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    space = {"__name__": "study"}
    exec(compile(script.replace("200_000", "20_000"), PAGE.name, "exec"), space)
    space["main"]()
    first = capsys.readouterr().out
    for piece in tmp_path.glob("polytwo-adam/piece-*"):
        piece.unlink()
    space["main"]("threads")
    assert capsys.readouterr().out == first and "minimum (0, 1)" in first
    for other in others:
        assert "study.main(" in other and compile(other, PAGE.name, "exec")


def test_the_files_are_those_that_are_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text()
    script = re.search(r"```python\n(.*?)```", text, re.S)[1].replace("200_000", "2_000")
    exec(compile(script, PAGE.name, "exec"), space := {"__name__": "study"})
    space["main"]()
    listed = re.search(r"```\npolytwo-adam/\n(.*?)```", text, re.S)[1]
    for name in (p.name for p in (tmp_path / "polytwo-adam").iterdir()):
        assert re.sub(r"-[0-9a-f]+$", "-", name) in listed, name

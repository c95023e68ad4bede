"""`python -m basins`."""
import json

import pytest

from basins.__main__ import main
from basins.store import Store


def test_writes_table_picture_and_data(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main("polytwo adam --set lr=0.1 --grid 20 --box -3 3 -3 3 --out map.png --quiet".split()) == 0
    out = capsys.readouterr().out
    assert "polytwo, adam(lr=0.1" in out and "n = 400" in out and "minimum (0, 1)" in out and "wrote map.png" in out
    assert (tmp_path / "map.png").read_bytes()[:4] == b"\x89PNG"
    assert (tmp_path / "map.csv").read_text().startswith("end,starts,fraction")
    assert json.loads((tmp_path / "map.study" / "study.json").read_text())["study"]["n"] == 400


def test_switches_can_be_set(capsys):
    assert main("polytwo adam --set lr=0.1 exponential=true --grid 5 --quiet".split()) == 0
    assert "exponential=True" in capsys.readouterr().out


def test_random_starts_and_limits(capsys):
    assert main("linear-three gd --set lr=0.01 --starts 50 --seed 3 --max-steps 10 --gradient 1e-3 --radius 100 "
                "--quiet".split()) == 0
    assert "steps used up" in capsys.readouterr().out


def test_the_same_command_goes_on_after_a_failure(tmp_path, monkeypatch, capsys):
    line = f"polytwo gd --set lr=0.1 --grid 200 --store {tmp_path / 'store'} --quiet".split()
    write, left = Store.write_piece, [1]

    def full(self, k, arrays):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        write(self, k, arrays)

    monkeypatch.setattr(Store, "write_piece", full)
    assert main(line) == 1
    out, err = capsys.readouterr()
    assert "n = 40000" in out and "No space left" in err and "the same command goes on from the store" in err
    monkeypatch.undo()
    assert main([*line, "--executor", "threads"]) == 0
    assert "interrupted" not in capsys.readouterr().out and len(list((tmp_path / "store").glob("piece-*"))) == 2


@pytest.mark.parametrize("line, message", [
    ("politwo gd", "did you mean polytwo"), ("polytwo adma", "did you mean adam"),
    ("polytwo gd --set lr=-1", "lr=-1.0 must be positive"),
    ("polytwo gd --set rate=1", "no hyperparameter 'rate'"), ("polytwo gd --set lr", "KEY=NUMBER"),
    ("polytwo gd --set lr=fast", "KEY=NUMBER"), ("polytwo gd --grid 0", "at least 1"),
    ("polytwo gd --box 1 2", "4 numbers"),
    ("polytwo gd --box 3 -3 -3 3", "low < high"), ("polytwo gd --out map.gif", "must end in"),
    ("polytwo gd --out nowhere/map.png", "there is no folder"),
    ("polytwo gd --backend fortran", "no back end is named"),
    ("polytwo gd --executor trheads", "did you mean threads"),
    ("polytwo gd --max-steps 0", "max_steps"), ("polytwo gd --threads 0", "threads=0 must be at least 1"),
    ("polytwo gd --threads -2", "threads=-2 must be at least 1, or None or -1 for all cores")])
def test_bad_input_ends_with_2_before_any_work(line, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as error:
        main(line.split())
    assert error.value.code == 2 and message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())

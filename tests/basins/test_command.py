"""`python -m basins`."""
import gc
import json

import pytest

from basins.__main__ import _load, main
from basins.store import Store


def test_writes_table_picture_and_data(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main("polytwo adam --set lr=0.1 --grid 20 --box -3 3 -3 3 --out map.png --quiet".split()) == 0
    out = capsys.readouterr().out
    assert "polytwo, adam(lr=0.1" in out and "n = 400" in out and "minimum (0, 1)" in out and "wrote map.png" in out
    assert (tmp_path / "map.png").read_bytes()[:4] == b"\x89PNG"
    assert (tmp_path / "map.csv").read_text().startswith("end,starts,fraction")
    assert json.loads((tmp_path / "map.study" / "study.json").read_text())["study"]["n"] == 400


def test_what_draws_is_loaded_beside_the_run_and_stays(monkeypatch):
    """A quarter of a million objects, that a first look for garbage would go through while the picture is drawn."""
    known = gc.get_freeze_count()
    monkeypatch.setattr("basins.__main__.importlib.import_module", lambda name: kept.append([[] for _ in range(1000)]))
    kept = []
    try:
        _load("some", "modules")
        assert gc.isenabled() and len(kept) == 2 and gc.get_freeze_count() >= known + 2000
    finally:
        gc.unfreeze()


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


def test_a_sweep_writes_its_table_picture_and_thresholds(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    line = "polytwo gd --sweep lr=0.2:0.5:4 --grid 12 --max-steps 500 --out rates.svg --quiet --store kept"
    assert main(line.split()) == 0
    out = capsys.readouterr().out
    assert "polytwo, gd over lr: n = 144 starts each" in out and "wrote rates.svg and rates.csv" in out
    assert out.count("stable while its sharpness 5.23607 < 2/lr; lost at lr = 0.381966") == 4
    assert (tmp_path / "rates.svg").read_text().startswith("<?xml")
    table = (tmp_path / "rates.csv").read_text().splitlines()
    assert len(table) == 5 and table[0].startswith('lr,"minimum (-2, 1)"') and table[1].startswith("0.2,")
    assert sorted(f.name for f in (tmp_path / "kept").iterdir()) == ["lr=0.2", "lr=0.3", "lr=0.4", "lr=0.5"]
    assert main(line.split()) == 0 and capsys.readouterr().out == out  # from the store
    assert main("polytwo momentum --sweep lr=0.1:0.4:2:log --sweep momentum=0,0.5 --grid 4 --out plane.pdf "
                "--quiet".split()) == 0
    out = capsys.readouterr().out
    assert "over lr and momentum" in out and "< 2*(momentum + 1)/lr" in out and (tmp_path / "plane.pdf").exists()
    assert main("polytwo gd-energy --sweep ratio=0.1,0.5 --grid 4 --quiet".split()) == 0
    assert "no thresholds: its steps are chosen by EnergyControl" in capsys.readouterr().out


def test_a_sweep_that_fails_tells_what_is_done(monkeypatch, capsys):
    from basins import sweeps

    made, study = [], sweeps.study

    def failing(*args, **options):
        made.append(args)
        if len(made) == 2:
            raise OSError(28, "No space left on device")
        return study(*args, **options)

    monkeypatch.setattr(sweeps, "study", failing)
    assert main("polytwo gd --sweep lr=0.1,0.2 --grid 4 --quiet".split()) == 1
    out, err = capsys.readouterr()
    assert "\n0.1  " in out and "\n0.2  " not in out
    assert "No space left on device: what is missing is left out; --store DIR would keep what is done" in err


def test_entropy_text_and_the_look_of_the_picture(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    line = "polytwo gd --set lr=0.1 --grid 40 --entropy --text --levels --shade --out map.png --quiet"
    assert main(line.split()) == 0
    out = capsys.readouterr().out
    assert "entropy    S_b = " in out and "boundary dimension 1." in out and "steps (mean)" in out
    legend = {line[0] for line in out.splitlines() if line[1:3] == "  "}
    picture = [line for line in out.splitlines() if len(line) == 40 and set(line) <= legend]
    assert len(picture) == 20 and "1  minimum (-2, 1)" in out and out.rstrip().endswith("map.study/")


@pytest.mark.parametrize("line, message", [
    ("polytwo gd --sweep lr=1:2", "KEY=LOW:HIGH:N"), ("polytwo gd --sweep lr=0:1:5:log", "positive"),
    ("polytwo gd --sweep lr=0.1 --sweep lr=0.2", "each key once"), ("polytwo gd --sweep rate=1,2", "no hyperparameter"),
    ("polytwo gd --sweep lr=0.1,-1", "must be positive"), ("polytwo gd --sweep lr=0.1 --text", "not of a --sweep"),
    ("linear-three gd --entropy", "two parameters"), ("polytwo gd --starts 9 --text", "needs a --grid"),
    ("linear-three gd --levels", "two parameters"),
    ("polytwo adam --sweep lr=1 --sweep beta1=0.5 --sweep eps=1 --out a.png", "one hyperparameter or two"),
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

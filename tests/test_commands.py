"""The five commands: their version, their end in a closed pipe, in ASCII, and beside a file that hides a room."""
import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

from arithmetic import command

ROOMS = ("networks", "flows", "schemes", "lyapunov", "basins")
ROOT = Path(__file__).parent.parent


def run(room: str, *arguments: str, cwd=None, **environment):
    return subprocess.run([sys.executable, "-m", room, *arguments], cwd=cwd, capture_output=True,
                          env=os.environ | {"PYTHONPATH": str(ROOT)} | environment)


@pytest.mark.parametrize("room", ROOMS)
def test_the_version_is_that_of_the_distribution(room):
    assert run(room, "--version").stdout.decode().split() == ["optiflows", importlib.metadata.version("optiflows")]


@pytest.mark.parametrize("room", ("networks", "flows", "schemes"))
def test_a_reader_that_goes_away_is_no_error(room):
    """The pipe is closed before anything is written, and larger output than a pipe holds is not needed."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        end = subprocess.run([sys.executable, "-m", room], stdout=closed, stderr=subprocess.PIPE, cwd=ROOT)
    assert end.returncode == 1 and end.stderr == b""


@pytest.mark.parametrize("room", ("networks", "flows", "schemes"))
def test_ascii_is_enough(room):
    end = run(room, PYTHONIOENCODING="ascii")
    assert end.returncode == 0 and end.stderr == b"" and len(end.stdout.decode("ascii").splitlines()) > 10


def test_a_study_is_written_where_its_table_cannot_be(tmp_path):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        end = subprocess.run([sys.executable, "-m", "basins", *"polytwo gd --grid 5 --out map.png".split()],
                             stdout=closed,
                             stderr=subprocess.PIPE, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert end.returncode == 1 and end.stderr == b""
    assert {p.name for p in tmp_path.iterdir()} == {"map.png", "map.csv", "map.study"}


@pytest.mark.parametrize("room, file", [(room, file) for room, entered in command.ENTERED.items() for file in entered])
def test_a_file_that_hides_a_room_is_named(room, file, tmp_path):
    (tmp_path / f"{file}.py").write_text("")
    end = run(room, cwd=tmp_path)
    assert end.returncode == 2 and end.stdout == b""
    assert f"{tmp_path / file}.py has the name of a package of optiflows" in end.stderr.decode()
    assert end.stderr.count(b"\n") == 1


def test_a_file_of_a_room_that_is_not_entered_is_no_hindrance(tmp_path):
    (tmp_path / "basins.py").write_text("")
    assert run("networks", cwd=tmp_path).returncode == 0


def test_settings():
    read = command.settings([["lr=0.5", "hat=True"], ["centred=false"]])
    assert read == {"lr": 0.5, "hat": True, "centred": False} and read["centred"] is False
    exact = command.settings([["a=1/3", "b=0.1"]], exact=True)
    assert str(exact) == "{'a': 1/3, 'b': 1/10}"
    for item in ("lr", "=1", "lr=", "lr=fast"):
        with pytest.raises(ValueError, match="must read KEY=NUMBER"):
            command.settings([[item]])


def test_ctrl_c_ends_with_130(capsys):
    def main():
        raise KeyboardInterrupt

    assert command.run(main) == 130 and capsys.readouterr().err == "interrupted\n"

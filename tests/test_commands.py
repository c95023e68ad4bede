"""The five commands: what they share, options, forms and errors, and how they end: in a closed pipe, in ASCII, beside a
file that hides a room."""
import importlib
import importlib.metadata
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sympy

import networks
import schemes
from arithmetic import Table, command
from arithmetic.beginning import ENTERED

ROOMS = ("networks", "flows", "schemes", "lyapunov", "basins")
ROOT = Path(__file__).parent.parent


def run(room: str, *arguments: str, cwd=None, **environment):
    return subprocess.run([sys.executable, "-m", room, *arguments], cwd=cwd, capture_output=True,
                          env=os.environ | {"PYTHONPATH": str(ROOT)} | environment)


@pytest.mark.parametrize("room", ROOMS)
def test_the_version_is_that_of_the_distribution(room):
    assert run(room, "--version").stdout.decode().split() == ["optiflows", importlib.metadata.version("optiflows")]


def called(capsys, room: str, *arguments: str) -> str:
    assert importlib.import_module(f"{room}.__main__").main(list(arguments)) == 0
    return capsys.readouterr().out


def refused(capsys, room: str, *arguments: str) -> str:
    """The sentence of an error; nothing else is said, and nothing on standard output."""
    with pytest.raises(SystemExit) as end:
        importlib.import_module(f"{room}.__main__").main(list(arguments))
    out, err = capsys.readouterr()
    assert end.value.code == 2 and out == "" and err.endswith("\n") and err.count("\n") == 1
    prefix = f"python -m {room}: error: "
    assert err.startswith(prefix)
    return err.removeprefix(prefix)


def help_of(capsys, room: str) -> str:
    with pytest.raises(SystemExit) as end:
        importlib.import_module(f"{room}.__main__").main(["--help"])
    assert end.value.code == 0
    return capsys.readouterr().out


# ----------------------------------------------------------------------------------------- what the commands share
#: Something quick that each command finds, and the table that it lists or none.
FINDS = {"networks": ["polytwo"], "flows": ["momentum"], "schemes": ["momentum"], "lyapunov": ["gd"],
         "basins": shlex.split("polytwo gd --set lr=0.1 --grid 4 --quiet")}


@pytest.mark.parametrize("room", ROOMS)
def test_the_one_example_of_the_help_works(room, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = help_of(capsys, room)
    assert all(option in text for option in ("--version", "--json", "--latex", "--out FILE", "Exit codes: 0 done"))
    (example,) = re.findall(r"^  python -m (.*)$", text, re.M)
    name, *arguments = shlex.split(example)
    assert name == room
    said = called(capsys, room, *arguments)
    out = dict(zip(arguments, arguments[1:], strict=False)).get("--out")
    assert said and (out is None or Path(out).exists() and f"wrote {out}" in said)


@pytest.mark.parametrize("room", ROOMS)
def test_each_says_the_same_in_every_form_and_to_a_file(room, capsys, tmp_path):
    for flag, suffix in (([], "txt"), (["--json"], "json"), (["--latex"], "tex")):
        file = tmp_path / f"said.{suffix}"
        said = called(capsys, room, *FINDS[room], *flag)
        assert called(capsys, room, *FINDS[room], "--out", str(file)) == f"wrote {file}\n"
        took = r'found in .* s|"seconds": .*,'  # of two runs
        assert re.sub(took, "", file.read_text(encoding="utf-8")) == re.sub(took, "", said) and said.strip()
        if suffix == "json":
            json.loads(said, parse_constant=pytest.fail)
        if suffix == "tex":
            assert said.count("$$") % 2 == 0 and said.isascii()
            assert all(line.isascii() for line in said.splitlines() if line.startswith("%"))
    assert sorted(f.name for f in tmp_path.iterdir()) == ["said.json", "said.tex", "said.txt"]


@pytest.mark.parametrize("room", ROOMS[:4])
def test_the_list_is_data_too(room, capsys):
    rows = json.loads(called(capsys, room, "--json"))
    text = called(capsys, room)
    assert len(rows) > 20 and all(next(iter(row.values())) in text for row in rows)
    assert called(capsys, room, "--latex").count("$$") % 2 == 0


@pytest.mark.parametrize("room, arguments", [("networks", []), ("networks", ["polytwo"]), ("schemes", []),
                                             ("lyapunov", []), ("basins", FINDS["basins"])])
def test_tables_are_written_as_such(room, arguments, capsys, tmp_path):
    for suffix, start in (("csv", ("name,", "nature,", "named,", "flow,", "end,")), ("md", "| ")):
        file = tmp_path / f"table.{suffix}"
        called(capsys, room, *arguments, "--out", str(file))
        assert file.read_text(encoding="utf-8").startswith(start)


@pytest.mark.parametrize("room, line, says", [
    ("flows", "adam --out a.csv", "--out 'a.csv' must end in .txt, .json, .tex\n"),
    ("flows", "adam --out nowhere/a.json", "there is no folder 'nowhere'"),
    ("flows", "adam --out a.json --latex", "--latex and --out 'a.json' ask for two forms"),
    ("flows", "adam --json --latex", "not allowed with argument"), ("flows", "--set a=1", "--set is of one flow"),
    ("flows", "adma", "did you mean adam"), ("flows", "momentum --set c=true", "c is a number, as c=0.1"),
    ("schemes", "adam --markdown", "--markdown is for one table"), ("schemes", "--set lr=1", "name it"),
    ("schemes", "--out a.png", "must end in .txt, .json, .tex, .md, .csv"), ("schemes", "adma", "did you mean adam"),
    ("schemes", "adam --set lr=-1", "must be positive"),
    ("lyapunov", "adam --table", "--table is of all flows: leave out adam"),
    ("lyapunov", "adam --csv", "--csv is for one table"), ("lyapunov", "--rates --csv", "--csv is for one table"),
    ("lyapunov", "--set a=1", "name it"), ("lyapunov", "momentum --set c=true", "c is a number"),
    ("lyapunov", "--rates --table", "not allowed with argument"),
    ("networks", "--out a.png", "name a network"), ("networks", "xor --out a.png", "xor has 6 coordinates"),
    ("networks", "polytwo --out a.gif", "must end in .txt, .json, .tex, .md, .csv, .png, .pdf, .svg"),
    ("basins", "", "the following arguments are required: network, optimizer; see python -m basins --help"),
    ("basins", "polytwo gd --out a.csv --json", "ask for two forms: leave one out, or end it in .json"),
    ("basins", "polytwo gd --speed 3", "unrecognized arguments: --speed 3; see python -m basins --help"),
    ("basins", "polytwo gd --grid x", "invalid int value: 'x'")])
def test_errors_are_one_sentence_before_any_work(room, line, says, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert says in refused(capsys, room, *shlex.split(line)) and not list(tmp_path.iterdir())


def test_a_picture_goes_with_data(capsys, tmp_path):
    for room, arguments in (("networks", ["polytwo"]), ("basins", FINDS["basins"])):
        picture = tmp_path / f"{room}.png"
        assert json.loads(called(capsys, room, *arguments, "--json", "--out", str(picture)))
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_file_is_replaced_by_all_of_the_text_or_stays(tmp_path, monkeypatch):
    file = tmp_path / "a.txt"
    file.write_text("before")
    write = Path.write_text

    def full(path, text, **options):
        write(path, text[:2], **options)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk, pytest.raises(OSError, match="No space"):
        disk.setattr(Path, "write_text", full)
        command.write(file, "after")
    assert file.read_text() == "before" and list(tmp_path.iterdir()) == [file]
    command.write(file, "after")
    assert file.read_text() == "after" and list(tmp_path.iterdir()) == [file]


def test_a_file_that_cannot_be_written_is_said_without_a_traceback(capsys):
    def main():
        raise OSError(28, "No space left on device", "map.png")

    main.__globals__["__package__"], before = "basins", main.__globals__["__package__"]
    try:
        assert command.run(main) == 1
    finally:
        main.__globals__["__package__"] = before
    assert capsys.readouterr().err == "python -m basins: error: [Errno 28] No space left on device: 'map.png'\n"


@pytest.mark.parametrize("name, says", [("muon", "have no equations of one coordinate"),
                                        ("adafactor", "have no equations of one coordinate"),
                                        ("secant-energy", "no formula of one coordinate worth printing")])
def test_what_has_no_update_says_why(name, says, capsys):
    found = json.loads(called(capsys, "schemes", name, "--json"))
    assert found["update"] is None and says in found["reason"]
    assert found["reason"] in called(capsys, "schemes", name)
    assert r"$$\text{" in called(capsys, "schemes", name, "--latex")


def test_the_proofs_are_data(capsys):
    found = json.loads(called(capsys, "lyapunov", "momentum", "--set", "c=1", "L=4", "--json"))
    own, cross = found["energies"]
    assert own["status"] == cross["status"] == "PROVED" and cross["conditions"] == ["delta <= 4/17"]
    assert cross["necessary"] is True and cross["assuming"] == ["H <= 4", "delta > 0"] and own["certificate"]
    assert found["step"]["bound"] == "-2*(lambda - 1)/(L + 1)" and found["step"]["sharp"] is True
    assert found["derived"]["further"][0]["strict"] is True
    found = json.loads(called(capsys, "lyapunov", "adam", "--set", "correction=false", "a=1", "b=4.1", "eps=0.01",
                              "--json"))
    refuted = found["energies"][0]
    values = {sympy.Symbol(k): sympy.Rational(v) for k, v in refuted["witness"].items()}
    assert sympy.sympify(refuted["derivative"]).subs(values) > 0 and refuted["counterexample"]["rise"] > 0
    assert found["derived"]["derivative"] is None and found["derived"]["status"] == "UNDECIDED"


def test_a_study_as_data(capsys):
    found = json.loads(called(capsys, "basins", *"polytwo gd --set lr=0.1 --grid 20 --quiet --json --text --entropy "
                              "--witnesses 1".split()))
    assert found["n"] == 400 == sum(row["starts"] for row in found["table"]) and found["drawn"] == "grid"
    codes = np.array(found["map"])
    for row in found["table"]:
        code = next(code for code, label in found["labels"].items() if label == row["end"])
        assert (codes == int(code)).sum() == row["starts"]
    assert found["entropy"]["boxes"] == 16 and 1 < 2 - found["uncertainty"]["exponent"] < 2 and found["witnesses"]


def test_a_sweep_as_data(capsys):
    found = json.loads(called(capsys, "basins", *"polytwo gd --sweep lr=0.2:0.5:3 --grid 4 --quiet --json".split()))
    assert [row["lr"] for row in found["table"]] == found["axes"]["lr"] == [0.2, 0.35, 0.5]
    assert found["thresholds"][0]["at"] == [pytest.approx(0.381966)]


def test_a_measure_that_a_map_is_too_small_for_is_said(capsys):
    out = called(capsys, "basins", *"polytwo gd --set lr=0.1 --grid 6 --entropy --quiet".split())
    assert "boundary   none: uncertainty(steps=(1, 2, 4, 8, 16))" in out and "entropy    S_b = " in out


def test_data():
    x = sympy.Symbol("x")
    found = command.as_data({1: (sympy.Rational(1, 3), x**2), "a": np.array([[1.5, np.inf]]), "b": np.int64(3),
                             "c": schemes.Outcome.CONVERGED, "d": networks.Nature.MINIMUM, "e": schemes.Stop(),
                             "f": Table(("k",), [(np.float64("nan"),)]), "g": np.bool_(True), "h": sympy.nan,
                             "i": None})
    assert found["e"]["gradient"] == schemes.Stop().gradient
    assert {k: v for k, v in found.items() if k != "e"} == {
        "1": ["1/3", "x**2"], "a": [[1.5, None]], "b": 3, "c": "CONVERGED", "d": "minimum", "f": [{"k": None}],
        "g": True, "h": None, "i": None}
    with pytest.raises(TypeError, match="no data"):
        command.as_data({"a": len})


# --------------------------------------------------------------------------------------------------- how they end
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
    lines = end.stdout.decode("ascii").splitlines()
    assert end.returncode == 0 and end.stderr == b"" and len(lines) > 10
    assert not any("\\u" in line or "\\x" in line for line in lines)  # every sign has a spelling
    if room == "schemes":  # and columns are aligned with it
        where = lines[0].index("flow + scheme, h")
        assert all(line[where - 2:where] == "  " and line[where].isupper() for line in lines[1:])


def test_the_help_is_read_in_ascii():
    end = run("basins", "--help", PYTHONIOENCODING="ascii")
    assert end.returncode == 0 and "gd-energy, ..." in " ".join(end.stdout.decode("ascii").split())


def test_a_study_is_written_where_its_table_cannot_be(tmp_path):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        end = subprocess.run([sys.executable, "-m", "basins", *"polytwo gd --grid 5 --out map.png".split()],
                             stdout=closed,
                             stderr=subprocess.PIPE, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert end.returncode == 1 and end.stderr == b""
    assert {p.name for p in tmp_path.iterdir()} == {"map.png", "map.csv", "map.study"}


@pytest.mark.parametrize("room, file", [(room, file) for room, entered in ENTERED.items() for file in entered])
def test_a_file_that_hides_a_room_is_named(room, file, tmp_path):
    (tmp_path / f"{file}.py").write_text("")
    end = run(room, cwd=tmp_path)
    assert end.returncode == 2 and end.stdout == b""
    assert f"{tmp_path / file}.py has the name of a package of optiflows" in end.stderr.decode()
    assert end.stderr.decode().startswith(f"python -m {room}: error: ") and end.stderr.count(b"\n") == 1


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


BEGINNING = """
import gc, os, sys
sys.orig_argv, sys.argv = ["python", "-m", sys.argv[1]], ["-m"]  # as Python has them while it imports the room
from arithmetic import command
print(gc.isenabled(), os.environ.get("OPENBLAS_NUM_THREADS"))
command.end(lambda: print(gc.isenabled(), gc.get_freeze_count() > 9999))
"""


@pytest.mark.parametrize("module, chosen, collected, threads", [
    ("basins", None, False, "1"), ("basins", "2", False, "2"), ("theirs", None, True, None)])
def test_how_a_command_loads_and_computes(module, chosen, collected, threads):
    """What it loads is not looked through for garbage until it runs, and BLAS has one thread where nobody has said how
    many.  A program of others is left alone."""
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    environment |= {"OPENBLAS_NUM_THREADS": chosen} if chosen else {}
    end = subprocess.run([sys.executable, "-c", BEGINNING, module], cwd=ROOT, env=environment, capture_output=True,
                         text=True, check=True)
    assert end.stdout == f"{collected} {threads}\nTrue True\n"


def test_the_process_is_told_before_numpy_is_loaded():
    """Then BLAS has read how many threads it may have."""
    code = ("import sys; sys.modules['numpy'] = None\ntry:\n    import arithmetic\nexcept ImportError:\n    "
            "print('arithmetic.beginning' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                          check=True).stdout == "True\n"


def test_ctrl_c_ends_with_130(capsys):
    def main():
        raise KeyboardInterrupt

    assert command.run(main) == 130 and capsys.readouterr().err == "interrupted\n"


def test_the_lines_of_the_page_run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "pages.md").read_text(encoding="utf-8")
    lines = re.findall(r"^python -m (\w+) (.*)$", text, re.M)
    assert len(lines) == 4
    for room, arguments in lines:
        assert called(capsys, room, *shlex.split(arguments))
    assert {f.name for f in tmp_path.iterdir()} == {"polytwo.tex", "fractions.csv"}

"""Words: tables as they print, short numbers, progress, catalogues."""
import pickle

import pytest
import sympy

from arithmetic import Catalogue, Progress, Table, UnknownName, aligned, clipped, entry, short


def test_a_table_prints_aligned_as_markdown_and_as_csv():
    table = Table(("a", "b"), [("x|y", 0.25), ("z", 1.0)])
    assert str(table) == "a         b\nx|y  0.2500\nz    1.0000"
    assert (table.markdown() == "| a | b |\n| --- | --- |\n| x\\|y | 0.2500 |\n| z | 1.0000 |\n"
            == table._repr_markdown_())
    assert table.csv() == "a,b\nx|y,0.25\nz,1.0\n"
    assert list(table)[1] == {"a": "z", "b": 1.0} and len(table) == 2
    assert str(table.numbered()).splitlines()[2] == "2  z    1.0000" and str(Table(("a",), [])) == "a"


def test_markdown_shows_formulas_and_code_as_they_are():
    rows = Table(("f",), [("a*b*c_d*_e_",), ("`a*b_` | 2*x",)]).markdown().splitlines()[2:]
    assert rows == [r"| a\*b\*c_d\*\_e\_ |", r"| `a*b_` \| 2\*x |"]


def test_short_numbers():
    x, root = sympy.Symbol("x"), sympy.sqrt(2) + sympy.Rational(1, 3)
    assert short(root) == "1/3 + sqrt(2)" and short(root, 12) == "1.74755" and short(sympy.oo) == "oo"
    assert short(sympy.Rational(12345678901, 98765432109), 20) == "0.1249999989" and short(0.1 + 0.2, 10) == "0.3"
    assert short(x / 3, 2) == "0.3*x" and short(sympy.sqrt(2) + sympy.I * sympy.sqrt(3), 8) == "1.414 + 1.732*I"
    assert clipped("a word too many", 8) == "a …" and clipped("short", 5) == "short"


def test_blocks():
    assert entry("because", "one", "two") == "because    one\n           two" and entry("a", "b", width=2) == "a  b"
    assert aligned(["a &= b", "c &= d"]) == r"$$\begin{aligned}a &= b\\c &= d\end{aligned}$$"


def test_progress_is_a_line_a_function_or_nothing(capsys, monkeypatch):
    seen = []
    report = Progress(lambda *counts: seen.append(counts), 4, "starts")
    report(1), report(4), report.close()
    assert seen == [(1, 4), (4, 4)]
    for wanted in (False, None):  # standard error is no terminal here
        Progress(wanted, 4, "starts")(2)
    assert capsys.readouterr().err == ""
    report = Progress(True, 4, "starts")
    monkeypatch.setattr("time.monotonic", lambda: report.began + 6)
    report(1), report(4), report.close()
    assert capsys.readouterr().err == "\r 25%  1 of 4 starts, 18 s left\r100%  4 of 4 starts           \n"
    Progress(True, 0, "starts").close()
    assert capsys.readouterr().err == ""


def test_a_catalogue_says_what_is_close():
    colours = Catalogue("colour", {"blue": 1, "green": 2}, short={"b": "blue"}, spelled=str.lower)
    assert colours["blue"] == colours["BLUE"] == colours["b"] == 1 and list(colours) == ["blue", "green"]
    for wrong, said in (("gren", "no colour is named 'gren'; did you mean green? known: blue, green"),
                        ("zzz", "no colour is named 'zzz'; known: blue, green"),
                        (7, "no colour is named 7; known: blue, green")):
        with pytest.raises(ValueError) as error:
            colours[wrong]
        assert str(error.value) == said and isinstance(error.value, UnknownName) and isinstance(error.value, KeyError)
    assert "gren" not in colours and colours.get("gren") is None
    again = pickle.loads(pickle.dumps(colours))
    assert again == colours and again["B"] == 1 and again.kind == "colour"

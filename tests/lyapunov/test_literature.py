"""The flows of the literature: each is read, its claim decided as the page says, and its proofs verify."""

from pathlib import Path

import pytest

from lyapunov.literature import ENTRIES, markdown, rows

PAGE = Path(__file__).parents[2] / "docs" / "literature.md"
STATED = {line.split("|")[1].strip(): line for line in PAGE.read_text().splitlines() if line.startswith("| ")}
#: the claims that are not proved, on purpose
OPEN = {
    "signed p flow": "UNDECIDED",
    "newton regularised by the gradient": "UNDECIDED",
    "novograd": "REFUTED",
    "laprop": "REFUTED",
}
#: one of each kind, whose proofs are checked again; the others are decided anew where there is time for the whole page
AGAIN = {"p flow", "clipping by norm", "polyak step", "cosine schedule", "sharpness aware", "clipped momentum", "aegd",
         "hamiltonian descent with a power", "bregman lagrangian exponential", "exponentiated gradient", "adam norm"}


def test_every_flow_has_its_line_and_most_are_decided():
    assert set(STATED) - {"flow", "---"} == {entry.name for entry in ENTRIES} and len(ENTRIES) >= 60
    assert sum("| UNDECIDED" not in STATED[entry.name] for entry in ENTRIES) >= 60
    assert len({entry.source for entry in ENTRIES}) >= 40


@pytest.mark.parametrize("entry", [
    pytest.param(entry, id=entry.name, marks=[pytest.mark.slow] * (entry.name not in AGAIN | set(OPEN)))
    for entry in ENTRIES])
def test_the_line_is_the_verdict(entry):
    (row,) = rows([entry.name])
    assert STATED[entry.name].startswith(row.line), row.line
    assert row.verdict.status == OPEN.get(entry.name, "PROVED")
    if entry.name in AGAIN:
        assert row.verdict.certificate.verify()
    if row.verdict.status == "REFUTED":
        assert row.verdict.counterexample.rise > 0


def test_the_page_is_written_by_the_command():
    head = markdown([]).split("| flow |")[0]
    assert PAGE.read_text().startswith(head) and "python -m lyapunov --literature" in head

"""The table of mutants fits the code: each can be made, and its test exists.  `make mutants` runs them."""
import importlib.util
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("mutants", Path(__file__).parent / "mutants.py")
mutants = importlib.util.module_from_spec(spec)
spec.loader.exec_module(mutants)


@pytest.mark.parametrize("mutant", mutants.MUTANTS, ids=[m.rule for m in mutants.MUTANTS])
def test_a_mutant_can_be_made(mutant):
    assert mutants.faults(mutant) == ""


def test_rules_have_names_of_their_own():
    table = mutants.MUTANTS
    assert len({m.rule for m in table}) == len({(m.old, m.new) for m in table}) == len(table)

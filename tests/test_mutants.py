"""The table of mutants fits the code: each can be made, and its test exists.  `make mutants` runs them."""
import importlib.util
import subprocess
import sys
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


def test_cases_that_kill_are_among_those_collected():
    """Of killers that are one case of a test, the parameters are those that it has today."""
    cases = {m.killer for m in mutants.MUTANTS if "[" in m.killer}
    result = subprocess.run([sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider", "-m", "",
                             *sorted(case.split("::")[0] for case in cases)],
                            cwd=mutants.ROOT, capture_output=True, text=True, check=False)
    collected = {line for line in result.stdout.splitlines() if "::" in line}
    modules = {line.split("::")[0] for line in collected}  # one whose package is missing is skipped whole
    assert not {case for case in cases - collected if case.split("::")[0] in modules} and len(modules) > 10

"""Each back end prints what was counted, and one that fails hands over to the next."""
import os
import subprocess
import sys

import numpy as np
import pytest

from arithmetic import BACKENDS, CompileError, Graph, Iteration, available, check_backend, exp, iterate
from arithmetic.backends import REGISTERED, Backend, c, numba, numpy
from arithmetic.backends.base import FEW, MANY, sizes
from maps import damped_map, decay_map, starts, stragglers


def test_printed_operations_are_the_counted_ones():
    iteration = damped_map()
    assert iteration.operations <= 22
    assert sum(line.strip().startswith(("const double v", "const _Bool v"))
               for line in c.source(iteration).splitlines()) == iteration.operations
    assert sum(line.strip().startswith("v") and " = " in line
               for line in numba.source(iteration).splitlines()) == iteration.operations
    _, floats, booleans = numpy.source(iteration)
    assert floats <= 6 and booleans <= 3


def test_what_never_changes_is_read_and_not_stored():
    iteration = decay_map().among(stragglers(100, 10))
    text = c.source(iteration)
    assert "const double p0 = p[0][l];" in text and "y[0][l] = go ? " in text and "y[1][l] = go" not in text


def test_iterations_that_compare_with_other_numbers_have_one_kernel_in_common():
    def halving(least):  # 0.5 is read by the update too
        x, = (graph := Graph()).inputs("x", 1)
        return Iteration((x,), (x * 0.5,), (x > least) & (x > 0.5) | (x > 10.0), 1)

    one, other = halving(3.0), halving(0.75)
    assert one.numbers.tolist() == [3.0, 10.0] and other.numbers.tolist() == [0.75, 10.0]
    assert c.source(one) == c.source(other) and numba.source(one) == numba.source(other)
    z = np.linspace(0.1, 40, 50)[None]
    for iteration in (one, other):
        expected, count = iterate(iteration, z, 60, backend="numpy")
        for backend in available():
            final, steps = iterate(iteration, z, 60, backend=backend)
            assert np.array_equal(final, expected) and np.array_equal(steps, count)
    assert count.max() == 6


def test_back_ends_have_a_name_a_remedy_and_say_whether_they_are_here():
    assert BACKENDS == tuple(b.name for b in REGISTERED) and len(set(BACKENDS)) == len(BACKENDS)
    assert all(isinstance(b, Backend) and isinstance(b.available(), bool) for b in REGISTERED)
    assert available()[-1] == "numpy"


def test_unknown_and_missing_back_ends_are_refused(monkeypatch):
    with pytest.raises(ValueError, match="no back end is named 'fortran'; known: auto, c"):
        check_backend("fortran")
    monkeypatch.setattr(numba.Numba, "available", lambda self: False)
    with pytest.raises(ValueError,
                       match=r"'numba' is not available here: pip install 'optiflows\[fast\]', or use one of"):
        check_backend("numba")


def test_a_back_end_that_fails_hands_over_with_one_warning(monkeypatch):
    def fail(self, iteration):
        raise CompileError("no luck today")

    expected = iterate(damped_map(), starts(20), 30, backend="numpy")
    for backend in REGISTERED[:-1]:
        monkeypatch.setattr(type(backend), "available", lambda self: True)
        monkeypatch.setattr(type(backend), "compile", fail)
    with pytest.warns(RuntimeWarning,
                      match="'numpy' back end is used.*c: no luck today; numba: no luck today") as caught:
        final, steps = iterate(damped_map(), starts(20), 30)
    assert len(caught) == 1
    assert np.array_equal(final, expected[0], equal_nan=True) and np.array_equal(steps, expected[1])
    with pytest.raises(CompileError, match="no luck"):
        iterate(damped_map(), starts(20), 30, backend="c")


HAND_OVER = """
import sys, warnings
import numpy as np
from arithmetic import iterate
from maps import damped_map, starts
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    final, steps = iterate(damped_map(), starts(20), 30)
expected, counts = iterate(damped_map(), starts(20), 30, backend="numpy")
assert np.array_equal(final, expected, equal_nan=True) and np.array_equal(steps, counts)
print(len(caught), *(w.message for w in caught))
"""


def run(code, tmp_path, **environment):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path / "tmp"),
                                "OPTIFLOWS_CACHE": str(tmp_path / "cache")} | environment
    (tmp_path / "tmp").mkdir(exist_ok=True)
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)


def test_a_compiler_that_fails_is_named_and_passed_over(tmp_path):
    result = run(HAND_OVER, tmp_path, CC="false")
    assert (result.returncode == 0 and result.stdout.startswith("1 the ")
            and "false said:" in result.stdout), result.stderr
    assert not list((tmp_path / "tmp").iterdir())


@pytest.mark.skipif("c" not in available(), reason="no C compiler")
def test_a_full_disk_costs_the_cache_and_nothing_else(tmp_path):
    """No file may grow beyond 8 kB: the compiler cannot write its library, numba its code."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (8192, resource.RLIM_INFINITY))\n"
    result = run(limit + HAND_OVER, tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(("1 the 'numpy' back end is used", "1 the 'numba' back end is used",
                                     "2 what was made is not kept"))
    assert not list((tmp_path / "tmp").iterdir())
    assert not list((tmp_path / "cache").glob(".part-*"))


def test_forgetting_a_kernel_is_not_needed_to_compile_again(monkeypatch):
    """The kernel of an iteration is made once."""
    made = []
    original = numpy.NumPy.compile
    monkeypatch.setattr(numpy.NumPy, "compile", lambda self, iteration: made.append(1) or original(self, iteration))
    iteration = damped_map()
    for _ in range(3):
        iterate(iteration, starts(5), 10, backend="numpy")
    assert len(made) == 1


OTHERS = {"clang": "-fno-tree-*|-fno-thread-*|-fno-loop-*", "gcc on ARM": "-mprefer-*", "neither": "-fno-[tl]*|-mpref*"}


@pytest.mark.skipif("c" not in available(), reason="no C compiler")
@pytest.mark.parametrize("refused", OTHERS.values(), ids=OTHERS)
def test_a_compiler_that_knows_fewer_flags_is_given_fewer(tmp_path, refused):
    cc = tmp_path / "cc"
    cc.write_text(f"""#!/bin/sh
for flag; do case "$flag" in -fno-trap*) ;; {refused}) echo "unknown argument: $flag" >&2; exit 1;; esac; done
exec {c.compiler()} "$@"
""")
    cc.chmod(0o755)
    result = run(HAND_OVER, tmp_path, CC=str(cc))
    assert result.stdout == "0\n", result.stdout + result.stderr


@pytest.mark.skipif("c" not in available(), reason="no C compiler")
def test_a_compiler_that_knows_fewer_orders_keeps_its_flags(tmp_path):
    cc, log = tmp_path / "cc", tmp_path / "log"
    cc.write_text(f"""#!/bin/sh
for flag; do case "$flag" in -fsched*) exit 1;; esac; done
echo "$@" >> {log}
exec {c.compiler()} "$@"
""")
    cc.chmod(0o755)
    c.library(f"double twice(double x) {{ return 2 * x; }} // {tmp_path}", str(cc), c.ORDER)
    first, *_ = log.read_text().splitlines()
    assert set(c.SETS[0]) <= set(first.split())


@pytest.mark.skipif("c" not in available(), reason="no C compiler")
def test_gcc_takes_one_step_of_many_lanes_at_a_time(tmp_path):
    """What waits for nothing fills the processor; two steps of one lane do wait."""
    x, y = (graph := Graph()).inputs("x", 2)
    descent = Iteration((x, y), (x - 0.1 * x * (x * x - 1), y - 0.1 * y), x * x + y * y > 1e-12, 2)
    result = subprocess.run([c.compiler(), *c.SETS[0], "-fopt-info-optimized", "-x", "c", "-", "-o", tmp_path / "k.so"],
                            input=c.source(descent), capture_output=True, text=True, check=False)
    if result.returncode:
        pytest.skip("not gcc, or not on an x86")
    assert "loop vectorized" in result.stderr and "unroll and jam" not in result.stderr


@pytest.mark.skipif("c" not in available(), reason="no C compiler")
@pytest.mark.parametrize("function, flag, more", [(lambda x: x * x, "i64", ()), (exp, "int", c.ORDER)],
                         ids=["arithmetic", "exp"])
def test_steps_with_functions_take_two_vectors_of_lanes_side_by_side(function, flag, more, monkeypatch):
    """Their operations wait for each other; where none do, one vector fills the processor and two have no room."""
    x, = (graph := Graph()).inputs("x", 1)
    iteration = Iteration((x,), (x - 0.1 * function(x),), abs(x) > 1e-3, 1)
    assert f"    {flag} alive[W]" in c.source(iteration) and f"const {flag} go" in c.source(iteration)
    given, library = [], c.library
    monkeypatch.setattr(c, "library", lambda text, cc, more: given.append(more) or library(text, cc, more))
    c.C().compile(iteration)
    assert given == [more]


def test_ended_lanes_wait_for_as_much_work_as_a_look_takes():
    """Not for as many steps: those of implicit schemes are long."""
    x, = (graph := Graph()).inputs("x", 1)

    def inner(terms):
        return sizes(Iteration((x,), (sum((x * k for k in range(2, terms)), start=x),), x > 1e-3, 1))["inner"]

    assert inner(3) == MANY and inner(1000) == FEW and FEW < inner(40) < MANY

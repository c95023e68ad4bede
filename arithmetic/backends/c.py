"""The system's C compiler, its libraries loaded by ctypes."""
from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from .. import cache
from ..iteration import Iteration
from .base import Backend, CompileError, Kernel, Spelling, Work, printed, sizes

FLAGS = ("-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC", "-w")
# the first two make jumps of selects, and then the loop over lanes does not vectorise; the last one takes two steps of
# a few lanes before the others have theirs: steps wait for each other, lanes do not
GCC = ("-fno-tree-pre", "-fno-thread-jumps", "-fno-loop-unroll-and-jam")
# what one lane waits for is done between the operations of others, as far as there are registers
ORDER = ("-fschedule-insns", "-fsched-pressure")
WIDE = ("-mprefer-vector-width=512",)  # x86's alone
SETS = FLAGS + GCC + WIDE, FLAGS + GCC, FLAGS + WIDE, FLAGS

SPELLING = Spelling("c", load="const double {name} = {array}[{row}][l];",
                    flag="const _Bool {name} = {array}[{row}][l] != 0;",
                    store="y[{row}][l] = go ? {new} : {name};", gather="c[{row}][l] = table[{row} * rows + r];",
                    bound="const double {name} = bounds[{row}];")

FRAME = """{prelude}
enum {{ W = {width}, K = {inner}, S = {states}, P = {fixed}, T = {tables} }};
void run(i64 *next, const i64 *stop, const i64 *queue, i64 size, i64 n, i64 base, const i64 *limits, i64 each,
         const double *bounds, double *state, i64 *steps, const double *fixed, const double *table, i64 rows)
{{
    double y[S + 1][W] __attribute__((aligned(64))), p[P + 1][W] __attribute__((aligned(64)));
    double c[T + 1][W] __attribute__((aligned(64)));
    {flag} alive[W] __attribute__((aligned(64)));
    i64 lane[W], count[W] __attribute__((aligned(64))), limit[W] __attribute__((aligned(64)));
    const i64 inner = !each && *limits < K ? *limits + 1 : K;  /* the last of few steps shows who has done them */
    {bounds}
    i64 mine = 0, last = 0, running = 1;  /* queue[mine] to queue[last] are this thread's next lanes */
    for (int l = 0; l < W; l++) {{
        lane[l] = -1; alive[l] = 0; count[l] = 0; limit[l] = 0;
        for (int s = 0; s < S; s++) y[s][l] = 0;
        for (int s = 0; s < P; s++) p[s][l] = 0;
    }}
    while (!__atomic_load_n(stop, __ATOMIC_RELAXED)) {{
        i64 busy = 0;
        for (int l = 0; l < W; busy |= alive[l++]) if (!alive[l]) {{
            if (lane[l] >= 0) {{
                for (int s = 0; s < S; s++) state[s * n + lane[l]] = y[s][l];
                steps[lane[l]] = base + count[l];
                lane[l] = -1;
            }}
            if (mine == last && running) {{
                mine = __atomic_fetch_add(next, W, __ATOMIC_RELAXED);
                last = mine + W < size ? mine + W : size;
                if (mine >= size) mine = last = running = 0;
            }}
            if (mine < last) {{
                lane[l] = queue[mine++]; alive[l] = 1;
                count[l] = steps[lane[l]] - base; limit[l] = limits[each * lane[l]];
                for (int s = 0; s < S; s++) y[s][l] = state[s * n + lane[l]];
                for (int s = 0; s < P; s++) p[s][l] = fixed[s * n + lane[l]];
            }}
        }}
        if (!busy) return;
        for (int k = 0; k < inner; k++) {{
            {gather}
            #pragma GCC ivdep
            for (int l = 0; l < W; l++) {{
                {loads}
                {body}
                const {flag} go = (alive[l] != 0) & (count[l] < limit[l]) & ({go});
                {stores}
                count[l] += go;
                alive[l] = go;
            }}
        }}
    }}
    for (int l = 0; l < W; l++) if (lane[l] >= 0) {{  /* a pause: every lane as far as it has come */
        for (int s = 0; s < S; s++) state[s * n + lane[l]] = y[s][l];
        steps[lane[l]] = base + count[l];
    }}
}}
"""


class C(Backend):
    """C by gcc, clang or what $CC names: the fastest start, no dependency."""

    name, remedy = "c", "install a C compiler (cc) or set CC"

    def available(self) -> bool:
        return compiler() is not None

    def compile(self, iteration: Iteration) -> Kernel:
        cc = compiler()
        if cc is None:
            raise CompileError("no C compiler was found")
        try:
            function = step_loop(source(iteration), cc, ORDER if iteration.calls else ())
        except CompileError:
            compiler.cache_clear()  # another one may be named by the time of the next program
            raise
        except OSError as error:
            raise CompileError(f"the compiled library cannot be written or loaded: {error}") from error

        bounds = iteration.numbers

        def run(work: Work) -> None:
            at = work.addresses
            function(at["next"], at["stop"], at["queue"], len(work.queue), len(work.steps), work.base, at["limits"],
                     work.each, bounds.ctypes.data, at["state"], at["steps"], at["fixed"], at["table"],
                     work.table.shape[1])

        return Kernel(run, self.parallel)


@functools.cache
def compiler() -> str | None:
    """The system's C compiler: $CC, else cc, gcc or clang on the path."""
    for name in (os.environ.get("CC"), "cc", "gcc", "clang"):
        if name and (path := shutil.which(name)):
            return path
    return None


def source(iteration: Iteration) -> str:
    """The C text of the step loop."""
    step, join = printed(iteration, SPELLING), ("\n" + " " * 16).join
    # the gather stays a loop of its own: inlined it would keep the next one from vectorising
    gather = ("for (int l = 0; l < W; l++) { const i64 r = count[l] < rows ? count[l] : rows - 1; "
              + " ".join(step.gather) + " }") if step.gather else ""
    # flags of half the size of the numbers: two vectors of lanes side by side, so that chains wait for each other less
    return FRAME.format(**sizes(iteration), flag="int" if iteration.calls else "i64", prelude=step.prelude,
                        gather=gather, loads=join(step.loads), body=join(step.body), go=step.go,
                        stores=join(step.stores), bounds=" ".join(step.bounds))


@functools.cache
def _machine() -> str:
    """What -march=native depends on, for the name of the kept library."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("flags", "Features")):
                return line
    return f"{platform.machine()} {platform.processor()}"


@functools.lru_cache(maxsize=128)
def library(text: str, cc: str, more: tuple[str, ...] = ()) -> ctypes.CDLL:
    """The loaded library of a C text: of this process, else the kept one, else compiled now; more : flags of gcc's."""
    name = cache.name("\n".join((text, cc, *SETS[0], *more, _machine())), ".so")
    if (kept := cache.find(name)) is not None:
        with contextlib.suppress(OSError):  # another process has just replaced it
            return ctypes.CDLL(str(kept))
    with tempfile.TemporaryDirectory(prefix="optiflows-") as folder:
        built = Path(folder) / name
        for flags in (*(known + more for known in SETS[:2] if more), *SETS):  # the first two are gcc's
            result = subprocess.run([cc, *flags, "-x", "c", "-", "-o", str(built), "-lm"], input=text, text=True,
                                    capture_output=True, check=False)
            if result.returncode == 0:
                cache.keep(built)
                return ctypes.CDLL(str(built))  # once loaded it needs its file no more
    raise CompileError(f"{cc} said: {result.stderr.strip()[-500:]}")


def step_loop(text: str, cc: str, more: tuple[str, ...]) -> Callable:
    function = library(text, cc, more).run
    pointer, integer = ctypes.c_void_p, ctypes.c_longlong
    function.argtypes = [pointer] * 3 + [integer] * 3 + [pointer, integer] + [pointer] * 5 + [integer]
    function.restype = None
    return function

"""
Thrown out of a minimum by its own memory
=========================================

A start one millionth beside a minimum of F = (θ² − 1)²/4 ends in the other minimum: with Adam of lr = 0.16 (without
bias correction) or 0.45 (with it), though the gradient there is 2·10⁻⁶.  The numbers that explain it:

- the barrier between the minima is 1/4.  Along the *flow* of Adam, F never exceeds F(θ₀) plus the energy of the memory,
  and the memory starts empty: the flow cannot leave;
- the first *step* has the length lr, however small the gradient (up to 3.16 lr without correction).  It puts F 10¹¹
  times higher and fills the memory; with steps that the energy controls this cannot happen;
- a memory that is full at the start can leave for another reason: the heavy ball from the bottom needs the speed
  √(2/4), and more the more friction there is.
"""
import sys

import numpy as np
import sympy
from scipy.integrate import solve_ivp

from flows import Adam, Momentum
from lyapunov import escape, residual_energy
from networks import Loss
from schemes import SequentialEuler, Stop, named, pair

theta = sympy.Symbol("theta", real=True)
LOSS = Loss.from_expression((theta**2 - 1) ** 2 / 4, (theta,), name="two wells")
MINIMUM = next(p for p in LOSS.critical_points() if p.theta == (1,))
START = np.array([1 - 1e-6])
FRICTIONS = (0.02, 0.1, 0.3, 0.6, 1.0)


def uncorrected(lr: float):
    """Adam without bias correction under the usual rates: β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸."""
    return pair(Adam(a=0.1 / lr, b=0.001 / lr, eps=1e-8, correction=False), SequentialEuler(), lr)


#: name: (algorithm, how it is drawn)
RUNS = {"Adam, no correction, lr = 0.16": (uncorrected(0.16), "#D55E00"),
        "Adam, no correction, lr = 0.15": (uncorrected(0.15), "#0072B2"),
        "Adam under energy control": (named("adam-energy"), "#009E73")}


def paths(steps: int = 40) -> dict:
    """θ after every step of each run."""
    stop = Stop(gradient=0.0, max_steps=steps)
    return {name: optimizer.run(LOSS, START, stop=stop, record=1, backend="numpy").y[0]
            for name, (optimizer, _) in RUNS.items()}


def escaping_speed(friction: float) -> float:
    """The smallest speed that carries the heavy ball from the bottom to the other minimum, by bisection."""
    field = Momentum(c=friction).on(LOSS)

    def crosses(speed):
        def top(t, y):
            return y[0]

        top.terminal = True
        return len(solve_ivp(field, (0, 60), [1.0, -speed], events=top, rtol=1e-8, atol=1e-10).t_events[0]) > 0

    low, high = 0.5, 4.0
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (low, middle) if crosses(middle) else (middle, high)
    return high


def figure():
    """The figure, and what it shows: paths, the residual of the first step, measured and least escaping speeds."""
    from matplotlib.figure import Figure

    shown = {"paths": paths(), "speeds": [escaping_speed(c) for c in FRICTIONS],
             "bound": residual_energy(Momentum(), {"v": 0.0}, critical_point=MINIMUM).smallest,
             "first": residual_energy(uncorrected(0.16), theta=START, critical_point=MINIMUM),
             "step": int(escape(uncorrected(0.16), MINIMUM, START, steps=100))}
    fig = Figure(figsize=(13, 4), layout="constrained")
    left, middle, right = fig.subplots(1, 3)
    for name, path in shown["paths"].items():
        left.plot(path, ".-", color=RUNS[name][1], label=name)
        middle.semilogy(LOSS.value(path[None]) + 1e-16, ".-", color=RUNS[name][1])
    left.axhline(0, color="black", linewidth=0.6)
    left.set(xlabel="step", ylabel="θ", title="from θ = 1 − 10⁻⁶")
    left.legend(fontsize=8)
    middle.axhline(0.25, color="black", linestyle="--", linewidth=0.8)
    middle.text(20, 0.3, "barrier 1/4", fontsize=8)
    middle.set(xlabel="step", ylabel="F", title=f"the first step lifts F by {shown['first'].rise:.2g}")
    right.plot(FRICTIONS, shown["speeds"], "o-", color="#0072B2", label="measured")
    right.axhline(shown["bound"], color="black", linestyle="--", label=f"least, √(2·1/4) = {shown['bound']:.4f}")
    right.set(xlabel="friction c", ylabel="speed at the bottom", title="heavy ball: what it takes to leave")
    right.legend(fontsize=8)
    return fig, shown


if __name__ == "__main__":
    picture, numbers = figure()
    if len(sys.argv) > 1:  # the stored picture: python residual_energy.py ../figures/residual_energy.png
        picture.savefig(sys.argv[1], dpi=110)
    print(numbers["first"])
    print(f"without correction and with lr = 0.16 the other well is reached in step {numbers['step']}")
    print(f"escaping speeds {np.round(numbers['speeds'], 4)}, at least {numbers['bound']:.4f} in theory")
    assert numbers["step"] == 11 and min(numbers["speeds"]) >= numbers["bound"]

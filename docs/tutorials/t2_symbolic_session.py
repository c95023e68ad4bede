"""
A symbolic session: derive, break and rate an energy
====================================================

Everything here is exact: rational arithmetic and certificates, no floats.
"""
# %%
# Derive
# ------
# An energy of Adam, found from its equations, with the proof that it cannot grow, for every loss:
import sympy

import flows
import lyapunov

derived = lyapunov.derive(flows.Adam)
print(derived.energy)
print(derived.verdict)
assert derived.verdict.status == lyapunov.Status.PROVED

# %%
# Break it
# --------
# The proof needs b ≤ 4a.  With b = 5a the claim is false, and a witness says where: rational numbers, and a loss
# that has them.
too_fast = flows.Adam(a=1, b=5, eps=1, correction=False)
broken = lyapunov.check(too_fast, lyapunov.energies(too_fast)[0])
print(broken.status, broken.witness)
assert broken.status == lyapunov.Status.REFUTED

# %%
# Realise the witness
# -------------------
# A polynomial and a state at which V grows along the flow; the rise was integrated with 40 digits.
example = broken.counterexample
print(example)
assert example.derivative > 0 and example.rise > 0

# %%
# Anyone can check it again, with the public pieces alone:
field = example.flow.on(example.loss)
print("F =", example.loss.expression)
print("state", {name: value for name, value in vars(example.state).items()})

# %%
# Prove a rate
# ------------
# On losses of Polyak and Łojasiewicz the gradient flow falls as e^(−2μt); that 2μ cannot be 3μ is said with a loss.
mu = sympy.Symbol("mu", positive=True)
energy = lyapunov.energies(flows.GradientDescent)[0]
for k in (2 * mu, 3 * mu):
    verdict = lyapunov.check(flows.GradientDescent, energy, assuming=lyapunov.PL(mu), rate=k)
    print(k, "→", verdict.status)

# %%
# And for the algorithm: how long a step may be, proved and sharp.
print(lyapunov.check_step(flows.GradientDescent))

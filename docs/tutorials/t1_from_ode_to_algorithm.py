"""
From an ODE to an algorithm, and back
=====================================

An optimizer is a vector field; a scheme turns it into an algorithm; the modified equation tells which vector field the
algorithm follows instead.
"""
# %%
# The field
# ---------
# Adam's flow, with its rates as symbols:
import flows
import lyapunov
import networks
import schemes

equations = flows.Adam.symbolic().equations()
print(equations)

# %%
# The algorithm
# -------------
# Sequential Euler, one step of h = lr, with a = (1 − β₁)/h and b = (1 − β₂)/h: the update that libraries print.
adam = schemes.named("adam")
print(adam)
print(adam.algorithm())

# %%
# A pair of your own: the same field, another scheme.  Its update is printed from the same two definitions.
pair = schemes.pair(flows.Momentum(c=0.5), schemes.SequentialEuler(), 0.1)
print(pair.algorithm())

# %%
# On a loss
# ---------
# A flow on a loss is a field, which scipy integrates as it is; an optimizer runs on a loss.
from scipy.integrate import solve_ivp  # noqa: E402

loss = networks.get("polytwo")
field = flows.Momentum(c=0.5).on(loss)
orbit = solve_ivp(field, (0, 40), field.start([0.3, 1.7]), method="LSODA", rtol=1e-9)
run = pair.run(loss, [0.3, 1.7])
print("the flow ends at     ", orbit.y[:2, -1])
print("the algorithm ends at", run.theta, "after", run.steps, "steps:", schemes.Outcome(run.outcome).name)

# %%
# And back
# --------
# Backward error analysis: explicit Euler, all blocks at once, follows y' = f₀ + h f₁ + … and not y' = f₀.  The h-term
# takes friction away.
modified = lyapunov.modified_equation(flows.Momentum(c=1), schemes.Euler(), 1)
print(modified)

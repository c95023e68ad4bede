"""
Gradient descent: bent basins, and starts that diverge
======================================================

Figure 1a of B. Bensaid's thesis. One neuron with the activation z² − 1 (``polytwo``): F has four minima, all of
value 0. The gradient *flow* reaches a critical point from every start, since F is coercive and falls along it.  The
*algorithm* with lr = 0.1 does not: where the curvature is large, one step throws θ farther out than it was, and the
start is lost (brown).

Theory beside measurement: the sharpness of all four minima is 3 + √5, below 2/lr = 20, so each is stable and attracts a
neighbourhood; but that says nothing about far starts.
"""
import basins
import networks
import schemes

loss = networks.get("polytwo")
optimizer = schemes.named("gd", lr=0.1)
study = basins.study(loss, optimizer, basins.grid(((-3, 3), (-3, 3)), 300), stop=schemes.Stop(max_steps=10_000))
figure = study.figure()

# %%
# The shares of the grid, each start with one label:
print(study.table())

# %%
diverged = study.fraction(schemes.Outcome.DIVERGED)
sharpness = [float(max(p.eigenvalues)) for p in loss.critical_points() if p.nature == "minimum"]
print(f"sharpness {sharpness}, 2/lr = {2 / 0.1}; diverged: {diverged:.1%}")
assert max(sharpness) < 20
assert 0.20 < diverged < 0.25
assert study.fraction("minimum") + study.fraction("saddle") + diverged + study.fraction(basins.End.STARTED_THERE) == 1

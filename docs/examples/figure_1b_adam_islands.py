"""
Adam: islands, and witnesses beside a minimum
=============================================

Figure 1b of B. Bensaid's thesis.  Nothing diverges under Adam on ``polytwo``, but its basins are not those of its
flow: a large step throws starts that lie beside a minimum into the basin of another one.  A *witness* is such a
start; the distances are to the minimum that it left.

Why it can: along the flow V = F + Σ m²/(2aD) cannot grow where b ≤ 4a, and memory starts empty, so a start beside a
minimum of value 0 stays below the barrier 1/4.  The first *step* has the length lr whatever the gradient is.
"""
import basins
import lyapunov
import networks
import schemes
from flows import Adam

loss = networks.get("polytwo")
starts = basins.grid(((-3, 3), (-3, 3)), 200)
small, large = (basins.study(loss, schemes.named("adam", lr=lr), starts, stop=schemes.Stop(max_steps=10_000))
                for lr in (0.1, 0.5))
figure = basins.panels([small, large], columns=2)

# %%
# The theorem of the flow, proved:
print(lyapunov.check(Adam, lyapunov.energies(Adam)[0]))

# %%
# and the starts of the algorithm that leave a minimum nevertheless, nearest first:
for study in (small, large):
    print(study.optimizer)
    for witness in study.witnesses(2.0)[:3]:
        end = study.label(witness.end)
        print(f"   {witness.start} is {witness.distance:.4f} from {study.label(witness.minimum)} and ends in {end}")

assert small.fraction(schemes.Outcome.DIVERGED) == large.fraction(schemes.Outcome.DIVERGED) == 0
assert large.witnesses(2.0)[0].distance < 0.05 < 0.5 < small.witnesses(2.0)[0].distance

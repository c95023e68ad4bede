"""
Basins, what their labels rest on, and sweeps
=============================================

A study follows every start to its end, and gives it one label with what that rests on.
"""
# %%
import basins
import networks
import schemes

loss = networks.get("polytwo")
starts = basins.uniform(((-3, 3), (-3, 3)), 2000, seed=0)
study = basins.study(loss, schemes.named("gd", lr=0.1), starts, progress=False)
print(study.table())

# %%
# The starts are a sample, so fractions have intervals; *certified* ends are proved: around each minimum a ball in
# which it is the only critical point, from which the run cannot leave.
print(f"largest |∇F| at the ends in a minimum: {study.evidence.gradient[study.ended('minimum')].max():.1e}; "
      f"certified: {study.certified.mean():.1%} of the starts")

# %%
# Two optimizers on the same starts: a paired test, and who goes where.
other = basins.study(loss, schemes.named("momentum", lr=0.1), starts, progress=False)
print(basins.compare(study, other))
print("p =", basins.mcnemar(study, other, "minimum").p)

# %%
# A map
# -----
picture = basins.study(loss, schemes.named("momentum", lr=0.1), basins.grid(((-3, 3), (-3, 3)), 150), progress=False)
figure = picture.figure()

# %%
# A sweep
# -------
# The same starts under several rates; ``thresholds`` are where theory says that minima are lost, and the measured
# shares follow.
rates = basins.sweep(loss, "gd", {"lr": [0.1, 0.2, 0.3, 0.36, 0.4, 0.5]}, basins.grid(((-3, 3), (-3, 3)), 20),
                     stop=schemes.Stop(max_steps=2000), progress=False)
print(rates.thresholds[0])
for lr, share in zip(rates.axes["lr"], rates.fraction("minimum"), strict=True):
    print(f"lr = {lr:.2f}: {share:.3f} in a minimum")

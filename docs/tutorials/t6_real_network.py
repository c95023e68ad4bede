"""
A real shallow network, with nothing tuned
==========================================

The ionisation of hydrogen by Saha's equation, learnt by a 2-8-1 tanh network; 20 starts at once.
"""
# %%
import numpy as np

import networks
import schemes
from basins import uniform

data = networks.dataset("saha", seed=0)
network = data.network(hidden=8)
starts = uniform(network.box, 20, seed=0)
print(network.dim, "parameters,", len(data.train[0]), "points to train on")

# %%
# Levenberg–Marquardt and the gradient flow in a secant metric have nothing to tune.  Of the first F falls at every
# accepted step, of the second an average of F, so that no start ever stands higher than where it began.
for name, steps in (("lm", 60), ("secant-energy", 300)):
    run = schemes.named(name).run(network, starts, stop=schemes.Stop(max_steps=steps))
    losses, scores = network.value(run.theta), network.score(run.theta, data.test)
    print(f"{name:13} loss {np.median(losses):.2e} (largest {losses.max():.2e}), R² {np.median(scores):.4f} "
          f"(least {scores.min():.4f})")
    assert losses.max() < network.value(starts).min()

# %%
# In scikit-learn's conventions (extra ``sklearn``), with the weight decay found inside ``fit``; see the page on
# `estimators <../shallow.html>`__.
try:
    from shallow import ShallowRegressor
except ImportError as missing:
    print(missing)
else:
    model = ShallowRegressor(random_state=0).fit(*data.train)
    print(f"R² {model.score(*data.test):.4f} after {model.n_iter_} iterations")
    assert model.score(*data.test) > 0.99

# %%
# A module of torch (extra ``torch``) is trained by the same optimizer, as a ``torch.optim.Optimizer``; and it is a loss
# that flows and studies take like any other, see the page on `networks <../networks.html>`__.
try:
    import torch
except ImportError:
    print("torch is not installed here")
else:
    torch.manual_seed(0)
    x, y = (torch.as_tensor(part.reshape(len(part), -1)) for part in data.train)
    module = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)).double()
    optimizer = schemes.as_torch_optimizer(schemes.named("secant-energy"))(module.parameters())

    def closure():
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(module(x), y)
        loss.backward()
        return loss

    first = closure().item()
    for _ in range(300):
        optimizer.step(closure)
    print(f"mean square {first:.2e} before, {closure().item():.2e} after 300 trials")
    assert closure().item() < 1e-2 * first

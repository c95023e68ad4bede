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
# `estimators <../shallow.html>`__:
#
# .. code-block:: python
#
#    from shallow import ShallowRegressor
#    ShallowRegressor(hidden_layer_sizes=(8,), random_state=0).fit(*data.train).score(*data.test)
#
# A module of torch is a loss too (extra ``torch``), and an optimizer a ``torch.optim.Optimizer``; the page on
# `networks <../networks.html>`__ has both, and its code is run by the tests:
#
# .. code-block:: python
#
#    loss = networks.Loss.from_torch(model, torch.nn.functional.mse_loss, (x, y))
#    Optimizer = schemes.as_torch_optimizer(schemes.named("secant-energy"))(model.parameters())

"""
An atlas of your own network
============================

Where are the critical points, what are they, and are these all?
"""
# %%
# A network with its data is a loss.  One neuron, one weight and one bias, two data points, activation z² − 1:
from fractions import Fraction

import networks

network = networks.Network((1, 1), lambda z: z**2 - 1, ([0, 1], [0, 0]), name="mine")
print(network.expression)
atlas = network.critical_points()
print(atlas)
assert atlas.complete and len(atlas) == 9

# %%
# Each point says why it has its nature, and how well it is known:
for point in (atlas[0], atlas[-1]):
    print(point.nature, point.theta, "exact" if point.exact else "certified box")
    print("   ", point.evidence)

# %%
# A formula of your own.  A circle of minima comes as a family with its parameter:
import sympy  # noqa: E402

x, y = sympy.symbols("x y", real=True)
ring = networks.Loss.from_expression((x**2 + y**2 - 1) ** 2, (x, y), name="ring of mine")
for point in ring.critical_points():
    print(point.nature, point.theta)

# %%
# What cannot be decided exactly is searched with intervals: boxes that hold no critical point, boxes with exactly
# one, and what is left open is said.
targets = [Fraction(1, 2), Fraction(-1, 4), Fraction(1, 3)]
tanh = networks.Network((1, 1), "tanh", ([0, 1, 2], targets), name="tanh of mine")
found = tanh.critical_points(region=((-4, 4), (-4, 4)), budget=10)
print(found)
print("complete:", found.complete, "  undecided boxes:", len(found.undecided))

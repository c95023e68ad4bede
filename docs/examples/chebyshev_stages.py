r"""
Runge–Kutta–Chebyshev: a stable interval of 2s² for s gradients
===============================================================

**Theorem** (Franklin 1959; Hairer & Wanner, Solving ODEs II, IV.2).  Of all consistent polynomials of degree s with
:math:`|R(z)| \le 1` on :math:`[-\beta, 0]`, the shifted Chebyshev polynomial :math:`T_s(1 + z/s^2)` has the largest
:math:`\beta = 2s^2`.  Euler steps of the same cost reach 2s.  With damping, the interval is a little shorter and
the method contracts inside of it.
"""
import matplotlib.pyplot as plt
import numpy as np
import sympy

import schemes

figure, ax = plt.subplots(figsize=(9, 4), layout="constrained")
for stages in (2, 3, 5):
    scheme = schemes.RKC1(stages, damping=0.05)
    R = schemes.stability_function(scheme)
    (symbol,) = R.free_symbols
    polynomial = sympy.Poly(R, symbol)
    values = sympy.lambdify(symbol, R)
    x = np.linspace(-scheme.interval, 0, 2001)
    print(f"s = {stages}: degree {polynomial.degree()}, stable on [−{float(scheme.interval):.3f}, 0]; "
          f"2 s² = {2 * stages**2}, "
          f"s Euler steps {2 * stages}")
    assert polynomial.degree() == stages and np.abs(values(x)).max() <= 1 + 1e-9
    assert np.abs(values(-1.02 * scheme.interval)) > 1 and 1.8 * stages**2 < scheme.interval <= 2 * stages**2
    assert abs(R.subs(symbol, 0) - 1) < 1e-12 and abs(R.diff(symbol).subs(symbol, 0) - 1) < 1e-12  # consistent
    ax.plot(x, values(x), label=f"s = {stages}")
ax.axhspan(-1, 1, color="grey", alpha=0.12)
ax.set(xlabel="hλ", ylabel="R", title="stability polynomials of RKC1, damping 0.05")
ax.legend()

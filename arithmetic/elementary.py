"""The elementary functions, written in + − × ÷, comparisons and exact operations: the same bits on every machine.

Each is one branch-free definition, so compiled loops vectorise, and its error is below one unit in the last place
(`benchmarks/functions.py` measures it).  The plan is everywhere the same: an argument reduction whose rounding is
carried along, a polynomial on a short interval, and the last addition as the only rounding that counts.  A pair (x, e)
below stands for the unrounded sum x + e with |e| far below |x|.  `tests/arithmetic/test_operations.py` derives the
coefficients again: they interpolate at Chebyshev points.

Sources: Cody & Waite 1980 (reductions); Payne & Hanek 1983 (large arguments of sin and cos); Dekker 1971 (products and
quotients of pairs); Muller et al., Handbook of Floating-Point Arithmetic, 2018.
"""
from __future__ import annotations

import functools
import math
from collections.abc import Callable

from .ends import Rounded, choose, least, most
from .operations import (
    absolute, even, exponent, head, increasing, maximum, minimum, operation, padded, pow2, significand,
    table_operation, where,
)

TINY = 2.0**-28  # below it sin x, tanh x, … are x, up to x³/6 and the like
ROUND = 1.5 * 2.0**52


def nearest(x):
    """The integer nearest to x, |x| < 2⁵¹."""
    return (x + ROUND) - ROUND


def horner(coefficients, x):
    """Σ c_k x^k, lowest power first."""
    *rest, value = coefficients
    for c in reversed(rest):
        value = value * x + c
    return value


# --------------------------------------------------------------------------------------------------------- pairs
def quick_sum(a, b):
    """a + b as a pair, for |a| ≥ |b|."""
    s = a + b
    return s, b - (s - a)


def pair_sum(a, b):
    """a + b as a pair."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def pair_product(a, b):
    """a·b as a pair."""
    p, a1, b1 = a * b, head(a), head(b)
    a2, b2 = a - a1, b - b1
    return p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2


def pair_quotient(a, a_rest, b, b_rest):
    """(a + a_rest)/(b + b_rest) as a pair."""
    q = a / b
    p, e = pair_product(q, b)
    return q, (((a - p) - e) + (a_rest - q * b_rest)) / b


def scaled(x, n):
    """x·2ⁿ for an integer |n| ≤ 2044, rounded once."""
    half = nearest(n * 0.5)
    return x * pow2(half) * pow2(n - half)


# ------------------------------------------------------------------------------------------ exponentials and logarithms
LOG2E = 1.4426950408889634
LN2, LN2_REST = 0.6931471803691238, 1.9082149292705877e-10  # the first has 33 bits: n·LN2 is exact
# (e^r − 1 − r)/r² on |r| ≤ (ln 2)/2
EXP = (0.5, 0.1666666666666667, 0.04166666666666667, 0.008333333333326141, 0.0013888888888883752,
       0.00019841269874800683, 2.4801587325533502e-05, 2.75572554255029e-06, 2.7557273661174726e-07,
       2.5105206475334834e-08, 2.091467944897855e-09)
# (2 artanh(s)/s − 2)/z, z = s², on |s| ≤ (√2 − 1)/(√2 + 1)
LOG = (0.6666666666666666, 0.4000000000000088, 0.2857142857080361, 0.22222222391714744, 0.18181795640044723,
       0.15386239707611124, 0.13268773010203216, 0.13086627491197242)


def exp_parts(x):
    """(n, r, p) with eˣ = 2ⁿ (1 + r + p), |r| ≤ (ln 2)/2 and p ≈ r²/2, for |x| < 2²⁰."""
    n = nearest(x * LOG2E)
    start = x - n * LN2
    low = n * LN2_REST
    r = start - low
    return n, r, ((start - r) - low) + r * r * horner(EXP, r)


def exp_pair(x):
    """(n, e, rest) with eˣ = 2ⁿ (e + rest)."""
    n, r, p = exp_parts(x)
    s, e = quick_sum(1.0, r)
    return n, *quick_sum(s, e + p)


def log_pair(x, rest=0.0):
    """ln(x + rest) as a sum of two numbers; x > 0."""
    small = x < 2.0**-1022
    normal = where(small, x * 2.0**54, x)
    s, k = significand(normal), exponent(normal)
    large = s > 1.4142135623730951
    f = where(large, 0.5 * s, s) - 1
    k = where(large, k + 1, k) - where(small, 54.0, 0.0)
    q, half = f / (2 + f), 0.5 * f * f
    z = q * q
    first, e = pair_sum(k * LN2, f)
    return first, e + ((q * (half + z * horner(LOG, z)) + k * LN2_REST) - half) + rest / x


def _log_ends(x, value):
    """The logarithm at and beyond the ends of its domain."""
    return where(x > 0, where(x < float("inf"), value, x), where(x < 0, float("nan"), -1 / absolute(x)))


def _exp(x):
    n, r, p = exp_parts(minimum(maximum(x, -746.0), 710.0))
    s, e = quick_sum(1.0, r)
    return scaled(s + (e + p), n)


def _expm1(x):
    n, r, p = exp_parts(minimum(maximum(x, -40.0), 710.0))
    one, one_rest = pair_sum(1.0, -pow2(maximum(-n, -100.0)))
    s, e = pair_sum(one, r)  # 2ⁿ ((1 − 2⁻ⁿ) + r + p)
    return where(absolute(x) < 2.0**-54, x, scaled(s + (e + one_rest + p), n))


def _log(x):
    value, rest = log_pair(x)
    return _log_ends(x, value + rest)


def _log1p(x):
    u, rest = pair_sum(1.0, x)
    value, correction = log_pair(u, where(u < 2.0**60, rest, 0.0))
    return where(absolute(x) < 2.0**-54, x, _log_ends(u, value + correction))


def _cosh(x):
    y = absolute(x)
    n, e, rest = exp_pair(minimum(y, 712.0))
    inverse = 1 / e
    small = pow2(maximum(-n, -500.0) - 1) * (inverse - rest * inverse * inverse)
    unit = minimum(n, 500.0)
    s, error = quick_sum(0.5 * e, small * pow2(-unit))
    return scaled(s + (error + 0.5 * rest), n)


def _expm1_pair(x):
    """eˣ − 1 as a pair, 0 ≤ x ≤ 50."""
    n, r, p = exp_parts(x)
    one, one_rest = quick_sum(1.0, -pow2(-n))
    s, e = pair_sum(one, r)
    value, rest = quick_sum(s, e + one_rest + p)
    unit = pow2(n)
    return value * unit, rest * unit


def _sinh(x):
    y = absolute(x)
    e, rest = _expm1_pair(minimum(y, 40.0))
    d, d_rest = pair_sum(e, 1.0)
    q, q_rest = pair_quotient(e, rest, d, d_rest + rest)  # sinh = (E + E/(1 + E))/2 for E = eˣ − 1
    s, error = quick_sum(e, q)
    n, big, big_rest = exp_pair(minimum(y, 712.0))
    value = where(y < 40, 0.5 * (s + (error + rest + q_rest)), scaled(0.5 * (big + big_rest), n))
    return where(y < TINY, x, where(x < 0, -value, value))


def _tanh(x):
    y = absolute(x)
    e, rest = _expm1_pair(minimum(2 * y, 44.0))
    d, d_rest = pair_sum(e, 2.0)
    q, q_rest = pair_quotient(e, rest, d, d_rest + rest)  # tanh = E/(E + 2) for E = e²ˣ − 1
    value = q + q_rest
    return where(y < TINY, x, where(x < 0, -value, value))


def _sigmoid(x):
    n, e, rest = exp_pair(maximum(-absolute(x), -746.0))
    t = scaled(e, n)
    d, d_rest = quick_sum(1.0, t)
    negative = x < 0  # e^x/(1 + e^x), else 1/(1 + e^−x)
    q, q_rest = pair_quotient(where(negative, e, 1.0), where(negative, rest, 0.0), d, d_rest + scaled(rest, n))
    return scaled(q + q_rest, where(negative, n, 0.0))


def _softplus(x):
    n, e, rest = exp_pair(maximum(-absolute(x), -746.0))
    t, t_rest = scaled(e, n), scaled(rest, n)
    u, u_rest = quick_sum(1.0, t)
    value, correction = log_pair(u, u_rest + t_rest)
    small = t < 2.0**-30  # ln(1 + t) = t − t²/2
    value, correction = where(small, t, value), where(small, t_rest - 0.5 * t * t, correction)
    positive = maximum(x, 0.0)
    s, error = pair_sum(positive, value)
    value = s + (error + correction)
    return where(absolute(x) < float("inf"), value, positive)


exp = operation(
    "exp", definition=_exp, native="exp", symbolic=lambda s, x: s.exp(x), sympy=("exp",), adjoint=lambda n, d: (d * n,),
    interval=functools.partial(increasing, at_least=0.0), error=1, doc="Exponential.")
expm1 = operation(
    "expm1", definition=_expm1, native="expm1", symbolic=lambda s, x: s.exp(x) - 1,
    adjoint=lambda n, d: (d * exp(n.args[0]),),
    interval=functools.partial(increasing, at_least=-1.0), error=1, doc="e^x − 1, also where x is small.")
log = operation(
    "log", definition=_log, native="log", symbolic=lambda s, x: s.log(x), sympy=("log",), domain=(0.0, math.inf),
    adjoint=lambda n, d: (d / n.args[0],),
    interval=increasing, error=1, doc="Natural logarithm.")
log1p = operation(
    "log1p", definition=_log1p, native="log1p", symbolic=lambda s, x: s.log(1 + x), domain=(-1.0, math.inf),
    adjoint=lambda n, d: (d / (1 + n.args[0]),),
    interval=increasing, error=1, doc="ln(1 + x), also where x is small.")
sinh = operation(
    "sinh", definition=_sinh, native="sinh", symbolic=lambda s, x: s.sinh(x), sympy=("sinh",),
    adjoint=lambda n, d: (d * cosh(n.args[0]),), interval=increasing, error=1, doc="Hyperbolic sine.")
cosh: Callable = operation(
    "cosh", definition=_cosh, native="cosh", symbolic=lambda s, x: s.cosh(x), sympy=("cosh",),
    adjoint=lambda n, d: (d * sinh(n.args[0]),), interval=functools.partial(even, at_least=1.0), error=1,
    doc="Hyperbolic cosine.")
tanh = operation(
    "tanh", definition=_tanh, native="tanh", symbolic=lambda s, x: s.tanh(x), sympy=("tanh",),
    adjoint=lambda n, d: (d * (1 - n * n),),
    interval=functools.partial(increasing, at_least=-1.0, at_most=1.0), error=1, doc="Hyperbolic tangent.")
sigmoid = operation(
    "sigmoid", definition=_sigmoid,
    native=("np.negative({0}, out={out})", "np.exp({out}, out={out})", "np.add({out}, 1.0, out={out})",
            "np.divide(1.0, {out}, out={out})"),
    symbolic=lambda s, x: 1 / (1 + s.exp(-x)), adjoint=lambda n, d: (d * (n * (1 - n)),),
    interval=functools.partial(increasing, at_least=0.0, at_most=1.0), error=1, doc="1/(1 + e^−x), without overflow.")
softplus = operation(
    "softplus", definition=_softplus,
    native=("np.absolute({0}, out={out})", "np.negative({out}, out={out})", "np.exp({out}, out={out})",
            "np.log1p({out}, out={out})", "np.add({out}, np.maximum({0}, 0.0), out={out})"),
    symbolic=lambda s, x: s.log(1 + s.exp(x)),
    adjoint=lambda n, d: (d * sigmoid(n.args[0]),), interval=functools.partial(increasing, at_least=0.0), error=1,
    doc="ln(1 + e^x), without overflow.")


# ------------------------------------------------------------------------------------------------------ sine and cosine
# (sin(r)/r − 1)/z and (cos(r) − 1 + z/2)/z², z = r², on |r| ≤ π/4
SIN = (-0.16666666666666666, 0.008333333333330948, -0.00019841269836758557, 2.755731610254353e-06,
       -2.505113184314626e-08, 1.591812916105078e-10)
COS = (0.041666666666666664, -0.0013888888888887398, 2.4801587298765676e-05, -2.755731727172422e-07,
       2.0876146267241254e-09, -1.1382632341807706e-11)
HALF_PI, HALF_PI_REST = 1.5707963267948966, 6.123233995736766e-17
LEAST = -30  # the exponent from which on arguments are reduced


def _pi(digits: int) -> int:
    """⌊π·2^digits⌋, but for its last bits: Machin's formula in integers."""

    def arctan(n: int) -> int:  # of 1/n
        term = total = (1 << digits + 16) // n
        k = 1
        while term:
            term //= -n * n
            k += 2
            total += term // k
        return total

    return 4 * (4 * arctan(5) - arctan(239)) >> 16


@functools.cache
def _two_over_pi(pieces: int = 4, digits: int = 1400) -> list[tuple[float, ...]]:
    """2ᵉ·2/π for e ≥ LEAST, in so many floats, without multiples of 2⁵⁴: times s = 1.… they are multiples of 4."""
    rows, quotient = [], (2 << 2 * digits) // _pi(digits)
    for e in range(LEAST, 1025):
        value, row = (quotient << e if e > 0 else quotient >> -e) % (1 << digits + 54), []
        for _ in range(pieces):
            shift = value.bit_length() - 53
            row.append(math.ldexp(value >> shift, shift - digits))
            value %= 1 << shift
        rows.append(row)
    return list(zip(*rows, strict=True))


def _part(i: int) -> tuple[float, ...]:
    return _two_over_pi()[i]


_PIECES = [table_operation(f"two_over_pi_{i}", functools.partial(_part, i),
                           f"Part {i} of 2^e·2/π, e = {LEAST} + the index.") for i in range(4)]


def quarter_turns(x):
    """(k, r, rest) with |x| = (4m + k) π/2 + r + rest for an integer m, k in {−2, …, 2}, |r| ≤ π/4; |x| ≥ 2^LEAST."""
    s, index = significand(x), exponent(x) - LEAST
    t0, t1, t2, t3 = (piece(index) for piece in _PIECES)
    (p0, e0), (p1, e1), (p2, e2) = (pair_product(s, t) for t in (t0, t1, t2))
    p0 = p0 - 4 * nearest(0.25 * p0)
    a, a_rest = pair_sum(p0, e0)
    b, b_rest = pair_sum(a, p1)
    turns = nearest(b)
    c, c_rest = pair_sum(a_rest, b_rest)
    d, d_rest = pair_sum(e1, p2)
    e, e_rest = pair_sum(c, d)
    f, f_rest = pair_sum(b - turns, e)
    f, f_rest = quick_sum(f, f_rest + (((c_rest + d_rest) + e_rest) + (e2 + s * t3)))
    r, rest = pair_product(f, HALF_PI)
    r, rest = quick_sum(r, rest + (f * HALF_PI_REST + f_rest * HALF_PI))
    return turns - 4 * nearest(0.25 * turns), r, rest


def _sine_and_cosine(r, rest):
    z = r * r
    half = 0.5 * z
    one = 1 - half
    return (r + (r * z * horner(SIN, z) + rest * one),
            one + (((1 - one) - half) + (z * z * horner(COS, z) - r * rest)))


def _sin(x):
    k, r, rest = quarter_turns(x)
    sine, cosine = _sine_and_cosine(r, rest)
    value = where((absolute(k) > 0.5) & (absolute(k) < 1.5), cosine, sine)
    value = where((k < -0.5) | (k > 1.5), -value, value)
    value = where(absolute(x) < TINY, x, where(x < 0, -value, value))
    return where(absolute(x) < float("inf"), value, float("nan"))


def _cos(x):
    k, r, rest = quarter_turns(x)
    sine, cosine = _sine_and_cosine(r, rest)
    value = where((absolute(k) > 0.5) & (absolute(k) < 1.5), sine, cosine)
    value = where(absolute(x) < TINY, 1.0, where((k > 0.5) | (k < -1.5), -value, value))
    return where(absolute(x) < float("inf"), value, float("nan"))


def _turning(op, x, top: float):
    """Of sin and cos, whose maxima lie at top + k turns, for integers k, and their minima half a turn on."""
    value, other = op.function(x.low), op.function(x.high)

    def holds(turn: float):
        """Whether the interval may hold turn + k for an integer k: if not it is certain that it does not."""
        first, last = (end * (0.5 / math.pi) - turn for end in (x.low, x.high))
        return nearest(last + (2e-9 - 0.5)) >= first - 1e-9

    bounded = (x.low > -1e6) & (x.high < 1e6)  # where the turns are known to 1e-9
    enclosed = padded(op, x, least(value, other), most(value, other), -1.0, 1.0)
    return type(x)(choose(bounded & ~holds(top + 0.5), enclosed.low, -1.0),
                   choose(bounded & ~holds(top), enclosed.high, 1.0))


sin = operation(
    "sin", definition=_sin, native="sin", symbolic=lambda s, x: s.sin(x), sympy=("sin",),
    adjoint=lambda n, d: (d * cos(n.args[0]),), interval=functools.partial(_turning, top=0.25), error=1, doc="Sine.")
cos: Callable = operation(
    "cos", definition=_cos, native="cos", symbolic=lambda s, x: s.cos(x), sympy=("cos",),
    adjoint=lambda n, d: (-(d * sin(n.args[0])),), interval=functools.partial(_turning, top=0.0), error=1,
    doc="Cosine.")


# ------------------------------------------------------------------------------- arctangent and error function
# (atan(t)/t − 1)/z, z = t², on |t| ≤ tan(π/8)
ATAN = (-0.3333333333333333, 0.19999999999999804, -0.14285714285659828, 0.111111111051554, -0.09090908753498572,
        0.07692296374965499, -0.06666424884541275, 0.05878928984071892, -0.05230454169285298, 0.04551592758246219,
        -0.03457055008991637, 0.016285743676675443)
# (erf(x)/x − 2/√π)/z, z = x², on |x| ≤ 3/4
ERF = (-0.37612638903183754, 0.11283791670954912, -0.026866170645005898, 0.00522397762258367, -0.0008548326692036116,
       0.00012055310875465496, -1.4924750398741759e-05, 1.6439340260552755e-06, -1.601458642830477e-07,
       1.1744139870163019e-08)
# (erf(1 + s) − erf(1))/s on |s| ≤ 1/4
ERF_1, ERF_1_REST = 0.8427007929497149, -2.4801011789118602e-17
ERF_AROUND_1 = (
    0.4151074974205947, -0.4151074974205947, 0.13836916580686867, 0.06918458290343392, -0.06918458290439965,
    0.0046123055265204485, 0.015154718252744594, -0.0047770306882659935, -0.001885192626653701, 0.0012262859328697276,
    8.562420210174622e-05, -0.00020001643333232344, 1.7542646547335936e-05, 2.32554396272695e-05)
# e^(x²) erfc(x) in u = (x − 3)/(x + 3), on 5/4 ≤ x ≤ 6
ERFC = (0.17900115118138996, -0.3262335600430372, 0.2456038017123337, -0.15011593650077276, 0.0716658371976006,
        -0.024392499319401413, 0.004269136351698998, 0.0007077464815991966, -0.0005970623905559834,
        4.5254136122885334e-05, 6.406166123431513e-05, -1.2844454664235307e-05, -8.003572368464556e-06,
        2.0108889749773783e-06, 1.261710776614425e-06)


def _atan(x):
    y = minimum(absolute(x), 2.0**60)
    middle, far = y > 0.41421356237309503, y > 2.414213562373095
    (less, less_rest), (more, more_rest) = pair_sum(y, -1.0), pair_sum(y, 1.0)
    t, t_rest = pair_quotient(where(far, -1.0, where(middle, less, y)), where(middle & ~far, less_rest, 0.0),
                              where(far, y, where(middle, more, 1.0)), where(middle & ~far, more_rest, 0.0))
    z = t * t
    base = where(far, HALF_PI, where(middle, 0.5 * HALF_PI, 0.0))
    base_rest = where(far, HALF_PI_REST, where(middle, 0.5 * HALF_PI_REST, 0.0))
    s, e = pair_sum(base, t)
    value = s + (e + ((t * z * horner(ATAN, z) + t_rest * (1 - z)) + base_rest))
    return where(y < TINY, x, where(x < 0, -value, value))


def _erf(x):
    y = absolute(x)
    z = y * y
    near = y + y * (0.1283791670955126 + z * horner(ERF, z))
    middle = ERF_1 + ((y - 1) * horner(ERF_AROUND_1, y - 1) + ERF_1_REST)
    far = minimum(maximum(y, 1.25), 6.0)
    n, e, rest = exp_pair(-(far * far))
    tail = (e + rest) * pow2(n) * horner(ERFC, (far - 3) / (far + 3))
    value = where(y < 0.75, near, where(y < 1.25, middle, 1 - tail))
    return where(x < 0, -value, where(x > 0, value, x))


atan = operation(
    "atan", definition=_atan, native="arctan", symbolic=lambda s, x: s.atan(x), sympy=("atan",),
    adjoint=lambda n, d: (d / (1 + n.args[0] * n.args[0]),), interval=increasing, error=1, doc="Arctangent.")
erf = operation(
    "erf", definition=_erf, symbolic=lambda s, x: s.erf(x), sympy=("erf",),
    adjoint=lambda n, d: (d * Rounded(1.1283791670955126, "2/sqrt(pi)") * exp(-(n.args[0] * n.args[0])),),
    interval=functools.partial(increasing, at_least=-1.0, at_most=1.0), error=1, doc="Error function.")

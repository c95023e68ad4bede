"""`algorithm()` derives the textbook update: the difference simplifies to 0."""
import pytest
import sympy

import schemes
from flows import GradientDescent, Momentum, schedules
from schemes import EulerRichardson, ImplicitEuler, ItohAbe, RosenbrockEuler, SequentialEuler, pair

EMA = {"m": "beta1*m + (1 - beta1)*g", "v": "beta2*v + (1 - beta2)*g**2"}
MHAT, VHAT = "m_new/(1 - beta1**n)", "v_new/(1 - beta2**n)"
#: name, hyperparameters that switch terms on, the update as papers and the libraries' documentation print it (x_new:
#: x⁺)
TEXTBOOK = [
    ("gd", {}, {"theta": "theta - lr*g"}),
    ("gd", {"weight_decay": 0.1}, {"theta": "theta - lr*(g + weight_decay*theta)"}),
    ("normalised-gd", {}, {"theta": "theta - lr*g/(Abs(g) + eps)"}),
    ("p-gd", {}, {"theta": "theta - lr*g*exp((2 - p)/(p - 1)*log(Abs(g) + eps))"}),
    ("signsgd", {}, {"theta": "theta - lr*sign(g)"}),
    ("asgd", {}, {"theta": "theta*(1 - lambd*lr/(1 + lambd*lr*(n - 1))**alpha) - lr/(1 + lambd*lr*(n - 1))**alpha*g"}),
    ("momentum", {}, {"buffer": "momentum*buffer + g", "theta": "theta - lr*buffer_new"}),
    ("momentum", {"dampening": 0.1},
     {"buffer": "momentum*buffer + (1 - dampening)*g", "theta": "theta - lr*buffer_new"}),
    ("momentum-ema", {}, {"buffer": "momentum*buffer + g", "theta": "theta - lr*buffer_new"}),
    ("nesterov", {}, {"buffer": "momentum*buffer + g", "theta": "theta - lr*(g + momentum*buffer_new)"}),
    ("nesterov-vanishing", {}, {"move": "(n - 2)/(n + r - 2)*move - lr*g",
                                "theta": "theta - lr*g + (n - 1)/(n + r - 1)*move_new"}),
    ("signum", {}, {"m": "momentum*m + (1 - momentum)*g", "theta": "theta - lr*sign(m_new)"}),
    ("lion", {"weight_decay": 0.1}, {"theta": "theta - lr*(sign(beta1*m + (1 - beta1)*g) + weight_decay*theta)",
                                     "m": "beta2*m + (1 - beta2)*g"}),
    ("rprop", {},
     {"step": "Min(Max(step*Piecewise((eta_plus, g*previous > 0), (eta_minus, g*previous < 0), (1, True)), step_min), "
                           "step_max)", "previous": "Piecewise((g, g*previous >= 0), (0, True))",
                   "theta": "theta - step_new*sign(previous_new)"}),
    ("adagrad", {}, {"total": "total + g**2", "theta": "theta - lr*g/(sqrt(total_new) + eps)"}),
    ("adagrad", {"lr_decay": 0.1},
     {"total": "total + g**2", "theta": "theta - lr/(1 + (n - 1)*lr_decay)*g/(sqrt(total_new) + eps)"}),
    ("rmsprop", {}, {"v": "alpha*v + (1 - alpha)*g**2", "theta": "theta - lr*g/(sqrt(v_new) + eps)"}),
    ("rmsprop", {"centered": True}, {"v": "alpha*v + (1 - alpha)*g**2", "m": "alpha*m + (1 - alpha)*g",
                                     "theta": "theta - lr*g/(sqrt(v_new - m_new**2) + eps)"}),
    ("rmsprop", {"momentum": 0.9},
     {"v": "alpha*v + (1 - alpha)*g**2", "buffer": "momentum*buffer + g/(sqrt(v_new) + eps)",
                                    "theta": "theta - lr*buffer_new"}),
    ("adadelta", {}, {"v": "rho*v + (1 - rho)*g**2", "theta": "theta - lr*sqrt((u + eps)/(v_new + eps))*g",
                      "u": "rho*u + (1 - rho)*(u + eps)/(v_new + eps)*g**2"}),
    ("adadelta", {"weight_decay": 0.1}, {
        "v": "rho*v + (1 - rho)*(g + weight_decay*theta)**2",
        "theta": "theta - lr*sqrt((u + eps)/(v_new + eps))*(g + weight_decay*theta)",
        "u": "rho*u + (1 - rho)*(u + eps)/(v_new + eps)*(g + weight_decay*theta)**2"}),
    ("adam", {}, EMA | {"theta": f"theta - lr*({MHAT})/(sqrt({VHAT}) + eps)"}),
    ("adam", {"exponential": True}, EMA | {"theta": f"theta - lr*({MHAT})/(sqrt({VHAT}) + eps)"}),
    ("momentum-ema", {"exponential": True}, {"buffer": "momentum*buffer + g", "theta": "theta - lr*buffer_new"}),
    ("adam", {"eps_root": 0.1}, EMA | {"theta": f"theta - lr*({MHAT})/(sqrt({VHAT} + eps_root) + eps)"}),
    ("adam", {"correction": False}, EMA | {"theta": "theta - lr*m_new/(sqrt(v_new) + eps)"}),
    ("adam", {"hat": True}, EMA | {"theta": "theta - lr*sqrt(1 - beta2**n)/(1 - beta1**n)*m_new/(sqrt(v_new) + eps)"}),
    ("adamw", {}, EMA | {"theta": f"theta - lr*weight_decay*theta - lr*({MHAT})/(sqrt({VHAT}) + eps)"}),
    ("amsgrad", {}, EMA | {"u": "Max(u, v_new)", "theta": f"theta - lr*({MHAT})/(sqrt(u_new/(1 - beta2**n)) + eps)"}),
    ("amsgrad", {"corrected_maximum": True},
     EMA | {"u": f"Max(u, {VHAT})", "theta": f"theta - lr*({MHAT})/(sqrt(u_new) + eps)"}),
    ("adamax", {}, {"m": EMA["m"], "u": "Max(beta2*u, Abs(g) + eps)", "theta": f"theta - lr*({MHAT})/u_new"}),
    ("nadam", {}, EMA | {
        "product": "product*beta1*(1 - (24/25)**(n*momentum_decay)/2)",
        "theta": f"theta - lr*((1 - beta1*(1 - (24/25)**(n*momentum_decay)/2))*g/(1 - product_new)"
                 f" + beta1*(1 - (24/25)**((n + 1)*momentum_decay)/2)*m_new/"
                 f"(1 - product_new*beta1*(1 - (24/25)**((n + 1)*momentum_decay)/2)))/(sqrt({VHAT}) + eps)"}),
    ("nadam-constant", {},
     EMA | {"theta": f"theta - lr*(beta1*m_new/(1 - beta1**(n + 1)) + (1 - beta1)*g/(1 - beta1**n))"
                                           f"/(sqrt({VHAT}) + eps)"}),
    ("adabelief", {}, {"m": EMA["m"], "v": "beta2*v + (1 - beta2)*(g - m_new)**2 + eps_root",
                       "theta": f"theta - lr*({MHAT})/(sqrt({VHAT}) + eps)"}),
    ("yogi", {}, {"m": EMA["m"], "v": "v - (1 - beta2)*sign(v - g**2)*g**2",
                  "theta": f"theta - lr*({MHAT})/(sqrt({VHAT}) + eps)"}),
    ("adan", {}, {"m": EMA["m"], "v": "beta2*v + (1 - beta2)*(g - previous)",
                  "n": "beta3*n + (1 - beta3)*(g + (1 - beta2)*(g - previous))**2", "previous": "g",
                  "theta": f"theta - lr*({MHAT} + (1 - beta2)*{VHAT})/(sqrt(n_new/(1 - beta3**n) + eps_root) + eps)"}),
    ("qhadam", {}, EMA | {"theta": f"theta - lr*((1 - nu1)*g + nu1*{MHAT})/(sqrt((1 - nu2)*g**2 + nu2*{VHAT}) + eps)"}),
    ("sophia", {}, {"m": EMA["m"], "k": "beta2*k + (1 - beta2)*Max(H, 0)",
                    "theta": "theta - lr*Min(Max(m_new/Max(gamma*k_new, eps), -1), 1)"}),
    ("newton", {}, {"theta": "theta - lr*g/H"}),
    ("damped-newton", {}, {"theta": "theta - lr*g/(H + damping)"}),
    ("gauss-newton", {}, {"theta": "theta - lr*g/J**2"}),
    ("lm", {"factor": 1.0}, {"theta": "theta - g/(J**2 + damping)"}),
    ("lm", {"factor": 1.0, "diagonal": True}, {"theta": "theta - g/(J**2 + damping*J**2)"}),
    ("lm-gain", {}, {"theta": "theta - g/(J**2 + 1/h)"}),
    ("gd-energy", {}, {"theta": "theta - h*g"}),
]


def read(text: str, used: set) -> sympy.Expr:
    """A printed formula with the symbols of the derived one."""
    symbols = {s.name.replace("⁺", "_new"): s for s in used}
    if "n_new" in symbols:  # Adan's n is a block; the steps are counted by the integer n, here in exponents alone
        steps = next(s for s in used if s.name == "n" and s.is_integer)
        block = next((s for s in used if s.name == "n" and not s.is_integer), steps)
        expression = sympy.sympify(text, locals=symbols | {"n": block})
        return expression.replace(lambda e: e.is_Pow and e.exp == block, lambda e: e.base**steps)
    return sympy.sympify(text, locals=symbols)


@pytest.mark.parametrize("name, switches, textbook", TEXTBOOK,
                         ids=[f"{case[0]}-{i}" for i, case in enumerate(TEXTBOOK)])
def test_the_derived_update_is_the_textbook_one(name, switches, textbook):
    algorithm = schemes.named(name, **switches).algorithm()
    assert [e.lhs.name.removesuffix("⁺") for e in algorithm] == list(textbook)
    beta2, n = sympy.Symbol("beta2", positive=True), sympy.Symbol("n", integer=True, positive=True)
    used = set().union(*(e.rhs.free_symbols | e.lhs.free_symbols for e in algorithm))
    for equation, text in zip(algorithm, textbook.values(), strict=True):
        difference = sympy.piecewise_fold(equation.rhs - read(text, used)).subs(
            beta2**n, 1 - sympy.Symbol("bias2", positive=True))  # 0 < β₂ < 1
        assert sympy.simplify(difference) == 0, f"{equation.lhs} = {equation.rhs}, not {text}"


def test_radam_before_and_after_the_rectification():
    """On either branch of torch's `rho_t > 5`."""
    (_, _, theta) = schemes.named("radam").algorithm()
    b1, b2, lr, eps = (sympy.Symbol(x, positive=True) for x in ("beta1", "beta2", "lr", "eps"))
    m, v, x = (sympy.Symbol(s, real=True) for s in ("m⁺", "v⁺", "theta"))
    n = sympy.Symbol("n", integer=True, positive=True)
    for step in (3, 40):
        values = {b1: sympy.Rational(9, 10), b2: sympy.Rational(99, 100), lr: sympy.Rational(1, 8),
                  eps: sympy.Rational(1, 16), n: step, m: sympy.Rational(1, 3), v: sympy.Rational(4, 7), x: 2}
        longest = 2 / (1 - values[b2]) - 1
        rho = longest - 2 * step * values[b2]**step / (1 - values[b2]**step)
        mhat, bias = values[m] / (1 - values[b1]**step), 1 - values[b2]**step
        rect = sympy.sqrt((rho - 4) * (rho - 2) * longest / ((longest - 4) * (longest - 2) * rho))
        move = mhat if rho <= 5 else mhat * rect * sympy.sqrt(bias) / (sympy.sqrt(values[v]) + values[eps])
        assert sympy.N(theta.rhs.subs(values) - (values[x] - values[lr] * move), 30) == pytest.approx(0, abs=1e-25)
        assert (rho > 5) == (step == 40)


def test_a_wrong_meaning_of_the_memory_is_refused():
    from schemes.pairs import update

    flow, scheme, step, memory = schemes.named("adam").symbolic
    with pytest.raises(ValueError, match="c1 is not"):
        update(flow, scheme, step, memory | {"c1": lambda n: 1 - sympy.Symbol("beta1", positive=True)**(2 * n)})


def test_pairs_without_a_name_and_further_stages():
    assert str(pair(Momentum(0.5), SequentialEuler(), 0.25).algorithm()) == "v⁺ = 7*v/8 - g/4\ntheta⁺ = theta + v⁺/4"
    assert str(pair(GradientDescent(), EulerRichardson(), 0.5).algorithm()) == "theta⁺ = theta - g(-g/4 + theta)/2"


def test_every_hyperparameter_is_in_the_map():
    for name, options in (("adagrad", {"weight_decay": 0.1, "lr_decay": 0.2}), ("asgd", {"weight_decay": 0.1}),
                          ("gd", {"weight_decay": 0.3, "schedule": schedules.Exponential(0.5)}), ("adamw", {})):
        optimizer = schemes.named(name, **options)
        inside = set().union(*(getattr(v, "free_symbols", set()) for v in optimizer.parameters().values()))
        wanted = {key for key, value in optimizer.hyperparameters.items() if value and not isinstance(value, bool)}
        assert {str(x) for x in inside} == wanted
        assert "schedule" not in options or 0.5 in optimizer.parameters().values()


def test_implicit_schemes():
    H, g, theta = (sympy.Symbol(x, real=True) for x in ("H", "g", "theta"))
    (step,) = pair(GradientDescent(), RosenbrockEuler(), 0.5).algorithm()
    assert sympy.simplify(step.rhs - (theta - g / (2 + H))) == 0
    assert len(pair(Momentum(), RosenbrockEuler(), 0.5).algorithm()) == 2
    for scheme in (ImplicitEuler(), ItohAbe()):
        with pytest.raises(TypeError, match="no printed update"):
            pair(GradientDescent(), scheme, 0.5).algorithm()


def test_the_parameter_map_and_the_schedule():
    beta1, lr = (sympy.Symbol(x, positive=True) for x in ("beta1", "lr"))
    parameters = schemes.named("adam").parameters()
    assert parameters["a"] == (1 - beta1) / lr and parameters["h"] == lr
    assert schemes.named("momentum").parameters()["h"] == sympy.sqrt(lr)
    scheduled = schemes.named("gd", lr=0.1, schedule=schedules.InverseTime(0.5))
    n = sympy.Symbol("n", integer=True, positive=True)
    theta, g = sympy.symbols("theta g", real=True)
    (update,) = scheduled.algorithm()
    assert sympy.simplify(update.rhs - (theta - lr * g / (1 + lr * (n - 1) / 2))) == 0

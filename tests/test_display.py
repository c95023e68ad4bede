"""How results show themselves: every public class is listed with what notebooks have of it, and says the same there."""
import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest
import sympy

import basins
import flows
import lyapunov
import networks
import schemes
from arithmetic import Table, latex, spelled, worded

ROOMS = ("networks", "flows", "schemes", "lyapunov", "basins", "shallow")
FORMS = ("_repr_html_", "_repr_markdown_", "_repr_latex_")
POLYTWO = networks.get("polytwo")


def study(name="gd", **options):
    return basins.study(POLYTWO, schemes.named(name, **options), basins.uniform(((-3, 3), (-3, 3)), 30, seed=1))


def maps():
    starts = basins.grid(((-3, 3), (-3, 3)), 20)
    return [basins.study(POLYTWO, schemes.named("gd", lr=lr), starts) for lr in (0.1, 0.3)]


def saddle():
    return next(p for p in POLYTWO.critical_points() if p.nature == "saddle")


def minimum():
    return POLYTWO.critical_points()[0]


def edge():
    return basins.edge_state(POLYTWO, schemes.named("gd", lr=0.01), [1.0, 0.5], [1.0, -1.5])


BROKEN = flows.Adam(1, sympy.Rational(41, 10), sympy.Rational(1, 100), correction=False)
RATE = {"assuming": lyapunov.strongly_convex(sympy.Symbol("mu", positive=True))}
#: What notebooks show, of which an example is made and something that it must say.
SHOWN = {
    "networks.Loss": ("latex", lambda: POLYTWO, r"F = \frac"),
    "networks.Objective": ("latex", lambda: networks.Loss.from_expression(sympy.Symbol("x")**2, [sympy.Symbol("x")]),
                           "F = x^{2}"),
    "networks.Network": ("latex", lambda: networks.get("cloche"), r"e^{- \frac"),
    "networks.Atlas": ("markdown", POLYTWO.critical_points, "$(w, b)$"),
    "networks.CriticalPoint": ("latex", saddle, r"\text{saddle}"),
    "networks.Cases": ("latex", lambda: networks.classify(
        sympy.Symbol("a", real=True) * sympy.Symbol("x", real=True)**2, [sympy.Symbol("x", real=True)], [0]),
        r"\begin{cases}"),
    "flows.Flow": ("latex", flows.Momentum, r"\frac{d}{d t} v"),
    "flows.Equations": ("latex", lambda: schemes.named("adam").algorithm(), r"\theta^{+} &="),
    "schemes.Optimizer": ("latex", lambda: schemes.named("adam"), r"\mathrm{lr}"),
    "schemes.Run": ("markdown", lambda: schemes.named("gd", lr=0.1).run(POLYTWO, [1.0, 2.0]), "| CONVERGED | At rest"),
    "lyapunov.Energy": ("latex", lambda: lyapunov.energies(flows.Momentum())[0], r"\frac{v^{2}}{2}"),
    "lyapunov.Derivation": ("latex", lambda: lyapunov.derive(flows.GradientDescent), r"\text{PROVED"),
    "lyapunov.Verdict": ("latex", lambda: lyapunov.check(BROKEN, lyapunov.energies(BROKEN)[0]), r"\text{REFUTED"),
    "lyapunov.StepVerdict": ("latex", lambda: lyapunov.check_step(flows.GradientDescent), r"\text{ (sharp"),
    "lyapunov.RateVerdict": ("latex", lambda: lyapunov.RateVerdict(
        lyapunov.Status.PROVED, sympy.Rational(1, 2), energy=sympy.Symbol("F"), assuming=(sympy.Symbol("convex"),)),
        "assuming convex"),
    "lyapunov.Certificate": ("html", lambda: lyapunov.Certificate(("a < b", "c")), "a &lt; b\nc"),
    "lyapunov.Counterexample": ("html", lambda: lyapunov.check(
        BROKEN, lyapunov.energies(BROKEN)[0]).counterexample, "V has grown by"),
    "lyapunov.SlowStep": ("html", lambda: lyapunov.check_step(
        schemes.pair(flows.GradientDescent(), schemes.Euler(), 1), lyapunov.Energy(lambda s, o: o.value),
        rate=sympy.Rational(1, 100), assuming=(*lyapunov.strongly_convex(1), lyapunov.H <= 3)).counterexample,
        "V goes from"),
    "lyapunov.Stability": ("latex", lambda: lyapunov.stability(flows.GradientDescent(), saddle()), r"\text{unstable}"),
    "lyapunov.Residual": ("latex", lambda: lyapunov.residual_energy(
        flows.Momentum(), {"v": 0.1}, critical_point=minimum()), r"F(\theta(t)) &\le"),
    "lyapunov.BasinCertificate": ("latex", lambda: lyapunov.basin_certificate(flows.Momentum(), minimum()),
                                  r"\text{ as far as connected with }"),
    "lyapunov.Well": ("html", lambda: lyapunov.well(POLYTWO, minimum()), "holds no other critical point"),
    "lyapunov.Multipliers": ("latex", lambda: lyapunov.multipliers(schemes.named("gd", lr=0.1)), r"0 < \eta < 20"),
    "lyapunov.FixedPoint": ("latex", lambda: lyapunov.FixedPoint(
        sympy.Rational(1, 2), sympy.S(3), sympy.S(2), False), "not attracting"),
    "lyapunov.ModifiedEquation": ("latex", lambda: lyapunov.modified_equation(
        flows.GradientDescent(), schemes.Euler()), r"\dot{"),
    "basins.Study": ("html", lambda: study(lr=0.1), "<td>minimum (0, 1)</td>"),
    "basins.Sweep": ("html", lambda: basins.sweep(POLYTWO, "gd", {"lr": [0.1, 0.3]}, basins.grid((-3, 3), 4)),
                     "stable while its sharpness"),
    "basins.Table": ("markdown", lambda: Table(("a",), [("b",)]), "| a |"),
    "basins.Point": ("html", lambda: study(lr=0.1).points[0], "minimum (-2, 1), F = "),
    "basins.Witness": ("html", lambda: maps()[1].witnesses(2.0)[0], "from the minimum of index"),
    "basins.Threshold": ("html", lambda: basins.sweep(
        POLYTWO, "gd", {"lr": [0.1, 0.5]}, basins.grid((-3, 3), 4)).thresholds[0], "&lt; 2/lr; lost at 0.381966"),
    "basins.Shock": ("html", lambda: basins.fatal_shocks(
        POLYTWO, schemes.named("gd", lr=0.1), maps()[0], rounds=1)[0], " away, the start ("),
    "basins.Comparison": ("html", lambda: basins.compare(*maps()), "of the labels differ"),
    "basins.McNemar": ("html", lambda: basins.mcnemar(study(lr=0.1), study(lr=0.3)), "in the first study alone"),
    "basins.Entropy": ("html", lambda: basins.entropy(maps()[0]), "S_bb = "),
    "basins.Uncertainty": ("html", lambda: basins.uncertainty(maps()[0]), "boundary dimension"),
    "basins.EdgeState": ("html", edge, "negative eigenvalues"),
    "basins.Tipping": ("html", lambda: basins.tipping(*maps()), "of the starts end elsewhere"),
}
#: What has no display of its own, and why.
PLAIN = {
    "a base, a protocol or a reading": {
        "networks.Oracle", "flows.Field", "flows.State", "flows.scalar", "schemes.Scheme", "schemes.Control",
        "schemes.AdaptiveControl", "schemes.Problem", "networks.Enclosures", "schemes.Ensemble", "shallow.Penalised"},
    "an argument that its repr spells as it is written": {
        "schemes.Stop", "schemes.FixedStep", "schemes.ErrorControl", "schemes.EnergyControl", "schemes.CombinedControl",
        "schemes.GainControl", "schemes.FletcherControl", "schemes.UphillControl", "schemes.LevelControl",
        "basins.Plane", "networks.Dataset"},
    "a word": {"networks.Nature", "schemes.Outcome", "lyapunov.Status", "basins.End"},
    "numbers under names, or arrays": {
        "basins.Evidence", "basins.Further", "basins.Labels", "shallow.Evidence", "shallow.Progress"},
    "a window": {"basins.Explorer"},
    "scikit-learn's display": {"shallow.ShallowRegressor", "shallow.ShallowClassifier"},
}


def public():
    """Every public class, of flows and schemes the base alone: those that are listed in a catalogue are alike."""
    for room in ROOMS:
        module = importlib.import_module(room)
        for name in module.__all__:
            try:
                value = getattr(module, name)
            except ImportError:  # shallow's without scikit-learn
                continue
            if inspect.isclass(value) and not (issubclass(value, (flows.Flow, schemes.Scheme))
                                               and value not in (flows.Flow, schemes.Scheme)):
                yield f"{room}.{name}", value


def test_every_public_class_is_listed_with_what_it_shows():
    plain = set().union(*PLAIN.values())
    for name, kind in public():
        shown = [form for form in FORMS if hasattr(kind, form)]
        if "sklearn" in str(kind.__mro__):
            continue
        assert (name in plain) != (name in SHOWN), f"{name}: list it in SHOWN with an example, or in PLAIN"
        assert shown == ([f"_repr_{SHOWN[name][0]}_"] if name in SHOWN else []), name
    assert {*SHOWN, *plain} <= {name for name, _ in public()} | PLAIN["scikit-learn's display"]


@pytest.mark.parametrize("name", SHOWN)
def test_what_it_shows(name):
    form, make, says = SHOWN[name]
    example = make()
    shown = getattr(example, f"_repr_{form}_")()
    assert says in shown
    assert isinstance(example, getattr(importlib.import_module(name.split(".")[0]), name.split(".")[1]))
    if form == "latex":
        assert shown.startswith("$") and shown.endswith("$") and balanced(shown)
        assert not re.search("[^ -~]", re.sub(r"\\text\{[^}]*\}", "", shown)), shown  # all signs are LaTeX's
        assert "None" not in shown
    assert str(example) and repr(example)
    if str(example) != repr(example) and name != "schemes.Optimizer":  # whose text is its name
        vars(type(example))["_repr_pretty_"](example, printed := Printer(), False)  # an inherited one is not asked
        assert printed.said == str(example)


class Printer:
    """IPython's, as far as it is asked."""

    def text(self, said: str) -> None:
        self.said = said


def balanced(text: str) -> bool:
    text = re.sub(r"\\[{}]", "", text)
    return (text.count("{") == text.count("}") and text.count(r"\left") == text.count(r"\right")
            and text.count(r"\begin") == text.count(r"\end") and text.count(r"\(") == text.count(r"\)"))


def test_pictures_are_shown_beside_tables():
    for made in (study(lr=0.1), SHOWN["basins.Sweep"][1]()):
        assert 'src="data:image/png;base64,iVBOR' in made._repr_html_()
    assert repr(study(lr=0.1)).startswith("<Study of polytwo, gd(lr=0.1): 30 starts>")


@pytest.mark.parametrize("flow", flows.FLOWS)
def test_every_flow_shows_its_equations(flow):
    shown = flow()._repr_latex_()
    assert r"\theta{\left(t \right)} &=" in shown and balanced(shown)
    assert flow is not flows.Adam or "1.0" not in shown  # rates are the decimals that they print as


@pytest.mark.parametrize("name", ["aggmo", "cautious-adamw", "lm", "nadam", "rprop", "prodigy"])
def test_optimizers_show_their_updates(name):
    shown = schemes.named(name)._repr_latex_()
    assert r"\theta^{+} &=" in shown and balanced(shown)


@pytest.mark.parametrize("name", ["muon", "adafactor", "secant-energy", "mechanic-adam"])
def test_optimizers_without_an_update_to_read_show_none(name):
    assert schemes.named(name)._repr_latex_() is None


def test_what_has_no_formula_shows_none():
    numeric = networks.Loss.from_callables(1, lambda x: x[0]**2, lambda x: 2 * x)
    x = sympy.symbols("x:9", real=True)
    assert numeric._repr_latex_() is None and flows.Muon()._repr_latex_() is None
    assert networks.Loss.from_expression(sum(x), x)._repr_latex_() is None
    assert networks.Loss.from_expression(sum(x[0]**k / k for k in range(1, 90)), x[:1])._repr_latex_() is None


# ---------------------------------------------------------------------------- formulas claim no more than the text
def test_a_rate_is_part_of_the_derivative_that_is_shown():
    found = lyapunov.check(flows.GradientDescent(), lyapunov.Energy(lambda s, o: o.value), rate=sympy.Rational(1, 3))
    shown = found._repr_latex_()
    assert r"\dot V + \left(\frac{1}{3}\right) V &=" in shown and r"\dot V &=" not in shown


def test_what_is_assumed_is_shown():
    found = lyapunov.derive(flows.NesterovODE, assuming="convex")
    assert "assuming   convex, r > 0\n" in str(found) and r"\text{assuming convex, r \(>\) 0}" in found._repr_latex_()


def test_nothing_is_bounded_by_an_energy_that_is_not_proved_to_fall():
    found = lyapunov.residual_energy(flows.Adam(a=1, b=5, eps=0.01), theta=[0.3, 0.4], loss=POLYTWO)
    assert not found.proved and r"&\le" not in found._repr_latex_() and "nothing is bounded" in found._repr_latex_()


def test_what_is_undecided_says_why():
    for found, reason in ((lyapunov.multipliers(schemes.named("signsgd", lr=0.1)), "argument"),
                          (lyapunov.derive(BROKEN), "reason")):
        shown = found._repr_latex_()
        assert r"\text{UNDECIDED: " in shown and worded(getattr(found, reason))[6:-1] in shown and "None" not in shown
    assert r"0 < \eta" not in lyapunov.multipliers(schemes.pair(
        flows.GradientDescent(), schemes.ImplicitEuler(), 0.1))._repr_latex_()  # no sharpness is too large


# ------------------------------------------------------------------------------------------- signs and their spelling
def test_signs_are_spelled():
    for text, ascii_, in (
            ("θ' = −∇F(θ) / (√(G + ε_root) + ε)", "theta' = -grad F(theta) / (sqrt(G + epsilon_root) + epsilon)"),
            ("√θ² ≤ 2β₁", "sqrt theta^2 <= 2 beta1"), ("JᵀJδ, λI, cθ", "J^T J delta, lambda I, c theta"),
            ("x⁽ⁿ⁺¹⁾, e⁻⁸/2, V⁺", "x^(n+1), e^-8/2, V+"), ("Łojasiewicz, Guéry", "Lojasiewicz, Guery"),
            ("[−3, 3] × ℝ → ∞ …", "[-3, 3] x R -> infinity ..."), ("θ̄ is € 5", "theta is \\u20ac 5")):
        assert spelled(text) == ascii_ and spelled(text, "utf-8") == text
    assert spelled("θ × 2", "latin-1") == "theta × 2"


def test_tables_are_aligned_again():
    table = Table(("β", "n"), [("θ", 0.5), ("abc", 1.0)]).spelled("ascii")
    assert str(table) == "beta        n\ntheta  0.5000\nabc    1.0000"


def test_texts_in_formulas():
    assert worded("θ² <= 5% of {a_b}") == r"\text{\(\theta\)\(^{2}\) \(\le\) 5\(\%\) of \{a\(\_\)b\}}"
    assert worded("λ₁ − Σψ") == r"\text{\(\lambda\)\(_{1}\) \(-\) \(\Sigma\)\(\psi\)}"
    table = Table(("end", "n"), [("a & b", 3), ("c", float("nan"))]).latex()
    assert table == ("$$\\begin{array}{lr}\n\\text{end} & \\text{n} \\\\ \\hline\n\\text{a \\(\\&\\) b} & 3 \\\\\n"
                     "\\text{c} & \\text{nan}\n\\end{array}$$")


def test_names_in_formulas():
    for name, shown in (("theta⁺", r"\theta^{+}"), ("lr", r"\mathrm{lr}"), ("eps_root", r"\epsilon_{\mathrm{root}}"),
                        ("beta1", r"\beta_{1}"), ("c1⁺", "c_{1}^{+}"), ("v", "v"), ("D_next", r"D_{\mathrm{next}}")):
        assert latex(sympy.Symbol(name)) == shown
    assert latex(sympy.Symbol("m⁺")**2) == r"\left(m^{+}\right)^{2}"


def test_an_atlas_shows_what_is_proved_with_its_points_or_without():
    x = sympy.Symbol("x", real=True)
    empty = networks.Loss.from_expression(x + sympy.exp(x), [x]).critical_points()
    assert empty._repr_markdown_().startswith("no critical points\n\n- complete in ")
    shown = POLYTWO.critical_points()._repr_markdown_()
    assert "- complete in all of R^n\n" in shown and shown.count("\n| ") == 10


def test_every_sign_of_the_house_has_a_spelling():
    """Of all texts in the rooms, so that none prints as a code where there is no Unicode, or as a box in a formula."""
    root = Path(__file__).parent.parent
    signs = {x for room in ("arithmetic", *ROOMS) for file in (root / room).rglob("*.py")
             for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Constant)
             for x in str(node.value) if ord(x) > 126}
    assert len(signs) > 80 and [x for x in signs if "\\" in spelled(f"a{x}")] == []
    letters = "".join(sorted(x for x in signs if not worded(x).isascii()))
    assert not re.search(r"[^\wŁ§]", letters), letters  # accents, which LaTeX reads as they are

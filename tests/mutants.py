"""Mutants: wrong programs, each a change of one text, and the test that must notice it.

`python tests/mutants.py [--only N …] [--list]` applies each to a copy of the tree, never in place, runs the named test
there, and says whether it was killed.  It ends with 1 if one survives.  `tests/test_mutants.py` keeps the table in step
with the code: each old text occurs exactly once in all rooms, wherever that is, so that files can be moved without
touching the table.  Where a text has changed, put the line as it reads now, and run the mutant.
"""
from __future__ import annotations

import argparse
import ast
import functools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("arithmetic", "networks", "flows", "schemes", "lyapunov", "basins")


class Mutant(NamedTuple):
    """What is broken; the text that is replaced and by what; the test (file::name) that must fail."""

    rule: str
    old: str
    new: str
    killer: str


ARITHMETIC, NETWORKS, SCHEMES, LYAPUNOV, BASINS = (
    f"tests/{room}/test_guards.py::test_" for room in ("arithmetic", "networks", "schemes", "lyapunov", "basins"))
LABELS = "tests/basins/test_labels.py::test_"
SWEEP, BOUNDARY, PICTURES = (f"tests/basins/test_{file}.py::test_" for file in ("sweep", "boundary", "pictures"))
ELIMINATED = "tests/networks/test_eliminated.py::test_"
RATES = "tests/lyapunov/test_rates.py::test_"
KINKS, POLES = (f"tests/networks/test_{file}.py::test_" for file in ("kinks", "poles"))
REFEREE, AUDIT, PACE, WIDER, NEARBY = (
    f"tests/lyapunov/test_{file}.py::test_" for file in ("referee", "audit", "pace", "wider", "nearby"))

MUTANTS = (
    # ------------------------------------------------------------------------------------------ arithmetic
    Mutant("adjoint of log", "adjoint=lambda n, d: (d / n.args[0],),", "adjoint=lambda n, d: (d * n.args[0],),",
           ARITHMETIC + "the_adjoint_of_an_operation_is_its_derivative[log]"),
    Mutant("adjoint of tanh", "adjoint=lambda n, d: (d * (1 - n * n),)", "adjoint=lambda n, d: (d * (1 - n),)",
           ARITHMETIC + "the_adjoint_of_an_operation_is_its_derivative[tanh]"),
    Mutant("adjoint of the smaller of two", "adjoint=lambda n, d: (where(n.args[0] <= n.args[1], d, 0.0)",
           "adjoint=lambda n, d: (where(n.args[0] >= n.args[1], d, 0.0)",
           ARITHMETIC + "the_adjoint_of_an_operation_is_its_derivative[minimum]"),
    Mutant("pivots only where one is exactly 0", "larger = absolute(a[i][k]) > absolute(a[k][k])",
           "larger = absolute(a[k][k]) <= 0", ARITHMETIC + "a_tiny_pivot_is_not_divided_by"),
    Mutant("NaN through min in C", 'c="(({0} <= {1}) | ({0} != {0})) ? {0} : {1}"', 'c="fmin({0}, {1})"',
           ARITHMETIC + "not_a_number_passes_through_minimum_and_maximum[minimum-c]"),
    Mutant("NaN through max in numba", 'python="{0} if (({0} >= {1}) | ({0} != {0})) else {1}"',
           'python="{0} if {0} >= {1} else {1}"',
           ARITHMETIC + "not_a_number_passes_through_minimum_and_maximum[maximum-numba]"),
    Mutant("rounding of exp outwards", "choose(low > -np.inf, below(low, op.error), -np.inf)",
           "choose(low > -np.inf, low, -np.inf)",
           ARITHMETIC + "an_interval_encloses_the_values_on_it[exp]"),
    Mutant("exact constants are not rounded", "typed(float(x)) if typed_in else enclosing(x)",
           "typed(float(x)) if typed_in else (float(x), float(x))",
           "tests/arithmetic/test_tape.py::test_a_number_that_no_float_is_stays_between_the_floats_around_it"),
    Mutant("all four products of ends", "for a in (self.low, self.high) for b in (other.low, other.high)]",
           "for a, b in ((self.low, other.low), (self.high, other.high))]",
           ARITHMETIC + "an_interval_encloses_the_values_on_it[mul]"),
    Mutant("division by what holds 0", "choose(positive | (high < 0), below(1 / high), -np.inf)", "below(1 / high)",
           ARITHMETIC + "an_interval_encloses_the_values_on_it[div]"),
    Mutant("the low part of a sum", "return s, b - (s - a)", "return s, 0 * b",
           "tests/arithmetic/test_operations.py::test_elementary_functions_are_within_their_error"),
    Mutant("steps of a refilled lane from 0", "alive[l] = 1; count[l] = steps[lane[l]] - base;",
           "alive[l] = 1;", BASINS + "a_lane_is_the_same_alone_and_in_a_crowd[c]"),
    Mutant("steps of a refilled lane from 0, NumPy", "count[slots], alive[slots] = work.steps[fresh] - work.base, True",
           "alive[slots] = True", BASINS + "a_lane_is_the_same_alone_and_in_a_crowd[numpy]"),
    Mutant("a finished lane is frozen", 'store="y[{row}][l] = go ? {new} : {name};"',
           'store="y[{row}][l] = {new};"',
           BASINS + "a_finished_lane_keeps_the_state_at_which_it_stopped"),
    Mutant("clocks of the step in C", "const i64 r = count[l] < rows ? count[l] : rows - 1;",
           "const i64 r = count[l] + 1 < rows ? count[l] + 1 : rows - 1;",
           SCHEMES + "bias_corrections_are_those_of_each_step[c]"),
    Mutant("clocks of the step in NumPy", "np.take(values, count, out=row[:m]",
           "np.take(values, count + 1, out=row[:m]", SCHEMES + "bias_corrections_are_those_of_each_step[numpy]"),
    # -------------------------------------------------------------------------------------------- networks
    Mutant("a form is of the function itself", "if found is None and not known:", "if found is None:",
           "tests/networks/test_classify.py::test_nature"),
    Mutant("a form is a sum of squares", "if G.is_positive_semidefinite:", "if True:",
           "tests/networks/test_classify.py::test_nature"),
    Mutant("Lagrange's remainder of a divided difference", "zone.lift(int(sympy.binomial(n, k))) * rest",
           "zone.lift(1) * rest", ELIMINATED + "the_remainder_of_a_divided_difference"),
    Mutant("a constant unit of uncorrelated data", "sympy.simplify(tilt) == 0 or unused is None", "unused is None",
           ELIMINATED + "a_constant_unit_may_be_critical[uncorrelated]"),
    Mutant("a constant unit where its slope vanishes", "or not (ends[0][0, 0] > 0 or ends[1][0, 0] < 0)", "",
           ELIMINATED + "a_constant_unit_may_be_critical[a bell]"),
    Mutant("output weights of a unit that is not used", "unused is None or not inside", "unused is None",
           ELIMINATED + "a_box_of_output_weights_that_holds_no_unused_unit"),
    Mutant("classes speak of the whole gradient", "r.subs(one.oracle.gradient, size)", "r",
           RATES + "rescaled_gradients_arrive_in_finite_time[normalised gradient flow-power0]"),
    Mutant("roots of a bounded F", "** self._degree(x)\n", "** 1\n",
           RATES + "rescaled_gradients_arrive_in_finite_time[p flow-power1]"),
    Mutant("where counts of time rest", "-slope.coeff(x, 0) / slope.coeff(x, 1)", "sympy.S.One",
           "tests/lyapunov/test_every_pair.py::test_counts_of_time_that_rest_at_zero"),
    Mutant("networks of one unit that are not decided", "if search.open[0].shape[1] or len(units) < len(points):",
           "if len(units) < len(points):", ELIMINATED + "strata_that_are_not_covered_are_said"),
    Mutant("sign of the bend beside a line", "int(low[1, 0] > 0) - int(high[1, 0] < 0)",
           "int(high[1, 0] < 0) - int(low[1, 0] > 0)",
           ELIMINATED + "equal_units_are_lines_of_critical_points[targets0-True]"),
    Mutant("saddles among equal units", "if unit.nature.is_saddle:", "if False:",
           ELIMINATED + "equal_units_are_lines_of_critical_points[targets1-False]"),
    Mutant("a simple zero at 0", "_signed(from_0, 0) | _signed(from_w, 1)", "_signed(from_0, 1) | _signed(from_w, 1)",
           ELIMINATED + "a_unit_beside_a_critical_one_has_trivial_zeros_that_are_told"),
    Mutant("a double zero at w", "_signed(from_0, 0) | _signed(from_w, 1)", "_signed(from_0, 0) | _signed(from_w, 0)",
           ELIMINATED + "a_unit_beside_a_critical_one_has_trivial_zeros_that_are_told"),
    Mutant("two units that fit the data", "(q[0] < p[1]) | fit(p, q)", "(q[0] < p[1]) | True",
           ELIMINATED + "strata_that_are_not_covered_are_said"),
    Mutant("decay of every output weight", "not all(symbols.index(s) in decay for s in outputs)", "False",
           ELIMINATED + "without_decay_of_the_output_weights_there_is_no_ridge"),
    Mutant("data at inputs that are told apart", "len(set(found.inputs)) == len(found.inputs)", "True",
           ELIMINATED + "networks_that_are_not_eliminated"),
    Mutant("0 in the hull of the gradients", "return not any(min(f.signs) > 0 for f in faces(",
           "return not any(min(f.signs) > 1 for f in faces(",
           KINKS + "a_kink_without_zero_in_the_hull_is_no_critical_point"),
    Mutant("a zero of the gradient inside its cell", "elif s and sign(on.c) != s:", "elif s and sign(on.c) > 1:",
           KINKS + "one_neuron_against_floats[1]"),
    Mutant("the part of a plane in the cell", "if all(s == t for (_, _, s), t in zip(inside, region.signs,",
           "if all(s != 2 for (_, _, s), t in zip(inside, region.signs,", KINKS + "two_points_by_hand"),
    Mutant("flat to second order, of degree > 2",
           'return found if self.quadratic or (found != "weak" and not self.uniform) else None', "return found",
           KINKS + "what_is_flat_to_second_order_is_not_called_a_minimum"),
    Mutant("squares of products in a cone", "            if gap < 0:\n", "            if gap < -100:\n",
           KINKS + "copositivity_against_samples"),
    Mutant("a hull that changes along a family", "return len(self.kinks) == self.search.dim - len(self.lines)",
           "return True", KINKS + "a_hull_that_changes_along_a_family_is_undecided"),
    Mutant("edges of another nature", "closed = bool(on) and all(e.nature == flat.nature for e in on)",
           "closed = bool(on)", KINKS + "two_points_by_hand"),
    Mutant("slopes to both sides of a kink on a family", "return all(v * by_edge[tuple(-x for x in r)] >= 0",
           "return all(v * by_edge[tuple(-x for x in r)] >= -9",
           KINKS + "a_curve_on_a_kink_is_critical_where_the_slopes_to_both_sides_say_so"),
    Mutant("a family passes through its cell", "== s for name, s in self.kinks):\n",
           "!= 7 for name, s in self.kinks):\n", KINKS + "networks_with_an_output_layer"),
    Mutant("points of faces on which F does not switch",
           "        if corner.kinks:\n            slopes = {", "        if not corner.smooth:\n            slopes = {",
           KINKS + "where_f_does_not_switch_a_point_of_a_face_is_critical_if_the_gradient_vanishes"),
    Mutant("curves on faces on which F does not switch",
           "        if corner.kinks:\n            found = {", "        if not corner.smooth:\n            found = {",
           KINKS + "where_f_does_not_switch_a_curve_on_a_face_is_critical_if_the_gradient_vanishes"),
    Mutant("one gradient, and the hull of it", "            return not any(every)\n", "            return True\n",
           KINKS + "where_f_does_not_switch_a_curve_on_a_face_is_critical_if_the_gradient_vanishes"),
    Mutant("the nature on a face is not F's", "elif family is not None and not corner.kinks:",
           "elif family is not None:", KINKS + "where_f_does_not_switch_the_nature_on_a_face_is_not_that_of_f"),
    Mutant("constant on a kink", 'if family.equations else ["weak", "weak"]', 'if 1 else ["weak", "weak"]',
           KINKS + "a_function_that_is_constant_on_a_kink_has_neither_up_nor_down_there"),
    Mutant("the clock of rays", "combinations(reduced, len(columns) - 1):\n            check()\n",
           "combinations(reduced, len(columns) - 1):\n", KINKS + "the_faces_of_many_kinks_end_with_the_time"),
    Mutant("every combination of branches", "for parts in itertools.product(*each)}) > 64",
           "for parts in itertools.islice(itertools.product(*each), 65)}) > 64",
           KINKS + "all_combinations_of_branches_are_seen"),
    Mutant("a neuron with kinks does not decouple", "decoupled = None if (bent := kinked(loss.expression)) else _dec",
           "bent, decoupled = kinked(loss.expression), _dec", KINKS + "a_neuron_with_kinks_does_not_decouple"),
    Mutant("as many zeros as dimensions", "if theta.shape[1] < algebra.dim:", "if theta.shape[1] < 1:",
           POLES + "fewer_real_zeros_than_dimensions_are_not_all"),
    Mutant("zeros apart from each other", "| np.eye(theta.shape[1], dtype=bool)).all():",
           "| np.ones(2 * theta.shape[1:], dtype=bool)).all():", POLES + "the_same_zero_twice_is_one"),
    Mutant("a pole outweighs the rest", "& (steep > slope)", "& (steep > 0)",
           POLES + "boxes_that_are_held_have_no_critical_point"),
    Mutant("Taylor's remainder around a pole", "np.minimum(a[1], self._zero[0]), np.maximum(b[1], self._zero[1])",
           "a[1], b[1]", POLES + "boxes_that_are_held_have_no_critical_point"),
    Mutant("no linearisation at a kink", "        if critical_point.kinks:\n",
           "        if not critical_point.symbols:\n", LYAPUNOV + "a_kink_is_no_point_to_linearise_around"),
    Mutant("no well of a loss with kinks", "    if kinked(loss.expression):  # the", "    if not loss.dim:  # the",
           LYAPUNOV + "a_loss_with_kinks_has_no_well"),
    Mutant("a loss without a value has no critical point", "any(_values(e, loss.symbols, low, high).high < 0 for",
           "any(_values(e, loss.symbols, low, high).high < -9e9 for",
           POLES + "where_a_loss_has_no_value_is_no_critical_point"),
    Mutant("the order of a pole", "if order and all(exact_sign(inner.diff(s, m).subs(s, zero)) == 0 for",
           "if order and all(exact_sign(inner.diff(s, m).subs(s, zero)) != 7 for", POLES + "what_is_no_pole"),
    Mutant("K(X) inside X", "(_up(np.abs(self.shift) + self.reach) < self.radius)",
           "(_up(np.abs(self.shift) + self.reach) < 2 * self.radius)",
           NETWORKS + "a_box_beside_the_point_is_not_certified"),
    Mutant("signs told from 50 digits", 'abs(value) > sympy.Float("1e-40")', 'abs(value) > sympy.Float("1e-2")',
           NETWORKS + "a_number_that_sympy_leaves_open_gets_its_sign_from_fifty_digits"),
    Mutant("a sign needs digits", 'if value.is_comparable and abs(value) > sympy.Float("1e-40"):', "if True:",
           NETWORKS + "a_number_that_sympy_leaves_open_gets_its_sign_from_fifty_digits"),
    Mutant("points where φ = y", "for root in {**values, **slopes}:", "for root in slopes:",
           NETWORKS + "every_critical_point_of_a_neuron_is_listed"),
    Mutant("nature from the signs of eigenvalues", "positive, negative = eigenvalues.signs",
           "negative, positive = eigenvalues.signs", NETWORKS + "the_signs_of_the_eigenvalues_are_the_nature"),
    Mutant("Descartes' rule", "positive = sum(a != b for", "positive = sum(a == b for",
           NETWORKS + "the_signs_of_the_eigenvalues_are_the_nature"),
    # ----------------------------------------------------------------------------------------------- flows
    Mutant("the rate of each bias correction", 'derivative |= {"c1": self.a * (1 - s.c1), "c2": self.b * (1 - s.c2)}',
           'derivative |= {"c1": self.a * (1 - s.c1), "c2": self.a * (1 - s.c2)}',
           SCHEMES + "bias_corrections_are_those_of_each_step[numpy]"),
    Mutant("where weight decay enters", "        if not self.decoupled:\n            return self.flow.field(s,",
           "        if self.decoupled:\n            return self.flow.field(s,",
           SCHEMES + "weight_decay_is_in_the_gradient_or_beside_it"),
    Mutant("decoupled decay beside the scale", 'derivative | {"theta": derivative["theta"] - rate * s.theta}',
           'derivative | {"theta": derivative["theta"] * (1 + rate * s.theta)}',
           SCHEMES + "decoupled_decay_of_adamw_does_not_see_the_scale"),
    # --------------------------------------------------------------------------------------------- schemes
    Mutant("the predicted decrease of the gain ratio", "predicted = -dot(here.gradient, step) - dot(",
           "predicted = -dot(here.gradient, step) - 0 * dot(", SCHEMES + "lm_gain_is_nielsens_algorithm"),
    Mutant("the growth of damping", '{"nu": (2.0, 2 * nu)}', '{"nu": (2.0, nu)}',
           SCHEMES + "lm_gain_is_nielsens_algorithm"),
    Mutant("energy control's inequality", "accept = after - before <= rounding - self.ratio * h *",
           "accept = after - before <= rounding + self.ratio * h *",
           SCHEMES + "the_energy_never_rises_under_energy_control"),
    Mutant("energy control's share", "accept = after - before <= rounding - self.ratio * h *",
           "accept = after - before <= rounding - 0 * h *",
           SCHEMES + "energy_control_asks_for_the_share_that_ratio_says"),
    Mutant("the time of a step", 'return memory["n"] * self.h', 'return (memory["n"] + 1) * self.h',
           SCHEMES + "the_first_step_is_taken_at_time_zero"),
    Mutant("new memory in the same step", "for name in field.flow.blocks:",
           "for name in reversed(field.flow.blocks):", SCHEMES + "memory_moves_at_once_with_the_new_gradient"),
    Mutant("the order of the stop tests", "stop, (g, v, r) = self.stop, norms",
           "stop, (g, v, r) = self.stop, norms\n        yield Outcome.CONVERGED, g <= stop.gradient**2",
           SCHEMES + "the_first_reason_to_stop_is_the_outcome"),
    Mutant("rest is slow too", "(g <= stop.gradient**2) & (v <= stop.speed**2)",
           "(g <= stop.gradient**2)", SCHEMES + "rest_needs_both_a_small_gradient_and_a_small_speed"),
    Mutant("a tableau's entry", "500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0)",
           "500 / 1113, 125 / 192, -2187 / 6785, 11 / 84, 0)",
           "tests/schemes/test_catalogue.py::test_order_conditions_hold_exactly"),
    Mutant("Hermite's cubic", "((3 - 2 * x) * y1 - (1 - x) * h * f1)", "((3 - 2 * x) * y1 + (1 - x) * h * f1)",
           "tests/schemes/test_loop.py::test_states_at_given_times"),
    Mutant("nfev counts fun", 'nfev=objective.calls["value"]', 'nfev=objective.calls["gradient"] - 1',
           SCHEMES + "scipys_counts_are_the_calls_that_were_made"),
    Mutant("the memory of a torch optimizer", 'self.state["rows"] = torch.from_numpy(rows[loss.dim:].copy())', "pass",
           SCHEMES + "a_torch_optimizer_keeps_its_memory_between_steps"),
    # -------------------------------------------------------------------------------------------- lyapunov
    Mutant("conditions can be met", "if proof is not None and not self.satisfiable(proof.conditions):",
           "if proof is not None and False:", LYAPUNOV + "conditions_that_no_rate_meets_are_no_proof"),
    Mutant("conditions of all pieces can be met", "if not blocked and not whole.satisfiable(conditions):",
           "if not blocked and False:", LYAPUNOV + "conditions_of_all_pieces_together_must_be_met_too"),
    Mutant("the field turns with the state", 'return "" if not curved or self.',
           'return "" if not curved or True or self.',
           LYAPUNOV + "a_field_that_changes_under_rotations_is_not_decided_on_an_axis"),
    Mutant("a necessary condition is at a vertex", "if proof.conditions and not _is_vertex(",
           "if proof.conditions and False and not _is_vertex(",
           LYAPUNOV + "a_condition_on_a_term_between_others_is_not_called_necessary"),
    Mutant("the sign of a clock's factor is sure", "if slope is None or slope.conditions:", "if slope is None:",
           LYAPUNOV + "a_bound_of_one_clock_by_the_other_asks_for_no_condition_that_is_not_needed"),
    Mutant("a kink of V is no seam on which runs slide",
           'raise Unreadable(f"V has a kink where {h} = 0, whose derivative jumps")', "pass",
           LYAPUNOV + "a_kink_on_which_runs_slide_decides_nothing"),
    Mutant("witnesses can be realised", "return not (witness.get(o.jacobian) == 0 and witness.get(o.gradient, 0) != 0)",
           "return True", LYAPUNOV + "a_witness_is_a_state_of_some_loss"),
    Mutant("identities of a certificate", "all(sympy.simplify(e) == 0 for e in self.identities)", "True",
           LYAPUNOV + "a_certificate_that_is_wrong_is_not_verified"),
    Mutant("signs of a certificate", "all(c > 0 and all(k % 2 == 0 or x.is_nonnegative for",
           "all(True or all(k == x for", LYAPUNOV + "a_certificate_that_is_wrong_is_not_verified"),
    Mutant("the power in the bound of a clock", "sympy.ceiling(k)", "sympy.floor(k)",
           "tests/lyapunov/test_check.py::test_adam_with_numbers"),
    Mutant("a scale shrinks as a root", "self._shrinks(old, z, name)\n", "pass\n",
           LYAPUNOV + "a_scale_that_shrinks_faster_than_a_root_gets_no_bound"),
    Mutant("a scale keeps its share", "if proof is None or proof.conditions or rate.free_symbols",
           "if rate.free_symbols", LYAPUNOV + "a_scale_that_is_not_kept_gets_no_bound"),
    Mutant("the quadratic bound of F along a step", "(step.gradient * delta + L * delta**2 / 2)",
           "(step.gradient * delta + L * delta**2 / 4)",
           LYAPUNOV + "the_bound_of_a_step_is_where_the_energy_begins_to_rise"),
    Mutant("an energy is at least F",
           "not verdict.conditions and verdict.positive and verdict.invariant_set is not None",
           "not verdict.conditions and verdict.invariant_set is not None",
           LYAPUNOV + "an_energy_that_is_not_bounded_below_by_the_loss_proves_no_stability"),
    Mutant("what is confined is inside", "proved and inside and", "proved and",
           LYAPUNOV + "a_start_in_another_well_is_not_confined_to_this_one"),
    Mutant("what is confined is by a proved energy", "proved and inside and", "inside and",
           "tests/lyapunov/test_residual.py::test_energies_that_are_not_proved_bound_nothing"),
    Mutant("LaSalle's limits are constants",
           "if constant is not None and not constant.free_symbols & {*blocks, *one.vectors}:",
           "if constant is not None:", LYAPUNOV + "a_block_that_follows_a_moving_one_does_not_end_where_that_one_is"),
    Mutant("one eigenvalue is enough to leave", "if 1 in signs:", "if signs and all(s == 1 for s in signs):",
           LYAPUNOV + "an_eigenvalue_on_the_right_makes_a_point_unstable_and_on_the_left_attracting"),
    Mutant("everything is a well of coercive losses alone", "if self.complete and self.coercive and not self.others:",
           "if self.complete and not self.others:",
           LYAPUNOV + "a_single_critical_point_takes_everything_only_if_the_loss_is_coercive"),
    Mutant("Taylor's second term", "second = [Interval(0.5, 0.5) * curvature[i, j]",
           "second = [Interval(0.05, 0.05) * curvature[i, j]", LYAPUNOV + "lower_bounds_of_cells_are_below_the_loss"),
    Mutant("a well holds no other critical point",
           "clear = not any(self._meets(p, part, low, size) for p in self.others)", "clear = True",
           "tests/lyapunov/test_basin.py::test_levels_of_polynomials_are_critical_values"),
    # ---- the referee
    Mutant("V' is the formula that was proved",
           "if not self.frame and not motion.separates(self.derivative, s, oracle):", "if False:",
           REFEREE + "the_formula_that_was_proved_must_be_that_of_the_definitions"),
    Mutant("V' in several coordinates", "DIMENSIONS = (1, 2, 3)", "DIMENSIONS = (1,)",
           REFEREE + "the_formula_of_one_coordinate_must_speak_for_several"),
    Mutant("F is counted once", "for one in ones) - (n - 1) * at_point(", "for one in ones) - 0 * at_point(",
           "tests/lyapunov/test_check.py::test_the_accelerated_gradient_flow_needs_convexity"),
    Mutant("a pole is no point of an identity",
           "continue  # a pole, where both say nothing", "return False  # a pole, where both say nothing",
           REFEREE + "a_pole_says_nothing_of_an_identity"),
    Mutant("an identity has points", "if not left:\n                return True\n        return False",
           "if not left:\n                return True\n        return True",
           REFEREE + "a_pole_says_nothing_of_an_identity"),
    Mutant("draws that are kept stay as they are",
           'draw["quadratic"] = np.ones_like(draw["quadratic"])', 'draw["quadratic"][:] = 1.0',
           REFEREE + "attacks_begin_with_draws_that_no_attack_changes"),
    Mutant("the referee attacks", "return self.attack(motions) or _breaks(", "return _breaks(",
           REFEREE + "states_where_V_grows_are_found"),
    Mutant("the Hessian of a state is admitted", "H = square + low * eye if high is None else high * eye - square",
           "H = square - low * eye if high is None else high * eye + square",
           REFEREE + "states_outside_the_assumptions_are_none"),
    Mutant("conditions that rates meet", 'return None if tried else "no rates', 'return None if True else "no rates',
           REFEREE + "conditions_must_have_rates"),
    Mutant("a declared domain is kept",
           "if motion.attack(law, rates, 2, [-slope.subs(x, 0)]) is not None:", "if False:",
           REFEREE + "a_block_that_leaves_its_domain_is_seen"),
    Mutant("V is continuous", "if not base.is_positive and all(", "if False and all(", REFEREE + "a_pole_of_V_is_seen"),
    Mutant("runs do not slide", "if kinks and (slid := _sliding(motion, law, rates)):", "if False and (slid := ''):",
           REFEREE + "sliding_along_a_kink_is_seen"),
    Mutant("a witness meets the assumptions on rates",
           "law.holds(motion, reached) and all(_holds(r, rates) for r in law.rates)",
           "law.holds(motion, reached)",
           REFEREE + "a_witness_that_breaks_an_assumption_is_none"),
    Mutant("V is seen to grow", "if rise.is_real and rise > derivative * h / 2 > 0:", "if rise.is_real:",
           REFEREE + "a_witness_at_which_V_falls_is_none"),
    Mutant("pairs of convex losses interpolate",
           "out += [width * (along - motion.F) - Q, width * motion.F - Q]", "pass",
           AUDIT + "the_verdict_is_right[Baillon and Haddad]"),
    Mutant("clocks show one time",
           "at = {c: 1 - sympy.exp(-k.subs(rates) * times[0]) for c, k in motion.clocks.items()}", "at = {}",
           REFEREE + "bias_corrections_show_one_time"),
    Mutant("a convex loss has the slope that it needs", "a >= 0 and b >= 0:", "a > -oo and b > -oo:",
           REFEREE + "a_counterexample_is_a_loss_of_the_class_on_which_V_grows"),
    Mutant("a necessary condition fails everywhere", "and motion.attack(law, broken, 7) is None:", "and False:",
           REFEREE + "a_condition_is_necessary_if_every_violation_is_seen_to_fail"),
    Mutant("V is at least F", "if plane.attack(law, rates, 5, height) is not None:", "if False:",
           REFEREE + "what_is_not_so_is_dropped[positive-True-False]"),
    Mutant("where V' vanishes", "zero = zero if told is None or told is vanished else None", "pass",
           REFEREE + "what_is_not_so_is_dropped[zero_set-said2-None]"),
    Mutant("strict is strict", "if vanished and strict and not {motion.g[0], *memory} <= set(vanish):", "if False:",
           REFEREE + "what_is_not_so_is_dropped[strict-True-False]"),
    Mutant("limits of flows in time", "limits = None  # LaSalle's principle", "pass  # LaSalle's principle",
           REFEREE + "a_flow_that_changes_in_time_has_no_limits_by_lasalle"),
    Mutant("what sticks is a limit", "min(f) <= Rational(1, 2**25)", "min(f) <= -Rational(1, 2**25)",
           REFEREE + "what_sticks_is_in_the_limits"),
    Mutant("a bound on the step is tried", "gap > 1e-9 * (scale", "gap > 1e9 * (scale",
           REFEREE + "a_bound_on_the_step_that_is_too_large_is_broken_by_numbers"),
    Mutant("multipliers are tried", "if told is False:", "if False:",
           REFEREE + "multipliers_that_numbers_contradict_are_not_said"),
    Mutant("a certificate goes back to the definitions", "(self.chain is None or not self.chain.again())", "True",
           REFEREE + "a_certificate_goes_back_to_the_definitions"),
    Mutant("V' turns with the vectors", "if self.frame and not motion.spans(self.derivative, self.frame, s, oracle):",
           "if False:", REFEREE + "a_formula_of_inner_products_must_be_that_of_the_definitions"),
    Mutant("a claim of a rate has its rate", "parts.append(self.rate * self.V)", "pass",
           "tests/lyapunov/test_rates.py::test_a_claim_of_a_rate_is_checked_again_with_its_rate"),
    # ---- the referee of points and of steps
    Mutant("stability passes the referee", "if broken := objection(flow, point, loss, found):", "if broken := '':",
           NEARBY + "what_the_referee_refuses_is_undecided"),
    Mutant("a point of rest rests", "if any(abs(e) > SMALL for e in near.slopes(still)[0]):", "if False:",
           NEARBY + "what_is_not_so_is_seen"),
    Mutant("a point that moves moves", 'else "the flow does rest there"', 'else ""', NEARBY + "what_is_not_so_is_seen"),
    Mutant("eigenvalues are those of the field", "if abs(one - two) > 1e-6 *", "if abs(one - two) > 1e6 *",
           NEARBY + "what_is_not_so_is_seen"),
    Mutant("eigenvalues are all of them", 'else "the eigenvalues are not those of its field"\n        own',
           'else ""\n        own',
           NEARBY + "what_is_not_so_is_seen"),
    Mutant("an eigenvalue on the right is not stable",
           'if found.status in ("stable", "asymptotically stable") and real.max() > size:',
           "if False:", NEARBY + "what_is_not_so_is_seen"),
    Mutant("eigenvalues on the left are not unstable",
           'if found.status == "unstable" and real.max() < -size:', "if False:",
           NEARBY + "what_is_not_so_is_seen"),
    Mutant("eigenvalues on the axis decide nothing", "-size < real.max() < size:", "size < real.max() < -size:",
           NEARBY + "what_is_not_so_is_seen"),
    Mutant("the function falls near the point", "if sum(terms) > scale * Rational(1, 10**25):", "if False:",
           NEARBY + "what_is_not_so_is_seen"),
    Mutant("the function is positive near the point",
           'if found.kind == "Lyapunov" and level < ', "if False and level < ",
           NEARBY + "a_function_that_is_not_above_the_height_of_the_point_is_seen"),
    Mutant("the loss falls near a point that is left",
           'if found.status == "unstable" and near.place.falls is False:', "if False:",
           NEARBY + "a_point_that_the_loss_does_not_leave_is_not_left"),
    Mutant("the loss does not fall near a point that is kept",
           'if found.status != "unstable" and share == 1 and near.place.falls:', "if False:",
           NEARBY + "what_is_not_so_is_seen"),
    Mutant("the function has no other symbols", "if (psi.free_symbols | share.free_symbols) - {g, *blocks}:",
           "if False:", NEARBY + "a_function_of_symbols_that_nobody_knows_is_not_believed"),
    Mutant("a sharpness is tried", "if max(sizes[:-1]) >= 1 + 1e-7 or sizes[-1] <= 1 - 1e-7:", "if False:",
           REFEREE + "a_sharpness_is_where_stability_is_lost"),
    Mutant("a pivot is positive", "pivot, needed = needed[0] if len(needed) > 1 else None, ", "pivot, needed = None, ",
           "tests/lyapunov/test_step.py::test_a_pivot_that_vanishes_bounds_no_step"),
    # ---- what the search believed
    Mutant("what speaks of the minimum is looked at with it", "relation.has(theta) and relation.has(F, g)",
           "relation.has(theta)", WIDER + "a_domain_of_a_block"),
    Mutant("the reduced function is a quotient", "top = sympy.expand(top / bottom)  # φ to leading order",
           "top = sympy.expand(top)", AUDIT + "the_verdict_is_right[classify (y - x^2)^2 - x^8 y]"),
    Mutant("spurious points are no critical points", "rest.quo(rest.gcd(slope)).real_roots()", "rest.real_roots()",
           "tests/lyapunov/test_multipliers.py::test_small_steps_and_euler_have_none_that_attract"),
    Mutant("bounds of bounds", "        self._resolve()\n", "", AUDIT + "the_verdict_is_right[a <= b <= 1]"),
    Mutant("assumptions can be met", "if next(law.some_rates(set(), count=1), None) is None:", "if False:",
           AUDIT + "assumptions_that_say_nothing_of_the_flow_are_refused"),
    Mutant("assumptions are about the flow",
           "if x.name in names or any(x.name == y.name and x != y for y in rates):", "if False:",
           AUDIT + "assumptions_that_say_nothing_of_the_flow_are_refused"),
    Mutant("a block is not taken for the gradient",
           'return f"{name}_" if name in TAKEN else str(name)', "return str(name)",
           AUDIT + "the_verdict_is_right[the energy of a memory called g]"),
    Mutant("Filippov's interval", "if any(h.subs(known) == 0 for h in jumps_of(f)):", "if False:",
           "tests/lyapunov/test_guards.py::test_a_slope_that_jumps_has_no_limits_by_substitution"),
    Mutant("curvature off the axes", "if any(sympy.sympify(e).has(off) for e in mixed):", "if False:",
           AUDIT + "curvature_off_the_axes_is_not_linear_in_the_state"),
    Mutant("deviations around the point", "center + SCALE**2 * s.theta", "SCALE**2 * s.theta",
           AUDIT + "the_verdict_is_right[hypentropy]"),
    Mutant("memory beside Newton's flow",
           "if self.theta == -self.g / H and not self.own:", "if self.theta == -self.g / H:",
           AUDIT + "the_verdict_is_right[memory that grows]"),
    Mutant("F weighs positive in a step", "if share.is_number and share < 0:", "if False:",
           "tests/lyapunov/test_step.py::test_the_bound_of_a_step_needs_a_positive_weight_of_F"),
    Mutant("smooth at the point", "if rough := _rough(expression, at):", "if rough := None:",
           AUDIT + "the_verdict_is_right[classify Max(0, x)**2]"),
    # ---- rates of algorithms
    Mutant("multipliers are nonnegative", "proofs = [claim.region.never_negative(e) for e in multipliers.values()]",
           "proofs = [Proof() for e in multipliers.values()]", PACE + "multipliers_must_not_be_negative"),
    Mutant("squares weigh nonnegative", "proofs += [claim.region.never_negative(d) for d, _ in squares]",
           "proofs += []", PACE + "squares_must_not_have_negative_weights"),
    Mutant("F >= 0 alone says not where the minimum is", "above and any(map(_rests, gaps))", "above",
           PACE + "a_loss_that_is_not_negative_need_not_vanish_nor_rest_at_0"),
    Mutant("losses of a minimum elsewhere attack", "shapes += [(dim, members.moved(", "_ = [(dim, members.moved(",
           PACE + "losses_of_a_minimum_elsewhere_attack_a_proof_that_takes_it_to_be_at_0"),
    Mutant("words of a V that may be negative", "if one and claim.region.never_negative(sum(values) + gram.trace()) is "
           "None:", "if False:", PACE + "words_are_of_what_the_class_says"),
    Mutant("words of F - F*", "if one and used and (losses.infimum or rate == 1):", "if one and used:",
           PACE + "words_are_of_what_the_class_says"),
    Mutant("words of the larger of two rates", "rate = claim.rate if told is None else told", "rate = claim.rate",
           PACE + "words_are_of_what_the_class_says"),
    Mutant("words of F - F* along a flow", "if self.positive and above and", "if self.positive and",
           PACE + "words_are_of_what_the_class_says"),
    Mutant("a slow step starts at a step", "at = {x: sympy.ceiling(v) if x == claim.n else v for", "at = {x: v for",
           PACE + "a_slow_step_starts_at_a_step"),
    Mutant("losses below a negative bound of the curvature", "-high if high > 0 else high - 8", "-high",
           PACE + "losses_that_are_bent_downwards_alone_are_of_their_class"),
    Mutant("functions that jump", "return {f for f in e.atoms(sympy.Function, *SEAMS) if", "return {f for f in () if",
           WIDER + "functions_of_the_loss_that_jump_are_no_energies"),
    Mutant("where V rests on all pieces", "told = zero if len(sets) == 1 or whole.vanishes_on(zero) else None",
           "told = zero", WIDER + "where_v_rests_on_one_piece_it_need_not_on_another"),
    Mutant("a proof on a domain says so", "notes=verdict.notes + said)", "notes=verdict.notes)",
           WIDER + "a_domain_of_a_block"),
    Mutant("values of F cancel", "if any(_tidy(e) != 0 for e in values):", "if False:", PACE + "values_must_cancel"),
    Mutant("a step is the sum that was proved", "if number(sympy.expand(rate.subs(at) * V - W - said)) != 0:",
           "if False:", PACE + "a_proof_of_a_rate_goes_back_to_the_definitions"),
    Mutant("the attack on a rate", "return attacked(fresh, proved.multipliers, samples[:3])", 'return ""',
           PACE + "a_proof_of_a_rate_is_attacked"),
    Mutant("the referee of a rate decides", "        if not objection:\n            multipliers = {",
           "        if True:\n            multipliers = {", PACE + "a_proof_of_a_rate_is_attacked"),
    Mutant("a loss may break a rate", "if score > 1e-9:", "if False:",
           PACE + "an_inequality_that_the_class_does_not_have_is_met_by_a_loss"),
    Mutant("a loss may break an inequality", "if least < -1e-9:", "if False:",
           PACE + "an_inequality_that_the_class_does_not_have_is_met_by_a_loss"),
    Mutant("powers of what may be negative", "if claim.region.never_negative(claim.ratio) is None:", "if False:",
           PACE + "powers_of_a_rate_that_may_be_negative_are_not_said"),
    Mutant("a slow step is seen", "if (W - rate * V).is_positive is not True:", "if False:",
           PACE + "a_step_that_is_not_slow_is_not_shown"),
    Mutant("losses are of their class", "return (not rests or bend.meets(lambda F, g, x: F)) and all(",
           "return True or all(", PACE + "losses_that_are_bent_are_of_their_class"),
    Mutant("bounds that may exclude each other", "if not self.sign(high if low is None else high - low):", "if False:",
           PACE + "a_region_is_an_orthant"),
    Mutant("relations that are no bounds", "if r == sympy.false or self.never_negative(r.gts - r.lts) is None:",
           "if False:", PACE + "a_region_is_an_orthant"),
    Mutant("the smaller of two bounds", "if all(self.sign(side * (b - other)) for other in bounds):", "if True:",
           PACE + "a_region_is_an_orthant"),
    Mutant("a parabola above 0", "if signed is not None and below is not None and below[0] > 0:",
           "if signed is not None and below is not None:", PACE + "a_region_is_an_orthant"),
    Mutant("a class that holds no loss", "if sympy.false in rates:", "if False:",
           PACE + "classes_that_are_none_are_said"),
    Mutant("parameters are positive", "if any(x.is_nonnegative is not True for x in self.parameters):", "if False:",
           PACE + "arguments_without_meaning_together_are_refused"),
    # ---- what widens it
    Mutant("sinh u is at least u", "return r.odd(sympy.sinh(u), u, 1)", "return r.odd(sympy.sinh(u), u, 2)",
           WIDER + "bounds_of_functions_are_not_better_than_they_are"),
    Mutant("cosh u is at least 1", "return r.function(sympy.cosh(u), 1, zero=u)",
           "return r.function(sympy.cosh(u), 2, zero=u)", WIDER + "bounds_of_functions_are_not_better_than_they_are"),
    Mutant("sin u is at least −1", "r.function(sympy.sin(u), -1, 1, sympy.sin(u) + 1)",
           "r.function(sympy.sin(u), 0, 1, sympy.sin(u) + 1)",
           WIDER + "bounds_of_functions_are_not_better_than_they_are"),
    Mutant("log u has the sign of u − 1", "return (u - 1) * self.function(sympy.log(u) / (u - 1))",
           "return self.function(sympy.log(u) / (u - 1))", WIDER + "bounds_of_functions_are_not_better_than_they_are"),
    Mutant("roots are of their order", "self.scaled[x] = s**orders[x] *", "self.scaled[x] = s**2 *",
           WIDER + "roots_of_any_order_of_what_is_not_negative"),
    Mutant("sums bound no single coordinates",
           'return "F enters V\' together with single coordinates, and the class bounds F by a sum over them"',
           'return ""', WIDER + "a_class_does_not_bound_the_loss_by_single_coordinates"),
    Mutant("a domain is not turned",
           'return "a domain of single coordinates is assumed, and the Hessian has other axes"', 'return ""',
           WIDER + "a_domain_has_the_axes_of_its_coordinates"),
    Mutant("a domain need not be kept",
           "if isinstance(self.one, Frame) or not self.alone or self.domains or changes:",
           "if isinstance(self.one, Frame) or not self.alone or changes:", WIDER + "a_domain_of_a_block"),
    Mutant("curvature along the gradient", "self.facts = tuple(side * (row[0] - as_decimals(bound) * first)",
           "self.facts = tuple(-side * (row[0] - as_decimals(bound) * first)",
           WIDER + "curvature_along_the_gradient_is_bounded_by_the_class"),
    Mutant("a kink of V meets no jump", "if h.free_symbols & set(block) and any(jumps(f) for f in",
           "if False and any(jumps(f) for f in",
           WIDER + "a_kink_of_the_energy_and_a_jump_of_its_block_do_not_meet"),
    Mutant("entries of the Hessian are those of each coordinate", "h = h if axes else [entries[self.H[i, i]] for i in",
           "h = h if axes else [entries[self.H[i, n - 1]] for i in",
           WIDER + "the_referee_sees_curvature_of_one_coordinate_as_what_it_is"),
    Mutant("a seam is where two facts end", "if h == 0 or side_of(h) < 0 or side_of(_ratio(f, other)) < 0:",
           "if h == 0 or side_of(h) < 0 or side_of(_ratio(f, other)) <= 0:",
           WIDER + "pieces_that_hold_on_a_seam_alone_are_left_out_and_no_others"),
    Mutant("a root is folded by what it is", "f.subs(x, (u**2 - base.subs(x, 0)) / slope)",
           "f.subs(x, (u**2 + base.subs(x, 0)) / slope)",
           "tests/lyapunov/test_literature.py::test_the_line_is_the_verdict[sharpness aware]"),
    # ---------------------------------------------------------------------------------------------- basins
    Mutant("the match radius", "near, alone = distance <= self.match,", "near, alone = distance <= 10 * self.match,",
           BASINS + "an_end_within_the_radius_counts_and_one_beyond_it_does_not"),
    Mutant("which outcomes may match",
           "rest = np.flatnonzero((outcome == Outcome.CONVERGED) | (outcome == Outcome.STALLED))",
           "rest = np.flatnonzero(outcome != Outcome.DIVERGED)",
           BASINS + "which_outcomes_may_count_for_a_point"),
    Mutant("an algorithm that does not hold on to a minimum leaves it", 
           "self.unique * np.append(held(self.problem, known, self.proofs), False)",
           "self.unique * self.convex", LABELS + "known_answers[polytwo-gd-settings1-shares1]"),
    Mutant("a longer run that does not come to rest tells nothing",
           "there = near & np.isin(outcome, (Outcome.CONVERGED, Outcome.STALLED))",
           "there = near.copy()",
           LABELS + "what_a_stricter_run_contradicts_is_no_label[steep-valley-adam]"),
    Mutant("the Hessian between the middles of the pieces", "room = spread.sum(axis=2).max(axis=1) +",
           "room = 0 * spread.sum(axis=2).max(axis=1) +",
           LABELS + "a_ball_does_not_reach_where_the_hessian_is_singular[7]"),
    Mutant("multipliers in the unit circle", "proofs.radius[i]) < 1\n", "proofs.radius[i]) < 1.5\n",
           LABELS + "which_algorithms_hold_on_to_a_minimum"),
    Mutant("a map that changes with time has no multipliers", "or not problem.recordable or problem.iteration.clocks:",
           "or not problem.recordable:", LABELS + "which_algorithms_hold_on_to_a_minimum"),
    Mutant("how high the rim of a ball is", "(barrier >= 10 * (stop.speed**2", "(barrier >= 0 * (stop.speed**2",
           LABELS + "which_algorithms_hold_on_to_a_minimum"),
    Mutant("what started at a saddle did not find it", "first = near & ~proved & still &",
           "first = near & ~proved & ~still &", LABELS + "an_optimizer_that_does_everything_gets_every_label"),
    Mutant("how far away infinity is", "AWAY = 3.0 ", "AWAY = 30.0 ",
           LABELS + "what_runs_away_and_what_is_flat_are_told_apart[1/(1 + x**2)-36]"),
    Mutant("a longer run has steps of its own", "np.maximum(LONGER * steps[index], 1024)",
           "np.maximum(LONGER * steps[index].max(), 1024)", LABELS + "a_label_depends_on_no_other_start"),
    Mutant("what comes back nearly is no cycle", "CLOSE = 1e-7 ", "CLOSE = 1e-3 ",
           LABELS + "a_slow_approach_is_no_cycle[5000]"),
    Mutant("a cycle that drifts is seen after an odd number of steps", "near = self._after(z, 7), self._after(z, 8)",
           "near = self._after(z, 8), self._after(z, 8)", LABELS + "known_answers[steep-valley-gd-settings4-shares4]"),
    Mutant("what is on a cycle is not running", "end.outcome[period > 0] = Outcome.CYCLE", "pass",
           LABELS + "an_optimizer_that_does_everything_gets_every_label"),
    Mutant("a motion of a map that changes with time may end", "done == limit and not changing else None",
           "done == limit else None",
           LABELS + "a_wild_motion_of_a_map_that_changes_with_time_is_not_called_irregular"),
    Mutant("of an undecided end nobody knows that it is elsewhere", "if o.cut_off] + [End.CONVERGED])",
           "if o.cut_off])", LABELS + "what_a_stricter_run_contradicts_is_no_label[polyfive-adam]"),
    Mutant("a grid is no sample", 'wilson(count, self.n, confidence) if self.drawn == "sample" else ()',
           'wilson(count, self.n, confidence) if True else ()',
           "tests/basins/test_statistics.py::test_a_grid_has_counts_and_no_interval_and_an_end_that_no_start_sees_a_bound"),
    Mutant("both tails", "min(1.0, 2 * float(bdtr", "min(1.0, float(bdtr", "tests/basins/test_statistics.py::"
           "test_mcnemar_is_the_binomial_test_of_the_starts_that_differ"),
    Mutant("slots of the NumPy back end are not the queue", "lane = work.take(work.at_once).copy()",
           "lane = work.take(work.at_once)",
           "tests/arithmetic/test_driver.py::test_refilled_slots_leave_the_queue_as_it_is"),
    Mutant("which outcomes are witnesses", "Outcome.INTERRUPTED, Outcome.STEP_LIMIT, Outcome.GRADIENT_LIMIT,",
           "Outcome.INTERRUPTED, Outcome.GRADIENT_LIMIT,", BASINS + "which_outcomes_may_be_witnesses"),
    Mutant("Wilson's interval", "z * z / (4 * n * n)", "z * z / (2 * n * n)",
           BASINS + "wilsons_interval_is_where_the_score_test_is_at_its_level"),
    Mutant("the first coordinate runs fastest", 'np.meshgrid(*axes[::-1], indexing="ij")][::-1])',
           'np.meshgrid(*axes, indexing="ij")])', BASINS + "a_map_has_the_first_coordinate_along_its_rows"),
    Mutant("the map is not upside down", "return self.codes.reshape(self.shape)",
           "return self.codes.reshape(self.shape)[::-1]", BASINS + "a_map_has_the_first_coordinate_along_its_rows"),
    Mutant("stages of a step are cut to their weight", "s**power * _leading(slope, s, power, name)",
           "s**power * _leading(slope, s, power + 1, name)",
           "tests/lyapunov/test_multipliers.py::test_stages_multiply_as_the_stability_function_of_what_one_stage_gives"),
    Mutant("points beyond are at ends", "if (p.distance(waiting) <= radius).any() and", "if",
           "tests/basins/test_attractors.py::test_points_that_an_incomplete_list_lacks_are_found_where_ends_lie"),
    Mutant("a point beyond is found once", "not any(_same(p, q) for q in", "not any(p.theta == q.theta for q in",
           "tests/basins/test_attractors.py::test_a_point_that_is_found_around_several_ends_is_one"),
    Mutant("the seed is used", "np.random.default_rng(_seed(seed)).uniform(", "np.random.default_rng(0).uniform(",
           BASINS + "another_seed_is_another_sample"),
    Mutant("the piece that is resumed", "yield k, kept.read(_name(k)), False",
           "yield k, kept.read(_name(0)), False",
           BASINS + "a_resumed_study_reads_the_pieces_it_has_and_no_other"),
    Mutant("pieces are resumed at all", "if kept and kept.has(_name(k)):", "if False:",
           BASINS + "a_resumed_study_reads_the_pieces_it_has_and_no_other"),
    Mutant("a store of another study", "changed = [key for key in fingerprint if old.get(key) != fingerprint[key]]",
           "changed = []", BASINS + "a_store_of_another_study_is_refused"),
    # --------------------------------------------------------------------------------- sweeps, boundaries
    Mutant("a swept rate is the one of its study", "self.values = [float(values[name]) for name in whole.parameters]",
           "self.values = [float(value) for value in values.values()][-len(whole.parameters):]",
           SWEEP + "each_study_is_the_separate_one_to_the_bit[adam-lr-beta1]"),
    Mutant("values of another algorithm have a recording of their own",
           "alike = [i for i in waiting if family.takes(rows[i])]", "alike = list(waiting)",
           SWEEP + "one_recording_serves_all_values"),
    Mutant("0 has no symbol in the update", "generic = {name: float(axis[np.abs(axis).argmax()])",
           "generic = {name: float(axis[0])",
           SWEEP + "a_value_of_zero_does_not_take_its_hyperparameter_out_of_the_threshold"),
    Mutant("the sharpness of a minimum is its largest eigenvalue", "self.loss.hessian(p.numeric))[-1])",
           "self.loss.hessian(p.numeric))[0])",
           SWEEP + "thresholds_are_where_the_sharpness_borne_meets_that_of_a_minimum"),
    Mutant("at a kink there is no sharpness", "if p.nature != Nature.MINIMUM or p.kinks:",
           "if p.nature != Nature.MINIMUM:", SWEEP + "only_minima_with_a_hessian_of_full_rank_have_thresholds"),
    Mutant("a singular Hessian decides nothing", "if p.nature != Nature.MINIMUM or p.kinks:",
           "if not p.nature.is_minimum or p.kinks:", SWEEP + "only_minima_with_a_hessian_of_full_rank_have_thresholds"),
    Mutant("a box of one label is not mixed", "mixed = (boxes != boxes[:, :1]).any(axis=1)",
           "mixed = (boxes != boxes[:, :1]).any(axis=1) | True", BOUNDARY + "entropies_that_are_known"),
    Mutant("log 2 is exceeded beyond the error", "bool(self.boundary - 2 * self.error > LOG_2)",
           "bool(self.boundary > LOG_2)", BOUNDARY + "the_log_2_test_is_not_passed_by_chance"),
    Mutant("shares along both sides count alike", "np.mean(codes[s:] != codes[:-s])) / 2",
           "0 * np.mean(codes[s:] != codes[:-s])) / 2", BOUNDARY + "five_maps_beside_plain_loops[gd-0.1]"),
    Mutant("the first change on the way is the shock", "first = np.argmax(away, axis=0)",
           "first = parts - 1 - np.argmax(away[::-1], axis=0)",
           BOUNDARY + "a_fatal_shock_does_what_it_says[momentum-hyperparameters1]"),
    Mutant("at rest at no known point is not elsewhere",
           "o.cut_off or o in (Outcome.CONVERGED, Outcome.STALLED)]", "o.cut_off]",
           BOUNDARY + "what_rests_at_no_known_point_is_no_shock"),
    Mutant("an edge rests when it no longer moves", "name, distance, moved <= rest)", "name, distance, True)",
           BOUNDARY + "an_edge_that_still_moves_is_not_at_rest"),
    Mutant("tipping is of the same starts", "not np.array_equal(before.starts, after.starts)", "False",
           BOUNDARY + "tipping_counts_every_start_once"),
    Mutant("a rise is beyond rounding", "where(after - before > 2 * np.finfo(float).eps * absolute(before), 1.0, 0.0)",
           "where(after - before > -1e-3, 1.0, 0.0)",
           PICTURES + "the_share_of_steps_on_which_the_energy_rises[gd-energy-hyperparameters3]"),
    Mutant("points off the plane are not drawn in it",
           "there = plane.distance(theta) <= 1e-6 * max(1.0, np.abs(theta).max())",
           "there = plane.distance(theta) >= 0",
           PICTURES + "a_map_of_a_plane_is_that_of_its_starts"),
)


@functools.cache
def sources(root: Path) -> list[tuple[Path, str]]:
    """The files of the rooms, as they are without a mutant."""
    return [(file, file.read_text()) for room in ROOMS for file in sorted((root / room).rglob("*.py"))]


def places(mutant: Mutant, root: Path = ROOT) -> list[tuple[Path, int]]:
    """The files in which the old text occurs, and how often."""
    return [(file, n) for file, text in sources(root) if (n := text.count(mutant.old))]


def faults(mutant: Mutant, root: Path = ROOT) -> str:
    """Why a mutant cannot be made, or its killer not be run; empty if nothing is wrong."""
    found = places(mutant, root)
    if [n for _, n in found] != [1]:
        where = ", ".join(f"{file.relative_to(root)} × {n}" for file, n in found) or "nowhere"
        return f"its text must occur once and occurs {where}: {mutant.old!r}"
    file, name = mutant.killer.split("::")
    if not (root / file).exists() or f"def {name.split('[')[0]}(" not in (root / file).read_text():
        return f"there is no test {mutant.killer}"
    text = found[0][0].read_text()
    changed = text.replace(mutant.old, mutant.new)
    ast.parse(changed)  # a program, if a wrong one
    return "" if changed != text else "it changes nothing"


def run(tests: list[str], root: Path) -> tuple[str, str]:
    """("passed", "failed", "skipped" or "broken", what pytest said) of tests in a tree."""
    environment = os.environ | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run([sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests], cwd=root,
                            env=environment, capture_output=True, text=True, check=False)
    said = result.stdout + result.stderr
    if result.returncode == 0:
        return "passed" if " passed" in said else "skipped", said
    return "failed" if result.returncode == 1 else "broken", said


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python tests/mutants.py", description="Runs the test of each mutant.")
    parser.add_argument("--only", type=int, nargs="+", metavar="N", help="numbers of the table, from 1")
    parser.add_argument("--list", action="store_true", help="print the table and stop")
    options = parser.parse_args(arguments)
    chosen = [(n, m) for n, m in enumerate(MUTANTS, 1) if not options.only or n in options.only]
    if options.list:
        print(*(f"{n:3}  {m.rule}: {m.killer}" for n, m in chosen), sep="\n")
        return 0
    bad = [f"mutant {n} ({m.rule}): {fault}" for n, m in chosen if (fault := faults(m))]
    if bad:
        print(*bad, sep="\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        root = Path(folder)
        for name in (*ROOMS, "tests", "docs"):
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "_build"))
        shutil.copy(ROOT / "setup.cfg", root)
        verdict, said = run(sorted({m.killer for _, m in chosen}), root)
        if verdict in ("failed", "broken"):
            print(f"the tests do not pass without any mutant:\n{said}")
            return 1
        survived = skipped = 0
        for n, mutant in chosen:
            began, ((file, _),) = time.perf_counter(), places(mutant, root)
            text = file.read_text()
            file.write_text(text.replace(mutant.old, mutant.new))
            verdict, said = run([mutant.killer], root)
            file.write_text(text)
            word = {"failed": "killed", "passed": "SURVIVED", "skipped": "not run", "broken": "BROKEN"}[verdict]
            survived, skipped = survived + (verdict in ("passed", "broken")), skipped + (verdict == "skipped")
            seconds = time.perf_counter() - began
            print(f"{n:3}  {word:9}  {str(file.relative_to(root)):32}{mutant.rule:46}{seconds:6.1f} s", flush=True)
            if verdict == "broken":
                print(said)
    print(f"{survived} of {len(chosen)} survived" + f"; {skipped} not run, as their tests are skipped" * bool(skipped))
    return int(survived > 0)


if __name__ == "__main__":
    sys.exit(main())

"""Parameters that are recorded and yet decide: what is made of them before any step, with the `if`s on the way."""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .recorder import Graph, Node, Program


class Choice(Node):
    """A number made of parameters.  Compared, it decides as at the sample, and its graph notes the decision."""

    __slots__ = ()
    graph: Choices

    def __bool__(self) -> bool:
        inputs = [self.graph.input(name) for name in self.graph.sample]
        decided = bool(Program(tuple(inputs), (self,))(*self.graph.sample.values())[0])
        if self.value is None:
            self.graph.decisions[self] = decided
        return decided

    def __eq__(self, other) -> bool:
        if isinstance(other, (int, float, np.number)):
            return bool((self <= other) & (self >= other))
        return self is other

    __hash__ = Node.__hash__


class Choices(Graph):
    """A recording of parameters of which one value of each, the sample, is known.

    What is recorded holds for all values that decide alike: `differing(values)` says which do not.
    """

    kind = Choice

    def __init__(self, sample: Mapping[str, float]):
        super().__init__()
        self.sample = {name: float(value) for name, value in sample.items()}
        self.decisions: dict[Node, bool] = {}
        self.inputs_by_name = {name: self.parameter(name) for name in self.sample}

    def differing(self, values: Mapping[str, np.ndarray]) -> tuple[str, ...]:
        """The parameters in which some of the values, arrays of one shape, decide otherwise than the sample, or ()."""
        inputs = tuple(self.inputs_by_name.values())
        for condition, decided in self.decisions.items():
            program = Program(inputs, (condition,))
            if np.any(np.asarray(program(*(values[name] for name in self.sample))[0]) != decided):
                return tuple(x.args[0] for x in inputs if x in program.tape)
        return ()

"""What is loaded when it is used: `from arithmetic.late import sympy` costs nothing where no formula is asked for.

(Until all supported versions of Python have `lazy import`, PEP 810.)
"""
from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any


class Late(types.ModuleType):
    """A module by its name, loaded when the first of its attributes is asked for, by any thread."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(importlib.import_module(self.__name__), name)
        setattr(self, name, value)
        return value


class constant:
    """A constant of a class, made by a function when it is first asked for."""

    def __init__(self, make: Callable[[], Any]):
        self.make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type) -> Any:
        value = self.make()
        setattr(owner, self.name, value)
        return value


def face(package: str, names: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package some of whose names are taken from their modules when asked for.

    names : {module: its names, between spaces; or none, for the module itself}.
    """
    places = {name: module for module, listed in names.items() for name in listed.split() or [module]}
    own = vars(sys.modules[package])

    def get(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = importlib.import_module(f"{package}.{places[name]}")
        own[name] = module if name == places[name] else getattr(module, name)
        return own[name]

    return get, lambda: sorted({*own, *places})


def loaded(name: str) -> bool:
    """Whether something of a module was used: before that there are no objects of its classes."""
    return name in sys.modules


if TYPE_CHECKING:
    import sympy
else:
    sympy = Late("sympy")

"""The house: arrows between the packages point one way; imports stay light; names are public once."""
import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ARROWS = {"arithmetic": set(), "networks": {"arithmetic"}, "flows": {"arithmetic"}, "schemes": {"flows", "arithmetic"},
          "lyapunov": {"schemes", "flows", "networks", "arithmetic"},
          "basins": {"lyapunov", "schemes", "flows", "networks", "arithmetic"}}
CORE = {"numpy", "scipy", "sympy", "matplotlib"}
EXTRAS = {"numba", "torch", "sklearn", "z3"}


def imports(file: Path) -> set[str]:
    """The top-level modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("package", ARROWS)
def test_arrows_point_one_way(package):
    for file in (ROOT / package).glob("*.py"):
        if file.name != "__main__.py":  # a command stands above all rooms
            assert imports(file) & set(ARROWS) <= ARROWS[package] | {package}, file


@pytest.mark.parametrize("package", ARROWS)
def test_only_the_core_dependencies_and_named_extras_are_imported(package):
    for file in (ROOT / package).glob("*.py"):
        assert imports(file) <= CORE | EXTRAS | set(ARROWS) | sys.stdlib_module_names, file


@pytest.mark.parametrize("package", ARROWS)
def test_public_names_exist_and_are_documented(package):
    module = importlib.import_module(package)
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        value = getattr(module, name)
        if callable(value) and hasattr(value, "__module__") and str(value.__module__).split(".")[0] in ARROWS:
            assert value.__doc__, name


def test_extras_and_slow_libraries_are_imported_when_asked_for():
    code = ("import sys, arithmetic, networks, flows, schemes, basins; "
            "print(*({'numba', 'torch', 'sklearn', 'matplotlib', 'scipy.integrate', 'sympy'} & set(sys.modules)))")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == ["sympy"]

"""The house: arrows between the packages point one way; imports stay light; names are public once."""
import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
ARROWS = {"arithmetic": set(), "networks": {"arithmetic"}, "flows": {"arithmetic"}, "schemes": {"flows", "arithmetic"},
          "lyapunov": {"schemes", "flows", "networks", "arithmetic"},
          "basins": {"lyapunov", "schemes", "flows", "networks", "arithmetic"},
          "shallow": {"schemes", "networks", "flows", "arithmetic"}}
#: The floors of a room that has some, each with those it may import; "" are the files of the room itself.
FLOORS = {"lyapunov": {"exact": set(), "": {"exact"}, "local": {"exact", ""}, "regions": {"exact", "", "local"}}}
PACKAGES = [*ARROWS, *(f"{room}.{floor}" for room, floors in FLOORS.items() for floor in floors if floor)]
CORE = {"numpy", "scipy", "sympy", "mpmath", "matplotlib"}  # mpmath are the numbers of sympy, and come with it
EXTRAS = {"numba", "torch", "sklearn", "z3"}


def files(package: str) -> list[Path]:
    """The files of a room, of all its floors; without its command, which stands above all rooms."""
    return sorted(f for f in (ROOT / package).rglob("*.py") if f.name != "__main__.py")


def absolute(node, file: Path) -> str:
    """The full name of the module of a `from … import`."""
    if not node.level:
        return node.module
    above = file.relative_to(ROOT).parts[:-node.level]
    return ".".join([*above, *([node.module] if node.module else [])])


def imported(file: Path) -> list[tuple[str, str]]:
    """(module, name) of all that a file imports, wherever in it; the name of `import module` is empty."""
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(absolute(node, file), alias.name) for alias in node.names]
    return found


def imports(file: Path) -> set[str]:
    """The top-level modules that a file imports, wherever in it."""
    return {module.split(".")[0] for module, _ in imported(file)}


@pytest.mark.parametrize("package", ARROWS)
def test_arrows_point_one_way(package):
    for file in files(package):
        assert imports(file) & set(ARROWS) <= ARROWS[package] | {package}, file


@pytest.mark.parametrize("room, floor", [(room, floor) for room, floors in FLOORS.items() for floor in floors])
def test_floors_import_those_below_them(room, floor):
    """The face of the room, which names all, stands above its floors."""
    folder = ROOT / room / floor
    own = [f for f in files(room) if f.parent == folder and f != ROOT / room / "__init__.py"]
    assert own
    for file in own:
        names = [module.split(".") for module, _ in imported(file) if module.split(".")[0] == room]
        reached = {parts[1] if len(parts) > 1 and parts[1] in FLOORS[room] else "" for parts in names}
        assert reached <= FLOORS[room][floor] | {floor}, file


def test_the_prover_knows_no_optimizer():
    for file in files("lyapunov/exact"):
        assert not imports(file) & {"flows", "schemes", "networks", "basins"}, file


#: What is still imported past a room's face, and modules that a function of their name still hides: only ever shorter.
CROSSING: dict[str, set[str]] = {}
HIDDEN: dict[str, set[str]] = {}


@pytest.mark.parametrize("package", ARROWS)
def test_what_crosses_rooms_is_public(package):
    """From another room, names of its `__all__` are imported, or of a module that stands there (`flows.schedules`)."""
    crossing = set()
    for file in files(package):
        for module, name in imported(file):
            room, *inner = module.split(".")
            if room in ARROWS and room != package:
                public = importlib.import_module(room).__all__
                if inner and inner[0] not in public:
                    crossing.add(module)
                elif not inner and name and name not in public:
                    crossing.add(f"{module}.{name}")
    assert crossing == CROSSING.get(package, set())


LIBRARIES = {"sympy", "scipy", "numpy", "np", "matplotlib"}


def private_names(file: Path) -> set[str]:
    """Names with an underscore that a file takes from a library, by import or as an attribute; and `Poly.rep`."""
    found = {f"{module}.{name}" for module, name in imported(file) if module.split(".")[0] in LIBRARIES
             and any(part.startswith("_") and not part.startswith("__") for part in (*module.split("."), name))}
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            root = node.value
            while isinstance(root, ast.Attribute):
                root = root.value
            if isinstance(root, ast.Name) and root.id in LIBRARIES:
                found.add(ast.unparse(node))
        elif isinstance(node, ast.Attribute) and node.attr == "rep":
            found.add(ast.unparse(node))
    return found


@pytest.mark.parametrize("package", ARROWS)
def test_libraries_are_used_through_their_public_names(package):
    for file in files(package):
        assert not private_names(file), file


@pytest.mark.parametrize("package", PACKAGES)
def test_no_name_hides_a_module(package):
    face = importlib.import_module(package)
    modules = {module.name for module in pkgutil.iter_modules(face.__path__)}
    hidden = {name for name in modules if not isinstance(vars(face).get(name, face), ModuleType)}
    assert hidden == HIDDEN.get(package, set())


@pytest.mark.parametrize("package", PACKAGES)
def test_completion_shows_the_public_names(package):
    face = importlib.import_module(package)
    assert set(face.__all__) <= set(dir(face))


@pytest.mark.parametrize("package", ARROWS)
def test_only_the_core_dependencies_and_named_extras_are_imported(package):
    for file in files(package):
        assert imports(file) <= CORE | EXTRAS | set(ARROWS) | sys.stdlib_module_names, file


def test_a_build_holds_every_package(tmp_path):
    """What a wheel is zipped from: a floor that is not listed would be missing for whoever installs it."""
    pytest.importorskip("setuptools")
    subprocess.run([sys.executable, "-W", "ignore", "-c", "from setuptools import setup; setup()", "-q", "build_py",
                    "--build-lib", str(tmp_path)], cwd=ROOT, check=True, capture_output=True)
    built = {f.relative_to(tmp_path) for f in tmp_path.rglob("*.py")}
    assert built == {f.relative_to(ROOT) for room in ARROWS for f in (ROOT / room).rglob("*.py")}
    assert all((tmp_path / room / "py.typed").exists() for room in ARROWS)
    assert {f.name for f in (tmp_path / "networks" / "known").iterdir()} == {
        f.name for f in (ROOT / "networks" / "known").iterdir()}


def face_of(package: str):
    """The package; of the estimators only where what they are made for is there."""
    if package == "shallow":
        pytest.importorskip("sklearn", exc_type=ImportError)
    return importlib.import_module(package)


@pytest.mark.parametrize("package", PACKAGES)
def test_public_names_exist_and_are_documented(package):
    module = face_of(package)
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        value = getattr(module, name)
        if callable(value) and hasattr(value, "__module__") and str(value.__module__).split(".")[0] in ARROWS:
            assert value.__doc__, name


def functions(kind: type) -> dict[str, Callable]:
    """The public methods and properties of a class, and how it is made, as functions; those that it inherits too."""
    found = {}
    for base in reversed([k for k in kind.__mro__ if k.__module__.split(".")[0] in ARROWS]):
        for name, value in vars(base).items():
            function = getattr(value, "func", getattr(value, "fget", getattr(value, "__func__", value)))
            if inspect.isfunction(function) and (not name.startswith("_") or name in ("__init__", "__call__")):
                found[f"{base.__name__}.{name}"] = function
    return found


def unannotated(function: Callable) -> list[str]:
    signature = inspect.signature(function)
    bare = [x.name for x in signature.parameters.values() if x.annotation is x.empty and x.name not in ("self", "cls")]
    made = function.__name__ in ("__init__", "_no_init_or_replace_init", "<lambda>")  # None, the class, the field's own
    return bare if made or signature.return_annotation is not signature.empty else [*bare, "return"]


@pytest.mark.parametrize("package", ARROWS)
def test_public_signatures_are_annotated(package):
    face, bare = face_of(package), {}
    for name in face.__all__:
        value = inspect.unwrap(getattr(face, name)) if callable(getattr(face, name)) else None
        if inspect.isclass(value):
            bare |= {method: unannotated(function) for method, function in functions(value).items()
                     if function.__module__.split(".")[0] in ARROWS}
        elif inspect.isfunction(value):
            bare[name] = unannotated(value)
    assert not {name: parameters for name, parameters in bare.items() if parameters}


def test_extras_and_slow_libraries_are_imported_when_asked_for():
    code = ("import sys, arithmetic, networks, flows, schemes, basins, shallow; "
            "print(*({'numba', 'torch', 'sklearn', 'matplotlib', 'scipy', 'sympy'} & set(sys.modules)))")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


#: What a map of basins has no use for: algebra, the rest of the rooms, windows, fits.
UNUSED_BY_A_MAP = {"sympy", "mpmath", "scipy", "lyapunov", "shallow", "networks.critical", "networks.kinks",
                   "networks.data", "flows.catalogue", "schemes.run", "basins.sweeps", "basins.boundary", "basins.maps",
                   "matplotlib.pyplot", "importlib.metadata", "multiprocessing"}


@pytest.mark.parametrize("network, optimizer", [("polytwo", "gd"), ("cloche", "adam"), ("xor", "momentum")])
def test_a_map_loads_no_more_than_it_uses(network, optimizer, tmp_path):
    """A fresh process from the command to the picture, the table and the data."""
    code = ("import sys; from basins.__main__ import main; main(sys.argv[2:]); "
            "print(*sorted(set(sys.argv[1].split(',')) & set(sys.modules)))")
    said = subprocess.run(
        [sys.executable, "-c", code, ",".join(UNUSED_BY_A_MAP), network, optimizer, "--set", "lr=0.1", "--starts", "25",
         "--out", str(tmp_path / "map.png"), "--quiet"], capture_output=True, text=True, check=True).stdout
    assert said.endswith(".study/\n\n") and (tmp_path / "map.png").stat().st_size > 5000

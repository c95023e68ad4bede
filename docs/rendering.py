"""How the pages are rendered: docstrings as numpydoc sections with links, and every figure that an example defines.

The house writes `name : what it is` under a sentence; Sphinx wants sections.  `sections` turns the one into the
other, so that a docstring stays what one reads in a terminal.  Types come from the annotations.
"""
from __future__ import annotations

import functools
import importlib
import inspect
import re
import weakref
from typing import Any

ROOMS = ("arithmetic", "networks", "flows", "schemes", "lyapunov", "basins")

#: Pages of other libraries, by the names that annotations and docstrings have for them; nothing is fetched.
ELSEWHERE = {
    **{f"{module}.ndarray": "https://numpy.org/doc/stable/reference/generated/numpy.ndarray.html"
       for module in ("np", "numpy")},
    "numpy.typing.ArrayLike": "https://numpy.org/doc/stable/reference/typing.html#numpy.typing.ArrayLike",
    "ArrayLike": "https://numpy.org/doc/stable/reference/typing.html#numpy.typing.ArrayLike",
    "scipy.integrate.OdeSolver": "https://docs.scipy.org/doc/scipy/reference/generated/scipy.integrate.OdeSolver.html",
    "OptimizeResult": "https://docs.scipy.org/doc/scipy/reference/generated/scipy.optimize.OptimizeResult.html",
    "concurrent.futures.Executor":
        "https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Executor",
    "Path": "https://docs.python.org/3/library/pathlib.html#pathlib.Path",
    **{f"{module}.{name}": f"https://docs.python.org/3/library/collections.abc.html#collections.abc.{name}"
       for name in ("Callable", "Iterable", "Iterator", "Mapping", "Sequence") for module in ("collections.abc",)},
}

_NAME = r"\*{0,2}[A-Za-zα-ωΑ-Ω_][\wα-ω₀-₉]*"
_ENTRY = re.compile(rf"({_NAME}(?:, {_NAME})*) : (.*)")
_INLINE = re.compile(r"(?:^|(?<=[.;] ) ?)(" + rf"{_NAME}(?:, {_NAME})*) : ")
_HEAD = re.compile(r"(Parameters|Sources?|Attributes)(?: {2,}|: )(.*)")
_TITLE = re.compile(r"(Parameters|Raises|Returns|Yields|Attributes|Notes|Examples|See Also|References|Sources?)$")


@functools.cache
def public() -> dict[str, str]:
    """Where each public name is documented: {"study": "basins.study", "basins.study": "basins.study", …}."""
    found: dict[str, str] = {}
    for room in ROOMS:
        for name in importlib.import_module(room).__all__:
            found.setdefault(name, f"{room}.{name}")
            found[f"{room}.{name}"] = f"{room}.{name}"
    found.pop("H", None)  # a symbol of formulas
    return found


def linked(text: str) -> str:
    """`name` in single backticks: a link where it is a public name, else code; |x|, a*b and x_ mean themselves."""
    def shown(found: re.Match) -> str:
        if found[0][0] != "`":
            return "\\" + found[0]
        if found[0].startswith("``"):
            return found[0]
        code, after = " ".join(found[1].split()), r"\ " if found[2] else ""
        name = code.removesuffix("()")
        if name in public():
            return f":py:obj:`{code} <{public()[name]}>`{after}"
        return f"``{code}``{after}"

    return re.sub(r"``[^`]+``|`([^`]+)`(?=(\w)?)|[|*]|_(?!\w)", shown, text)


def _entries(text: str) -> list[tuple[str, str]]:
    """The (names, description) of `a, b : rates.  eps : its square.`, written in one paragraph."""
    parts = _INLINE.split(" ".join(text.split()))
    return [(name, what.strip(" ;")) for name, what in zip(parts[1::2], parts[2::2], strict=True)]


def _section(title: str, entries: list[tuple[str, str]]) -> list[str]:
    lines = ["", title, "-" * len(title)]
    for names, what in entries:
        for name in names.split(", "):
            lines += [name, "    " + what, ""]
    return lines


def _is_entries(block: list[str]) -> bool:
    return bool(_ENTRY.match(block[0])) and not block[0].startswith(("V' ", "F ", "or : "))


def _read(block: list[str]) -> list[tuple[str, str]]:
    """Entries one below the other, each perhaps continued, and some perhaps side by side on a line."""
    groups: list[str] = []
    for line in block:
        if groups and not _ENTRY.match(line):
            groups[-1] += " " + line.strip()
        else:
            groups.append(line.strip())
    return [entry for group in groups for entry in _entries(group)]


def sections(doc: str, parameters: tuple[str, ...] | None = None) -> str:
    """The docstring with numpydoc's sections; `parameters` are the names of the signature, others are attributes."""
    blocks = [block.splitlines() for block in re.split(r"\n\s*\n", inspect.cleandoc(doc)) if block.strip()]
    text: list[str] = []
    named: list[tuple[str, str]] = []
    raised: list[tuple[str, str]] = []
    returned: list[tuple[str, str]] = []
    sources: list[str] = []
    title = ""
    for block in blocks:
        if len(block) > 1 and _TITLE.match(block[0]) and set(block[1]) <= {"-"}:
            title, block = block[0], block[2:]
        elif not (title and block and _ENTRY.match(block[0])):
            title = ""
        if not block:
            continue
        while block:
            head = _HEAD.match(block[0])
            stop = next((i for i, line in enumerate(block) if i and (_HEAD.match(line) or (
                not head and _ENTRY.match(line) and not _ENTRY.match(block[0]) and title == ""))), len(block))
            part, block = block[:stop], block[stop:]
            if head and head[1].startswith("Source"):
                sources.append(" ".join([head[2], *map(str.strip, part[1:])]))
            elif head:
                row = " ".join([head[2], *map(str.strip, part[1:])])
                before = _INLINE.split(row)[0].strip(" ;,")  # "as Adam's; decay : λ"
                text += ["", f"{head[1]} {before.rstrip('.')}."] if before else []
                named += _entries(row)
            elif title == "Raises":
                raised += _read(part)
            elif title == "Returns":
                returned.append(("", " ".join(map(str.strip, part))))
            elif title in ("Source", "Sources", "References"):
                sources.append(" ".join(map(str.strip, part)))
            elif _is_entries(part) and _read(part):
                named += _read(part)
            else:
                text += ["", *part]
    known = parameters or ()
    arguments, attributes = [], []
    for names, what in named:
        first = names.split(",")[0].strip("* ")
        (arguments if parameters is None or first in known else attributes).append((names, what))
    lines = text[1:]
    for heading, entries in (("Parameters", arguments), ("Attributes", attributes), ("Raises", raised)):
        lines += _section(heading, entries) if entries else []
    if returned:
        lines += ["", "Returns", "-------", *(f"    {what}" for _, what in returned)]
    if sources:
        lines += ["", "References", "----------", *sources]
    return linked("\n".join(lines))


def signature(value: Any) -> tuple[str, ...] | None:
    try:
        return tuple(inspect.signature(value).parameters)
    except (TypeError, ValueError):
        return None


def arguments(app, kind: str, name: str, value: Any, options, shown: str | None, returns: str | None):
    """Of a record, its signature without the fields that are its own, `_make`."""
    from sphinx.util.inspect import stringify_signature

    if kind != "class" or shown is None:
        return None
    try:
        found = inspect.signature(value)
    except (TypeError, ValueError):
        return None
    if not any(p.startswith("_") for p in found.parameters):
        return None
    public_ones = [p for p in found.parameters.values() if not p.name.startswith("_")]
    return stringify_signature(found.replace(parameters=public_ones), unqualified_typehints=True), returns


def bases(kind: type) -> list[str]:
    """The line with the bases of a class, for each the nearest that is public, or from elsewhere; object is none."""
    found: dict[str, None] = {}
    for base in kind.__bases__:
        for ancestor in base.__mro__:
            name, room = ancestor.__name__, ancestor.__module__.partition(".")[0]
            if room in ROOMS and (target := public().get(name)) is not None:
                found[f":py:obj:`{name} <{target}>`"] = None
                break
            if room not in (*ROOMS, "typing") and ancestor is not object:
                found[f"``{name}``"] = None
                break
    return [f"Bases: {', '.join(found)}", ""] if found else []


def process(app, kind: str, name: str, value: Any, options, lines: list[str]) -> None:
    """Before napoleon, which writes fields of the sections; of a property it would read `type: text`."""
    if kind in ("property", "attribute", "data"):
        app.optiflows_held = linked("\n".join(lines)).splitlines()
        lines[:] = [""]
    elif kind != "module":
        lines[:] = [*(bases(value) if kind == "class" and isinstance(value, type) else []), *sections(
            "\n".join(lines), signature(value) if callable(value) else None).splitlines()]
    else:
        lines[:] = linked("\n".join(lines)).splitlines()


def restore(app, kind: str, name: str, value: Any, options, lines: list[str]) -> None:
    """After napoleon: what `process` held back from it."""
    if kind in ("property", "attribute", "data"):
        lines[:] = [*app.optiflows_held, ""]


def resolve(app, env, node, contnode):
    """Annotations name a class where it is written (`flows.base.Flow`) or barely: the link is to the public name."""
    from docutils import nodes

    if node.get("refdomain") != "py":
        return None
    if (address := ELSEWHERE.get(node["reftarget"])) is not None:
        return nodes.reference("", "", contnode, internal=False, refuri=address)
    target = public().get(node["reftarget"].split(".")[-1])
    if target is None or target == node["reftarget"]:
        return None
    return env.domains["py"].resolve_xref(env, node.get("refdoc", ""), app.builder, "obj", target, node, contnode)


_drawn: weakref.WeakSet = weakref.WeakSet()
_drawn_lists: dict[int, Any] = {}  # held, so that no other takes the id


def figures(block, block_vars, gallery_conf) -> str:
    """The scraper of the gallery: every figure and every system of equations that a block defines is shown."""
    from matplotlib.figure import Figure
    from sphinx_gallery.scrapers import figure_rst

    from flows import Equations

    shown, equations = [], ""
    for value in list(block_vars["example_globals"].values()):
        if isinstance(value, Figure) and value not in _drawn:
            _drawn.add(value)
            path = next(block_vars["image_path_iterator"])
            value.savefig(path, dpi=110)
            shown.append(path)
        elif isinstance(value, Equations) and id(value) not in _drawn_lists:
            _drawn_lists[id(value)] = value
            equations += "\n.. math::\n\n    " + value.latex().strip("$") + "\n"
    return equations + figure_rst(shown, gallery_conf["src_dir"])


def setup(app) -> dict[str, bool]:
    app.connect("autodoc-process-signature", arguments)
    app.connect("autodoc-process-docstring", process, priority=400)
    app.connect("autodoc-process-docstring", restore, priority=600)
    app.connect("missing-reference", resolve, priority=400)
    return {"parallel_read_safe": True}

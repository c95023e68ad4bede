"""Signs and letters beyond ASCII: how they are written where there is no Unicode, and in LaTeX."""
from __future__ import annotations

import codecs
import itertools
import unicodedata

#: Signs in ASCII and in LaTeX ("": as text); Greek, raised and lowered characters go by what Unicode says of them.
SIGNS = {
    "−": ("-", "-"), "–": ("-", "-"), "…": ("...", r"\dots"), "′": ("'", ""), "’": ("'", ""), "·": ("*", r"\cdot"),
    "×": ("x", r"\times"), "÷": ("/", r"\div"), "±": ("+-", r"\pm"), "≤": ("<=", r"\le"), "≥": (">=", r"\ge"),
    "≠": ("!=", r"\ne"), "≈": ("~", r"\approx"), "≻": (">", r"\succ"), "≽": (">=", r"\succeq"),
    "≼": ("<=", r"\preceq"), "→": ("->", r"\to"), "↦": ("->", r"\mapsto"), "←": ("<-", r"\leftarrow"),
    "⟨": ("<", r"\langle"), "⟩": (">", r"\rangle"), "½": ("1/2", r"\tfrac{1}{2}"), "¼": ("1/4", r"\tfrac{1}{4}"),
    "∂": ("d", r"\partial"), "ℓ": ("l", r"\ell"), "⌊": ("floor(", r"\lfloor"), "⌋": (")", r"\rfloor"),
    "Ł": ("L", ""), "ø": ("o", ""),
}
#: Those that are spelled as words, with a space to the letters around.
WORDS = {"∞": ("infinity", r"\infty"), "∇": ("grad", r"\nabla"), "∫": ("integral", r"\int"), "Σ": ("sum", r"\Sigma"),
         "Π": ("product", r"\Pi"), "√": ("sqrt", r"\surd"), "∛": ("cbrt", r"\sqrt[3]{}"),
         "⊥": ("perpendicular", r"\perp"), "∠": ("angle", r"\angle"), "∋": ("contains", r"\ni"), "§": ("section", "")}


def spelled(text: str, encoding: str = "ascii") -> str:
    """A text without the characters that an encoding lacks: √θ² ≤ 2β₁ is `sqrt theta^2 <= 2 beta1` in ASCII."""
    return text.encode(encoding, "spelled").decode(encoding)


def worded(text: str) -> str:
    """A text as LaTeX within a formula, \\text{…}, with its signs as formulas; for LaTeX and for MathJax."""
    signs = text.replace("<=", "≤").replace(">=", "≥").replace("!=", "≠")
    return r"\text{" + "".join(_latex(kind, "".join(run)) for kind, run in itertools.groupby(signs, _kind)) + "}"


def _kind(x: str) -> str:
    """"<super>", "<sub>", or "" for a character that is on the line."""
    kind = unicodedata.decomposition(x).partition(" ")[0]
    return kind if kind in ("<super>", "<sub>") else ""


def _plain(run: str) -> str:
    return unicodedata.normalize("NFKC", run).replace("−", "-")


def _greek(x: str) -> str:
    """The name of a Greek letter, Theta or theta; else nothing."""
    kind, _, name = unicodedata.name(x, "").replace("LAMDA", "LAMBDA").partition(" LETTER ")
    if not kind.startswith("GREEK") or not name.isalpha():
        return ""
    return name.capitalize() if kind.endswith("CAPITAL") else name.lower()


def _ascii(run: str, before: str, after: str) -> str:
    """Characters in ASCII between two others, "" at an end of the text."""
    result, word = "", False  # whether what is there ends in a word
    for kind, group in itertools.groupby(run, _kind):
        if kind:
            text = _plain("".join(group))
            result += text if kind == "<sub>" or text == "+" else f"^{text}"
            word = text[-1].isalpha()
            continue
        for x in group:
            name = WORDS[x][0] if x in WORDS else "" if x in SIGNS else _greek(x)
            text = name or (SIGNS[x][0] if x in SIGNS else unicodedata.normalize("NFKD", x).encode(
                "ascii", "ignore").decode())
            if not text and not unicodedata.combining(x):
                text = x.encode("ascii", "backslashreplace").decode()
            apart = (name or word and _reads_on(text[:1])) and _reads_on(result[-1:] or before)
            result, word = result + " " * bool(apart) + text, bool(name) or word and not text
    return result + " " * (word and _reads_on(after))


def _reads_on(x: str) -> bool:
    """Whether a character beside a word would be read as part of it."""
    return x.isalpha() or x.isdecimal()


def _unencodable(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text, first, last = error.object, error.start, error.end
    return _ascii(text[first:last], text[:first][-1:], text[last:last + 1]), last


codecs.register_error("spelled", _unencodable)

#: What text means itself in neither LaTeX nor MathJax.
_ESCAPED = {"{": r"\{", "}": r"\}", "\\": r"\(\backslash\)", "^": r"\(\hat{\;}\)", "~": r"\(\sim\)", "|": r"\(\vert\)",
            **{x: rf"\({x}\)" for x in "<>"}, **{x: rf"\(\{x}\)" for x in "$&#%_"}}


def _latex(kind: str, run: str) -> str:
    if kind:
        return rf"\({'^' if kind == '<super>' else '_'}{{{_plain(run)}}}\)"
    return "".join(_signs(x) for x in run)


def _signs(x: str) -> str:
    if x in _ESCAPED:
        return _ESCAPED[x]
    name = (SIGNS | WORDS)[x][1] if x in SIGNS or x in WORDS else _greek(x) and "\\" + _greek(x)
    return rf"\({name}\)" if name else "'" if x in "′’" else "" if unicodedata.combining(x) else x

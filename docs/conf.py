"""Sphinx: `make docs` builds the pages and the reference into docs/_build/html."""
project = "optiflows"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.mathjax"]
exclude_patterns = ["_build", "README.md"]  # the index includes it
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}
html_theme = "alabaster"
suppress_warnings = ["myst.header", "myst.xref_missing", "docutils"]  # the docstrings' own layout, and links to scripts

"""Sphinx: `make docs` runs the tutorials and the gallery, and builds all pages into docs/_build/html.

`-D plot_gallery=0` builds the pages without running the examples.
"""
import importlib.metadata
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import rendering  # noqa: E402 - beside this file
import tables  # noqa: E402

project = "optiflows"
author = "The optiflows developers"
copyright = author  # noqa: A001 - Sphinx's name
version = release = importlib.metadata.version("optiflows")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon",
              "sphinx.ext.mathjax", "sphinx_design", "sphinx_gallery.gen_gallery",
              "sphinx-mathjax-offline", "rendering"]
exclude_patterns = ["_build", "README.md", "examples", "tutorials", "**/GALLERY_HEADER.rst", "sg_execution_times.rst",
                    "**/sg_execution_times.rst"]
smartquotes = False  # m' is a derivative
nitpicky = False

# the reference: signatures with types, and the docstrings' own layout (rendering.py)
autosummary_generate = False
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}  # bases are said by rendering.py
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_type_aliases = {"ArrayLike": "numpy.typing.ArrayLike",
                        **{name: f"arithmetic.{name}" for name in ("Array", "Box", "Quantity", "Rate")}}
python_maximum_signature_line_length = 80
python_display_short_literal_types = True
add_module_names = False
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3

plot_gallery = "True"  # -D plot_gallery=0: without running the examples
sphinx_gallery_conf = {
    "examples_dirs": ["tutorials", "examples"], "gallery_dirs": ["auto_tutorials", "auto_examples"],
    "filename_pattern": ".*", "within_subsection_order": "FileNameSortKey", "subsection_order": None,
    "image_scrapers": (rendering.figures,), "reset_modules": (), "capture_repr": ("__str__",),
    "remove_config_comments": True, "download_all_examples": False, "show_memory": False, "show_signature": False,
    "abort_on_example_error": False, "only_warn_on_example_error": False, "min_reported_time": 0,
    "thumbnail_size": (400, 280),
}
warnings.filterwarnings("error", category=DeprecationWarning, module="__main__")

html_theme = "pydata_sphinx_theme"
html_title = "optiflows"
html_static_path = ["_static"]
html_css_files = ["house.css"]
html_show_sourcelink = False
html_copy_source = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "logo": {"text": "optiflows"}, "show_toc_level": 2, "navigation_with_keys": False,
    "header_links_before_dropdown": 6,
    "navbar_align": "left", "secondary_sidebar_items": ["page-toc"], "footer_start": ["copyright"], "footer_end": [],
    "show_prev_next": True, "pygments_light_style": "tango", "pygments_dark_style": "monokai",
}
html_sidebars = {"index": [], "optimizers": [], "contributing": [], "changes": []}
suppress_warnings = ["myst.header", "config.cache"]


def setup(app):
    tables.write(HERE / "reference" / "tables.md")

"""A Sphinx extension: pages of the API.

``.. modules:: hypergan.data.*`` documents all modules of a package, each below a heading of its
name; several names or patterns may be given. What the package itself offers is documented there and
nowhere else.
"""

import importlib
import pkgutil
from fnmatch import fnmatchcase

from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import hypergan

LONGEST = 60
"""Of the values of constants that a page prints, in letters."""


def modules(patterns: list[str]) -> list[str]:
    """Names of the package's modules that fit one of the patterns, in the patterns' order."""
    names = [module.name for module in pkgutil.walk_packages(hypergan.__path__, "hypergan.")]
    return [name for pattern in patterns for name in names if fnmatchcase(name, pattern)]


class Modules(SphinxDirective):
    """Sections of modules."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """The sections."""
        return [self.section(name) for name in modules(self.arguments[0].split())]

    def section(self, name: str) -> nodes.section:
        """A heading and what the module has."""
        module = importlib.import_module(name)
        public = [
            one
            for one in hypergan.__all__
            if getattr(vars(module).get(one), "__module__", None) == name
        ]
        lines = [f".. automodule:: {name}", "   :members:"]
        lines += [f"   :exclude-members: {', '.join(public)}"] if public else []
        short = name.removeprefix("hypergan.")
        section = nodes.section("", nodes.title("", "", nodes.literal("", short)), ids=[short])
        self.state.nested_parse(StringList(lines, "modules"), self.content_offset, section)
        return section


def shorten(app: Sphinx, doctree: nodes.document) -> None:
    """Cut values of constants, which fill pages."""
    for node in doctree.findall(addnodes.desc_annotation):
        if node.astext().startswith(" = ") and len(node.astext()) > LONGEST:
            node.children = [nodes.Text(" = \N{HORIZONTAL ELLIPSIS}")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.add_directive("modules", Modules)
    app.connect("doctree-read", shorten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

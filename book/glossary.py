"""A Sphinx extension: words of the glossary show their meaning under the pointer.

They do so where they first stand on a page: abbreviations anywhere, in findings, too; other words,
since they have other senses as well, only in italics or set as code, such as *cell* and ``lite``.
"""

import html
import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode

PAGE = "glossary"
ABBREVIATION = re.compile(r"[A-Z]{2,}\d*")
PLAIN = (nodes.literal, nodes.reference, nodes.title, nodes.raw, nodes.math)
"""What an abbreviation is not looked for in."""
SET_APART = (nodes.literal, nodes.emphasis)
FINDING = re.compile(r'class="(finding|headline)')
"""What a program has put out in sentences."""


def meanings(app: Sphinx) -> dict[str, tuple[str, str]]:
    """The words with their anchors and meanings."""
    found = {}
    for item in app.env.get_doctree(PAGE).findall(nodes.definition_list_item):
        term = next(item.findall(nodes.term))
        meaning = next(item.findall(nodes.paragraph)).deepcopy()
        for node in list(meaning.findall(nodes.Element)):
            if node.tagname in ("pending_xref", "citation_reference"):
                node.parent.remove(node)
        text = re.sub(r"\s+(?=\.)", "", " ".join(meaning.astext().split()))
        found[term.astext()] = (term["ids"][0], text)
    return found


def explain(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Link each word to the glossary, once."""
    if page == PAGE or PAGE not in app.env.found_docs:
        return
    words = meanings(app)

    def link(word: str, inside: nodes.Node) -> nodes.reference:
        anchor, meaning = words.pop(word)
        made = make_refnode(app.builder, page, PAGE, anchor, inside, meaning)
        made["classes"].append("explained")
        return made

    def link_in_html(found: re.Match[str]) -> str:
        if found[0] not in words:
            return found[0]
        anchor, meaning = words.pop(found[0])
        to = f"{app.builder.get_relative_uri(page, PAGE)}#{anchor}"
        return f'<a class="explained" href="{to}" title="{html.escape(meaning)}">{found[0]}</a>'

    for node in list(doctree.findall()):
        abbreviations = "|".join(sorted(filter(ABBREVIATION.fullmatch, words))) or "$^"
        if isinstance(node, nodes.raw) and FINDING.search(node.astext()):
            outside = rf"\b(?:{abbreviations})\b(?![^<>]*(?:>|</a>))"  # of tags and links
            node[0] = nodes.Text(re.sub(outside, link_in_html, node.astext()))
        elif any(isinstance(one, PLAIN) for one in above(node)):
            continue
        elif isinstance(node, SET_APART) and (word := node.astext().lower()) in words:
            if not page.startswith("api"):  # there, they are the names of arguments
                node.replace_self(link(word, node.deepcopy()))
        elif isinstance(node, nodes.Text) and (found := re.search(rf"\b({abbreviations})\b", node)):
            made = link(found[0], nodes.Text(found[0]))
            parts = [nodes.Text(node[: found.start()]), made, nodes.Text(node[found.end() :])]
            node.parent.replace(node, parts)


def above(node: nodes.Node) -> list[nodes.Node]:
    """The elements that a node lies in."""
    found = []
    while node.parent is not None:
        node = node.parent
        found.append(node)
    return found


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.connect("doctree-resolved", explain)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""A Sphinx extension: words of the glossary show their meaning under the pointer.

Abbreviations do so where they first stand on a page; for other words the page has to ask, by
``{term}``, since they have other senses, too.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode

PAGE = "glossary"
ABBREVIATION = re.compile(r"[A-Z]{2,}\d*")
PLAIN = (nodes.literal, nodes.reference, nodes.title, nodes.raw, nodes.math)
"""What a word is not looked for in."""


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
    """Give links to the glossary their titles, and link each abbreviation once."""
    if page == PAGE or PAGE not in app.env.found_docs:
        return
    words = meanings(app)
    titles = dict(words.values())
    for reference in doctree.findall(nodes.reference):
        anchor = reference.get("refid") or reference.get("refuri", "").partition("#")[2]
        if anchor in titles:
            reference["reftitle"] = titles[anchor]
            reference["classes"].append("explained")
    wanted = {word for word in words if ABBREVIATION.fullmatch(word)}
    for text in list(doctree.findall(nodes.Text)):
        if not wanted or any(isinstance(one, PLAIN) for one in ancestors(text)):
            continue
        found = re.search(rf"\b({'|'.join(sorted(wanted))})\b", text)
        if found:
            word = found[0]
            wanted.remove(word)
            anchor, meaning = words[word]
            link = make_refnode(app.builder, page, PAGE, anchor, nodes.Text(word), meaning)
            link["classes"].append("explained")
            parts = [nodes.Text(text[: found.start()]), link, nodes.Text(text[found.end() :])]
            text.parent.replace(text, parts)


def ancestors(node: nodes.Node) -> list[nodes.Node]:
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

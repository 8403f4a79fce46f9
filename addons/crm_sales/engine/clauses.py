"""The text of contracts: placeholders of clauses, and the comparison of two versions.

Nothing here evaluates anything: a placeholder is a name out of a table, or it is refused.
"""

import difflib
import re
from html import unescape
from html.parser import HTMLParser

PLACEHOLDER = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
TAGS = re.compile(r"<[^>]*>")
BLOCKS = frozenset({"p", "li", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "div", "br", "blockquote"})


def name_of(inside):
    """Return the name within the braces, without the markup an editor may have left there.

    >>> name_of(" partner.name ")
    'partner.name'
    >>> name_of("&nbsp;<b>partner</b>.name")
    'partner.name'
    """
    return unescape(TAGS.sub("", inside)).replace("\xa0", " ").strip()


def placeholders(text):
    """Return the names of the placeholders in their order, each once.

    >>> placeholders("{{ partner.name }} and {{company.name}}, again {{partner.name}}")
    ['partner.name', 'company.name']
    """
    return list(dict.fromkeys(name_of(found) for found in PLACEHOLDER.findall(text or "")))


def faults(text, known):
    """Return what is wrong with the placeholders of a text: names nobody knows, stray braces.

    >>> faults("{{ partner.name }}", {"partner.name"})
    []
    >>> faults("{{ partner.nme }} {{ 1 + 1 }}", {"partner.name"})
    ['{{ partner.nme }}', '{{ 1 + 1 }}']
    >>> faults("{{ partner.name }", {"partner.name"})
    ['{{']
    >>> faults("{{ partner.name }} }}", {"partner.name"})
    ['}}']
    """
    wrong = [f"{{{{ {name} }}}}" for name in placeholders(text) if name not in known]
    rest = PLACEHOLDER.sub("", text or "")
    return wrong + [brace for brace in ("{{", "}}") if brace in rest]


def fill(text, values):
    """Return the text with its placeholders replaced; the values must be escaped already.

    :param dict values: text by name
    :raise KeyError: for a name that is not among the values

    >>> fill("Between {{ company.name }} and {{ partner.name }}",
    ...      {"company.name": "A", "partner.name": "{{ company.name }}"})
    'Between A and {{ company.name }}'
    """
    return PLACEHOLDER.sub(lambda found: values[name_of(found[1])], text or "")


class _Paragraphs(HTMLParser):
    def __init__(self):
        super().__init__()
        self.lines = [""]

    def handle_starttag(self, tag, attrs):
        """A block begins a new paragraph."""
        if tag in BLOCKS:
            self.lines.append("")

    def handle_endtag(self, tag):
        """What follows a block is a paragraph of its own."""
        if tag in BLOCKS:
            self.lines.append("")

    def handle_data(self, data):
        """Text of inline elements stays in the paragraph around them."""
        self.lines[-1] += data


def paragraphs(html):
    """Return the paragraphs of a text in HTML, as plain text.

    >>> paragraphs("<p>One <b>two</b></p><ul><li>three</li></ul>")
    ['One two', 'three']
    """
    parser = _Paragraphs()
    parser.feed(html or "")
    parser.close()
    return [" ".join(line.split()) for line in parser.lines if line.strip()]


def compare(old, new):
    """Return the lines of both texts as (kind, text): "same", "removed" or "added".

    >>> compare(["a", "b"], ["a", "c"])
    [('same', 'a'), ('removed', 'b'), ('added', 'c')]
    >>> compare([], ["a"])
    [('added', 'a')]
    """
    result = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if kind == "equal":
            result += [("same", line) for line in old[old_from:old_to]]
            continue
        result += [("removed", line) for line in old[old_from:old_to]]
        result += [("added", line) for line in new[new_from:new_to]]
    return result

"""Headers and footers: one transparent sheet per printed page, laid over the documents."""

import copy

import lxml.html
from lxml.builder import E

# class of an element in a header or footer -> what it says (the names are those of the core)
PAGE_CLASSES = {"page": "page", "sitepage": "page", "topage": "pages", "sitepages": "pages"}
UNKNOWN_CLASSES = ("section", "subsection", "subsubsection")
STYLE = """
html, body { margin: 0 !important; padding: 0 !important; height: auto !important;
    background: transparent !important; }
.crm_print_sheet { position: relative; overflow: hidden; break-after: page; }
.crm_print_sheet:last-child { break-after: auto; }
.crm_print_part { position: absolute; overflow: hidden; max-width: none !important; }
"""


class Part:
    """The header, or the footer, of every document of a print.

    :param str html: page with an element ``#minimal_layout_report_headers`` (``_footers``), whose
        n-th child belongs to the n-th document, as ``ir.actions.report._prepare_html`` returns it
    """

    def __init__(self, html):
        root = lxml.html.document_fromstring(html) if html else None
        body = root.find("body") if root is not None else None
        self.head = root.find("head") if root is not None else None
        self.classes = (body.get("class") or "") if body is not None else ""
        self.direction = (body.get("dir") or "ltr") if body is not None else "ltr"
        self._children = self._find_children(body)

    @staticmethod
    def _find_children(body):
        if body is None:
            return []
        holder = body.xpath("//*[starts-with(@id, 'minimal_layout_report_')]")
        return list(holder[0] if holder else body)

    def of(self, document, page, pages):
        """Return a copy of the part of the n-th document for one page of it, or None."""
        if document >= len(self._children):
            return None
        element = copy.deepcopy(self._children[document])
        number = {"page": str(page), "pages": str(pages)}
        for node in element.iter(lxml.etree.Element):
            for name in (node.get("class") or "").split():
                if name in PAGE_CLASSES:
                    _set_text(node, number[PAGE_CLASSES[name]])
                elif name in UNKNOWN_CLASSES:
                    _set_text(node, "")
        return element

    def __bool__(self):
        return any(_has_content(child) for child in self._children)


def sheets_html(header, footer, paper, page_counts):
    """Return a page with one sheet per printed page, or None when there is nothing to lay over.

    :param Part header: and `footer`
    :param Paper paper: the paper
    :param list page_counts: number of pages of each document
    """
    if not header and not footer:
        return None
    sheets = [
        _sheet(
            header.of(document, page, pages),
            footer.of(document, page, pages),
            header.classes or footer.classes,
            paper,
        )
        for document, pages in enumerate(page_counts)
        for page in range(1, pages + 1)
    ]
    root = E.html(
        _head(header.head if header.head is not None else footer.head),
        E.body(*sheets, dir=header.direction),
    )
    return lxml.html.tostring(root, encoding="unicode", doctype="<!DOCTYPE html>")


def _head(source):
    head = copy.deepcopy(source) if source is not None else E.head()
    for script in head.findall("script"):
        script.getparent().remove(script)
    head.append(E.meta(charset="utf-8"))
    head.append(E.style(STYLE))
    return head


def _sheet(header, footer, classes, paper):
    # a hair less than the paper, lest a rounding error opens one more page
    height = paper.css(paper.height) - 0.5
    sheet = E.div({"class": "crm_print_sheet", "style": f"height:{height}px"})
    if header is not None:
        line = "border-bottom:1px solid" if paper.header_line else ""
        sheet.append(_place(header, classes, paper, paper.header_top, paper.top, line))
    if footer is not None:
        sheet.append(_place(footer, classes, paper, paper.height - paper.bottom, paper.height))
    return sheet


def _place(element, classes, paper, top, bottom, style=""):
    style = (
        f"top:{paper.css(top)}px;height:{paper.css(max(0, bottom - top))}px;"
        f"left:{paper.css(paper.left)}px;right:{paper.css(paper.right)}px;{style}"
    )
    return E.div({"class": f"crm_print_part {classes}", "style": style}, element)


def _set_text(node, text):
    for child in list(node):
        node.remove(child)
    node.text = text


def _has_content(element):
    return bool(element.text_content().strip()) or element.find(".//img") is not None

"""PDF files put together: documents one after the other, each page under its sheet.

A sheet becomes a form object that the page draws last, so no content stream is parsed. The outline
has one entry per document with an integer page, which is how the core splits a print into records.
"""

import io

from odoo.tools.pdf import (
    ArrayObject,
    BooleanObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    PdfFileReader,
    PdfFileWriter,
    createStringObject,
)


def page_count(pdf):
    """Return the number of pages of a PDF (bytes)."""
    return _reader(pdf).getNumPages()


def assemble(documents, sheets=None, titles=()):
    """Return one PDF of several.

    :param list documents: PDF bytes of each document
    :param bytes sheets: PDF with one page per page of the documents, laid over them
    :param titles: a title per document, for the outline
    """
    writer = PdfFileWriter()
    overlays = iter(_pages(sheets) if sheets else ())
    starts = []
    for document in documents:
        starts.append(writer.getNumPages())
        for page in _pages(document):
            writer.addPage(page)
            overlay = next(overlays, None)
            if overlay is not None:
                _lay_over(writer, writer.getPage(writer.getNumPages() - 1), overlay)
    if len(documents) > 1:
        _add_outline(writer, starts, titles)
    result = io.BytesIO()
    writer.write(result)
    return result.getvalue()


def _reader(pdf):
    return PdfFileReader(io.BytesIO(pdf), strict=False)


def _pages(pdf):
    reader = _reader(pdf)
    return [reader.getPage(number) for number in range(reader.getNumPages())]


def _lay_over(writer, page, overlay):
    """Make `page`, which is in `writer`, draw `overlay` after its own content."""
    resources = _own(page, "/Resources")
    objects = _own(resources, "/XObject")
    objects[NameObject("/CrmPrintSheet")] = writer._addObject(_form(writer, overlay))
    before = writer._addObject(_stream(b"q\n"))
    after = writer._addObject(_stream(b"\nQ q /CrmPrintSheet Do Q\n"))
    content = page.raw_get("/Contents")
    own = list(content.getObject()) if isinstance(content.getObject(), ArrayObject) else [content]
    page[NameObject("/Contents")] = ArrayObject([before, *own, after])


def _own(holder, key):
    """Return the dictionary under `key` as one that belongs to this page alone."""
    shared = holder.get(key) or {}
    owned = DictionaryObject({name: shared.raw_get(name) for name in shared})
    holder[NameObject(key)] = owned
    return owned


def _form(writer, overlay):
    content = overlay["/Contents"].getObject()
    parts = content if isinstance(content, ArrayObject) else [content]
    form = _packed(b"\n".join(part.getObject().getData() for part in parts))
    form.update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Form"),
            NameObject("/BBox"): ArrayObject(overlay["/MediaBox"]),
            NameObject("/Resources"): _bring(writer, overlay.raw_get("/Resources")),
            # a group of its own, so that transparent parts do not depend on what lies below
            NameObject("/Group"): DictionaryObject(
                {
                    NameObject("/S"): NameObject("/Transparency"),
                    NameObject("/I"): BooleanObject(True),
                }
            ),
        }
    )
    return form


def _bring(writer, value):
    """Return an object of another file for use in `writer` (old libraries do so while writing)."""
    return value.clone(writer) if hasattr(value, "clone") else value


def _packed(data):
    stream = _stream(data)
    return stream.flate_encode() if hasattr(stream, "flate_encode") else stream.flateEncode()


def _stream(data):
    stream = DecodedStreamObject()
    stream.setData(data)
    return stream


def _add_outline(writer, starts, titles):
    destinations = DictionaryObject()
    outline = DictionaryObject({NameObject("/Type"): NameObject("/Outlines")})
    outline_ref = writer._addObject(outline)
    nodes = [
        _outline_node(outline_ref, n, title)
        for n, (_start, title) in enumerate(
            zip(starts, [*titles, *[""] * len(starts)], strict=False)
        )
    ]
    references = [writer._addObject(node) for node in nodes]
    for node, following in zip(nodes, references[1:], strict=False):
        node[NameObject("/Next")] = following
    for node, previous in zip(nodes[1:], references, strict=False):
        node[NameObject("/Prev")] = previous
    for number, start in enumerate(starts):
        destinations[NameObject(f"/crm_print_{number}")] = ArrayObject(
            [NumberObject(start), NameObject("/Fit")]
        )
    outline.update(
        {
            NameObject("/First"): references[0],
            NameObject("/Last"): references[-1],
            NameObject("/Count"): NumberObject(len(references)),
        }
    )
    writer._root_object[NameObject("/Outlines")] = outline_ref
    writer._root_object[NameObject("/Dests")] = writer._addObject(destinations)


def _outline_node(parent, number, title):
    return DictionaryObject(
        {
            NameObject("/Title"): createStringObject(title or str(number + 1)),
            NameObject("/Parent"): parent,
            NameObject("/Dest"): NameObject(f"/crm_print_{number}"),
        }
    )

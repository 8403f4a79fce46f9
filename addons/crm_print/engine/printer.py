"""From the HTML of documents, headers and footers to one PDF."""

from dataclasses import dataclass

import lxml.html

from .assemble import assemble, page_count
from .errors import BrowserGone
from .overlay import Part, sheets_html
from .paper import Paper

# The core's minimal layout gives <html> no height and <body> a fixed-width container: both are
# means against its other engine.
BODY_STYLE = """<style>
html, body { height: auto !important; }
body { max-width: none !important; overflow: visible !important; }
thead { display: table-header-group; }
tr, .o_print_keep { break-inside: avoid; }
</style>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to print: complete HTML pages, one per document, and the paper."""

    bodies: list[str]
    header: str = ""
    footer: str = ""
    paper: Paper = Paper()
    base_url: str = "http://localhost"
    timeout: float = 60.0


def print_job(browser, job, resolve):
    """Return (PDF bytes, addresses that were refused).

    A browser that died since the last print is replaced; one that dies twice is given up.

    :param browser: see :class:`.browser.Browser`
    :param Job job: what to print
    :param resolve: function of an absolute URL: (mime type, bytes), or None to refuse it
    :raises BrowserError: when it cannot be printed
    """
    try:
        return _print(browser, job, resolve)
    except BrowserGone:
        return _print(browser, job, resolve)


def _print(browser, job, resolve):
    with browser.page(job.timeout, job.base_url, resolve) as page:
        documents = [_print_body(page, body, job.paper) for body in job.bodies]
        counts = [page_count(document) for document in documents]
        html = sheets_html(Part(job.header), Part(job.footer), job.paper, counts)
        sheets = None
        if html:
            page.show(html)
            sheets = page.pdf(**job.paper.sheet_options())
    if not sheets and len(documents) == 1:
        return documents[0], page.refused
    titles = [document_title(body) for body in job.bodies] if len(documents) > 1 else ()
    return assemble(documents, sheets, titles), page.refused


def _print_body(page, body, paper):
    page.show(body.replace("</head>", f"{BODY_STYLE}</head>", 1))
    return page.pdf(**paper.body_options())


def document_title(body):
    """Return the text of the first heading of a page, or an empty string.

    >>> document_title("<html><body><h2> Statement  <span>S/1</span></h2></body></html>")
    'Statement S/1'
    """
    headings = lxml.html.document_fromstring(body).xpath("//h1 | //h2 | //h3")
    return " ".join(headings[0].text_content().split()) if headings else ""

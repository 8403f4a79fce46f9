"""Paper: what Odoo's paper formats say in millimetres, Chromium wants in inches."""

from dataclasses import dataclass

MM_PER_INCH = 25.4
CSS_PX_PER_INCH = 96


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A sheet as it lies (width and height already turned for landscape), in millimetres.

    ``header_top`` is the distance of the header from the upper edge; ``scale`` shrinks the content,
    as the core's engine does.
    """

    width: float = 210.0
    height: float = 297.0
    top: float = 40.0
    bottom: float = 20.0
    left: float = 7.0
    right: float = 7.0
    header_top: float = 5.0
    header_line: bool = False
    scale: float = 0.8

    def body_options(self):
        """Options of Page.printToPDF for the documents.

        >>> options = Paper(width=254, height=127, top=25.4).body_options()
        >>> options["paperWidth"], options["paperHeight"], options["marginTop"]
        (10.0, 5.0, 1.0)
        """
        return self._options(self.top, self.bottom, self.left, self.right)

    def sheet_options(self):
        """Options of Page.printToPDF for sheets that are filled to the edge."""
        return self._options(0, 0, 0, 0)

    def _options(self, top, bottom, left, right):
        return {
            "printBackground": True,
            "preferCSSPageSize": False,
            "scale": self.scale,
            "generateTaggedPDF": False,  # the structure tree would not survive the assembly
            "paperWidth": self.width / MM_PER_INCH,
            "paperHeight": self.height / MM_PER_INCH,
            "marginTop": top / MM_PER_INCH,
            "marginBottom": bottom / MM_PER_INCH,
            "marginLeft": left / MM_PER_INCH,
            "marginRight": right / MM_PER_INCH,
        }

    def css(self, millimetres):
        """Return a length on the paper as CSS pixels before scaling.

        >>> Paper(scale=0.5).css(25.4)
        192.0
        """
        return round(millimetres / MM_PER_INCH * CSS_PX_PER_INCH / self.scale, 3)

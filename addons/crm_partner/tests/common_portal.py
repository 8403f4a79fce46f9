from lxml import html

from odoo import http
from odoo.tests import HttpCase

from .common import PartnerCase


def xpath_of(selector):
    """Return the XPath of a selector made of tags and classes, one inside the other.

    >>> xpath_of("div .o_x")
    "//div//*[contains(concat(' ', normalize-space(@class), ' '), ' o_x ')]"
    """
    path = ""
    for part in selector.split():
        tag, *classes = part.split(".")
        path += f"//{tag or '*'}" + "".join(
            f"[contains(concat(' ', normalize-space(@class), ' '), ' {name} ')]" for name in classes
        )
    return path


class PortalCase(HttpCase, PartnerCase):
    """Pages of the partner portal, asked for as somebody and read as a person would."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_portal_users()
        cls.pump.channel_ok = True
        cls.valve = cls._create_product(
            name="Valve V2",
            type="consu",
            is_storable=True,
            lst_price=200.0,
            taxes_id=cls.tax_13,
            channel_ok=True,
        )
        cls.secret = cls._create_product(name="Prototype", type="consu", lst_price=1.0)
        cls.warehouse = cls.env["stock.warehouse"].search(
            [("company_id", "=", cls.company.id)], limit=1
        )

    @classmethod
    def _stock(cls, product, quantity, lot=None):
        cls.env["stock.quant"]._update_available_quantity(
            product, cls.warehouse.lot_stock_id, quantity, lot_id=lot
        )

    @classmethod
    def _order(cls, partner, product=None, quantity=1, *, confirm=True, **values):
        order = cls.env["sale.order"].create(
            {
                "partner_id": partner.id,
                "company_id": cls.company.id,
                "order_line": [
                    (0, 0, {"product_id": (product or cls.pump).id, "product_uom_qty": quantity})
                ],
                **values,
            }
        )
        if confirm:
            order.action_confirm()
        return order

    def login(self, user):
        self.authenticate(user and user.login, user and user.login)

    def get(self, url, status=200):
        """Return the parsed page; assert the status."""
        answer = self.url_open(url, allow_redirects=False)
        self.assertEqual(answer.status_code, status, url)
        return html.fromstring(answer.content) if answer.content else None

    def post(self, url, status=303, **data):
        """Send a form with a valid token; return the answer and the message of the next page."""
        data["csrf_token"] = http.Request.csrf_token(self)
        answer = self.url_open(url, data=data, allow_redirects=False)
        self.assertEqual(answer.status_code, status, url)
        return answer

    def follow(self, answer):
        return self.get(answer.headers["Location"])

    def texts(self, page, selector):
        """Return the words of every element that a selector (see :func:`xpath_of`) finds."""
        return [" ".join(found.text_content().split()) for found in page.xpath(xpath_of(selector))]

    def assertNotice(self, page, words):
        self.assertIn(words, " ".join(self.texts(page, ".alert-success")))

    def assertProblem(self, page, words):
        self.assertIn(words, " ".join(self.texts(page, ".alert-danger")))

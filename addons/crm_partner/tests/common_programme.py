import base64
import io
from datetime import timedelta
from unittest.mock import patch

from PIL import Image

from odoo import Command, fields

from .common import PartnerCase


def picture():
    """Return a small PNG."""
    buffer = io.BytesIO()
    Image.new("RGB", (40, 20), "navy").save(buffer, "PNG")
    return buffer.getvalue()


PNG = picture()
PIXEL = base64.b64encode(PNG).decode()
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF"


class ProgrammeCase(PartnerCase):
    """The programme of PartnerCase with requirements.

    ===========  =========================================================================
    level        requirements, last 12 months (grace)
    ===========  =========================================================================
    gold         purchases of 200,000 and two certificates (90 days)
    silver       purchases of 100,000 (60 days)
    authorised   none: the lowest level
    ===========  =========================================================================
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.context_today(cls.env["res.company"])
        cls.gold.write(
            {
                "grace_days": 90,
                "requirement_ids": [
                    Command.create({"kind": "purchases", "threshold": 200000}),
                    Command.create({"kind": "certificates", "threshold": 2}),
                ],
            }
        )
        cls.silver.write(
            {
                "grace_days": 60,
                "requirement_ids": [Command.create({"kind": "purchases", "threshold": 100000})],
            }
        )
        cls.engineer = cls.env["crm.partner.certification"].create(
            {"name": "Pump Engineer", "company_id": cls.company.id, "validity_months": 24}
        )

    @classmethod
    def _create_person(cls, partner, name="Person"):
        return cls.env["res.partner"].create(
            {"name": name, "parent_id": partner.id, "email": f"{name.lower()}@example.com"}
        )

    @classmethod
    def _certify(cls, partner, count=1, confirm=True, **values):
        certificates = cls.env["crm.partner.certificate"]
        for number in range(count):
            certificates |= certificates.create(
                {
                    "partner_id": partner.id,
                    "person_id": cls._create_person(partner, f"Engineer{number}").id,
                    "certification_id": cls.engineer.id,
                    "date_from": cls.today - timedelta(days=10),
                    **values,
                }
            )
        if confirm:
            certificates.action_confirm()
        return certificates

    @classmethod
    def _buy(cls, partner, amount, days_ago=30, **values):
        return cls._invoice(partner, cls.today - timedelta(days=days_ago), amount, **values)

    def _review(self, date=None, **values):
        review = self.env["crm.partner.review"].create(
            {"date": date or self.today, "company_id": self.company.id, **values}
        )
        review.action_preview()
        return review

    def _line(self, review, partner):
        return review.line_ids.filtered(lambda line: line.partner_id == partner)

    def _events(self, partner):
        rows = self.env["crm.partner.level.history"].search(
            [("partner_id", "=", partner.id)], order="id"
        )
        return rows.mapped("kind")

    @classmethod
    def _create_text(cls, **values):
        return cls.env["crm.partner.agreement.template"].create(
            {
                "name": "Distribution Agreement",
                "company_id": cls.company.id,
                "lang": "en_US",
                "body": "<p>{{company}} and {{partner}} agree on {{level}} until"
                " {{valid_until}}.</p>",
                **values,
            }
        )

    @classmethod
    def _create_agreement(cls, partner, text=None, **values):
        return cls.env["crm.partner.agreement"].create(
            {
                "partner_id": partner.id,
                "template_id": (text or cls._create_text()).id,
                "company_id": cls.company.id,
                **values,
            }
        )

    def _printing(self, content=PDF):
        """Print without a browser: the content is what matters here."""
        model = self.env.registry["crm.partner.agreement"]
        return patch.object(model, "_render_signature_pdf", lambda _self: content)

    def _send(self, agreement):
        with self._printing():
            agreement.action_send()
        return agreement

    def _sign(self, agreement, user, name="Wang Li", image=PIXEL):
        agreement.with_user(user).sudo()._sign_as_partner(name, image)

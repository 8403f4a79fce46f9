from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.mail.tests.common import MailCommon

from .common_identity import IdentityCase

MAIL = """From: "Li Wei" <{sender}>
To: {to}
Subject: Pumps again
Message-Id: <identity-{sender}>
Date: Tue, 24 Nov 2026 09:00:00 +0800
Content-Type: text/plain; charset=utf-8

Two more pumps, please.
"""


@tagged("post_install", "-at_install", "mail_gateway")
class TestIdentityFinders(IdentityCase, MailCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls.partner("Li Wei", email="li@work.example")
        cls.env["crm.identity"].create(
            {"partner_id": cls.customer.id, "kind": "email", "value": "li@home.example"}
        )

    def test_find_or_create(self):
        partners = self.env["res.partner"]
        self.assertEqual(partners.find_or_create("Li <LI@home.example>"), self.customer)
        new = partners.find_or_create("Wu <wu@home.example>")
        self.assertEqual((new.name, new.email), ("Wu", "wu@home.example"))

    def test_find_or_create_from_emails(self):
        found = self.env["res.partner"]._find_or_create_from_emails(
            ["li@home.example", "wu@home.example", "li@work.example", "", "LI@home.example"]
        )
        self.assertEqual(found[0], self.customer)
        self.assertEqual(found[1].email, "wu@home.example")
        self.assertEqual(found[2:], [self.customer, self.env["res.partner"], self.customer])

    def test_ban_filter_and_company(self):
        find = self.env["res.partner"]._find_or_create_from_emails
        self.assertFalse(
            find(["li@home.example"], ban_emails=["li@home.example"], no_create=True)[0]
        )
        self.assertFalse(
            find(["li@home.example"], filter_found=lambda p: p.user_ids, no_create=True)[0]
        )
        self.customer.company_id = self.there
        found = find(
            ["li@home.example"], additional_values={"li@home.example": {"company_id": self.here.id}}
        )
        self.assertNotEqual(found[0], self.customer)
        self.assertEqual(found[0].company_id, self.here)

    def test_not_beyond_rights(self):
        self.customer.company_id = self.there
        partners = self.env["res.partner"].with_user(self.rep).with_company(self.here)
        self.assertFalse(
            partners._find_or_create_from_emails(["li@home.example"], no_create=True)[0]
        )

    def test_colleague_before_customer(self):
        """Where the address is a colleague's main one, the order of the caller decides."""
        self.partner("Private card", email="rep@identity.example.com")
        found = self.env["mail.thread"]._partner_find_from_emails_single(
            ["rep@identity.example.com"], no_create=True
        )
        self.assertEqual(found, self.rep.partner_id)

    def test_archived_customer_is_not_found(self):
        self.customer.active = False
        self.assertFalse(
            self.env["res.partner"]._find_or_create_from_emails(
                ["li@home.example"], no_create=True
            )[0]
        )

    @mute_logger("odoo.addons.mail.models.mail_thread")
    def test_mail_from_a_second_address_finds_its_customer(self):
        team = self.env["crm.team"].create(
            {"name": "Inbox", "alias_name": "identity-inbox", "use_leads": True}
        )
        mail = MAIL.format(sender="li@home.example", to=team.alias_id.display_name)
        before = self.env["res.partner"].search_count([])
        lead_id = self.env["mail.thread"].message_process("crm.lead", mail)
        lead = self.env["crm.lead"].browse(lead_id)
        self.assertEqual(lead.message_ids.author_id & self.customer, self.customer)
        self.assertEqual(lead.partner_id, self.customer)
        self.assertEqual(self.env["res.partner"].search_count([]), before)

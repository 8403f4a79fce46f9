from odoo import Command, fields

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.crm_approval.tests.common import create_user


class SegmentCase(AccountTestInvoicingCommon):
    """A company with five customers and what they did; everything else is excluded by a tag.

    ==========  =========  ===============================================
    ann         Shanghai   invoiced 1,000 ten days ago, 500 credited since
    bob         Shanghai   invoiced 300 ten days and 300 200 days ago
    cid         Beijing    invoiced 2,000 200 days ago
    dora        Beijing    nothing
    eva         Beijing    met us five days ago
    ==========  =========  ===============================================
    """

    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref("sales_team.group_sale_manager")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.company_data["company"]
        cls.tag = cls.env["res.partner.category"].create({"name": "Segment test"})
        cities = {"ann": "Shanghai", "bob": "Shanghai", "cid": "Beijing", "dora": "Beijing"}
        for name in ("ann", "bob", "cid", "dora", "eva"):
            setattr(cls, name, cls._create_customer(name, cities.get(name, "Beijing")))
        cls.customers = cls.ann | cls.bob | cls.cid | cls.dora | cls.eva
        cls._invoice(cls.ann, 1000, 10)
        cls._invoice(cls.ann, 500, 5, "out_refund")
        cls._invoice(cls.bob, 300, 10)
        cls._invoice(cls.bob, 300, 200)
        cls._invoice(cls.cid, 2000, 200)
        cls._meet(cls.eva, 5)

    @classmethod
    def _create_customer(cls, name, city, **values):
        tags = [Command.set(cls.tag.ids)]
        return cls.env["res.partner"].create(
            {"name": name, "city": city, "is_company": True, "category_id": tags, **values}
        )

    @classmethod
    def _create_users(cls):
        cls.other_company = cls.setup_other_company(name="Other Company")["company"]
        cls.seller = cls._create_user("seller", "sales_team.group_sale_salesman")
        cls.manager = cls._create_user("manager", "sales_team.group_sale_manager")
        cls.nobody = cls._create_user("nobody", "base.group_user")
        cls.stranger = cls._create_user(
            "stranger", "sales_team.group_sale_manager", cls.other_company
        )

    @classmethod
    def _create_user(cls, login, groups, company=None):
        return create_user(cls.env, f"segment_{login}", groups, company or cls.company)

    @classmethod
    def _ago(cls, days):
        return fields.Date.subtract(fields.Date.today(), days=days)

    @classmethod
    def _invoice(cls, partner, amount, days_ago, move_type="out_invoice", product=None):
        line = {
            "name": "Goods",
            "product_id": (product or cls.product_a).id,
            "price_unit": amount,
            "tax_ids": [Command.clear()],
        }
        move = cls.env["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": partner.id,
                "invoice_date": cls._ago(days_ago),
                "invoice_line_ids": [Command.create(line)],
            }
        )
        move.action_post()
        return move

    @classmethod
    def _meet(cls, partner, days_ago):
        start = fields.Datetime.subtract(fields.Datetime.now(), days=days_ago)
        return cls.env["calendar.event"].create(
            {
                "name": "Visit",
                "start": start,
                "stop": fields.Datetime.add(start, hours=1),
                "partner_ids": [Command.set(partner.ids)],
            }
        )

    @classmethod
    def _rows(cls, *rows):
        """Return commands of conditions from (level, values)."""
        return [
            Command.create({"sequence": number, "level": level, **values})
            for number, (level, values) in enumerate(rows, 1)
        ]

    @classmethod
    def _segment(cls, *rows, name="Segment", **values):
        """Create a segment of the test customers that meet the rows, and refresh it."""
        tagged = (0, cls._is([("category_id", "in", cls.tag.ids)]))
        segment = cls.env["crm.segment"].create(
            {
                "name": name,
                "company_id": cls.company.id,
                "condition_ids": cls._rows(tagged, *rows),
                **values,
            }
        )
        segment.action_refresh()
        return segment

    @staticmethod
    def _is(domain, **values):
        return {"kind": "attribute", "domain": repr(domain), **values}

    @staticmethod
    def _did(behaviour, **values):
        return {"kind": "behaviour", "behaviour": behaviour, **values}

    @staticmethod
    def _in(segment, **values):
        return {"kind": "segment", "other_segment_id": segment.id, **values}

    def members(self, segment):
        """Return the present members, found by the domain that other addons use."""
        return self.env["res.partner"].search(segment._member_domain())

    def process(self):
        """Do what a commit and then the scheduled action do."""
        self.env.flush_all()
        self.env.cr.precommit.run()
        while self.env["crm.segment.dirty"]._process_batch():
            pass

    def assertMembers(self, segment, partners):
        """Assert exactly these members, and that no refresh failed."""
        self.assertFalse(segment.error)
        self.assertEqual(
            self.members(segment).sorted("id").mapped("name"),
            partners.sorted("id").mapped("name"),
        )
        self.assertEqual(segment.member_count, len(partners))

from odoo import Command
from odoo.tests import TransactionCase
from odoo.tests.common import new_test_user
from odoo.tools import SQL


class MergeCase(TransactionCase):
    """Three records about one customer, with something of everything.

    ========  ===========================================  ==========================
    hong      Shanghai Hongtai Machinery, the survivor      own e-mail, no phone
    tai       SHANGHAI HONGTAI MACHINERY                    phone, contact, documents
    ht        Hongtai                                       second address
    ========  ===========================================  ==========================

    ``manager`` merges, ``seller`` proposes, ``approver`` approves, ``clerk`` has no rights.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls._create_users()
        cls._create_customers()

    @classmethod
    def _create_users(cls):
        make = {"email": "merge@example.com"}
        cls.manager = new_test_user(
            cls.env, "merge_manager", "crm_customer.group_customer_manager", **make
        )
        cls.seller = new_test_user(
            cls.env, "merge_seller", "crm_customer.group_customer_user", **make
        )
        cls.approver = new_test_user(
            cls.env,
            "merge_approver",
            "crm_approval.group_approval_manager,crm_customer.group_customer_manager",
            **make,
        )
        cls.clerk = new_test_user(cls.env, "merge_clerk", "base.group_user", **make)

    @classmethod
    def _create_customers(cls):
        cls.tags = cls.env["res.partner.category"].create(
            [{"name": "Machines"}, {"name": "Export"}, {"name": "Key"}]
        )
        partners = cls.env["res.partner"]
        cls.hong = partners.create(
            {
                "name": "Shanghai Hongtai Machinery",
                "is_company": True,
                "email": "info@hongtai.example.com",
                "category_id": [Command.set(cls.tags[:2].ids)],
                "comment": "Short",
            }
        )
        cls.tai = partners.create(
            {
                "name": "SHANGHAI HONGTAI MACHINERY",
                "is_company": True,
                "phone": "+86 21 5555 6666",
                "street": "Nanjing Road 1",
                "city": "Shanghai",
                "category_id": [Command.set(cls.tags[1:].ids)],
                "comment": "A rather long note",
            }
        )
        cls.ht = partners.create({"name": "Hongtai", "email": "sales@hongtai.example.com"})
        cls.contact = partners.create({"name": "Li Wei", "parent_id": cls.tai.id})
        cls.group = cls.hong | cls.tai | cls.ht
        cls.env.flush_all()
        for number, partner in enumerate(cls.group):
            cls.env.cr.execute(
                "UPDATE res_partner SET write_date = %s, create_date = %s WHERE id = %s",
                [f"2026-0{number + 2}-01 08:00:00.123456", "2026-01-01", partner.id],
            )
        cls.env.invalidate_all()

    @classmethod
    def create_documents(cls, partner):
        """Create something of everything that references a customer; return the records."""
        env = cls.env
        product = env["product.product"].create({"name": "Pump", "list_price": 100})
        order = env["sale.order"].create(
            {"partner_id": partner.id, "order_line": [Command.create({"product_id": product.id})]}
        )
        lead = env["crm.lead"].create({"name": "Pumps", "partner_id": partner.id})
        message = partner.message_post(body="Called")
        partner.message_subscribe(cls.manager.partner_id.ids)
        activity = partner.activity_schedule("mail.mail_activity_data_todo", user_id=env.uid)
        attachment = env["ir.attachment"].create(
            {"name": "licence.txt", "raw": b"1", "res_model": "res.partner", "res_id": partner.id}
        )
        external = env["ir.model.data"].create(
            {
                "module": "__import__",
                "name": f"customer_{partner.id}",
                "model": "res.partner",
                "res_id": partner.id,
            }
        )
        bank = env["res.partner.bank"].create(
            {"acc_number": "6222 0000 1111", "partner_id": partner.id}
        )
        return {
            "order": order, "lead": lead, "message": message, "activity": activity,
            "attachment": attachment, "external": external, "bank": bank,
        }  # fmt: skip

    # --- helpers ---

    def draft(self, partners=None, survivor=None, user=None):
        """Return a draft of the merge, proposed by the manager."""
        merges = self.env["crm.merge"].with_user(user or self.manager)
        partners = (self.group if partners is None else partners).with_env(merges.env)
        return merges.create_for(partners, survivor=survivor or self.hong)

    def snapshot(self):
        """Return {table: set of rows as JSON text} of all tables that can name a customer."""
        self.env.flush_all()
        engine = self.env["crm.merge.engine"]
        tables = {place.table for place in engine._places("res_partner", "res.partner")}
        tables |= {"res_partner", "mail_followers_mail_message_subtype_rel"}
        return {
            table: {
                row
                for (row,) in self.env.execute_query(
                    SQL("SELECT to_jsonb(t)::text FROM %s t", SQL.identifier(table))
                )
            }
            for table in tables - {"ir_act_server_res_partner_rel"}
        }

    def assertRestored(self, before, new_rows=("mail_message", "mail_message_res_partner_rel")):
        """Check that every row is as it was, bit for bit; new rows only where said."""
        after = self.snapshot()
        for table, rows in before.items():
            self.assertFalse(rows - after[table], f"{table}: rows changed or lost")
            if table not in new_rows:
                self.assertFalse(after[table] - rows, f"{table}: rows too many")

    def assertNothingLeft(self, partners, besides=()):
        """Check over the catalog that nothing references these ids any more."""
        self.env.flush_all()
        engine = self.env["crm.merge.engine"]
        for place in engine._places("res_partner", "res.partner"):
            if place.table == "res_partner" or place.table in besides:
                continue
            ids = [
                partner.id if place.prefix is None else f"{place.prefix}{partner.id}"
                for partner in partners
            ]
            found = self.env.execute_query(
                SQL(
                    "SELECT COUNT(*) FROM %s t WHERE %s = ANY(%s) AND %s",
                    SQL.identifier(place.table),
                    SQL.identifier("t", place.column),
                    ids,
                    place.where,
                )
            )
            self.assertEqual(found[0][0], 0, f"{place.table}.{place.column}")

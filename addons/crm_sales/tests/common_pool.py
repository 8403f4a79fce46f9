from datetime import datetime

from odoo import Command

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.crm_approval.tests.common import create_user
from odoo.addons.crm_subledger.tests.common import day


def noon(text):
    """Return 12:00 of a day in Shanghai, as UTC."""
    return datetime.fromisoformat(f"{text} 04:00:00")


class PoolFixtures:
    """What the tests of pools create: people, levels, a pool, customers with a past.

    ``env`` is that of the superuser; usable with and without a test transaction.
    """

    @staticmethod
    def make_user(env, login, groups, company):
        return create_user(
            env, f"pool_{login}", groups, company, name=login.title(), tz="Asia/Shanghai"
        )

    @staticmethod
    def make_levels(env):
        levels = env["crm.customer.level"].create(
            [
                {"name": f"Pool {name}", "rule": "manual", "sequence": number}
                for number, name in enumerate("ABC", 900)
            ]
        )
        return dict(zip("ABC", levels, strict=True))

    @staticmethod
    def make_pool(env, company, people, levels, **values):
        """Return the pool of the story: 15 days, level A 30, reminder 3 days before."""
        return env["crm.pool"].create(
            {
                "name": "East",
                "company_id": company.id,
                "user_ids": [Command.set([user.id for user in people])],
                "rule_ids": [
                    Command.create({"days": 15}),
                    Command.create({"days": 30, "level_id": levels["A"].id}),
                ],
                **values,
            }
        )

    @staticmethod
    def make_customer(env, name, owner, level=None, assigned="2026-01-05", **values):
        partner = (
            env["res.partner"]
            .with_context(tracking_disable=True)
            .create(
                {
                    "name": name,
                    "is_company": True,
                    "user_id": owner.id,
                    "customer_level_id": level and level.id,
                    **values,
                }
            )
        )
        partner.owner_since = noon(assigned)
        return partner

    # What somebody did, on a day -------------------------------------------------

    @staticmethod
    def mail(record, user, on, **values):
        return record.env["mail.message"].create(
            {
                "model": record._name,
                "res_id": record.id,
                "author_id": user.partner_id.id,
                "message_type": "comment",
                "subtype_id": record.env.ref("mail.mt_comment").id,
                "body": "Hello",
                "date": noon(on),
                **values,
            }
        )

    @staticmethod
    def activity(record, user, on, xml_id="mail.mail_activity_data_call"):
        activity = record.activity_schedule(xml_id, day(on), user_id=user.id)
        activity.action_done()
        activity.date_done = day(on)
        return activity

    @staticmethod
    def meeting(record, user, on):
        values = {"opportunity_id": record.id} if record._name == "crm.lead" else {}
        partners = user.partner_id | (record if record._name == "res.partner" else user.partner_id)
        return (
            record.env["calendar.event"]
            .with_context(no_mail_to_attendees=True, mail_create_nolog=True)
            .create(
                {
                    "name": "Meeting",
                    "start": noon(on),
                    "stop": noon(on),
                    "user_id": user.id,
                    "partner_ids": [Command.set(partners.ids)],
                    **values,
                }
            )
        )

    @staticmethod
    def order(partner, on, confirmed=True, **values):
        order = partner.env["sale.order"].create({"partner_id": partner.id, **values})
        order.write({"state": "sale" if confirmed else "draft", "date_order": noon(on)})
        return order


class PoolCase(PoolFixtures, AccountTestInvoicingCommon):
    """A Shanghai company with a pool, and people who see more or less of it.

    ===========  =====================================================
    boss         sales administrator
    chief        salesperson, manager of the pool
    x, y         salespeople, members of the pool
    outsider     salesperson, no member
    all_docs     sees all documents, no member
    accountant   billing, no sales right
    stranger     sales administrator of another company
    ===========  =====================================================
    """

    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref("sales_team.group_sale_manager")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(su=True)
        cls.company = cls.company_data["company"].with_env(cls.env)
        cls.company.resource_calendar_id.tz = "Asia/Shanghai"
        cls.env["crm.pool"].search([]).active = False
        salesman = "sales_team.group_sale_salesman"
        cls.boss = cls.person("boss", "sales_team.group_sale_manager")
        cls.chief = cls.person("chief", salesman)
        cls.x = cls.person("x", salesman)
        cls.y = cls.person("y", salesman)
        cls.outsider = cls.person("outsider", salesman)
        cls.all_docs = cls.person("all", "sales_team.group_sale_salesman_all_leads")
        cls.accountant = cls.person("accountant", "account.group_account_invoice")
        cls.other = cls.setup_other_company(name="Other Company")["company"]
        cls.stranger = cls.person("stranger", "sales_team.group_sale_manager", cls.other)
        cls.levels = cls.make_levels(cls.env)
        cls.pool = cls.make_pool(
            cls.env,
            cls.company,
            cls.x | cls.y,
            cls.levels,
            manager_ids=[Command.set(cls.chief.ids)],
        )
        cls.lead_pool = cls.make_pool(
            cls.env, cls.company, cls.x | cls.y, cls.levels, name="Leads", res_model="crm.lead"
        )

    @classmethod
    def person(cls, login, groups, company=None):
        return cls.make_user(cls.env, login, groups, company or cls.company)

    @classmethod
    def customer(cls, name, owner=None, level=None, assigned="2026-01-05", **values):
        return cls.make_customer(cls.env, name, owner or cls.x, level, assigned, **values)

    @classmethod
    def pooled(cls, name="Free", ex_owner=None, pool=None, **values):
        """Return a customer or lead that lies in the pool."""
        pool = pool or cls.pool
        owner = ex_owner or cls.x
        if pool.res_model == "crm.lead":
            record = cls.env["crm.lead"].create({"name": name, "user_id": owner.id, **values})
        else:
            record = cls.customer(name, owner, **values)
        record._pool_enter(pool, "put", "Test")
        return record

    def decisions(self, pool=None, records=None):
        """Return {record: action} of what the rules say now."""
        pool = pool or self.pool
        rows = (
            self.env["crm.pool.decision"].sudo()._decide(pool, records and records.ids, every=True)
        )
        model = self.env[pool.res_model]
        return {model.browse(row["id"]): row["action"] for row in rows}

    def history(self, record):
        """Return (how, from, to) of the record, oldest first."""
        rows = record.sudo().ownership_ids.sorted("id")
        return [(row.how, row.from_user_id, row.to_user_id) for row in rows]

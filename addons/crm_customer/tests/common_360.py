from datetime import datetime, timedelta

from odoo import Command, fields

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.crm_approval.tests.common import create_user

TODAY = fields.Date.to_date("2026-06-30")


class Customer360Case(AccountTestInvoicingCommon):
    """One customer with two contacts, and people who see more or less of it.

    ===========  =====================================================
    boss         sales administrator
    li, wang     salespeople who see their own documents
    accountant   billing, no sales right
    reader       internal user without any right of sales or accounting
    stranger     sales administrator of another company
    ===========  =====================================================
    """

    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref("sales_team.group_sale_manager")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.company_data["company"]
        cls.env.user.tz = "UTC"
        cls.customer = cls.env["res.partner"].create({"name": "Hongtai", "is_company": True})
        cls.chen, cls.wu = cls.env["res.partner"].create(
            [
                {"name": "Chen Fang", "parent_id": cls.customer.id},
                {"name": "Wu Min", "parent_id": cls.customer.id},
            ]
        )
        cls.product = cls._create_product(
            name="Service", type="service", lst_price=100.0, taxes_id=False, invoice_policy="order"
        )
        cls.today = fields.Date.context_today(cls.env.user)

    @classmethod
    def _create_people(cls):
        salesman = "sales_team.group_sale_salesman"
        cls.boss = cls._user("boss", "sales_team.group_sale_manager")
        cls.li = cls._user("li", salesman)
        cls.wang = cls._user("wang", salesman)
        cls.accountant = cls._user("accountant", "account.group_account_invoice")
        cls.reader = cls._user("reader", "base.group_user")
        cls.other = cls.setup_other_company(name="Other Company")["company"]
        cls.stranger = cls._user("stranger", "sales_team.group_sale_manager", cls.other)

    @classmethod
    def _user(cls, login, groups, company=None):
        company = company or cls.company
        return create_user(cls.env, f"c360_{login}", groups, company, name=login.title(), tz="UTC")

    @classmethod
    def _create_story(cls):
        """Create one document of each kind, some of Li's and some of Wang's."""
        cls.lead = cls._lead(1000, 50, partner=cls.chen, user=cls.li)
        cls.env.cr.execute(
            "UPDATE crm_lead SET create_date = %s WHERE id = %s", (cls.moment(60), cls.lead.id)
        )
        cls.mail_in = cls._mail(cls.lead, 50, author=cls.chen)
        cls.mail_out = cls._mail(cls.customer, 45)
        cls.quotation = cls._order(300, days=40, user=cls.li, confirm=False, partner=cls.chen)
        cls.order = cls._order(1000, days=30, user=cls.wang)
        cls.invoice = cls._move(1000, days=20, user=cls.wang)
        cls.credit = cls._move(150, days=12, user=cls.li, kind="out_refund")
        cls.payment = cls._pay_move(cls.invoice, 850, days=10)
        cls.call = cls._activity(
            cls.lead, "mail.mail_activity_data_call", days=8, user=cls.li, done=True
        )
        cls.meeting = cls.env["calendar.event"].create(
            {
                "name": "Visit",
                "start": cls.moment(5),
                "stop": cls.moment(5, 12),
                "user_id": cls.li.id,
                "partner_ids": [Command.set((cls.li.partner_id | cls.wu).ids)],
            }
        )
        cls.todo = cls._activity(cls.customer, days=-3, user=cls.li)

    # ------------------------------------------------------------------

    @classmethod
    def day(cls, days):
        """Return the date that many days ago."""
        return cls.today - timedelta(days=days)

    @classmethod
    def moment(cls, days, hour=10):
        """Return an hour of the day that many days ago."""
        return datetime.combine(cls.day(days), datetime.min.time()) + timedelta(hours=hour)

    @classmethod
    def _order(cls, amount=100, days=0, partner=None, user=None, confirm=True):
        order = cls.env["sale.order"].create(
            {
                "partner_id": (partner or cls.customer).id,
                "user_id": user.id if user else False,
                "order_line": [
                    Command.create({"product_id": cls.product.id, "price_unit": amount})
                ],
            }
        )
        if confirm:
            order.action_confirm()
        order.date_order = cls.moment(days)
        return order

    @classmethod
    def _move(cls, amount=100, days=0, partner=None, user=None, due=None, kind="out_invoice"):
        move = cls.env["account.move"].create(
            {
                "move_type": kind,
                "partner_id": (partner or cls.customer).id,
                "invoice_user_id": user.id if user else False,
                "invoice_date": cls.day(days),
                "invoice_date_due": cls.day(days if due is None else due),
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": cls.product.id,
                            "price_unit": amount,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
            }
        )
        move.action_post()
        return move

    @classmethod
    def _pay_move(cls, move, amount, days=0):
        wizard = cls.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        )
        values = {"payment_date": cls.day(days), "amount": amount}
        return wizard.create(values)._create_payments()

    @classmethod
    def _lead(cls, revenue, probability, partner=None, user=None, **values):
        return cls.env["crm.lead"].create(
            {
                "name": "Pumps",
                "type": "opportunity",
                "partner_id": (partner or cls.customer).id,
                "user_id": user.id if user else False,
                "expected_revenue": revenue,
                "probability": probability,
                **values,
            }
        )

    @classmethod
    def _activity(cls, record, kind="mail.mail_activity_data_todo", days=0, user=None, done=False):
        activity = cls.env["mail.activity"].create(
            {
                "res_model_id": cls.env["ir.model"]._get_id(record._name),
                "res_id": record.id,
                "activity_type_id": cls.env.ref(kind).id,
                "summary": "Ask",
                "date_deadline": cls.day(days),
                "user_id": (user or cls.env.user).id,
            }
        )
        if done:
            activity.action_done()
            activity.date_done = cls.day(days)
        return activity

    @classmethod
    def _mail(cls, record, days, author=None, **values):
        message = record.message_post(
            body="Four weeks from order",
            subject="Delivery time",
            message_type="email",
            subtype_xmlid="mail.mt_comment",
            author_id=(author or cls.env.user.partner_id).id,
            **values,
        )
        message.date = cls.moment(days)
        return message

    # ------------------------------------------------------------------

    def timeline(self, user=None, partner=None, after=None, limit=200, **filters):
        """Return the page of the timeline that ``user`` sees."""
        self.env.flush_all()
        model = self.env["crm.interaction"].with_user(user or self.env.user)
        company = (user or self.env.user).company_id
        return model.with_context(allowed_company_ids=company.ids).get_timeline(
            (partner or self.customer).id, filters, after, limit
        )

    def kinds(self, user=None, **filters):
        """Return the kinds of the rows that ``user`` sees, newest first."""
        return [row["kind"] for row in self.timeline(user, **filters)["rows"]]

    def figures(self, user=None, partner=None):
        """Return the key figures that ``user`` sees by key."""
        self.env.flush_all()
        user = user or self.env.user
        entity = (partner or self.customer).with_user(user)
        entity = entity.with_context(allowed_company_ids=user.company_id.ids)
        return {figure["key"]: figure for figure in entity._customer_figures()}

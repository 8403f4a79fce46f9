from odoo import fields

from odoo.addons.crm_approval.tests.common import create_user

from .common import CommissionCase


class ForecastCase(CommissionCase):
    """The company of commissions, with a tree of teams and a sales manager.

    ==========  ==========================================  =====================
    li, wang    salespeople                                 team North
    chen        salesperson                                 team South
    zhao        leads North
    head        leads China, the parent of North and South
    director    sales manager                               (no team)
    stranger    sales manager of another company
    ==========  ==========================================  =====================
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        manager = "sales_team.group_sale_manager"
        cls.director = cls._create_seller("director", manager)
        cls.head = cls._create_seller("head", "sales_team.group_sale_salesman")
        cls.china = cls.env["crm.team"].create(
            {"name": "China", "company_id": cls.company.id, "user_id": cls.head.id}
        )
        (cls.north | cls.south).write({"parent_id": cls.china.id, "company_id": cls.company.id})
        cls.south.user_id = False
        other = cls.setup_other_company(name="Other")["company"]
        cls.stranger = create_user(cls.env, "crm_sales_stranger", manager, other)
        cls.today = fields.Date.today()
        cls.env.user.company_id = cls.company

    @classmethod
    def _quota(cls, amount, user=None, team=None, **values):
        return cls.env["crm.quota"].create(
            {
                "company_id": cls.company.id,
                "user_id": user.id if user else False,
                "team_id": team.id if team else False,
                "amount": amount,
                "date_from": "2026-01-01",
                "period": "quarter",
                **values,
            }
        )

    @classmethod
    def _lead(cls, amount, user=None, deadline=None, category=None, team=None, **values):
        lead = cls.env["crm.lead"].create(
            {
                "name": f"Deal over {amount}",
                "type": "opportunity",
                "user_id": (user or cls.li).id,
                "team_id": (team or cls.north).id,
                "company_id": cls.company.id,
                "expected_revenue": amount,
                "date_deadline": deadline or cls.today,
                "stage_id": cls.stages["pipeline"].id,
                **values,
            }
        )
        if category:
            lead.forecast_category = category
        return lead

    @classmethod
    def _create_people(cls):
        result = super()._create_people()
        cls.stages = {
            category: cls.env["crm.stage"].create(
                {"name": f"Stage {category}", "sequence": 200 + number,
                 "forecast_category": category, "is_won": category == "closed"}
            )
            for number, category in enumerate(("pipeline", "best_case", "commit", "closed"))
        }  # fmt: skip

        return result

    @classmethod
    def _forecast(cls, user, by=None, day=None):
        return (
            cls.env["crm.forecast"]
            .with_user(by or user)
            .with_context(allowed_company_ids=cls.company.ids)
            ._ensure(cls.company, "quarter", day or cls.today, user)
        )

    def _as(self, user):
        """Return the environment of a user in the company of the tests."""
        return self.env(user=user, context={"allowed_company_ids": user.company_ids.ids})

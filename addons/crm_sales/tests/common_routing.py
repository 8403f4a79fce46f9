from datetime import timedelta

from freezegun import freeze_time

from odoo import Command, fields
from odoo.tests import TransactionCase

from odoo.addons.crm_approval.tests.common import create_user

#: Monday 5 January 2026, 10:00 in Shanghai
MONDAY = "2026-01-05 02:00:00"


class RoutingCase(TransactionCase):
    """A Chinese company, at work from 9 to 12 and 13 to 18, Monday to Friday.

    =====  ===========================  =====================
    li     salesperson, own documents   team North
    wang   salesperson, own documents   team North
    zhao   salesperson, own documents   team South
    all    salesperson, all documents   (no team)
    boss   sales manager                leads team North
    =====  ===========================  =====================
    """

    #: the time of the tests; None where a browser takes part, whose cookies would have expired
    now = MONDAY

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls.now:
            cls.startClassPatcher(freeze_time(cls.now))
        cls.company = cls.env["res.company"].create(
            {"name": "Huadong Pumps", "country_id": cls.env.ref("base.cn").id}
        )
        cls.calendar = cls.company.resource_calendar_id
        cls.calendar.write({"tz": "Asia/Shanghai", "attendance_ids": cls._hours()})
        cls.env = cls.env(
            context={**cls.env.context, "allowed_company_ids": cls.company.ids, "tz": "UTC"}
        )
        cls.env.user.write(
            {"company_ids": [Command.link(cls.company.id)], "company_id": cls.company.id}
        )
        cls.cn, cls.us = cls.env.ref("base.cn"), cls.env.ref("base.us")
        cls.sh, cls.js, cls.bj, cls.gd = (
            cls.env["res.country.state"].search(
                [("country_id", "=", cls.cn.id), ("code", "=", code)], limit=1
            )
            for code in ("沪", "苏", "京", "粤")
        )
        cls._create_people()
        cls.env["crm.lead.route.rule"].search([]).active = False

    @classmethod
    def _hours(cls):
        return [Command.clear()] + [
            Command.create(
                {
                    "name": f"{day} {begin}",
                    "dayofweek": str(day),
                    "hour_from": begin,
                    "hour_to": end,
                    "day_period": period,
                }
            )
            for day in range(5)
            for begin, end, period in ((9, 12, "morning"), (13, 18, "afternoon"))
        ]

    @classmethod
    def _create_people(cls):
        cls.north, cls.south = cls.env["crm.team"].create(
            [
                {"name": name, "company_id": cls.company.id, "use_leads": True}
                for name in ("North", "South")
            ]
        )
        salesman = "sales_team.group_sale_salesman"
        cls.li = cls._create_user("li", salesman, cls.north)
        cls.wang = cls._create_user("wang", salesman, cls.north)
        cls.zhao = cls._create_user("zhao", salesman, cls.south)
        cls.all = cls._create_user("all", "sales_team.group_sale_salesman_all_leads")
        cls.boss = cls._create_user("boss", "sales_team.group_sale_manager")
        cls.north.user_id = cls.boss

    @classmethod
    def _create_user(cls, login, group, team=None, company=None):
        company = company or cls.company
        user = create_user(
            cls.env,
            f"routing_{login}",
            f"base.group_partner_manager,{group}",
            company,
            name=login.capitalize(),
            tz="Asia/Shanghai",
        )
        user.with_company(company).action_create_employee()
        if team:
            cls.env["crm.team.member"].create({"crm_team_id": team.id, "user_id": user.id})
        return user

    # -- records --

    @classmethod
    def _rule(cls, name, *people, **values):
        """Return a rule, in turn among the people if there are any."""
        members = [Command.create({"user_id": user.id}) for user in people]
        defaults = {"name": name, "member_ids": members, "company_id": cls.company.id}
        return cls.env["crm.lead.route.rule"].create({**defaults, **values})

    @classmethod
    def _lead(cls, **values):
        """Return a lead that came without a salesperson."""
        return cls._leads(1, **values)

    @classmethod
    def _leads(cls, number, **values):
        leads = cls.env["crm.lead"].with_context(default_user_id=False)
        vals = {"name": "Pumps", "type": "lead", "company_id": cls.company.id, **values}
        return leads.create([dict(vals) for _number in range(number)]).with_env(cls.env)

    @classmethod
    def _policy(cls, **values):
        return cls.env["crm.lead.sla.policy"].create(
            {"name": "Two hours", "company_id": cls.company.id, "response_hours": 2, **values}
        )

    @classmethod
    def _model(cls, *territories, activate=True, **values):
        """Return a model with ``(name, parent name, values)`` as its tree."""
        model = cls.env["crm.territory.model"].create(
            {
                "name": "Map",
                "company_id": cls.company.id,
                "date_from": "2026-01-01",
                **values,
            }
        )
        made = {}
        for number, (name, parent, more) in enumerate(territories, 1):
            made[name] = cls.env["crm.territory"].create(
                {
                    "name": name,
                    "model_id": model.id,
                    "parent_id": made[parent].id if parent else False,
                    "sequence": number,
                    **more,
                }
            )
        if activate:
            model._activate()
        return model

    @classmethod
    def _node(cls, model, name):
        return model.territory_ids.filtered(lambda one: one.name == name)

    @classmethod
    def _off(cls, user, begin, end):
        """Put a person on leave between two UTC moments."""
        return cls.env["resource.calendar.leaves"].create(
            {
                "name": "Leave",
                "resource_id": user.resource_ids[:1].id,
                "calendar_id": user.resource_ids[:1].calendar_id.id,
                "date_from": begin,
                "date_to": end,
            }
        )

    @classmethod
    def _absent(cls, user):
        """Put a person on leave today and tomorrow."""
        return cls._off(user, "2026-01-04 16:00:00", "2026-01-06 16:00:00")

    @classmethod
    def _last_log(cls, lead):
        return cls.env["crm.lead.route.log"].search([("lead_id", "=", lead.id)], limit=1)

    def _at(self, moment):
        """Let the time be another one, in UTC, for the rest of the block."""
        return freeze_time(moment)

    @classmethod
    def _after(cls, **delta):
        return fields.Datetime.to_datetime(MONDAY) + timedelta(**delta)

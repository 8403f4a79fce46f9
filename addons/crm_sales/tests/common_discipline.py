import base64

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import TransactionCase

from odoo.addons.crm_approval.tests.common import create_user


class DisciplineCase(TransactionCase):
    """Two pipelines and the people who work in them.

    ========  ====================================  ==========
    lin       salesperson                           team East
    mei       salesperson                           team East
    wei       leads team East, sees all leads       team East
    zhou      salesperson                           team West
    head      sales administrator
    far       salesperson of another company
    ========  ====================================  ==========

    East goes New → Qualified → Proposal → Won; West has a stage of its own, Audit, before Won.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.env["crm.stage.gate"].search([]).unlink()
        cls.elsewhere = cls.env["res.company"].create({"name": "Elsewhere"})
        seller, leader = (
            "sales_team.group_sale_salesman",
            "sales_team.group_sale_salesman_all_leads",
        )
        cls.lin, cls.mei, cls.zhou = (cls._user(name, seller) for name in ("lin", "mei", "zhou"))
        cls.wei = cls._user("wei", leader)
        cls.head = cls._user("head", "sales_team.group_sale_manager")
        cls.far = cls._user("far", seller, cls.elsewhere)
        cls.east, cls.west = cls.env["crm.team"].create(
            [
                {"name": "East", "user_id": cls.wei.id, "company_id": cls.company.id},
                {"name": "West", "company_id": cls.company.id},
            ]
        )
        cls.env["crm.team.member"].create(
            [
                {"crm_team_id": team.id, "user_id": user.id}
                for team, users in ((cls.east, cls.lin | cls.mei), (cls.west, cls.zhou))
                for user in users
            ]
        )
        cls._create_stages()
        cls.customer = cls.env["res.partner"].create(
            {"name": "Hongtai", "email": "buyer@hongtai.example"}
        )

    @classmethod
    def _user(cls, name, group, company=None):
        return create_user(
            cls.env,
            f"discipline_{name}",
            group,
            company or cls.company,
            name=name.capitalize(),
            email=f"{name}@example.com",
        )

    @classmethod
    def _create_stages(cls):
        stages = cls.env["crm.stage"]
        stages.search([]).team_ids = cls.env["crm.team"].create({"name": "Nobody's pipeline"})
        rows = (
            ("New", cls.east | cls.west, {}),
            ("Qualified", cls.east | cls.west, {}),
            ("Proposal", cls.east, {}),
            ("Audit", cls.west, {}),
            ("Won", cls.east | cls.west, {"is_won": True}),
        )
        cls.new, cls.qualified, cls.proposal, cls.audit, cls.won = stages.create(
            [
                {
                    "name": name,
                    "sequence": 100 + number,
                    "team_ids": [Command.set(teams.ids)],
                    **values,
                }
                for number, (name, teams, values) in enumerate(rows)
            ]
        )

    @classmethod
    def _lead(cls, user=None, **values):
        user = user or cls.lin
        team = cls.west if user == cls.zhou else cls.east
        return cls.env["crm.lead"].create(
            {
                "name": "Pumps",
                "type": "opportunity",
                "user_id": user.id,
                "team_id": team.id,
                "company_id": cls.company.id,
                "partner_id": cls.customer.id,
                **values,
            }
        )

    @classmethod
    def _gate(cls, stage, *requirements, **values):
        return cls.env["crm.stage.gate"].create(
            {
                "name": f"Before {stage.name}",
                "stage_id": stage.id,
                "requirement_ids": [Command.create(row) for row in requirements],
                **values,
            }
        )

    @classmethod
    def _field(cls, name, **values):
        field = cls.env["ir.model.fields"]._get("crm.lead", name)
        return {"kind": "field", "field_id": field.id, **values}

    @classmethod
    def _file(cls, lead, kind):
        return cls.env["crm.lead.document"].create(
            {
                "lead_id": lead.id,
                "kind_id": kind.id,
                "file": base64.b64encode(b"%PDF-1.4"),
                "file_name": "file.pdf",
            }
        )

    @classmethod
    def _days_ago(cls, days):
        return fields.Datetime.subtract(fields.Datetime.now(), days=days)

    def assertHeld(self, pattern, call, *args, **kwargs):
        """Assert that the call is refused with such words; nothing of it stays."""
        with self.assertRaisesRegex(UserError, pattern), self.env.cr.savepoint():
            call(*args, **kwargs)
        self.env.invalidate_all()

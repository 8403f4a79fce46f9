from odoo import Command

from .common import PartnerCase

#: Monday 2 March 2026, 10:00 in Shanghai
MONDAY = "2026-03-02 02:00:00"


class LeadCase(PartnerCase):
    """Three partners that get leads; the company works 9 to 12 and 13 to 18, Monday to Friday.

    ======  ==========  ======  ======================================  ========================
    name    level       weight  covers                                  competent for
    ======  ==========  ======  ======================================  ========================
    alpha   gold        3       China                                   everything
    beta    gold        3       Shanghai and Jiangsu                    pumps
    gamma   silver      2       everywhere                              everything
    ======  ==========  ======  ======================================  ========================

    Gold and silver partners may claim two leads a day from the pool.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cn, cls.us = cls.env.ref("base.cn"), cls.env.ref("base.us")
        cls.shanghai, cls.jiangsu, cls.guangdong = (
            cls.env["res.country.state"].search(
                [("country_id", "=", cls.cn.id), ("code", "=", code)], limit=1
            )
            for code in ("沪", "苏", "粤")
        )
        categories = cls.env["product.category"]
        cls.pumps = categories.create({"name": "Pumps"})
        cls.slurry = categories.create({"name": "Slurry Pumps", "parent_id": cls.pumps.id})
        cls.seals = categories.create({"name": "Seals"})
        cls.alpha.channel_coverage_ids = [Command.create({"country_id": cls.cn.id})]
        cls.beta.channel_coverage_ids = [
            Command.create(
                {
                    "country_id": cls.cn.id,
                    "state_ids": [Command.set((cls.shanghai | cls.jiangsu).ids)],
                }
            )
        ]
        cls.beta.channel_category_ids = cls.pumps
        (cls.alpha | cls.beta | cls.gamma).email = "desk@partner.example.com"
        (cls.gold | cls.silver).lead_pool_quota = 2
        # partners that other data brought along are none of ours
        others = cls.env["res.partner"].search([("grade_id", "!=", False)])
        (others - cls.alpha - cls.beta - cls.gamma).channel_lead_paused = True
        cls.calendar = cls.env["resource.calendar"].create(
            {
                "name": "Office",
                "tz": "Asia/Shanghai",
                "company_id": cls.company.id,
                "attendance_ids": [Command.clear()]
                + [
                    Command.create(
                        {
                            "name": f"{weekday} {begin}",
                            "dayofweek": str(weekday),
                            "hour_from": begin,
                            "hour_to": end,
                        }
                    )
                    for weekday in range(5)
                    for begin, end in ((9, 12), (13, 18))
                ],
            }
        )
        cls.company.resource_calendar_id = cls.calendar

    @classmethod
    def _lead(cls, name="Slurry pump for the Yangtze plant", **values):
        """Return an opportunity of a customer in Shanghai."""
        return cls.env["crm.lead"].create(
            {
                "name": name,
                "type": "opportunity",
                "company_id": cls.company.id,
                "user_id": False,
                "team_id": False,
                "partner_name": "Secret Steel Works",
                "contact_name": "Mr. Confidential",
                "phone": "+86 21 5555 0101",
                "email_from": "boss@secret-steel.example.com",
                "street": "88 Hidden Road",
                "city": "Shanghai",
                "zip": "200120",
                "state_id": cls.shanghai.id,
                "country_id": cls.cn.id,
                "expected_revenue": 48000,
                "channel_note": "Ask for the second shift.",
                **values,
            }
        )

    @classmethod
    def _distribute(cls, leads):
        """Distribute as the superuser; return the offers."""
        return cls.env["crm.lead.distributor"]._distribute(leads)

    @classmethod
    def _pool(cls, lead, grades=None):
        """Put a lead into the pool; return the entry."""
        wizard = cls.env["crm.lead.offer"].create(
            {
                "lead_ids": [Command.set(lead.ids)],
                "method": "pool",
                "grade_ids": [Command.set((grades or cls.gold | cls.silver).ids)],
            }
        )
        wizard.action_confirm()
        return lead.channel_assignment_ids.filtered(lambda entry: entry.state == "pool")

    def _watch(self):
        """Run the scheduled action of reminders and limits."""
        self._run_cron("crm_partner.ir_cron_lead_assignments")

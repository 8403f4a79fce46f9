from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.crm_subledger.tests.common import day

from .common import CommissionCase


@tagged("post_install", "-at_install")
@freeze_time("2026-04-02 08:00:00")
class TestSimulation(CommissionCase):
    """A version against the documents of the last period; nothing is posted."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._pay(cls._invoice(cls._create_order(137000)))
        cls.env.flush_all()
        cls.env.cr.precommit.run()

    def simulate(self, version, **values):
        simulation = (
            self.env["crm.commission.simulation"]
            .with_user(self.boss)
            .create({"version_id": version.id, **values})
        )
        simulation.action_simulate()
        return simulation

    def draft(self, **values):
        return self._create_version(self.plan, approve=False, date_from="2026-07-01", **values)

    def test_the_last_period_is_proposed(self):
        simulation = self.simulate(self.version)
        self.assertEqual(
            (simulation.date_from, simulation.date_to), (day("2026-01-01"), day("2026-03-31"))
        )

    def test_the_version_in_force_changes_nothing(self):
        simulation = self.simulate(self.version)
        self.assertEqual(simulation.posted, 4850.0)
        self.assertEqual(simulation.difference, 0.0)

    def test_a_draft_per_person(self):
        entries = self.env["crm.subledger.entry"].search_count([])
        simulation = self.simulate(self.draft(method="retroactive"))
        line = simulation.line_ids.filtered(lambda row: row.partner_id == self.li.partner_id)
        self.assertEqual((line.posted, line.simulated), (4850.0, 6850.0))
        self.assertEqual((line.difference, simulation.difference), (2000.0, 2000.0))
        self.assertAlmostEqual(line.change, 2000 / 4850, places=4)
        self.assertEqual(self.env["crm.subledger.entry"].search_count([]), entries)

    def test_limits_of_a_draft(self):
        self.assertEqual(self.simulate(self.draft(cap=4000)).simulated, 4000.0)
        self.assertEqual(self.simulate(self.draft(threshold=200000)).simulated, 0.0)
        self.assertEqual(self.simulate(self.draft(floor=9000)).simulated, 9000.0)

    def test_whole_periods_are_simulated(self):
        simulation = self.simulate(self.version, date_from="2026-02-10", date_to="2026-02-12")
        self.assertEqual(simulation.simulated, 4850.0)

    def test_without_documents(self):
        simulation = self.simulate(self.version, date_from="2025-01-01", date_to="2025-03-31")
        self.assertFalse(simulation.line_ids)

    def test_button_of_the_version(self):
        action = self.draft().with_user(self.boss).action_simulate()
        simulation = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(simulation.compare_plan_id, self.plan)

    def test_only_commission_managers_simulate(self):
        for user in (self.li, self.zhao, self.accountant):
            with self.assertRaises(AccessError):
                self.env["crm.commission.simulation"].with_user(user).create(
                    {"version_id": self.version.id}
                )

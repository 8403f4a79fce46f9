from odoo import Command
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from .common import DeliveryCase


@tagged("post_install", "-at_install")
class TestDelivery(DeliveryCase):
    """Hand-over checklists, budgets by category, alarms."""

    def test_handover(self):
        self.env["crm.handover.template"].search([]).active = False
        self.env["crm.handover.template"].create(
            [
                {
                    "name": "Lines",
                    "product_tmpl_ids": [Command.set(self.work.product_tmpl_id.ids)],
                    "item_ids": [
                        Command.create({"name": "Explain", "side": "sales"}),
                        Command.create({"name": "Accept", "side": "delivery", "days": 7}),
                    ],
                },
                {
                    "name": "Other products",
                    "product_tmpl_ids": [Command.set(self.service.product_tmpl_id.ids)],
                    "item_ids": [Command.create({"name": "Never"})],
                },
            ]
        )
        order, project = self.sell()
        items = project.handover_item_ids
        self.assertEqual(items.mapped("name"), ["Explain", "Accept"])
        self.assertEqual(items[0].user_id, self.li)
        self.assertEqual(order.handover_item_ids, items)
        self.assertEqual(project.handover_state, "open")
        items[0].with_user(self.li).done = True
        self.assertEqual((items[0].done_by_id, project.handover_progress), (self.li, 50))
        items[1].with_user(self.engineer).done = True
        self.assertEqual(project.handover_state, "done")
        self.assertIn("complete", project.message_ids[0].body)
        items[1].with_user(self.engineer).done = False
        self.assertFalse(items[1].date_done)

    def test_checklist_in_the_readers_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.env["crm.handover.template"].search([]).active = False
        checklist = self.env["crm.handover.template"].create(
            {"name": "All", "item_ids": [Command.create({"name": "Explain scope"})]}
        )
        row = checklist.item_ids
        row.update_field_translations("name", {"zh_CN": "说明合同范围"})
        for lang in ("zh_CN", "en_US"):
            self.li.lang = lang
            _order, project = self.sell()
            item = project.handover_item_ids
            self.assertEqual(item.with_context(lang="en_US").name, "Explain scope")
            self.assertEqual(item.with_context(lang="zh_CN").name, "说明合同范围")
        # what somebody writes is for everybody
        item.with_context(lang="zh_CN").name = "移交图纸"
        self.assertEqual(item.with_context(lang="en_US").name, "移交图纸")

    def test_facts_are_not_typed_in(self):
        _order, project = self.sell()
        with self.assertRaises(AccessError):
            project.handover_item_ids[0].write({"done_by_id": self.pm.id})

    def test_project_comes_from_its_template(self):
        self.env["project.task"].create({"name": "Install", "project_id": self.template.id})
        _order, project = self.sell()
        self.assertIn("Install", project.tasks.mapped("name"))
        self.assertFalse(project.is_template)

    def test_budget_by_category(self):
        _order, project = self.sell()
        material, hours = self.budget(project, 1000), self.budget(project, 500, self.hours)
        self.spend(project, 400, "2026-01-20")
        self.env["account.analytic.line"].create(
            {
                "name": "Work",
                "account_id": project.account_id.id,
                "amount": -600,
                "company_id": self.company.id,
            }
        )
        self.assertEqual((material.actual, material.remaining), (400, 600))
        self.assertEqual((hours.actual, hours.remaining), (600, -100))
        self.assertEqual((project.budget_amount, project.budget_cost), (1500, 1000))

    def test_revenue_is_no_cost(self):
        order, project = self.sell()
        self.budget(project, 1000)
        invoice = self.bill(order, 500, "2026-01-20")
        invoice.button_draft()
        invoice.invoice_line_ids.analytic_distribution = {str(project.account_id.id): 100}
        invoice.action_post()
        self.assertEqual(project.budget_cost, 0)

    def test_own_thresholds(self):
        _order, project = self.sell()
        project.budget_alarm_percents = "50，75"
        self.budget(project, 1000)
        self.spend(project, 500, "2026-01-20")
        self.assertEqual(project.budget_alarm_ids.mapped("percent"), [50])
        self.spend(project, 500, "2026-01-21")
        self.assertEqual(sorted(project.budget_alarm_ids.mapped("percent")), [50, 75])

    def test_lower_budget_raises_the_alarm(self):
        _order, project = self.sell()
        line = self.budget(project, 1000)
        self.spend(project, 500, "2026-01-20")
        self.assertFalse(project.budget_alarm_ids)
        line.amount = 500
        self.assertEqual(len(project.budget_alarm_ids), 2)

    def test_bad_thresholds(self):
        for text in ("eighty", "0", "80, -5"):
            with self.assertRaisesRegex(ValidationError, "no percentages"):
                self.company.budget_alarm_percents = text

    def test_daily_check_isolates_a_bad_project(self):
        (_one, good), (_two, bad) = self.sell(), self.sell()
        for project in (good, bad):
            self.budget(project, 1000)
        original = type(good)._raise_alarms

        def raise_alarms(project, cost):
            if project == bad:
                raise ZeroDivisionError("poisoned")
            original(project, cost)

        self.patch(type(good), "_raise_alarms", lambda project, cost: None)
        self.spend(good, 900, "2026-01-20")
        self.patch(type(good), "_raise_alarms", raise_alarms)
        with self.enter_registry_test_mode():
            self.env.ref("crm_sales_project.ir_cron_budgets").method_direct_trigger()
        self.assertEqual(good.budget_alarm_ids.percent, 80)
        self.assertEqual((bad.budget_error, good.budget_error), ("poisoned", False))

    def test_rights(self):
        _order, project = self.sell()
        line = self.budget(project)
        items = project.handover_item_ids
        self.assertTrue(line.with_user(self.engineer).has_access("read"))
        self.assertFalse(line.with_user(self.engineer).has_access("write"))
        self.assertFalse(line.with_user(self.li).has_access("read"))
        self.assertTrue(items.with_user(self.li).has_access("write"))
        self.assertFalse(items.with_user(self.chen).has_access("read"))
        project.privacy_visibility = "followers"
        project.message_unsubscribe(self.engineer.partner_id.ids)
        self.env.invalidate_all()
        self.assertFalse(line.with_user(self.engineer).has_access("read"))
        elsewhere = self.setup_other_company(name="Elsewhere")["company"]
        stranger = self._create_seller(
            "stranger", "project.group_project_manager", company=elsewhere
        )
        self.assertFalse(line.with_user(stranger).has_access("read"))

from functools import partial
from unittest.mock import patch

from odoo import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_approval.tests.common_parallel import ParallelCase

CRON_LOGGER = "odoo.addons.base.models.ir_cron"
THREADS = 4


@tagged("post_install", "-at_install")
class TestPortalParallel(ParallelCase):
    def _build(self, env):
        grade = env["res.partner.grade"].create({"name": "Parallel"})
        self.remove_at_end(grade)
        partner = env["res.partner"].create(
            {"name": "Parallel Reseller", "is_company": True, "grade_id": grade.id}
        )
        self.remove_at_end(partner)
        users = env["res.users"].with_context(no_reset_password=True)
        groups = ["base.group_portal", "crm_partner.group_portal_admin"]
        admins = users.create(
            [
                {
                    "name": f"Parallel {number}",
                    "login": f"crm_partner_parallel_{number}",
                    "group_ids": [Command.set([env.ref(group).id for group in groups])],
                }
                for number in range(2)
            ]
        )
        self.remove_at_end(admins.partner_id)
        self.remove_at_end(admins)
        admins.partner_id.parent_id = partner
        product = env["product.product"].create(
            {"name": "Parallel", "type": "consu", "is_storable": True, "tracking": "serial"}
        )
        self.remove_at_end(product.product_tmpl_id)
        product.channel_ok = True
        lot = env["stock.lot"].create({"name": "SN-PARALLEL", "product_id": product.id})
        self.remove_at_end(lot)
        warehouse = env["stock.warehouse"].search([("company_id", "=", env.company.id)], limit=1)
        customer = env.ref("stock.stock_location_customers")
        move = env["stock.move"].create(
            {
                "product_id": product.id,
                "product_uom_qty": 1,
                "location_id": warehouse.lot_stock_id.id,
                "location_dest_id": customer.id,
                "partner_id": partner.id,
                "picked": True,
                "move_line_ids": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "lot_id": lot.id,
                            "quantity": 1,
                            "location_id": warehouse.lot_stock_id.id,
                            "location_dest_id": customer.id,
                        }
                    )
                ],
            }
        )
        self.partner, self.admins = partner.id, admins.ids
        self.product, self.lot = product.id, lot.id
        # What moved cannot be removed through the ORM.
        self.delete_at_end("stock.quant", [("product_id", "=", product.id)])
        self.delete_at_end("stock.move", [("id", "=", move.id)])
        self.delete_at_end("stock.move.line", [("move_id", "=", move.id)])
        self.delete_at_end("crm.partner.team.log", [("partner_id", "=", partner.id)])
        self.at_end(self._remove_documents)
        move._action_done()

    def _remove_documents(self, env):
        for model, field, value in (
            ("sale.order", "partner_id", self.partner),
            ("crm.lot.sighting", "lot_id", self.lot),
            ("crm.diversion.case", "lot_id", self.lot),
        ):
            records = env[model].with_context(active_test=False)
            records.search([(field, "=", value)]).unlink()

    @staticmethod
    def _scan(lot_id, env):
        sightings = env["crm.lot.sighting"].with_context(mail_notrack=True)
        sightings.create({"lot_id": lot_id, "source": "scan"})

    @mute_logger(CRON_LOGGER)
    def test_many_scans_make_one_case(self):
        # The territory of the partner is somewhere else.
        sightings = self.registry["crm.lot.sighting"]
        with patch.object(sightings, "_covered_by", lambda *_arguments: False):
            outcomes = self.together([partial(self._scan, self.lot)] * THREADS, retry=True)
        self.assertEqual(outcomes, [None] * THREADS)
        with self.transaction() as env:
            case = env["crm.diversion.case"].search([("lot_id", "=", self.lot)])
            self.assertEqual(len(case), 1)
            self.assertEqual(case.sighting_count, THREADS)

    def _dismiss(self, target, env):
        partner = env["res.partner"].sudo().browse(self.partner)
        env["crm.partner.team"]._remove(partner, env["res.users"].browse(target))

    @mute_logger(CRON_LOGGER)
    def test_two_administrators_cannot_remove_each_other(self):
        first, second = self.admins
        outcomes = self.together(
            [partial(self._dismiss, second), partial(self._dismiss, first)],
            users=self.admins,
            retry=True,
        )
        with self.transaction() as env:
            users = env["res.users"].browse(self.admins)
            self.assertEqual(len(users.filtered("active")), 1)
        results = [self.said(outcome) for outcome in outcomes]
        self.assertEqual(results.count("done"), 1, results)

    def _add(self, env):
        service = env["crm.partner.cart"]
        partner = env["res.partner"].browse(self.partner)
        user = env["res.users"].browse(self.admins[0])
        service._add(partner, user, {env["product.product"].browse(self.product): 1})

    @mute_logger(CRON_LOGGER)
    def test_one_cart_for_two_requests_at_once(self):
        self.assertEqual(self.together([self._add] * THREADS, retry=True), [None] * THREADS)
        with self.transaction() as env:
            cart = env["sale.order"].search([("partner_id", "=", self.partner)])
            self.assertEqual(len(cart), 1)
            self.assertEqual(cart.order_line.product_uom_qty, THREADS)

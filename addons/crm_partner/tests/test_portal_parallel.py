import threading
from contextlib import contextmanager
from unittest.mock import patch

from odoo import SUPERUSER_ID, Command, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

LOGGERS = ("odoo.sql_db", "odoo.service.model", "odoo.addons.base.models.ir_cron")
THREADS = 4


@tagged("post_install", "-at_install")
class TestPortalParallel(BaseCase):
    """Real transactions side by side, retried as the server does; removed afterwards."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.cursor() as env:
            self.ids = self._prepare(env)
        self.addCleanup(self._clean)

    @contextmanager
    def cursor(self, uid=SUPERUSER_ID):
        with self.registry.cursor() as cr:
            yield api.Environment(cr, uid, {})

    @staticmethod
    def _prepare(env):
        grade = env["res.partner.grade"].create({"name": "Parallel"})
        partner = env["res.partner"].create(
            {"name": "Parallel Reseller", "is_company": True, "grade_id": grade.id}
        )
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
        admins.partner_id.parent_id = partner
        product = env["product.product"].create(
            {"name": "Parallel", "type": "consu", "is_storable": True, "tracking": "serial"}
        )
        product.channel_ok = True
        lot = env["stock.lot"].create({"name": "SN-PARALLEL", "product_id": product.id})
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
        move._action_done()
        return {
            "grade": grade.id,
            "partner": partner.id,
            "admins": admins.ids,
            "contacts": admins.partner_id.ids,
            "product": product.product_tmpl_id.id,
            "lot": lot.id,
            "move": move.id,
            "variant": product.id,
        }

    def _clean(self):
        ids = self.ids
        with self.cursor() as env:
            cr = env.cr
            env["sale.order"].search([("partner_id", "=", ids["partner"])]).unlink()
            env["crm.lot.sighting"].with_context(active_test=False).search(
                [("lot_id", "=", ids["lot"])]
            ).unlink()
            env["crm.diversion.case"].search([("lot_id", "=", ids["lot"])]).unlink()
            cr.execute("DELETE FROM crm_partner_team_log WHERE partner_id = %s", [ids["partner"]])
            # What moved cannot be removed through the ORM.
            cr.execute("DELETE FROM stock_move_line WHERE move_id = %s", [ids["move"]])
            cr.execute("DELETE FROM stock_move WHERE id = %s", [ids["move"]])
            cr.execute("DELETE FROM stock_quant WHERE product_id = %s", [ids["variant"]])
            env.invalidate_all()
            env["stock.lot"].browse(ids["lot"]).unlink()
            env["product.template"].browse(ids["product"]).unlink()
            env["res.users"].browse(ids["admins"]).unlink()
            env["res.partner"].browse(ids["contacts"]).unlink()
            env["res.partner"].browse(ids["partner"]).unlink()
            env["res.partner.grade"].browse(ids["grade"]).unlink()

    def _side_by_side(self, *actions):
        """Run each action in a transaction of its own, all begun before the first one writes."""
        barrier = threading.Barrier(len(actions))
        results = [None] * len(actions)

        def run(number, action):
            with self.cursor() as env:
                env.cr.execute("SELECT 1 FROM res_partner LIMIT 1")
                barrier.wait(30)
                try:
                    results[number] = retrying(lambda: action(env) or True, env)
                    env.cr.commit()
                except UserError as error:
                    env.cr.rollback()
                    results[number] = error

        threads = [
            threading.Thread(target=run, args=(number, action))
            for number, action in enumerate(actions)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        return results

    @mute_logger(*LOGGERS)
    def test_many_scans_make_one_case(self):
        def scan(env):
            sightings = env["crm.lot.sighting"].with_context(mail_notrack=True)
            sightings.create({"lot_id": self.ids["lot"], "source": "scan"})

        # The territory of the partner is somewhere else.
        sightings = self.registry["crm.lot.sighting"]
        with patch.object(sightings, "_covered_by", lambda *_arguments: False):
            results = self._side_by_side(*[scan] * THREADS)
        self.assertEqual(results, [True] * THREADS)
        with self.cursor() as env:
            case = env["crm.diversion.case"].search([("lot_id", "=", self.ids["lot"])])
            self.assertEqual(len(case), 1)
            self.assertEqual(case.sighting_count, THREADS)

    @mute_logger(*LOGGERS)
    def test_two_administrators_cannot_remove_each_other(self):
        def remove(actor, target):
            def action(env):
                env = env(user=actor)
                partner = env["res.partner"].sudo().browse(self.ids["partner"])
                env["crm.partner.team"]._remove(partner, env["res.users"].browse(target))

            return action

        first, second = self.ids["admins"]
        results = self._side_by_side(remove(first, second), remove(second, first))
        with self.cursor() as env:
            users = env["res.users"].browse(self.ids["admins"])
            self.assertEqual(len(users.filtered("active")), 1)
        self.assertEqual(sum(result is True for result in results), 1, results)

    @mute_logger(*LOGGERS)
    def test_one_cart_for_two_requests_at_once(self):
        def add(env):
            service = env["crm.partner.cart"]
            partner = env["res.partner"].browse(self.ids["partner"])
            user = env["res.users"].browse(self.ids["admins"][0])
            service._add(partner, user, {env["product.product"].browse(self.ids["variant"]): 1})

        self.assertEqual(self._side_by_side(*[add] * THREADS), [True] * THREADS)
        with self.cursor() as env:
            cart = env["sale.order"].search([("partner_id", "=", self.ids["partner"])])
            self.assertEqual(len(cart), 1)
            self.assertEqual(cart.order_line.product_uom_qty, THREADS)

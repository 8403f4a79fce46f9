from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import SubledgerCase

QUEUE_LOGGER = "odoo.addons.crm_subledger.models.crm_subledger_queue"


@tagged("post_install", "-at_install")
class TestQueue(SubledgerCase):
    def setUp(self):
        super().setUp()
        self.queue = self.env["crm.subledger.queue"].sudo()
        self.cron = self.env.ref("crm_subledger.ir_cron_process")

    def _items(self, count, **values):
        items = self.env["crm.subledger.item"].concat(
            *(self._create_item(10, name=f"Item {n}", **values) for n in range(count))
        )
        items.write({"state": "posted"})
        return items

    def test_many_keys_are_left_to_the_scheduled_action(self):
        self.env["ir.config_parameter"].set_param("crm_subledger.immediate_keys", "2")
        items = self._items(3)
        self.run_subledger()
        self.assertFalse(items._subledger_entries())
        self.assertEqual(len(self.queue.search([])), 3)
        with self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
        self.assertEqual(len(items._subledger_entries()), 3)
        self.assertFalse(self.queue.search([]))
        self.assertLedgerEqualsGL()

    def test_nothing_is_posted_with_the_document_if_the_settings_say_so(self):
        settings = self.env["res.config.settings"].create({"subledger_immediate_keys": 0})
        settings.execute()
        self.assertEqual(self.env["res.config.settings"].create({}).subledger_immediate_keys, 0)
        items = self._items(1)
        self.run_subledger()
        self.assertFalse(items._subledger_entries())
        with self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
        self.assertEqual(len(items._subledger_entries()), 1)
        self.assertLedgerEqualsGL()

    def test_keys_catch_up_before_something_is_decided_on_them(self):
        self.env["ir.config_parameter"].set_param("crm_subledger.immediate_keys", "0")
        first, second = self._items(2)
        self.run_subledger()
        self.assertEqual(len(first._subledger_catch_up()), 1)
        self.assertFalse(first._subledger_catch_up(), "nothing is posted twice")
        self.assertFalse(second._subledger_entries())
        self.assertEqual(self.queue.search([]).mapped("res_id"), second.ids)
        with self.poisoned("crm.subledger.item", ["Item 1"], UserError):
            with self.assertRaisesRegex(UserError, "poisoned"):
                second._subledger_catch_up()

    def test_an_empty_queue_is_fine(self):
        self.assertFalse(self.queue.search([]))
        with self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
        self.assertFalse(self.cron.failure_count)

    def test_a_bad_key_does_not_stop_the_others(self):
        with self.poisoned("crm.subledger.item", ["Item 1"]):
            items = self._items(3)
            self.run_subledger()
        good = items.filtered(lambda item: item.name != "Item 1")
        self.assertEqual(len(good._subledger_entries()), 2)
        self.assertFalse((items - good)._subledger_entries())
        row = self.queue.search([])
        self.assertRecordValues(
            row,
            [{"state": "failed", "error": "poisoned", "company_id": self.company.id}],
        )
        self.assertEqual(row.record_ref, items - good)
        self.assertEqual(row.activity_ids.user_id, self.company._subledger_accountant())
        self.assertLedgerEqualsGL()

        notice = row.action_retry()
        self.assertEqual(notice["params"]["type"], "success")
        self.assertFalse(row.exists())
        self.assertEqual(len(items._subledger_entries()), 3)

    def test_a_bad_key_in_the_scheduled_action(self):
        self.env["ir.config_parameter"].set_param("crm_subledger.immediate_keys", "1")
        items = self._items(4)
        self.run_subledger()
        with self.poisoned("crm.subledger.item", ["Item 2"]), self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
        self.assertEqual(len(items._subledger_entries()), 3)
        self.assertRecordValues(self.queue.search([]), [{"state": "failed", "error": "poisoned"}])
        with self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
        self.assertEqual(len(self.queue.search([])), 1, "a failure waits for a person")

    def test_an_archived_journal_is_named(self):
        item = self._items(1)
        self.run_subledger()
        self.journal.active = False
        item.amount = 20
        self.run_subledger()
        row = self.queue.search([])
        self.assertEqual(row.state, "failed")
        self.assertIn(self.journal.display_name, row.error)
        self.assertEqual(len(item._subledger_entries()), 1)

    def test_a_busy_key_is_tried_again_later(self):
        model = self.env.registry["crm.subledger.item"]

        def busy(_keys):
            raise SerializationFailure("somebody else")

        with patch.object(model, "_subledger_targets", busy):
            item = self._items(1)
            self.run_subledger()
        self.assertRecordValues(self.queue.search([]), [{"state": "pending", "error": False}])
        with self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
        self.assertEqual(len(item._subledger_entries()), 1)
        self.assertFalse(self.queue.search([]))

    def test_a_failing_document_does_not_block_the_user(self):
        """An invoice is posted even where its sub-ledger cannot be."""
        model = self.env.registry["crm.subledger.item"]

        def broken(_model, *_documents):
            raise KeyError("no plan")

        with patch.object(model, "_subledger_keys_of", broken):
            invoice = self.init_invoice("out_invoice", products=self.product_a, post=True)
            self.run_subledger()
        self.assertEqual(invoice.state, "posted")
        row = self.queue.search([("res_model", "=", "account.move")])
        self.assertRecordValues(row, [{"res_id": invoice.id, "state": "failed"}])

    @mute_logger(QUEUE_LOGGER)
    def test_rows_of_a_removed_model_do_not_stop_the_queue(self):
        self.queue.create([{"res_model": "gone.model", "res_id": 1}])
        with self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
        self.assertFalse(self.queue.search([]))

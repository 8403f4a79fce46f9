from odoo.tests import Form, HttpCase, tagged

from .common_360 import Customer360Case


@tagged("post_install", "-at_install")
class TestTimelineOpen(Customer360Case, HttpCase):
    """Whatever the timeline shows to somebody can be opened by him, without an access error."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()
        cls._create_story()
        cls.own_invoice = cls._move(500, days=9, user=cls.li)
        cls._pay_move(cls.own_invoice, 200, days=8)
        cls._order(700, days=7, user=cls.li)
        cls._mail(cls.own_invoice, 6)
        cls.env.invalidate_all()

    def open(self, user, model, res_id):
        self.env.invalidate_all()
        timeline = self.env["crm.interaction"].with_user(user)
        timeline = timeline.with_context(allowed_company_ids=user.company_id.ids)
        return timeline.action_open(model, res_id)

    def _opened(self, user):
        """Return {kind: tag or type of action} after really opening every row as ``user``."""
        opened = {}
        self.authenticate(user.login, user.login.ljust(8, "x"))  # as new_test_user sets it
        for row in self.timeline(user)["rows"]:
            with self.subTest(user=user.name, kind=row["kind"]):
                action = self.open(user, row["open_model"], row["open_id"])
                opened.setdefault(row["kind"], set()).add(action["type"])
                if action["type"] == "ir.actions.act_window":
                    self._assert_form_opens(user, action)
                elif action["type"] == "ir.actions.act_url":
                    self._assert_page_opens(action["url"])
        return opened

    def _assert_form_opens(self, user, action):
        record = self.env[action["res_model"]].browse(action["res_id"]).with_user(user)
        Form(record.with_context(allowed_company_ids=user.company_id.ids))

    def _assert_page_opens(self, url):
        response = self.url_open(url)
        self.assertEqual(response.status_code, 200)
        self.assertTrue(response.url.split("?")[0].endswith(url), "not sent back to /my")

    def test_every_kind_as_a_salesperson(self):
        window, page = {"ir.actions.act_window"}, {"ir.actions.act_url"}
        self.assertEqual(
            self._opened(self.li),
            {
                "activity": window,
                "call": window,
                "credit_note": page,
                "invoice": page,
                "mail": window | page,
                "meeting": window,
                "opportunity": window,
                "order": window,
                "quotation": window,
            },
        )

    def test_every_kind_as_others(self):
        window = {"ir.actions.act_window"}
        opened = self._opened(self.accountant)
        self.assertEqual(opened["invoice"], window)
        self.assertEqual(opened["payment"], window)
        self._opened(self.boss)
        self._opened(self.reader)

    def test_documents_of_others_and_deleted_ones(self):
        for user, record in ((self.li, self.invoice), (self.reader, self.order)):
            action = self.open(user, record._name, record.id)
            self.assertEqual(action["tag"], "display_notification")
        model, res_id = self.todo._name, self.todo.id
        self.todo.unlink()
        self.assertEqual(self.open(self.li, model, res_id)["tag"], "display_notification")

    def test_a_document_without_a_page(self):
        """A form that cannot be read, of a record that no portal shows: a notice, no error."""
        closed = self.env["ir.model.access"].search([("model_id.model", "=", "crm.tag")])
        closed.perm_read = False
        action = self.open(self.li, "crm.lead", self.lead.id)
        self.assertEqual(action["tag"], "display_notification")
        self.assertIn("no right to see", action["params"]["message"])

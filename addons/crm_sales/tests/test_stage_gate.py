from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from .common_discipline import DisciplineCase


@tagged("post_install", "-at_install")
class TestStageGate(DisciplineCase):
    """No way into a stage without what its gates ask for."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.call = cls.env.ref("mail.mail_activity_data_call")
        cls.budget = cls.env["crm.document.kind"].create({"name": "Budget"})
        cls.gate = cls._gate(
            cls.qualified,
            cls._field("date_deadline"),
            {"kind": "activity", "activity_type_id": cls.call.id, "hint": "Call the buyer"},
            {"kind": "document", "document_kind_id": cls.budget.id},
        )

    def move(self, lead, stage, user=None):
        lead.with_user(user or self.lin).write({"stage_id": stage.id})

    def complete(self, lead):
        user = lead.user_id
        lead.with_user(user).date_deadline = "2030-01-01"
        activity = lead.activity_schedule(activity_type_id=self.call.id, user_id=user.id)
        activity.with_user(user).action_feedback(feedback="They want it.")
        self._file(lead.with_user(user), self.budget)

    # What is missing ---------------------------------------------------

    def test_one_message_names_everything(self):
        lead = self._lead()
        with self.assertRaises(UserError) as caught, self.env.cr.savepoint():
            self.move(lead, self.qualified)
        message = str(caught.exception)
        for text in (
            "Pumps",
            "Qualified",
            "Expected Closing",
            "Call the buyer",
            "Budget",
            "page Documents",
        ):
            self.assertIn(text, message)
        self.assertEqual(message.count("•"), 3)
        self.env.invalidate_all()
        self.assertEqual(lead.stage_id, self.new, "nothing is half written")

    def test_remedied(self):
        lead = self._lead()
        self.complete(lead)
        self.move(lead, self.qualified)
        self.assertEqual(lead.stage_id, self.qualified)

    def test_an_activity_that_is_only_planned_does_not_count(self):
        lead = self._lead()
        self.complete(lead)
        lead.activity_ids.unlink()
        self.env["mail.activity"].with_context(active_test=False).search(
            [("res_model", "=", "crm.lead"), ("res_id", "=", lead.id)]
        ).unlink()
        lead.activity_schedule(activity_type_id=self.call.id, user_id=self.lin.id)
        self.assertHeld("Call the buyer", self.move, lead, self.qualified)

    def test_quotation_sent(self):
        self._gate(self.proposal, {"kind": "quotation"}, when_skipped=False)
        lead = self._lead()
        self.complete(lead)
        order = self.env["sale.order"].create(
            {"partner_id": self.customer.id, "opportunity_id": lead.id}
        )
        self.assertHeld("Quotation sent", self.move, lead, self.proposal)
        order.action_quotation_sent()
        self.move(lead, self.proposal)
        self.assertEqual(lead.stage_id, self.proposal)

    def test_stage_and_field_in_one_write(self):
        self.gate.requirement_ids[1:].unlink()
        lead = self._lead()
        lead.with_user(self.lin).write(
            {"stage_id": self.qualified.id, "date_deadline": "2030-01-01"}
        )
        self.assertEqual(lead.stage_id, self.qualified)
        other = self._lead(date_deadline="2030-01-01")
        self.assertHeld(
            "Expected Closing",
            other.with_user(self.lin).write,
            {"stage_id": self.qualified.id, "date_deadline": False},
        )

    def test_zero_and_empty_html_are_empty(self):
        self._gate(self.proposal, self._field("expected_revenue"), self._field("description"))
        lead = self._lead(description="<p><br></p>", expected_revenue=0)
        self.complete(lead)
        self.assertHeld("Expected Revenue(.|\n)*Notes", self.move, lead, self.proposal)
        lead.write({"description": "<p>Pumps</p>", "expected_revenue": 5})
        self.move(lead, self.proposal)

    # Every way in -------------------------------------------------------

    def test_created_in_the_stage(self):
        create = self.env["crm.lead"].with_user(self.lin).create
        self.assertHeld(
            "Qualified",
            create,
            {
                "name": "Direct",
                "type": "opportunity",
                "stage_id": self.qualified.id,
                "team_id": self.east.id,
            },
        )
        lead = create({"name": "At the start", "type": "opportunity", "team_id": self.east.id})
        self.assertEqual(lead.stage_id, self.new)

    def test_import(self):
        """Import records: the row says what is missing and nothing of it is kept."""
        leads = self.env["crm.lead"].with_user(self.lin)
        columns = ["name", "type", "team_id/.id", "stage_id/.id", "date_deadline"]
        rows = [
            ["Imported", "opportunity", str(self.east.id), str(self.qualified.id), "2030-01-01"]
        ]
        result = leads.load(columns, rows)
        self.assertFalse(result["ids"])
        self.assertIn("Budget", result["messages"][0]["message"])
        self.assertFalse(leads.search([("name", "=", "Imported")]))

    def test_import_of_an_update(self):
        lead = self._lead()
        result = (
            self.env["crm.lead"]
            .with_user(self.lin)
            .load([".id", "stage_id/.id"], [[str(lead.id), str(self.qualified.id)]])
        )
        self.assertFalse(result["ids"])
        self.assertIn("Call the buyer", result["messages"][0]["message"])

    def test_form_and_kanban(self):
        lead = self._lead()
        form = Form(lead.with_user(self.lin))
        form.stage_id = self.qualified
        self.assertHeld("Qualified", form.save)
        self.assertHeld(
            "Qualified", lead.with_user(self.lin).web_save, {"stage_id": self.qualified.id}, {}
        )

    def test_won_button_checks_the_stages_between(self):
        lead = self._lead()
        self.assertHeld("Qualified", lead.with_user(self.lin).action_set_won)
        self.complete(lead)
        lead.with_user(self.lin).action_set_won()
        self.assertEqual(lead.won_status, "won")

    def test_superuser_and_context_do_not_open_the_gate(self):
        lead = self._lead()
        self.assertHeld("Qualified", lead.sudo().write, {"stage_id": self.qualified.id})
        self.assertHeld(
            "Qualified",
            lead.with_context(skip_gate=True, active_test=False, crm_stage_gate=False).write,
            {"stage_id": self.qualified.id},
        )

    def test_conversion_of_a_lead(self):
        lead = self._lead(type="lead")
        lead.stage_id = self.qualified
        self.assertHeld("Qualified", lead.with_user(self.lin).write, {"type": "opportunity"})

    def test_team_change_that_moves_the_stage(self):
        """A team change that Odoo answers with the first stage of the new pipeline is free."""
        lead = self._lead(user=self.zhou)
        self.complete(lead)
        lead.stage_id = self.audit
        lead.write({"team_id": self.east.id, "user_id": self.lin.id})
        self.assertEqual(lead.stage_id, self.new)

    def test_several_at_once_name_each(self):
        leads = self._lead() | self._lead(name="Valves")
        self.assertHeld(
            "Pumps(.|\n)*Valves", leads.with_user(self.lin).write, {"stage_id": self.qualified.id}
        )

    # Skipping, going back ------------------------------------------------

    def test_skipping(self):
        lead = self._lead()
        self.assertHeld("for the stage Qualified", self.move, lead, self.proposal)
        self.gate.when_skipped = False
        self.move(lead, self.proposal)
        self.assertEqual(lead.stage_id, self.proposal)

    def test_going_back_is_free_and_forward_is_checked_again(self):
        lead = self._lead()
        self.complete(lead)
        self.move(lead, self.proposal)
        lead.date_deadline = False
        self.move(lead, self.new)
        self.assertHeld("Expected Closing", self.move, lead, self.qualified)

    # Which opportunities --------------------------------------------------

    def test_team_and_condition(self):
        self.gate.team_ids = self.west
        self.move(self._lead(), self.qualified)
        self.gate.write({"team_ids": False, "domain": "[('expected_revenue', '>', 1000)]"})
        self.move(self._lead(), self.qualified)
        self.assertHeld("Qualified", self.move, self._lead(expected_revenue=2000), self.qualified)

    def test_other_company(self):
        self.gate.company_id = self.elsewhere
        self.move(self._lead(), self.qualified)

    def test_archived_gate(self):
        self.gate.active = False
        self.move(self._lead(), self.qualified)

    def test_leads_are_not_held(self):
        lead = self._lead(type="lead")
        self.move(lead, self.qualified)

    # Pipelines --------------------------------------------------------------

    def test_stage_of_another_pipeline(self):
        self.gate.active = False
        self.assertHeld(
            "pipeline of East, which has no stage Audit.*New, Qualified, Proposal, Won",
            self.move, self._lead(), self.audit,
        )  # fmt: skip

    def test_a_picked_pipeline_shows_its_stages(self):
        self._lead()
        for team, stages in (
            (self.east, self.new | self.qualified | self.proposal | self.won),
            (self.west, self.new | self.qualified | self.audit | self.won),
        ):
            leads = self.env["crm.lead"].with_user(self.head).with_context(read_group_expand=True)
            groups = leads.web_read_group([("team_id", "=", team.id)], ["stage_id"], ["__count"])[
                "groups"
            ]
            self.assertEqual([group["stage_id"][0] for group in groups], stages.ids)

    # Approval ---------------------------------------------------------------

    def test_approval(self):
        self.gate.write({"approval": True, "requirement_ids": [Command.clear()]})
        lead = self._lead(expected_revenue=1000)
        self.assertHeld("Approval to enter the stage Qualified", self.move, lead, self.qualified)
        action = lead.with_user(self.lin).action_request_stage_approval()
        self.assertEqual(action["context"]["default_operation"], "stage")
        self.assertEqual(lead.approval_state, "required")
        request = lead.with_user(self.lin)._approval_request("stage")
        self.assertHeld("waiting for", self.move, lead, self.qualified)
        request.with_user(self.head).action_approve()
        self.assertEqual(lead.approval_state, "approved")
        self.move(lead, self.qualified)
        self.assertEqual(lead.stage_id, self.qualified)

    def test_approval_is_void_when_the_deal_changes(self):
        self.gate.write({"approval": True, "requirement_ids": [Command.clear()]})
        lead = self._lead(expected_revenue=1000)
        lead.with_user(self.lin).action_request_stage_approval()
        lead.with_user(self.lin)._approval_request("stage").with_user(self.head).action_approve()
        lead.expected_revenue = 9000
        self.assertHeld("Approval to enter", self.move, lead, self.qualified)

    def test_approval_of_one_stage_is_none_of_another(self):
        self.gate.write({"approval": True, "requirement_ids": [Command.clear()]})
        self._gate(self.proposal, approval=True)
        lead = self._lead(expected_revenue=1000)
        lead.with_user(self.lin).action_request_stage_approval()
        lead.with_user(self.lin)._approval_request("stage").with_user(self.head).action_approve()
        self.assertHeld("enter the stage Proposal", self.move, lead, self.proposal)
        lead.approval_stage_id = self.proposal
        self.assertHeld("enter the stage Qualified", self.move, lead, self.qualified)

    # Bad input ------------------------------------------------------------

    def test_removed_field(self):
        field = self.env["ir.model.fields"].create(
            {
                "name": "x_incoterm",
                "field_description": "Incoterm",
                "model_id": self.env["ir.model"]._get_id("crm.lead"),
                "ttype": "char",
            }
        )
        self.gate.requirement_ids.unlink()
        self.gate.requirement_ids = [Command.create({"kind": "field", "field_id": field.id})]
        lead = self._lead()
        self.assertHeld("Incoterm", self.move, lead, self.qualified)
        field.unlink()
        self.env.invalidate_all()
        self.assertHeld(
            "x_incoterm.*do not have.*sales administrator", self.move, lead, self.qualified
        )
        self.assertIn("x_incoterm", self.gate.problem)

    def test_nonsense_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "no_such_field"):
            self._gate(self.proposal, {"kind": "field", "field_name": "no_such_field"})
        with self.assertRaisesRegex(ValidationError, "choose the type of the activity"):
            self._gate(self.proposal, {"kind": "activity"})
        with self.assertRaisesRegex(ValidationError, "condition"):
            self._gate(self.proposal, domain="[('nothing', '=', 1)]")
        with self.assertRaisesRegex(ValidationError, "not in the pipeline of West"):
            self._gate(self.proposal, team_ids=[Command.set(self.west.ids)])

    # Guide and playbook -----------------------------------------------------

    def test_panel(self):
        lead = self._lead()
        guide = lead.with_user(self.lin).stage_guide
        self.assertEqual(guide["next_stage"], "Qualified")
        self.assertEqual(
            [row["kind"] for row in guide["missing"]], ["field", "activity", "document"]
        )
        self.complete(lead)
        self.env.invalidate_all()
        self.assertFalse(lead.with_user(self.lin).stage_guide["missing"])

    def test_playbook(self):
        self.gate.active = False
        book = self.env["crm.playbook"].create(
            {
                "name": "First meeting",
                "stage_id": self.new.id,
                "talk_track": "<p>Ask for the budget.</p>",
                "item_ids": [
                    Command.create({"name": "Find the buyer", "mandatory": True}),
                    Command.create({"name": "Send the brochure"}),
                ],
                "attachment_ids": [Command.create({"name": "brochure.pdf", "raw": b"%PDF"})],
            }
        )
        lead = self._lead()
        guide = lead.with_user(self.lin).stage_guide
        self.assertEqual([item["done"] for item in guide["items"]], [False, False])
        self.assertEqual(guide["collateral"][0]["name"], "brochure.pdf")
        self.assertIn("budget", guide["talk_track"][0])
        self.assertEqual(book.attachment_ids.with_user(self.lin).raw, b"%PDF")
        self.assertHeld("Find the buyer", self.move, lead, self.qualified)
        must = book.item_ids[0]
        lead.with_user(self.lin).action_tick(must.id)
        self.assertEqual((lead.check_ids.user_id, lead.check_ids.item_id), (self.lin, must))
        self.move(lead, self.qualified)
        lead.with_user(self.lin).stage_id = self.new
        lead.with_user(self.lin).action_tick(must.id)
        self.assertFalse(lead.check_ids)
        book.team_ids = self.west
        self.move(lead, self.qualified)
        self.assertHeld("not on the checklist", lead.with_user(self.lin).action_tick, must.id)

    def test_number_of_queries_does_not_grow_with_the_leads(self):
        leads = self.env["crm.lead"].concat(*(self._lead(name=f"Deal {n}") for n in range(20)))
        for lead in leads:
            self._file(lead, self.budget)
        self.gate.requirement_ids.filtered(lambda row: row.kind != "document").unlink()
        few, many = leads[:2], leads[2:]
        self.env.flush_all()
        counts = []
        for part in (few, many):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["crm.stage.gate"]._enter(part, dict.fromkeys(part.ids, self.new))
            part.sudo().stage_id  # noqa: B018 - the same reads in both rounds
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 3)

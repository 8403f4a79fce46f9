from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged, users
from odoo.tools import SQL, mute_logger

from ..models.crm_merge_golden import Group
from .common_merge import MergeCase


@tagged("post_install", "-at_install")
class TestMerge(MergeCase):
    """What a merge moves, and what it leaves."""

    def test_golden_record_by_the_rules(self):
        merge = self.draft()
        merge.action_merge()
        self.assertEqual(merge.state, "done")
        self.assertRecordValues(
            self.hong,
            [
                {
                    "name": "Shanghai Hongtai Machinery",  # most frequent
                    "email": "sales@hongtai.example.com",  # most recent
                    "phone": "+86 21 5555 6666",  # only one
                    "street": "Nanjing Road 1",
                    "city": "Shanghai",
                    "is_company": True,
                    "active": True,
                    "merged_into_id": False,
                }
            ],
        )
        self.assertEqual(self.hong.category_id, self.tags)
        self.assertIn("rather long", self.hong.comment)
        self.assertEqual(self.hong.email_normalized, "sales@hongtai.example.com")
        self.assertEqual(self.hong.commercial_partner_id, self.hong)

    def test_preview_and_choice_by_hand(self):
        merge = self.draft()
        email = merge.value_ids.filtered(lambda value: value.field_name == "email")
        self.assertEqual((email.chosen_id, email.reason), (self.ht, "recent"))
        self.assertEqual(email.chosen_value, "sales@hongtai.example.com")
        self.assertTrue(email.differs)
        self.assertIn("info@hongtai.example.com", email.values_html)
        email.chosen_id = self.hong
        self.assertEqual(email.reason, "manual")
        merge.action_merge()
        self.assertEqual(self.hong.email, "info@hongtai.example.com")
        self.assertEqual(self.hong.email_normalized, "info@hongtai.example.com")

    def test_the_address_stays_together(self):
        self.ht.street = "Beijing Road 9"
        merge = self.draft()
        merge.action_merge()
        self.assertEqual((self.hong.street, self.hong.city), ("Beijing Road 9", False))

    def test_every_kind_of_reference_moves(self):
        documents = self.create_documents(self.tai)
        self.hong.message_subscribe(self.manager.partner_id.ids)
        team = self.env["crm.team"].create({"name": "North"})
        team.lead_properties_definition = [
            {"name": "agent", "string": "Agent", "type": "many2one", "comodel": "res.partner"},
            {"name": "all", "string": "All", "type": "many2many", "comodel": "res.partner"},
        ]
        lead = self.env["crm.lead"].create({"name": "Fans", "team_id": team.id})
        lead.lead_properties = {"agent": self.tai.id, "all": [self.hong.id, self.tai.id]}
        action = self.env["ir.actions.server"].create(
            {"name": "X", "model_id": self.env.ref("base.model_res_partner").id, "state": "code"}
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ir_act_server SET resource_ref = %s WHERE id = %s",
            [f"res.partner,{self.tai.id}", action.id],
        )
        default = self.env["ir.default"].create(
            {
                "field_id": self.env["ir.model.fields"]._get("sale.order", "partner_id").id,
                "json_value": str(self.tai.id),
            }
        )
        self.draft().action_merge()
        self.env.invalidate_all()
        order, lead_2 = documents["order"], documents["lead"]
        self.assertEqual(
            order.partner_id | order.partner_invoice_id | order.partner_shipping_id, self.hong
        )
        self.assertEqual(order.order_line.order_partner_id, self.hong)
        self.assertEqual(lead_2.partner_id, self.hong)
        for name in ("message", "activity", "attachment", "external"):
            self.assertEqual(documents[name].res_id, self.hong.id, name)
        self.assertEqual(documents["bank"].partner_id, self.hong)
        self.assertEqual(self.contact.parent_id, self.hong)
        self.assertEqual(self.contact.commercial_partner_id, self.hong)
        self.assertIn("Shanghai Hongtai Machinery", self.contact.complete_name)
        self.assertEqual(self.hong.message_partner_ids.ids.count(self.manager.partner_id.id), 1)
        stored = self.env.execute_query(
            SQL("SELECT lead_properties FROM crm_lead WHERE id = %s", lead.id)
        )[0][0]
        self.assertEqual(stored, {"agent": self.hong.id, "all": [self.hong.id]})
        self.env.cr.execute("SELECT resource_ref FROM ir_act_server WHERE id = %s", [action.id])
        self.assertEqual(self.env.cr.fetchone()[0], f"res.partner,{self.hong.id}")
        self.assertEqual(default.json_value, str(self.hong.id))
        self.assertNothingLeft(self.tai | self.ht)

    def test_company_dependent_references(self):
        """A column per company, of two customers whose merges run together, and back."""
        other = self.env["res.partner"].create([{"name": "Keep"}, {"name": "Lose"}])
        term = self.env["res.partner"]._fields["property_payment_term_id"]
        holder = self.env["res.partner"].create({"name": "Holder"})
        value = f'{{"1": {self.tai.id}, "7": {other[1].id}, "9": 4242424}}'
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET property_payment_term_id = %s WHERE id = %s",
            [value, holder.id],
        )
        fields_by_model = {"res.partner": (term,)}
        with patch.object(self.env.registry, "many2one_company_dependents", fields_by_model):
            merges = self.draft() | self.draft(other, other[0])
            merges._execute()
        query = SQL("SELECT property_payment_term_id FROM res_partner WHERE id = %s", holder.id)
        moved = {"1": self.hong.id, "7": other[0].id, "9": 4242424}
        self.assertEqual(self.env.execute_query(query)[0][0], moved)
        merges[1].action_undo()
        moved["7"] = other[1].id
        # The first merge is still in force: only what its column says since is kept.
        self.assertEqual(self.env.execute_query(query)[0][0], moved)

    def test_own_values_of_companies_are_united(self):
        terms = self.env["account.payment.term"].create([{"name": "A"}, {"name": "B"}])
        self.hong.property_payment_term_id = terms[0]
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET property_payment_term_id = %s WHERE id = %s",
            [f'{{"{self.env.company.id}": {terms[1].id}, "999": {terms[1].id}}}', self.tai.id],
        )
        self.draft().action_merge()
        self.env.cr.execute(
            "SELECT property_payment_term_id FROM res_partner WHERE id = %s", [self.hong.id]
        )
        self.assertEqual(
            self.env.cr.fetchone()[0], {str(self.env.company.id): terms[0].id, "999": terms[1].id}
        )

    def test_doubles_hand_over_what_references_them(self):
        """The same bank account twice: documents of the one that goes name the other."""
        kept = self.create_documents(self.hong)["bank"]
        double = self.create_documents(self.tai)["bank"]
        order = self.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": self.tai.id,
                "partner_bank_id": double.id,
            }
        )
        self.draft().action_merge()
        self.env.invalidate_all()
        self.assertFalse(double.exists())
        self.assertEqual(order.partner_bank_id, kept)
        self.assertEqual(order.commercial_partner_id, self.hong)

    def test_picture_of_a_merged_record(self):
        pixel = (
            b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJ"
            b"RU5ErkJggg=="
        )
        self.tai.image_1920 = pixel
        merge = self.draft()
        merge.action_merge()
        self.assertTrue(self.hong.image_1920)
        self.assertFalse(self.tai.image_1920)
        merge.action_undo()
        self.assertFalse(self.hong.image_1920)
        self.assertTrue(self.tai.image_1920)

    def test_loyalty_points_are_added(self):
        program = self.env["loyalty.program"].create(
            {"name": "Points", "program_type": "loyalty", "applies_on": "both", "trigger": "auto"}
        )
        cards = self.env["loyalty.card"].create(
            [
                {"program_id": program.id, "partner_id": partner.id, "points": points}
                for partner, points in ((self.hong, 5), (self.tai, 7))
            ]
        )
        merge = self.draft()
        merge.action_merge()
        self.assertEqual(cards.mapped("points"), [12, 0])
        self.assertEqual(cards.partner_id, self.hong)
        merge.action_undo()
        self.assertEqual(cards.mapped("points"), [5, 7])

    def test_merged_records_are_found_by_nobody(self):
        self.draft().action_merge()
        partners = self.env["res.partner"].with_context(active_test=False)
        self.assertEqual(partners.search([("id", "in", self.group.ids)]), self.hong)
        self.assertEqual(
            partners.search([("active", "=", False), ("id", "in", self.group.ids)]), partners
        )
        found = partners.name_search("HONGTAI", limit=None)
        self.assertNotIn(self.tai.id, [row[0] for row in found])
        self.assertEqual(
            partners.search([("merged_into_id", "=", self.hong.id)]), self.tai | self.ht
        )
        self.assertEqual(
            partners._find_or_create_from_emails(["sales@hongtai.example.com"])[0], self.hong
        )
        self.assertFalse(self.tai.phone or self.ht.email or self.ht.email_normalized)
        with self.assertRaises(UserError):
            self.tai.action_unarchive()

    def test_mail_reply_reaches_the_survivor(self):
        message = self.tai.message_post(body="Offer", message_type="comment")
        self.draft().action_merge()
        routed = self.env["mail.message"].search([("message_id", "=", message.message_id)])
        self.assertEqual((routed.model, routed.res_id), ("res.partner", self.hong.id))

    def test_chatter_note_on_the_survivor(self):
        self.draft().action_merge()
        note = self.hong.message_ids[:1]
        self.assertIn("Hongtai", note.body)
        self.assertIn("crm.merge", note.body)

    def test_user_of_a_merged_record(self):
        user = self.manager
        self.draft(self.hong | user.partner_id, self.hong).action_merge()
        self.env.invalidate_all()
        self.assertEqual(user.partner_id, self.hong)
        self.assertFalse(self.hong.partner_share)

    def test_source_priority(self):
        rule = self.env["crm.merge.rule"].search([("field_id.name", "=", "email")])
        rule.write({"strategy": "source", "source_priority": "import, user"})
        self.create_documents(self.hong)
        merge = self.draft()
        email = merge.value_ids.filtered(lambda value: value.field_name == "email")
        self.assertEqual((email.chosen_id, email.reason), (self.hong, "source"))

    def test_rules_that_decide_nothing_are_refused(self):
        fields_ = self.env["ir.model.fields"]
        for name in ("city", "create_date", "parent_id"):
            with self.assertRaises(ValidationError):
                self.env["crm.merge.rule"].create(
                    {
                        "field_id": fields_._get("res.partner", name).id,
                        "strategy": "recent",
                    }
                )

    def test_default_survivor(self):
        merges = self.env["crm.merge"]
        self.assertEqual(merges._default_survivor(self.group), self.tai)
        everybody = self.group | self.manager.partner_id
        self.assertEqual(merges._default_survivor(everybody), self.manager.partner_id)

    def test_bulk_equals_single(self):
        """Four groups together give what each alone gives, in every column."""
        groups = []
        for number in range(8):
            partners = self.env["res.partner"].create(
                [
                    {"name": "Twin", "email": "one@example.com", "is_company": True},
                    {"name": "TWIN ", "phone": "+86 21 1234 0000", "city": "Wuhan"},
                    {"name": "Win", "street": "Long Road", "category_id": self.tags.ids},
                ]
            )
            self.env["crm.lead"].create({"name": f"L{number}", "partner_id": partners[1].id})
            groups.append(partners)
        for partners in groups[:4]:
            merge = self.env["crm.merge"].create_for(partners, partners[0])
            merge.action_merge()
        merges = self.env["crm.merge"]._merge_groups([(group, group[0]) for group in groups[4:]])
        self.assertEqual(set(merges.mapped("state")), {"done"})

        def rows(partners):
            result = self.env.execute_query(
                SQL("SELECT to_jsonb(p) FROM res_partner p WHERE id = ANY(%s) ORDER BY id",
                    partners.ids)  # fmt: skip
            )
            mine = {
                "id", "create_date", "write_date", "commercial_partner_id", "merged_into_id",
                "calendar_last_notif_ack",
            }  # fmt: skip
            return [{k: v for k, v in row.items() if k not in mine} for (row,) in result]

        for single, bulk in zip(groups[:4], groups[4:], strict=True):
            self.assertEqual(rows(single), rows(bulk))
            self.assertEqual(bulk[0].category_id, self.tags)
            self.assertEqual(
                self.env["crm.lead"].search_count([("partner_id", "=", bulk[0].id)]), 1
            )
            self.assertEqual(bulk[0].message_ids[0].body.count("Twin"), 0)
        merges[1].action_undo()
        self.assertEqual(groups[5].with_context(active_test=False).mapped("active"), [True] * 3)
        self.assertEqual(groups[4].mapped("active"), [True, False, False])

    def test_a_customer_in_two_groups_is_refused(self):
        with self.assertRaises(UserError):
            self.env["crm.merge"]._merge_groups(
                [(self.hong | self.tai, None), (self.tai | self.ht, None)]
            )

    def test_no_limit_of_the_group(self):
        many = self.env["res.partner"].create(
            [{"name": "Same", "email": f"{number}@example.com"} for number in range(12)]
        )
        merge = self.draft(many, many[0])
        merge.action_merge()
        self.assertEqual(many.filtered("active"), many[0])

    def test_failure_in_the_middle_changes_nothing(self):
        self.create_documents(self.tai)
        merge = self.draft()
        before = self.snapshot()
        golden = type(self.env["crm.merge.golden"])
        with (
            patch.object(golden, "_empty_losers", side_effect=UserError("power cut")),
            self.assertRaises(UserError),
        ):
            merge.action_merge()
        self.assertRestored(before, new_rows=())
        self.assertEqual(merge.state, "draft")
        self.assertFalse(merge.journal_count)
        merge.action_merge()
        self.assertEqual(merge.state, "done")

    def test_core_wizard_keeps_our_rows(self):
        """Doubles of ours are merged before core would delete them with all they hold."""
        wizard = self.env["base.partner.merge.automatic.wizard"]
        merge = self.draft(self.tai | self.ht, self.tai)
        wizard.with_user(self.env.ref("base.user_admin"))._merge(
            (self.hong | self.tai).ids, self.hong
        )
        self.assertFalse(self.tai.exists())
        self.env.invalidate_all()
        self.assertEqual(merge.partner_ids, self.hong | self.ht)
        self.assertFalse(self.env.ref("base.action_partner_merge").binding_model_id)

    def test_places_cover_the_catalog(self):
        engine = self.env["crm.merge.engine"]
        places = {(p.table, p.column) for p in engine._places("res_partner", "res.partner")}
        for expected in (
            ("sale_order", "partner_shipping_id"), ("account_move_line", "partner_id"),
            ("res_partner", "parent_id"), ("mail_message", "res_id"), ("mail_followers", "res_id"),
            ("mail_activity", "res_id"), ("ir_attachment", "res_id"), ("ir_model_data", "res_id"),
            ("ir_act_server", "resource_ref"), ("ir_default", "json_value"),
            ("calendar_event_res_partner_rel", "res_partner_id"),
        ):  # fmt: skip
            self.assertIn(expected, places)

    @users("merge_manager")
    def test_states_are_written_by_methods_only(self):
        merge = self.draft(user=self.env.user)
        for values in ({"state": "done"}, {"undo_report": "x"}, {"user_done_id": self.env.uid}):
            with self.assertRaises(UserError):
                merge.write(values)
        with self.assertRaises(UserError):
            self.env["crm.merge"].create(
                {
                    "partner_ids": [Command.set(self.group.ids)],
                    "survivor_id": self.hong.id,
                    "state": "done",
                }
            )
        merge.action_merge()
        with self.assertRaises(UserError):
            merge.survivor_id = self.tai
        with self.assertRaises(UserError):
            merge.value_ids[:1].chosen_id = self.tai
        with self.assertRaises(UserError):
            merge.unlink()
        journal = self.env["crm.merge.journal"].search([("merge_id", "=", merge.id)])
        self.assertTrue(journal)
        for attempt in (
            lambda: journal[0].write({"kind": "row"}),
            lambda: journal[0].unlink(),
            lambda: journal[0].sudo().unlink(),
            lambda: journal.sudo().create({"merge_id": merge.id}),
        ):
            with self.assertRaises(UserError):
                attempt()

    def test_groups_are_plain_values(self):
        self.assertEqual(Group(1, 2, (3, 4), {}).pairs, [(1, 3, 2), (1, 4, 2)])

    @mute_logger("odoo.sql_db")
    def test_two_records_at_least(self):
        with self.assertRaises(UserError):
            self.env["crm.merge"].create_for(self.hong)
        with self.assertRaises(ValidationError):
            self.env["crm.merge"].create(
                {
                    "partner_ids": [Command.set((self.hong | self.tai).ids)],
                    "survivor_id": self.ht.id,
                }
            )

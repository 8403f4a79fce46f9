import logging
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, LockError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, format_amount, format_datetime

from ..engine.distribution import band
from ..tools import is_unlocked, unlocked

_logger = logging.getLogger(__name__)

BATCH = 100
RETRY = timedelta(hours=1)
#: states in which nobody else may have the lead
LIVE = ("pool", "offered", "accepted")
#: states in which the partner may know who the customer is
KNOWN = ("accepted", "converted", "lost")
#: what people may change by hand: messages, followers, activities
BY_HAND = ("message_", "activity_", "my_activity_")


class CrmLeadAssignment(models.Model):
    """One lead offered to one channel partner, and what became of it; or waiting in the pool.

    Rows are the history of a lead: they are never removed, and only methods change them. Portal
    users read this model, never ``crm.lead``: who the customer is shows in computed fields that are
    empty until the partner has accepted.
    """

    _name = "crm.lead.assignment"
    _description = "Lead of a Channel Partner"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_name = "reference"

    reference = fields.Char(required=True, readonly=True, default="/", copy=False)
    lead_id = fields.Many2one(
        "crm.lead",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        groups="base.group_user",
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(
        "res.partner",
        "Channel Partner",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="Empty while the lead waits in the pool.",
    )
    grade_id = fields.Many2one(
        "res.partner.grade", "Level", readonly=True, help="Level of the partner at the time."
    )
    kind = fields.Selection(
        [("push", "Distributed"), ("manual", "Chosen by Hand"), ("pull", "Pool")],
        default="push",
        required=True,
        readonly=True,
    )
    state = fields.Selection(
        [
            ("pool", "In the Pool"),
            ("offered", "Offered"),
            ("accepted", "Accepted"),
            ("converted", "Won"),
            ("lost", "Lost"),
            ("declined", "Declined"),
            ("expired", "Not Accepted in Time"),
            ("withdrawn", "Withdrawn"),
        ],
        default="offered",
        required=True,
        readonly=True,
        index=True,
        tracking=True,
        group_expand=True,
    )
    # --- times ---
    offered_at = fields.Datetime("Offered on", readonly=True)
    deadline = fields.Datetime("Accept until", readonly=True, help="Empty: no limit.")
    remind_at = fields.Datetime(readonly=True)
    reminded_at = fields.Datetime("Reminded on", readonly=True)
    responded_at = fields.Datetime("Answered on", readonly=True)
    responded_by_id = fields.Many2one("res.users", "Answered by", readonly=True)
    response_hours = fields.Float(
        "Hours to the Answer", readonly=True, aggregator="avg", help="Hours of the clock."
    )
    closed_at = fields.Datetime("Closed on", readonly=True)
    # --- answers ---
    decline_reason = fields.Selection(
        [
            ("capacity", "No capacity"),
            ("territory", "Outside our territory"),
            ("competence", "Not our products"),
            ("small", "Too small"),
            ("conflict", "We cannot work with this customer"),
            ("other", "Other"),
        ],
        readonly=True,
        tracking=True,
    )
    decline_note = fields.Char("Remark of the Partner", readonly=True)
    withdraw_reason = fields.Char(readonly=True, groups="base.group_user")
    progress = fields.Selection(
        [
            ("new", "Not contacted yet"),
            ("contacted", "Contacted"),
            ("qualified", "Qualified"),
            ("quoted", "Quoted"),
        ],
        readonly=True,
        tracking=True,
    )
    progress_note = fields.Text("Last Feedback", readonly=True)
    progress_at = fields.Datetime("Last Feedback on", readonly=True)
    amount = fields.Monetary("Revenue", readonly=True, help="Of a lead that was won, before taxes.")
    lost_reason_id = fields.Many2one("crm.lost.reason", readonly=True)
    # --- why ---
    reasons = fields.Json(readonly=True, groups="crm_partner.group_partner_user")
    explanation = fields.Html(
        compute="_compute_explanation", groups="crm_partner.group_partner_user"
    )
    pool_grade_ids = fields.Many2many(
        "res.partner.grade",
        "crm_lead_assignment_grade_rel",
        "assignment_id",
        "grade_id",
        string="Levels that May Claim",
        readonly=True,
        groups="base.group_user",
    )
    error = fields.Text(readonly=True, groups="base.group_user")
    retry_at = fields.Datetime(readonly=True, groups="base.group_user")
    # --- what everybody may know ---
    city = fields.Char(related="lead_id.city", store=True)
    state_id = fields.Many2one(related="lead_id.state_id", store=True, string="Province")
    country_id = fields.Many2one(related="lead_id.country_id", store=True)
    product_names = fields.Char("Products", compute="_compute_masked", compute_sudo=True)
    size = fields.Char(compute="_compute_masked", compute_sudo=True)
    # --- what only the partner may know that has accepted ---
    lead_name = fields.Char("Subject", compute="_compute_contact", compute_sudo=True)
    customer_name = fields.Char("Customer", compute="_compute_contact", compute_sudo=True)
    contact_name = fields.Char(compute="_compute_contact", compute_sudo=True)
    phone = fields.Char(compute="_compute_contact", compute_sudo=True)
    email = fields.Char(compute="_compute_contact", compute_sudo=True)
    address = fields.Char(compute="_compute_contact", compute_sudo=True)
    note = fields.Text("Note for the Partner", compute="_compute_contact", compute_sudo=True)
    is_live = fields.Boolean(compute="_compute_is_live")
    # --- who may see it ---
    for_visitor = fields.Boolean(
        compute="_compute_for_visitor", search="_search_for_visitor", compute_sudo=True
    )
    is_mine = fields.Boolean(
        compute="_compute_for_visitor", search="_search_is_mine", compute_sudo=True
    )

    _live_uniq = models.UniqueIndex(
        "(lead_id) WHERE state IN ('pool', 'offered', 'accepted')",
        "This lead is offered to a partner already.",
    )
    _due_idx = models.Index("(deadline) WHERE state = 'offered'")
    _partner_idx = models.Index("(partner_id, state, offered_at)")

    # ------------------------------------------------------------------
    # Computes

    @api.depends("state")
    def _compute_is_live(self):
        for assignment in self:
            assignment.is_live = assignment.state in LIVE

    @api.depends("reference", "lead_id.name")
    @api.depends_context("uid")
    def _compute_display_name(self):
        internal = self.env.user._is_internal()
        for assignment in self:
            # sudo: only for colleagues, who may read names of records linked to theirs
            name = internal and assignment.sudo().lead_id.name
            assignment.display_name = (
                f"{assignment.reference} · {name}" if name else assignment.reference
            )

    @api.depends("lead_id.expected_revenue", "lead_id.channel_category_ids.name", "company_id")
    @api.depends_context("lang")
    def _compute_masked(self):
        for assignment in self:
            lead = assignment.lead_id
            assignment.product_names = ", ".join(lead.channel_category_ids.mapped("name"))
            limits = band(lead.expected_revenue)
            amounts = [
                format_amount(self.env, amount, assignment.currency_id, trailing_zeroes=False)
                for amount in limits or ()
            ]
            assignment.size = " – ".join(amounts)

    @api.depends(
        "state",
        "lead_id.name",
        "lead_id.partner_name",
        "lead_id.partner_id.name",
        "lead_id.contact_name",
        "lead_id.phone",
        "lead_id.email_from",
        "lead_id.street",
        "lead_id.street2",
        "lead_id.zip",
        "lead_id.city",
        "lead_id.channel_note",
    )
    def _compute_contact(self):
        for assignment in self:
            # nobody gets it from here before the lead is accepted: see the record rules
            lead = assignment.lead_id if assignment.state in KNOWN else self.env["crm.lead"]
            partner = lead.partner_id
            assignment.lead_name = lead.name
            assignment.customer_name = lead.partner_name or partner.commercial_partner_id.name
            assignment.contact_name = lead.contact_name or partner.name
            assignment.phone = lead.phone
            assignment.email = lead.email_from
            address = filter(None, [lead.street, lead.street2, lead.zip, lead.city])
            assignment.address = ", ".join(address) or False
            assignment.note = lead.channel_note

    @api.depends("reasons")
    @api.depends_context("lang")
    def _compute_explanation(self):
        for assignment in self:
            assignment.explanation = self._explain(assignment.reasons or [])

    @api.depends("state", "partner_id", "pool_grade_ids", "lead_id.channel_assignment_ids")
    @api.depends_context("uid")
    def _compute_for_visitor(self):
        here = Domain("id", "in", self.ids)
        visible = self.search(here & self._domain_for_visitor())
        mine = self.search(here & self._domain_mine())
        for assignment in self:
            assignment.for_visitor = assignment in visible
            assignment.is_mine = assignment in mine

    @api.model
    def _search_for_visitor(self, operator, value):
        if operator != "in" or set(value) != {True}:
            return NotImplemented
        return self._domain_for_visitor()

    @api.model
    def _search_is_mine(self, operator, value):
        if operator != "in" or set(value) != {True}:
            return NotImplemented
        return self._domain_mine()

    @api.model
    def _domain_mine(self):
        """Return the leads of the partner company the user works for in the portal."""
        partner = self.env.user._channel_partner()
        return Domain("partner_id", "=", partner.id) if partner else Domain.FALSE

    @api.model
    def _domain_for_visitor(self):
        """Return the user's own leads and those of the pool that their level may claim.

        Asked at every search, unlike the text of a record rule, because levels change.
        """
        partner = self.env.user._channel_partner()
        if not partner:
            return Domain.FALSE
        return self._domain_mine() | self._domain_pool(partner)

    @api.model
    def _domain_pool(self, partner):
        """Return what ``partner`` may claim from the pool: nothing it has had before."""
        if partner.grade_id.lead_pool_quota <= 0 or partner.channel_lead_paused:
            return Domain.FALSE
        # sudo: which leads the partner has had
        had = self.sudo()._search([("partner_id", "=", partner.id)])
        return (
            Domain("state", "=", "pool")
            & Domain("pool_grade_ids", "in", partner.grade_id.ids)
            & Domain("lead_id", "not in", had.subselect(SQL.identifier(had.table, "lead_id")))
        )

    # ------------------------------------------------------------------
    # Only methods write

    @api.model_create_multi
    def create(self, vals_list):
        """Number offers by the sequence of their company; a lead has one live offer at a time.

        :raise AccessError: not by the methods that offer leads
        """
        if not is_unlocked(self.env):
            raise AccessError(self.env._("Leads are given to partners by the button of the lead."))
        for vals in vals_list:
            if vals.get("reference", "/") == "/":
                sequence = self.env["ir.sequence"].with_company(vals["company_id"])
                vals["reference"] = sequence.next_by_code("crm.lead.assignment") or "/"
        # what was just closed has to leave the unique index before a new offer enters it
        self.flush_model(["lead_id", "state"])
        return super().create(vals_list)

    def write(self, vals):
        """Let whoever has the right write messages and activities, methods the rest.

        :raise AccessError: another field would change by hand
        """
        if not is_unlocked(self.env) and not all(name.startswith(BY_HAND) for name in vals):
            raise AccessError(
                self.env._("What became of a lead is changed by the buttons, not by hand.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        if not is_unlocked(self.env):
            raise UserError(self.env._("The history of a lead is kept. Withdraw the offer."))

    # ------------------------------------------------------------------
    # Offers and the pool

    def _offer(self, lead, partner, kind, reasons=None):
        """Offer ``lead`` to ``partner``; both superuser, ``lead`` locked by the caller.

        :param list reasons: how each partner stood, see ``crm.lead.distributor``
        """
        company = self.env["crm.lead.distributor"]._company(lead)
        now = fields.Datetime.now()
        hours, remind = company.channel_accept_hours, company.channel_remind_hours
        vals = {
            "lead_id": lead.id,
            "company_id": company.id,
            "partner_id": partner.id,
            "grade_id": partner.grade_id.id,
            "kind": kind,
            "state": "offered",
            "offered_at": now,
            "reasons": reasons,
            "deadline": hours and company._channel_after(hours, now),
            "remind_at": remind and company._channel_after(remind, now),
        }
        if vals["deadline"] and vals["remind_at"] and vals["remind_at"] >= vals["deadline"]:
            vals["remind_at"] = False
        offer = self.create(vals)
        offer._note_lead_on_partner()
        lead.write({"channel_error": False, "channel_retry_at": False})
        lead.message_post(
            body=self.env._(
                "Offered to the partner %(partner)s (%(reference)s).",
                partner=partner.name,
                reference=offer.reference,
            )
        )
        offer._wake_up()
        offer._mail("crm_partner.mail_template_lead_offered")
        return offer

    def _put_in_pool(self, lead, grades, reasons=None):
        """Let partners of ``grades`` claim ``lead``; superuser, ``lead`` locked by the caller."""
        company = self.env["crm.lead.distributor"]._company(lead)
        entry = self.create(
            {
                "lead_id": lead.id,
                "company_id": company.id,
                "kind": "pull",
                "state": "pool",
                "offered_at": fields.Datetime.now(),
                "reasons": reasons,
                "pool_grade_ids": [fields.Command.set(grades.ids)],
            }
        )
        lead.write({"channel_error": False, "channel_retry_at": False})
        lead.message_post(
            body=self.env._(
                "Put into the pool for partners of the levels %s.",
                ", ".join(grades.mapped("name")),
            )
        )
        return entry

    def _note_lead_on_partner(self):
        """Say on the partner that it got a lead.

        The row is written so that of two transactions that give leads to one partner at the same
        time the second one waits, is tried again, and counts the lead of the first one.
        """
        self.partner_id.with_context(tracking_disable=True).write(
            {"channel_last_lead_at": fields.Datetime.now()}
        )

    def _wake_up(self):
        cron = self.env.ref("crm_partner.ir_cron_lead_assignments", raise_if_not_found=False)
        times = [at for at in (self.remind_at, self.deadline) if at]
        if cron and times:
            # sudo: whoever makes an offer sets the alarm of its limit
            cron.sudo()._trigger(at=times)

    # ------------------------------------------------------------------
    # Answers of the partner. Each checks whose the lead is.

    def _accept(self):
        """Accept an offer as a person of the partner.

        :raise UserError: if it is not theirs, not open any more, or the time is over
        """
        assignment = self._as_partner("offered")
        if assignment.deadline and assignment.deadline < fields.Datetime.now():
            raise UserError(
                self.env._(
                    "The time to accept this lead ended on %s.",
                    format_datetime(self.env, assignment.deadline),
                )
            )
        assignment._become_accepted()

    def _decline(self, reason, note=None):
        """Let an offer pass, as a person of the partner; the next one gets it at once.

        :param reason: of the field ``decline_reason``
        """
        if reason not in dict(self._fields["decline_reason"].selection):
            raise UserError(self.env._("Choose why you decline."))
        assignment = self._as_partner("offered")
        assignment.write(
            {
                "state": "declined",
                "decline_reason": reason,
                "decline_note": (note or "").strip()[:500],
                **assignment._answer_vals(),
            }
        )
        assignment._pass_on()

    def _claim(self):
        """Take a lead from the pool, as a person of a partner: the first one gets it.

        :raise UserError: if somebody was faster, or the partner has had its share of the day
        """
        partner = self._visitor_partner()
        assignment = unlocked(self)
        assignment._lock()
        if assignment.state != "pool" or not assignment.lead_id._channel_is_open():
            raise UserError(self.env._("Somebody else was faster: this lead is taken."))
        here = Domain("id", "=", assignment.id)
        if not assignment.search_count(here & self._domain_pool(partner)):
            raise AccessError(self.env._("This lead is not in your pool."))
        assignment._check_claim(partner)
        assignment.write({"partner_id": partner.id, "grade_id": partner.grade_id.id})
        assignment._note_lead_on_partner()
        assignment._become_accepted()

    def _check_claim(self, partner):
        """:raise UserError: if the partner has claimed or holds as many leads as it may"""
        quota = partner.grade_id.lead_pool_quota
        today = self.search_count(
            [
                ("partner_id", "=", partner.id),
                ("kind", "=", "pull"),
                ("responded_at", ">=", self.company_id._channel_midnight()),
            ]
        )
        if today >= quota:
            raise UserError(
                self.env._("Your company may claim %s leads a day. Come back tomorrow.", quota)
            )
        held = self.search_count(
            [("partner_id", "=", partner.id), ("state", "in", ("offered", "accepted"))]
        )
        if partner.channel_lead_capacity and held >= partner.channel_lead_capacity:
            raise UserError(
                self.env._(
                    "Your company works on %s leads already. Close some of them first.", held
                )
            )

    def _feedback(self, progress, note=None, amount=None, lost_reason=None):
        """Say how it goes with an accepted lead, as a person of the partner.

        :param progress: of the field ``progress``, or ``won`` or ``lost``
        :param float amount: revenue before taxes in company currency, for ``won``
        :param lost_reason: ``crm.lost.reason``, for ``lost``
        """
        steps = dict(self._fields["progress"].selection)
        if progress not in steps and progress not in ("won", "lost"):
            raise UserError(self.env._("Choose how far you are."))
        assignment = self._as_partner("accepted")
        note = (note or "").strip()[:2000]
        vals = {"progress_note": note, "progress_at": fields.Datetime.now()}
        if progress in steps:
            assignment.write(vals | {"progress": progress})
            assignment._tell_lead(steps[progress], note)
        elif progress == "won":
            assignment._won(vals, amount)
        else:
            assignment._lost(vals, lost_reason)

    def _won(self, vals, amount):
        if amount is None or amount <= 0:
            raise UserError(self.env._("Enter the revenue before taxes of what you have won."))
        self._close("converted", vals | {"amount": amount})
        self._tell_lead(self.env._("Won"), vals["progress_note"])
        self._carry_to_lead(lambda lead: lead._channel_won(amount), self.env._("won"))

    def _lost(self, vals, lost_reason):
        if not lost_reason:
            raise UserError(self.env._("Choose why the lead was lost."))
        self._close("lost", vals | {"lost_reason_id": lost_reason.id})
        self._tell_lead(self.env._("Lost: %s", lost_reason.name), vals["progress_note"])
        self._carry_to_lead(
            lambda lead: lead.action_set_lost(lost_reason_id=lost_reason.id), self.env._("lost")
        )

    def _carry_to_lead(self, change, outcome):
        """Close the lead as its assignment; what our own rules refuse becomes an activity."""
        lead = self.lead_id.with_context(channel_closing=True)
        try:
            with self.env.cr.savepoint():
                change(lead)
        except (UserError, ValidationError) as error:
            lead.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=(self.env["crm.lead.distributor"]._manager(lead) or self.env.user).id,
                summary=self.env._("The partner reports this lead as %s", outcome),
                note=str(error),
            )

    def _visitor_partner(self):
        """Return the partner company (superuser) the user sells for.

        :raise AccessError: if the user is not a salesperson of a partner
        """
        user = self.env.user
        if not user._has_channel_role("sales"):
            raise AccessError(self.env._("Only salespeople of a partner work on leads."))
        return user._channel_partner()

    def _as_partner(self, state):
        """Return the locked record, as this model's methods write it.

        :raise AccessError: unless the user is a salesperson of its partner
        :raise UserError: if it is not in ``state``
        """
        self.ensure_one()
        partner = self._visitor_partner()
        assignment = unlocked(self)
        if assignment.partner_id != partner:
            raise AccessError(self.env._("This is not a lead of your company."))
        assignment._lock()
        assignment._expect(state)
        if not assignment.lead_id._channel_is_open():
            raise UserError(self.env._("This lead is closed already."))
        return assignment

    def _expect(self, *states):
        for assignment in self:
            if assignment.state not in states:
                labels = dict(self._fields["state"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "The lead %(reference)s is %(state)s: this is not possible any more.",
                        reference=assignment.reference,
                        state=labels[assignment.state],
                    )
                )

    def _lock(self):
        try:
            self.lock_for_update()
        except LockError as error:
            raise UserError(
                self.env._("Somebody is deciding on this lead right now. Try again.")
            ) from error

    # ------------------------------------------------------------------
    # Buttons of channel managers

    def action_withdraw(self):
        """Open the question why, and whether the next partner gets the lead."""
        self.env["crm.lead.distributor"]._check_manager()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Withdraw"),
            "res_model": "crm.lead.withdraw",
            "view_mode": "form",
            "target": "new",
            "context": {"default_assignment_ids": self.ids},
        }

    def action_open_lead(self):
        """Open the lead."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lead",
            "res_id": self.lead_id.id,
            "view_mode": "form",
        }

    def action_remind(self):
        """Send the reminder now."""
        self.env["crm.lead.distributor"]._check_manager()
        self.check_access("read")
        offers = unlocked(self)
        offers._expect("offered")
        for offer in offers:
            offer._remind()

    def _withdraw(self, reason):
        """Take back offers, accepted leads or leads of the pool; the caller has checked the right.

        :raise UserError: if one is closed already
        """
        assignments = unlocked(self)
        assignments._lock()
        assignments._expect(*LIVE)
        for assignment in assignments:
            had = assignment.state != "pool"
            assignment._close("withdrawn", {"withdraw_reason": reason})
            assignment.lead_id.channel_partner_id = False
            assignment._tell_lead(self.env._("Withdrawn"), reason)
            if had:
                assignment._mail("crm_partner.mail_template_lead_withdrawn")

    # ------------------------------------------------------------------
    # What follows

    def _answer_vals(self):
        now = fields.Datetime.now()
        hours = (now - self.offered_at).total_seconds() / 3600
        return {
            "responded_at": now,
            "responded_by_id": self.env.uid,
            "response_hours": round(hours, 2),
        }

    def _become_accepted(self):
        self.write({"state": "accepted", "progress": "new", **self._answer_vals()})
        self.lead_id.channel_partner_id = self.partner_id
        self._tell_lead(self.env._("Accepted by %s", self.partner_id.name), None)

    def _close(self, state, vals=None):
        self.write({"state": state, "closed_at": fields.Datetime.now(), **(vals or {})})

    def _tell_lead(self, title, note):
        """Write what the partner says into the chatter of the lead."""
        body = Markup("<b>%s</b>") % title
        if note:
            body += Markup("<br/>%s") % note
        self.lead_id.message_post(body=body)

    def _pass_on(self):
        """Give the lead to the next partner, never to one that has had it."""
        if self.lead_id._channel_is_open():
            self.env["crm.lead.distributor"]._distribute(self.lead_id)

    def _mail(self, template):
        """Send a template to the partner's salespeople, each in the queue of mails.

        A partner that nobody can be reached at is said on the record.
        """
        template = self.env.ref(template, raise_if_not_found=False)
        if not template:
            return
        for assignment in self:
            people = assignment.partner_id._channel_salespeople().filtered("email")
            people = people or assignment.partner_id.filtered("email")
            if people:
                # sudo: a mail of the programme, whoever made or took back the offer
                template.sudo().send_mail(
                    assignment.id, email_values={"recipient_ids": people.ids, "email_to": False}
                )
            else:
                assignment.message_post(
                    body=self.env._("Nobody was told: the partner has no mail address.")
                )

    # ------------------------------------------------------------------
    # Explanations

    @api.model
    def _reason_labels(self):
        return {
            "chosen": self.env._("gets the lead"),
            "behind": self.env._("is less behind its share"),
            "full": self.env._("has as many open leads as it may"),
            "not_competent": self.env._("does not sell these products"),
            "outside": self.env._("does not cover this place"),
            "no_share": self.env._("has no share at its level"),
            "paused": self.env._("wants no leads for now"),
            "had_it": self.env._("has had this lead before"),
        }

    @api.model
    def _explain(self, reasons):
        """Return the table that says how each partner stood."""
        labels = self._reason_labels()
        # sudo: names of partners that were compared, shown to channel managers
        partners = self.env["res.partner"].sudo().browse(row["partner"] for row in reasons)
        names = {partner.id: partner.name for partner in partners.exists()}
        head = (
            self.env._("Partner"),
            self.env._("Why"),
            self.env._("Weight"),
            self.env._("Received"),
            self.env._("Due"),
            self.env._("Open"),
        )
        rows = [
            (
                names.get(row["partner"], "…"),
                labels.get(row["code"], row["code"]),
                row["weight"],
                row["received"],
                "" if row["due"] is None else f"{row['due']:.2f}",
                row["open"],
            )
            for row in reasons
        ]
        if not rows:
            return False
        return Markup("<table class='table table-sm o_partner_reasons'>%s%s</table>") % (
            _row(head, Markup("<th>%s</th>")),
            Markup("").join(_row(row, Markup("<td>%s</td>")) for row in rows),
        )

    @api.model
    def _explain_nobody(self, reasons):
        """Return in one text why no partner may get a lead."""
        if not reasons:
            return self.env._("There is no partner with a level.")
        labels = self._reason_labels()
        # sudo: names of partners that were compared, shown to colleagues
        partners = self.env["res.partner"].sudo().browse(row["partner"] for row in reasons)
        return self.env._(
            "No partner may get this lead. %s",
            "; ".join(
                f"{partner.name}: {labels[row['code']]}"
                for partner, row in zip(partners, reasons, strict=True)
            ),
        )

    # ------------------------------------------------------------------
    # The scheduled action

    @api.model
    def _domain_due(self):
        now = fields.Datetime.now()
        over = Domain("deadline", "<=", now)
        remind = Domain("remind_at", "<=", now) & Domain("reminded_at", "=", False)
        retry = Domain("retry_at", "=", False) | Domain("retry_at", "<=", now)
        return Domain("state", "=", "offered") & (over | remind) & retry

    @api.model
    def _cron_watch(self):
        """Remind of offers and let those expire whose time is over, a batch a transaction."""
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=self.search_count(self._domain_due()))
        while offers := self.search(self._domain_due(), limit=BATCH, order="deadline, id"):
            for offer in unlocked(offers):
                offer._watch()
            if not cron._commit_progress(len(offers)):
                break

    def _watch(self):
        """Bring one offer up to now; an error stays on it and does not stop the others."""
        try:
            with self.env.cr.savepoint():
                self._watch_one()
        except Exception as error:  # pylint: disable=broad-except  # isolated: on the record
            _logger.info("Lead of a partner %s: %s", self.reference, error)
            self.env.invalidate_all(flush=False)
            self.write({"error": str(error), "retry_at": fields.Datetime.now() + RETRY})

    def _watch_one(self):
        self._lock()
        if self.error:
            self.write({"error": False, "retry_at": False})
        if not self.lead_id._channel_is_open():
            self._close("withdrawn", {"withdraw_reason": self.env._("The lead was closed.")})
        elif self.deadline and self.deadline <= fields.Datetime.now():
            self._expire()
        else:
            self._remind()

    def _expire(self):
        self._close("expired")
        self._tell_lead(self.env._("%s did not accept in time", self.partner_id.name), None)
        self._mail("crm_partner.mail_template_lead_expired")
        self._pass_on()

    def _remind(self):
        self.reminded_at = fields.Datetime.now()
        self._mail("crm_partner.mail_template_lead_reminder")


def _row(cells, cell):
    return Markup("<tr>%s</tr>") % Markup("").join(cell % value for value in cells)

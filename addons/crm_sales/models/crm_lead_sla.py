import logging
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

BATCH = 200
RETRY = timedelta(hours=1)
OPEN = ("open", "warned")
#: messages in which somebody writes to the customer
WRITTEN = ("comment", "email", "email_outgoing")


class CrmLeadSla(models.Model):
    """One clock of the first response to a lead: who has it, until when, and what became of it.

    A lead that is passed on has one for each person.
    """

    _name = "crm.lead.sla"
    _description = "First Response to a Lead"
    _order = "id desc"
    _rec_name = "lead_id"

    lead_id = fields.Many2one(
        "crm.lead", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", readonly=True, ondelete="cascade")
    policy_id = fields.Many2one(
        "crm.lead.sla.policy", required=True, readonly=True, ondelete="restrict"
    )
    rule_id = fields.Many2one("crm.lead.route.rule", readonly=True, ondelete="set null")
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True, ondelete="set null")
    team_id = fields.Many2one("crm.team", "Sales Team", readonly=True, ondelete="set null")
    start = fields.Datetime("Assigned on", required=True, readonly=True)
    warn_at = fields.Datetime(readonly=True)
    deadline = fields.Datetime("Response Due", required=True, readonly=True)
    state = fields.Selection(
        [
            ("open", "Open"),
            ("warned", "Due soon"),
            ("met", "Met"),
            ("breached", "Breached"),
            ("cancelled", "Closed without"),
        ],
        default="open",
        required=True,
        readonly=True,
    )
    responded_at = fields.Datetime("First Response", readonly=True)
    response_kind = fields.Selection(
        [
            ("message", "Mail"),
            ("call", "Call"),
            ("meeting", "Meeting"),
            ("visit", "Visit"),
            ("activity", "Activity"),
        ],
        "Responded by",
        readonly=True,
    )
    response_hours = fields.Float(
        "Working Hours to Response", readonly=True, aggregator="avg",
    )  # fmt: skip
    is_last = fields.Boolean(
        "Current", default=True, readonly=True, help="The last clock of its lead."
    )
    error = fields.Text(readonly=True)
    retry_at = fields.Datetime(readonly=True)

    _due_idx = models.Index("(deadline) WHERE state IN ('open', 'warned')")

    # ------------------------------------------------------------------
    # The clock starts
    # ------------------------------------------------------------------

    @api.model
    def _start(self, leads, decisions, kind):
        """Start the clock of leads that were just routed or given to somebody.

        :param leads: as superuser
        :param decisions: ``{lead id: Decision}``; leads without were kept by their salesperson
        """
        now = fields.Datetime.now()
        times, vals_list = {}, []
        for lead in leads:
            decision = decisions.get(lead.id)
            policy = self._policy(lead, decision)
            if not policy or (not decision and (policy.only_routed or kind != "create")):
                continue
            company = lead.company_id or self.env.company
            key = policy.id, company.id
            if key not in times:
                times[key] = policy._times(now, company)
            warn_at, deadline = times[key]
            vals_list.append(
                {
                    "lead_id": lead.id,
                    "company_id": company.id,
                    "policy_id": policy.id,
                    "rule_id": decision and decision.rule_id,
                    "user_id": lead.user_id.id,
                    "team_id": lead.team_id.id,
                    "start": now,
                    "warn_at": warn_at,
                    "deadline": deadline,
                }
            )
        if vals_list:
            self._close([vals["lead_id"] for vals in vals_list], kind)
            self.sudo().create(vals_list)  # sudo: clocks are kept by the router only
            self._wake_up({at for pair in times.values() for at in pair if at})

    @api.model
    def _policy(self, lead, decision):
        # sudo: configuration, read by the router for everybody
        rule = self.env["crm.lead.route.rule"].sudo().browse(decision and decision.rule_id or ())
        return rule.sla_policy_id or lead.team_id.lead_sla_policy_id

    @api.model
    def _close(self, lead_ids, kind):
        """End clocks that still run for leads that get a new one."""
        if kind != "create":
            # sudo: clocks are kept by the router only
            before = self.sudo().search([("lead_id", "in", lead_ids), ("is_last", "=", True)])
            before.is_last = False
            before.filtered(lambda run: run.state in OPEN).state = "cancelled"

    @api.model
    def _keep_last(self, lead):
        """Of the clocks of a lead, let only the last one go on."""
        earlier = self.search([("lead_id", "=", lead.id)], order="id desc", offset=1)
        earlier.is_last = False
        earlier.filtered(lambda run: run.state in OPEN).state = "cancelled"

    @api.model
    def _wake_up(self, moments):
        """Have the scheduled action run when something is due."""
        cron = self.env.ref("crm_sales.ir_cron_lead_sla", raise_if_not_found=False)
        if cron and moments:
            # sudo: the scheduled action follows, whoever brought the lead. Moments are rounded up
            # to the minute, so that leads of the same minute share a run.
            minutes = {at.replace(second=0, microsecond=0) + timedelta(minutes=1) for at in moments}
            cron.sudo()._trigger(at=sorted(minutes))

    # ------------------------------------------------------------------
    # Responses
    # ------------------------------------------------------------------

    @api.model
    def _written_types(self):
        """Return the types of messages in which somebody writes to the customer."""
        return WRITTEN

    def _check_responses(self):
        """Note the first response of those of these clocks that have one."""
        found = self._find_responses()
        for run in self:
            if run.id in found:
                run._note_response(*found[run.id])

    def _note_response(self, moment, kind):
        state = "met" if self.state in OPEN and moment <= self.deadline else self.state
        if self.state in OPEN and moment > self.deadline:
            state = "breached"
        calendar = self.policy_id._calendar(self.company_id)
        hours = calendar.get_work_hours_count(self.start, moment) if moment > self.start else 0
        self.write(
            {
                "state": state,
                "responded_at": moment,
                "response_kind": kind,
                "response_hours": hours,
            }
        )

    def _find_responses(self):
        """Return ``{id: (moment, kind)}`` of the first response since each clock started."""
        self.env.flush_all()
        found = {}
        for query in self._response_queries():
            for run_id, moment, kind in self.env.execute_query(query) if self else ():
                if run_id not in found or moment < found[run_id][0]:
                    found[run_id] = moment, kind
        return found

    def _response_queries(self):
        """Return queries of (clock id, UTC moment, kind), what counts as a response.

        Hook: addons with calls, chats or visits of their own add a query, and a kind to
        ``response_kind``.
        """
        return [
            self._query_messages(),
            self._query_activities(),
            self._query_meetings(),
            self._query_visits(),
        ]

    def _query_messages(self):
        return SQL(
            """SELECT s.id, m.date, 'message'
                 FROM crm_lead_sla s
                 JOIN crm_lead_sla_policy p ON p.id = s.policy_id
                 JOIN mail_message m ON m.model = 'crm.lead' AND m.res_id = s.lead_id
                      AND m.date >= s.start AND m.message_type = ANY(%(types)s)
                      AND m.is_internal IS NOT TRUE
            LEFT JOIN mail_message_subtype t ON t.id = m.subtype_id
                 JOIN res_users u ON u.partner_id = m.author_id AND u.share IS NOT TRUE
                WHERE s.id = ANY(%(ids)s) AND t.internal IS NOT TRUE
                  AND (p.any_colleague OR u.id = s.user_id)
                  AND (m.outgoing_email_to IS NOT NULL
                       OR EXISTS (SELECT FROM mail_message_res_partner_rel r
                                    JOIN res_partner c ON c.id = r.res_partner_id
                                   WHERE r.mail_message_id = m.id AND c.partner_share)
                       OR EXISTS (SELECT FROM mail_notification n
                                    JOIN res_partner c ON c.id = n.res_partner_id
                                   WHERE n.mail_message_id = m.id AND c.partner_share))""",
            ids=self.ids,
            types=list(WRITTEN),
        )

    def _query_activities(self):
        return SQL(
            """SELECT s.id, LEAST(a.write_date, %s),
                      CASE t.category WHEN 'phonecall' THEN 'call' WHEN 'meeting' THEN 'meeting'
                      ELSE 'activity' END
                 FROM crm_lead_sla s
                 JOIN crm_lead_sla_policy p ON p.id = s.policy_id
                 JOIN mail_activity a ON a.res_model = 'crm.lead' AND a.res_id = s.lead_id
                      AND a.date_done IS NOT NULL AND a.active IS NOT TRUE
                      AND a.write_date >= s.start
            LEFT JOIN mail_activity_type t ON t.id = a.activity_type_id
                WHERE s.id = ANY(%s) AND (p.any_colleague OR a.write_uid = s.user_id)""",
            fields.Datetime.now(),
            self.ids,
        )

    def _query_meetings(self):
        return SQL(
            """SELECT s.id, GREATEST(e.start, s.start), 'meeting'
                 FROM crm_lead_sla s
                 JOIN crm_lead_sla_policy p ON p.id = s.policy_id
                 JOIN calendar_event e ON e.opportunity_id = s.lead_id AND e.active
                      AND e.stop >= s.start AND e.stop <= %s
                WHERE s.id = ANY(%s) AND (p.any_colleague OR e.user_id = s.user_id)""",
            fields.Datetime.now(),
            self.ids,
        )

    def _query_visits(self):
        return SQL(
            """SELECT s.id, v.check_in, 'visit'
                 FROM crm_lead_sla s
                 JOIN crm_lead_sla_policy p ON p.id = s.policy_id
                 JOIN crm_visit v ON v.lead_id = s.lead_id AND v.check_in >= s.start
                WHERE s.id = ANY(%s) AND (p.any_colleague OR v.user_id = s.user_id)""",
            self.ids,
        )

    # ------------------------------------------------------------------
    # The scheduled action
    # ------------------------------------------------------------------

    @api.model
    def _domain_due(self):
        now = fields.Datetime.now()
        return [
            ("state", "in", OPEN),
            "|",
            ("deadline", "<=", now),
            "&",
            ("state", "=", "open"),
            ("warn_at", "<=", now),
            "|",
            ("retry_at", "=", False),
            ("retry_at", "<=", now),
        ]

    @api.model
    def _cron_watch(self):
        """Warn of and act on what is due, a batch a transaction."""
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=self.search_count(self._domain_due()))
        while runs := self.search(self._domain_due(), limit=BATCH, order="deadline, id"):
            runs._watch()
            if not cron._commit_progress(len(runs)):
                break

    def _watch(self):
        """Bring these clocks up to now, each on its own: an error stays with its record."""
        responses = self._find_responses()
        for run in self:
            try:
                with self.env.cr.savepoint():
                    run._watch_one(responses.get(run.id))
            except Exception as error:  # pylint: disable=broad-except  # isolated: on the record
                _logger.info("First response %s: %s", run.id, error)
                self.env.invalidate_all(flush=False)
                run.write({"error": str(error), "retry_at": fields.Datetime.now() + RETRY})

    def _watch_one(self, response):
        if self.error:
            self.write({"error": False, "retry_at": False})
        lead = self.lead_id
        if response:
            self._note_response(*response)
        if not lead.active or lead._outcome() != "pending":
            if self.state in OPEN:
                self.state = "cancelled"
        elif not response and self.deadline <= fields.Datetime.now():
            self._breach()
        elif not response:
            self._warn()

    def _warn(self):
        self.state = "warned"
        if self.user_id:
            self._tell(
                self.user_id,
                lambda env: env._("First response due: %s", self.lead_id.name),
                lambda env: env._(
                    "Nobody has responded to this lead yet; the response is due on %s.",
                    self._local_deadline(),
                ),
            )

    def _breach(self):
        """The response did not come in time: pass the lead on as the policy says."""
        self.state = "breached"
        lead, policy = self.lead_id, self.policy_id
        runs = self.search([("lead_id", "=", lead.id)])
        if policy.on_breach == "none":
            return
        if len(runs.filtered(lambda run: run.state == "breached")) > policy.max_reroutes:
            self._tell_leader()
            return
        exclude = (runs.user_id | lead.user_id).ids
        if not self._pass_on(exclude):
            self._tell_leader()

    def _pass_on(self, exclude):
        """Give the lead to the next person or the fallback; return whether there was one."""
        lead, policy = self.lead_id, self.policy_id
        router = self.env["crm.lead.router"].with_company(self.company_id)
        due = {"due": fields.Datetime.to_string(self.deadline)}
        decided = {}
        if policy.on_breach == "next":
            decided = router._route(
                lead, "breach", override=True, exclude={lead.id: exclude}, facts={lead.id: due}
            )
        fallback = policy.fallback_user_id
        if not decided and fallback and fallback.id not in exclude:
            decided = True
            router._assign(lead, fallback, "breach", {"code": "policy_fallback", **due})
        if decided:
            reader = lead.user_id.lang or self.env.lang
            lead._message_log(body=lead.with_context(lang=reader).route_reason)
        return bool(decided)

    def _tell_leader(self):
        leader = self.lead_id.team_id.user_id or self.policy_id.fallback_user_id
        if leader:
            self._tell(
                leader,
                lambda env: env._("No response to a lead: %s", self.lead_id.name),
                lambda env: env._(
                    "The first response was due on %s, and nobody else could take the lead.",
                    self._local_deadline(),
                ),
            )

    def _tell(self, user, subject, body):
        """Notify a person in their language."""
        env = self.with_context(lang=user.lang).env
        self.lead_id.message_notify(
            partner_ids=user.partner_id.ids,
            subject=subject(env),
            body=Markup("<p>%s</p>") % body(env),
        )

    def _local_deadline(self):
        zone = self.policy_id._calendar(self.company_id).tz
        local = fields.Datetime.context_timestamp(self.with_context(tz=zone), self.deadline)
        return f"{local:%Y-%m-%d %H:%M}"

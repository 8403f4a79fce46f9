from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import hash_sign, verify_hash_signed

SCOPE = "crm_sales_loss_survey"
VALID_DAYS = 60
SCORES = [("1", "Very weak"), ("2", "Weak"), ("3", "Fair"), ("4", "Good"), ("5", "Very good")]
SCORE_FIELDS = ("score_price", "score_product", "score_service", "score_speed")
MAX_TEXT = 4000


class CrmLossSurvey(models.Model):
    """What a customer tells about why we did not get the deal."""

    _name = "crm.loss.survey"
    _description = "Loss Survey"
    _order = "id desc"
    _rec_name = "lead_id"

    lead_id = fields.Many2one("crm.lead", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="lead_id.company_id", store=True, index=True)
    user_id = fields.Many2one(related="lead_id.user_id", store=True, string="Salesperson")
    team_id = fields.Many2one(related="lead_id.team_id", store=True)
    lost_reason_id = fields.Many2one(
        related="lead_id.lost_reason_id", store=True, string="Our Lost Reason"
    )
    expected_revenue = fields.Monetary(
        related="lead_id.expected_revenue", store=True, currency_field="company_currency"
    )
    company_currency = fields.Many2one(related="lead_id.company_currency")
    email = fields.Char("Sent to", readonly=True)
    date_sent = fields.Datetime("Sent on", readonly=True)
    date_valid = fields.Datetime("Valid until", readonly=True)
    date_answered = fields.Datetime("Answered on", readonly=True, index=True)
    state = fields.Selection(
        [("sent", "Sent"), ("answered", "Answered"), ("expired", "Expired")],
        compute="_compute_state",
        search="_search_state",
    )
    main_reason = fields.Selection(
        [
            ("price", "Price"),
            ("product", "Product or features"),
            ("service", "Service or support"),
            ("speed", "Delivery time or speed"),
            ("relation", "Existing relation with another supplier"),
            ("stopped", "The project was stopped"),
            ("other", "Something else"),
        ],
        readonly=True,
    )
    score_price = fields.Selection(SCORES, "Price Score", readonly=True)
    score_product = fields.Selection(SCORES, "Product Score", readonly=True)
    score_service = fields.Selection(SCORES, "Advice Score", readonly=True)
    score_speed = fields.Selection(SCORES, "Speed Score", readonly=True)
    score = fields.Float(
        "Average Score", compute="_compute_score", store=True, aggregator="avg", digits=(3, 2)
    )
    chosen = fields.Char("Chosen Supplier", readonly=True)
    comment = fields.Text(readonly=True)
    again = fields.Boolean("May Ask Again", readonly=True)

    @api.depends("date_answered", "date_valid")
    def _compute_state(self):
        now = fields.Datetime.now()
        for survey in self:
            if survey.date_answered:
                survey.state = "answered"
            else:
                expired = survey.date_valid and survey.date_valid < now
                survey.state = "expired" if expired else "sent"

    @api.model
    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        now = fields.Datetime.now()
        domains = {
            "answered": [("date_answered", "!=", False)],
            "sent": [("date_answered", "=", False), ("date_valid", ">=", now)],
            "expired": [("date_answered", "=", False), ("date_valid", "<", now)],
        }
        return fields.Domain.OR(domains[state] for state in value if state in domains)

    @api.depends(*SCORE_FIELDS)
    def _compute_score(self):
        for survey in self:
            scores = [int(survey[name]) for name in SCORE_FIELDS if survey[name]]
            survey.score = sum(scores) / len(scores) if scores else 0.0

    # ------------------------------------------------------------------
    # Sending
    # ------------------------------------------------------------------

    @api.model
    def _send(self, lead):
        """Ask the customer of a lost opportunity, once, and return the survey.

        :raise UserError: the opportunity is not lost, was asked already, or has no address
        """
        lead.ensure_one()
        lead.check_access("write")
        email = lead.email_from or lead.partner_id.email
        problem = self._find_problem(lead, email)
        if problem:
            raise UserError(problem)
        now = fields.Datetime.now()
        # sudo: who may change the opportunity, checked above, may ask its customer
        survey = self.sudo().create(
            {
                "lead_id": lead.id,
                "email": email,
                "date_sent": now,
                "date_valid": now + timedelta(days=VALID_DAYS),
            }
        )
        # sudo: the letter is the same for everybody
        template = self.env.ref("crm_sales.mail_template_loss_survey").sudo()
        template.send_mail(survey.id, email_layout_xmlid="mail.mail_notification_light")
        lead.message_post(body=self.env._("Loss survey sent to %s.", email))
        return survey.sudo(False)  # sudo: given back

    @api.model
    def _find_problem(self, lead, email):
        if lead.won_status != "lost":
            return self.env._("“%s” is not lost; there is nothing to ask about.", lead.name)
        if not email:
            return self.env._("“%s” has no email address. Enter it first.", lead.name)
        if lead.survey_ids:
            return self.env._("The customer of “%s” was asked already.", lead.name)
        return False

    def _link(self):
        """Return the signed address of the page; it names one survey and expires."""
        self.ensure_one()
        # sudo: the secret of the database signs; only the signature gets out
        token = hash_sign(self.sudo().env, SCOPE, self.id, expiration=timedelta(days=VALID_DAYS))
        return f"{self.get_base_url()}/crm/loss/{token}"

    @api.model
    def _from_token(self, token):
        """Return the survey that a link names, or none when it is wrong or has expired."""
        try:
            # sudo: the signature, checked here, is the right to this one survey
            survey_id = verify_hash_signed(self.sudo().env, SCOPE, token)
        except (ValueError, TypeError):
            survey_id = None
        if not isinstance(survey_id, int):
            return self.browse()
        # sudo: the one survey that the signature names, checked above
        return self.sudo().browse(survey_id).exists()

    # ------------------------------------------------------------------
    # Answers
    # ------------------------------------------------------------------

    def _answer(self, values):
        """Keep the answers of the customer, once.

        :param dict values: what was posted; unknown names are left out
        :return: False, or what is wrong with the answers
        """
        self.ensure_one()
        if self.state != "sent":
            return self.env._("This survey was answered already or has expired.")
        vals = self._clean_answers(values)
        if not vals.get("main_reason"):
            return self.env._("Please choose the main reason.")
        self.write({**vals, "date_answered": fields.Datetime.now()})
        self._tell_salesperson()
        return False

    @api.model
    def _clean_answers(self, values):
        vals = {}
        for name in ("main_reason", *SCORE_FIELDS):
            if values.get(name) in dict(self._fields[name].selection):
                vals[name] = values[name]
        for name in ("chosen", "comment"):
            vals[name] = str(values.get(name) or "").strip()[:MAX_TEXT]
        vals["again"] = bool(values.get("again"))
        return vals

    def _tell_salesperson(self):
        lead = self.lead_id
        reason = dict(self._fields["main_reason"]._description_selection(self.env))
        lead.message_post(
            body=self.env._(
                "The customer answered the loss survey. Main reason: %(reason)s. %(comment)s",
                reason=reason[self.main_reason],
                comment=self.comment or "",
            ),
            partner_ids=lead.user_id.partner_id.ids,
            author_id=self.env.ref("base.partner_root").id,
        )

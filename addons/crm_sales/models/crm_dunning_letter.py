import logging

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..engine import dunning
from ..tools import is_unlocked, unlocked

_logger = logging.getLogger(__name__)


class CrmDunningLetter(models.Model):
    """A letter that was sent, with what it was about: the history of dunning."""

    _name = "crm.dunning.letter"
    _description = "Dunning Letter"
    _inherit = ["mail.thread"]
    _order = "id desc"

    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, readonly=True, index=True, ondelete="restrict"
    )
    contact_id = fields.Many2one("res.partner", "Sent to", readonly=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    level_id = fields.Many2one("crm.dunning.level", required=True, readonly=True)
    level_number = fields.Integer("Level No.", readonly=True, aggregator="max")
    date = fields.Date(readonly=True)
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True, index=True)
    move_ids = fields.Many2many("account.move", string="Invoices", readonly=True)
    amount = fields.Monetary("Overdue", readonly=True)
    days_overdue = fields.Integer(readonly=True, aggregator="max")
    state = fields.Selection(
        [("sent", "Sent"), ("failed", "Not Sent")], readonly=True, required=True, index=True
    )
    error = fields.Char("Why Not", readonly=True)

    @api.depends("partner_id.name", "level_id.name")
    def _compute_display_name(self):
        for letter in self:
            letter.display_name = f"{letter.level_id.name}: {letter.partner_id.name}"

    @api.model_create_multi
    def create(self, vals_list):
        """Keep what was sent.

        :raises UserError: letters are made by the dunning run only, never by hand
        """
        if not is_unlocked(self.env):
            raise UserError(self.env._("Letters are sent from the list of receivables."))
        return super().create(vals_list)

    # ------------------------------------------------------------------
    # Who gets one
    # ------------------------------------------------------------------

    @api.model
    def _send_for(self, rows):
        """Send the next letter to the customers of receivables that the user may see.

        :raise UserError: when nobody is to get one, saying why
        """
        rows.check_access("read")
        letters, reasons = self.browse(), []
        for (partner, company), group in rows.grouped(
            lambda row: (row.partner_id, row.company_id)
        ).items():
            own = self.env["crm.receivable"].search(
                [("partner_id", "=", partner.id), ("company_id", "=", company.id)]
            )
            level, reason = self._next_level(own or group)
            if level:
                letters |= self._send(own, level)
            else:
                reasons.append(f"{partner.name}: {reason}")
        if not letters:
            raise UserError("\n".join(reasons))
        return letters

    @api.model
    def _next_level(self, rows):
        """Return (level, why not) for the receivables of one customer in one company."""
        partner, company = rows.partner_id, rows.company_id
        due = rows.filtered(lambda row: row._may_be_dunned())
        if partner.crm_no_dunning:
            return None, self.env._("gets no letters (set on the customer)")
        if not due:
            return None, self.env._("nothing is overdue that is not disputed or promised")
        # sudo: the levels and what was sent before decide, whoever may read them
        levels = self.env["crm.dunning.level"].sudo()._levels_of(company)
        sent = self.sudo().search(
            [("move_ids", "in", due.move_id.ids), ("state", "=", "sent")], order="date, id"
        )
        last = max(sent.mapped("level_number"), default=0)
        since = (fields.Date.context_today(self) - sent[-1].date).days if sent else None
        overdue = max(due.mapped("days_overdue"))
        number = dunning.next_level(levels._for_engine(), overdue, last, since)
        level = levels.filtered(lambda level: level.number == number)
        return level, self.env._("the next letter is not due yet")

    # ------------------------------------------------------------------
    # Sending
    # ------------------------------------------------------------------

    @api.model
    def _send(self, rows, level):
        """Send the letter of a level about what is due of ``rows``; return it."""
        letter = unlocked(self).create(self._prepare_letter_vals(rows, level))
        if letter.state == "sent":
            # sudo: the text of the template reads invoices that a salesperson may not
            level.sudo().template_id.send_mail(letter.id)
            letter.partner_id.message_post(
                body=self.env._("%s was sent.", letter.level_id.name), message_type="comment"
            )
        return letter.with_env(self.env)

    def _prepare_letter_vals(self, rows, level):
        """Return the values of one letter over the receivables of one customer.

        Company currency. It lists the invoices that may be dunned and comes from the salesperson of
        the first; without an address it is kept as failed.
        """
        due = rows.filtered(lambda row: row._may_be_dunned())
        partner = rows.partner_id
        contact = partner.browse(partner.address_get(["invoice"])["invoice"])
        sellers = due.user_id or partner.user_id
        return {
            "partner_id": partner.id,
            "contact_id": contact.id,
            "company_id": rows.company_id.id,
            "level_id": level.id,
            "level_number": level.number,
            "date": fields.Date.context_today(self),
            "user_id": sellers[:1].id,
            "move_ids": [Command.set(due.move_id.ids)],
            "amount": sum(due.mapped("amount_residual")),
            "days_overdue": max(due.mapped("days_overdue")),
            "state": "sent" if contact.email else "failed",
            "error": False if contact.email else self.env._("%s has no e-mail", contact.name),
        }

    @api.model
    def _cron_send(self):
        """Send the letters of automatic levels; a fault stays with its customer."""
        groups = self.env["crm.receivable"]._read_group(
            [("days_overdue", ">", 0), ("amount_residual", ">", 0)],
            ["partner_id", "company_id"],
            order="partner_id, company_id",
        )
        progress = self.env["ir.cron"]
        progress._commit_progress(remaining=len(groups))
        for partner, company in groups:
            self._try_to_send(partner, company)
            if not progress._commit_progress(1):
                break

    def _try_to_send(self, partner, company):
        try:
            with self.env.cr.savepoint():
                rows = self.env["crm.receivable"].search(
                    [("partner_id", "=", partner.id), ("company_id", "=", company.id)]
                )
                level, _reason = self._next_level(rows)
                if level and level.automatic and not self._failed_today(partner, level):
                    self.with_company(company)._send(rows, level)
        except Exception as error:  # one customer must not stop the others
            _logger.info("no letter to %s: %s", partner, error)
            partner.message_post(body=self.env._("A dunning letter could not be sent: %s", error))

    def _failed_today(self, partner, level):
        """Whether this letter failed within a week: it is not tried every day."""
        day = fields.Date.subtract(fields.Date.context_today(self), days=7)
        return self.search_count(
            [
                ("partner_id", "=", partner.id),
                ("level_id", "=", level.id),
                ("state", "=", "failed"),
                ("date", ">", day),
            ],
            limit=1,
        )

import logging
from ast import literal_eval

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ..engine import cleaning as engine

_logger = logging.getLogger(__name__)

BATCH = 500
FIELD_OF_KIND = {
    "phone": "phone",
    "name": "name",
    "capital": "name",
    "email": "email",
    "state": "state_id",
}
READ = ["name", "phone", "email", "street", "street2", "city", "zip", "state_id", "country_id"]


class CrmCleaningJob(models.Model):
    """One kind of correction over many records: proposed, looked through, applied, undone."""

    _name = "crm.cleaning.job"
    _description = "Cleaning Job"
    _inherit = ["mail.thread"]
    _order = "id desc"

    name = fields.Char(
        required=True, compute="_compute_name", store=True, readonly=False, precompute=True
    )
    kind = fields.Selection(
        [
            ("phone", "Phone numbers in one format"),
            ("name", "Names: blanks and full-width letters"),
            ("capital", "Names: capital letters"),
            ("email", "E-mail addresses in small letters"),
            ("state", "Provinces of China from address, postcode or phone"),
        ],
        required=True,
        default="phone",
        tracking=True,
    )
    phone_format = fields.Selection(
        [
            ("INTERNATIONAL", "International: +86 138 0013 8000"),
            ("E164", "E.164: +8613800138000"),
            ("NATIONAL", "National where it is of the company's country"),
        ],
        default="INTERNATIONAL",
        required=True,
    )
    domain = fields.Char("Only Records", default="[]", required=True)
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, default=lambda self: self.env.company
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("previewed", "Preview"),
            ("applying", "Being applied"),
            ("applied", "Applied"),
            ("undoing", "Being undone"),
            ("undone", "Undone"),
        ],
        default="draft",
        required=True,
        readonly=True,
        tracking=True,
        copy=False,
    )
    user_id = fields.Many2one("res.users", string="Applied by", readonly=True, copy=False)
    line_ids = fields.One2many("crm.cleaning.line", "job_id", string="Changes", copy=False)
    line_count = fields.Integer("Proposed", compute="_compute_counts")
    done_count = fields.Integer("Done", compute="_compute_counts")
    open_count = fields.Integer("Not Done", compute="_compute_counts")

    @api.depends("kind")
    def _compute_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for job in self:
            if not job.name or job.name in labels.values():
                job.name = labels.get(job.kind)

    @api.depends("line_ids.state")
    def _compute_counts(self):
        counts = {
            (job, state): count
            for job, state, count in self.env["crm.cleaning.line"]._read_group(
                [("job_id", "in", self.ids)], ["job_id", "state"], ["__count"]
            )
        }
        for job in self:
            found = {state: n for (key, state), n in counts.items() if key == job}
            job.line_count = sum(found.values())
            job.done_count = found.get("undone" if job.state == "undone" else "applied", 0)
            job.open_count = found.get("conflict", 0) + found.get("failed", 0)

    @api.constrains("domain")
    def _check_domain(self):
        for job in self:
            try:
                # sudo(False): constraints run as superuser. No job asks for a hidden field.
                self.sudo(False).env["res.partner"]._search(job._records_domain(), limit=1)
            except Exception as error:  # a domain is free text: whatever is wrong, say where
                raise ValidationError(
                    self.env._("The condition of this job cannot be used: %s", error)
                ) from error

    @api.ondelete(at_uninstall=False)
    def _unlink_except_applied(self):
        if any(job.state not in ("draft", "previewed", "undone") for job in self):
            raise UserError(
                self.env._("A job that was applied stays, so that it can be undone. Undo it first.")
            )

    # ------------------------------------------------------------------
    # Preview
    # ------------------------------------------------------------------

    def _records_domain(self):
        self.ensure_one()
        own = Domain("company_id", "in", [False, self.company_id.id])
        filled = Domain.TRUE
        if self.kind == "state":
            filled = Domain([("state_id", "=", False), ("country_id.code", "=", "CN")])
        elif self.kind:
            filled = Domain(FIELD_OF_KIND[self.kind], "!=", False)
        return own & filled & Domain(literal_eval(self.domain or "[]"))

    def action_preview(self):
        """Propose the changes; what was proposed before is dropped."""
        self.check_access("write")
        for job in self:
            job._require("draft", "previewed")
            job.line_ids.unlink()
            job._propose()
            job.state = "previewed"
        return True

    def _propose(self):
        """Create a line for each record whose value would change."""
        partners = self.env["res.partner"].search(self._records_domain())
        for start in range(0, len(partners), 10 * BATCH):
            batch = partners[start : start + 10 * BATCH]
            batch.fetch(READ)
            self.env["crm.cleaning.line"].create(
                [vals for partner in batch if (vals := self._prepare_line_vals(partner))]
            )
            batch.invalidate_recordset(READ)

    def _prepare_line_vals(self, partner):
        """Return the proposal for a customer, or None when there is nothing to clean."""
        name = FIELD_OF_KIND[self.kind]
        new = getattr(self, f"_clean_{self.kind}")(partner)
        if not new or new == partner[name]:
            return None
        reference = self.kind == "state"
        return {
            "job_id": self.id,
            "partner_id": partner.id,
            "field_name": name,
            "old_value": "" if reference else partner[name],
            "new_value": new.display_name if reference else new,
            "old_state_id": False,
            "new_state_id": new.id if reference else False,
        }

    def _clean_phone(self, partner):
        return partner._phone_format(fname="phone", force_format=self.phone_format)

    def _clean_name(self, partner):
        return engine.clean_text(partner.name)

    def _clean_capital(self, partner):
        return engine.capitalise(partner.name)

    def _clean_email(self, partner):
        return engine.clean_email(partner.email)

    def _clean_state(self, partner):
        parts = (partner.city, partner.street, partner.street2)
        codes = [engine.province(part, partner.zip, partner.phone) for part in parts if part]
        code = next(filter(None, codes), None) or engine.province("", partner.zip, partner.phone)
        state = self.env.ref(f"base.state_cn_{code}", raise_if_not_found=False) if code else False
        return state or False

    # ------------------------------------------------------------------
    # Apply and undo
    # ------------------------------------------------------------------

    def _require(self, *states):
        self.ensure_one()
        if self.state not in states:
            labels = dict(self._fields["state"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "Job %(job)s is in state %(state)s; this is not possible now.",
                    job=self.name,
                    state=labels[self.state],
                )
            )

    def action_apply(self):
        """Write the selected changes; many are written by the scheduled action."""
        self.check_access("write")
        self.lock_for_update()
        for job in self:
            job._require("previewed")
            if not job.line_ids.filtered("selected"):
                raise UserError(self.env._("Select at least one change of %s.", job.name))
            job.write({"state": "applying", "user_id": self.env.uid})
            job._work_first_batch()
        return True

    def action_undo(self):
        """Restore the values before, except where somebody changed them since."""
        self.check_access("write")
        self.lock_for_update()
        for job in self:
            job._require("applied")
            job.write({"state": "undoing", "user_id": self.env.uid})
            job._work_first_batch()
        return True

    def action_back_to_draft(self):
        """Drop the proposals to change what is looked for."""
        self.check_access("write")
        for job in self:
            job._require("previewed")
            job.line_ids.unlink()
            job.state = "draft"
        return True

    def _work_first_batch(self):
        if self._work():
            # sudo: whoever may apply a job may wake its scheduled action
            self.env.ref("crm_customer.ir_cron_cleaning").sudo()._trigger()

    def _todo_domain(self):
        if self.state == "applying":
            state, selected = "proposed", [("selected", "=", True)]
        else:
            state, selected = "applied", []
        return [("job_id", "=", self.id), ("state", "=", state), *selected]

    def _work(self):
        """Apply or undo one batch; return how many changes remain."""
        self.ensure_one()
        Line = self.env["crm.cleaning.line"]
        lines = Line.search(self._todo_domain(), limit=BATCH, order="id")
        forward = self.state == "applying"
        lines._write_isolated(forward)
        remaining = Line.search_count(self._todo_domain()) if len(lines) == BATCH else 0
        if not remaining:
            self.state = "applied" if forward else "undone"
        return remaining

    @api.model
    def _cron_work(self):
        """Go on with the jobs that are being applied or undone, as their user."""
        progress = self.env["ir.cron"]
        jobs = self.search([("state", "in", ("applying", "undoing"))], order="id")
        progress._commit_progress(remaining=len(jobs))
        for job in jobs.try_lock_for_update():
            job = job.with_user(job.user_id).with_company(job.company_id)
            while job._work():
                if not progress._commit_progress():
                    return
            progress._commit_progress(1)

    def action_open_lines(self):
        """Open the changes as a list of their own."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_customer.crm_cleaning_line_action"
        )
        return {**action, "domain": [("job_id", "=", self.id)]}

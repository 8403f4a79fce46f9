from odoo import api, fields, models


class CrmValidationLog(models.Model):
    """A warning that a user got: one row per rule and record, so that nothing is silent."""

    _name = "crm.validation.log"
    _description = "Validation Warning"
    _order = "last_date desc, id desc"

    rule_id = fields.Many2one("crm.validation.rule", required=True, ondelete="cascade", index=True)
    res_model = fields.Char(string="Record Type", required=True)
    res_id = fields.Many2oneReference(
        string="Record ID", model_field="res_model", required=True, index=True
    )
    res_name = fields.Char(string="Record", required=True)
    message = fields.Text(required=True)
    user_id = fields.Many2one("res.users", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one("res.company", index="btree_not_null")
    state = fields.Selection(
        [("open", "Open"), ("mended", "Mended")],
        string="Status",
        default="open",
        required=True,
        help="Mended: the record was changed later and does not violate the rule any more.",
    )
    count = fields.Integer(string="Times", default=1, aggregator="sum")
    last_date = fields.Datetime(
        string="Last Time", default=fields.Datetime.now, required=True, index=True
    )

    _rule_record_uniq = models.Constraint(
        "UNIQUE(rule_id, res_model, res_id)", "A rule warns of a record in one row."
    )

    @api.depends("res_name")
    def _compute_display_name(self):
        for log in self:
            log.display_name = log.res_name

    @api.model
    def _record(self, rules, records, found):
        """Write the warnings down and close the ones that are mended.

        :param rules: rules that were checked
        :param records: records of one model that were checked
        :param found: list of (rule, record) that violate
        :return: the pairs that are new or open again
        """
        known = {
            (log.rule_id.id, log.res_id): log
            for log in self.search(
                [
                    ("rule_id", "in", rules.ids),
                    ("res_model", "=", records._name),
                    ("res_id", "in", records.ids),
                ]
            )
        }
        new, vals_list = [], []
        for rule, record in found:
            log = known.pop((rule.id, record.id), None)
            vals = self._prepare_vals(rule, record)
            if log is None:
                vals_list.append(vals)
            if log is None or log.state == "mended":
                new.append((rule, record))
            if log is not None:
                log.write({**vals, "count": log.count + 1})
        self.create(vals_list)
        self._close_mended(records, [log for log in known.values() if log.state == "open"])
        return new

    def _close_mended(self, records, logs):
        """Close the warnings whose record does not violate their rule any more.

        A change that a rule does not look at (it is checked when created only) mends nothing.
        """
        by_rule = {}
        for log in logs:
            by_rule.setdefault(log.rule_id, []).append(log)
        for rule, open_logs in by_rule.items():
            concerned = records.browse(log.res_id for log in open_logs)
            violating = set(concerned.filtered_domain(rule._violation_domain()).ids)
            mended = [log.id for log in open_logs if log.res_id not in violating]
            self.browse(mended).state = "mended"

    def _prepare_vals(self, rule, record):
        """Return the values of the first warning: the text as the user saw it, the time in UTC."""
        company = record.company_id if "company_id" in record._fields else rule.company_id
        return {
            "rule_id": rule.id,
            "res_model": record._name,
            "res_id": record.id,
            "res_name": record.display_name or str(record.id),
            "message": rule._explain(record),
            "user_id": self.env.uid,
            "company_id": company.id,
            "state": "open",
            "last_date": fields.Datetime.now(),
        }

    def action_open_record(self):
        """Open the record that the warning is about."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }

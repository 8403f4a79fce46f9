from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class ResPartner(models.Model):
    _inherit = "res.partner"

    # --- segments ---

    segment_ids = fields.Many2many(
        "crm.segment",
        string="Segments",
        compute="_compute_segment_ids",
        search="_search_segment_ids",
        groups="crm_customer.group_customer_user",
        help="Segments that the customer, or for a contact its company, is a member of now.",
    )

    @api.depends("commercial_partner_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_segment_ids(self):
        entities = self.commercial_partner_id
        rows = self.env["crm.segment.member"]._read_group(
            [("partner_id", "in", entities.ids), ("date_out", "=", False)],
            ["partner_id"],
            ["segment_id:recordset"],
        )
        found = dict(rows)
        for partner in self:
            partner.segment_ids = found.get(partner.commercial_partner_id, False)

    def _search_segment_ids(self, operator, value):
        """Search present members and their contacts, by ids, names or a domain of segments."""
        segments = self.env["crm.segment"].with_context(active_test=False)
        if operator in ("any", "any!", "ilike", "like"):
            sub = value if operator.startswith("any") else [("name", operator, value)]
            return self._domain_of_segments(segments.search(Domain(sub)).ids)
        if operator != "in":
            return NotImplemented
        ids = [one for one in value if isinstance(one, int) and one]
        names = [one for one in value if isinstance(one, str)]
        if names:
            ids += segments.search([("name", "in", names)]).ids
        domain = self._domain_of_segments(
            segments.browse(ids).exists()._filtered_access("read").ids
        )
        if False in value:
            domain |= ~self._domain_of_segments(segments.search([("active", "in", [True, False])]).ids)
        return domain

    @api.model
    def _domain_of_segments(self, segment_ids):
        query = self.env["crm.segment.member"]._active_query(segment_ids)
        return Domain("commercial_partner_id", "in", query)

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        self.env["crm.segment.dirty"]._mark(partners)
        return partners

    def write(self, vals):
        result = super().write(vals)
        self.env["crm.segment.dirty"]._mark(self)
        return result

    def action_open_segments(self):
        """Open the stays of the customer in segments, past ones too."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Segments"),
            "res_model": "crm.segment.member",
            "view_mode": "list,kanban",
            "domain": [("partner_id", "=", self.commercial_partner_id.id)],
            "context": {"search_default_present": 1},
        }

    # --- contribution ---

    @api.model
    def _sql_contribution(self):
        """Return a query of what customers' documents contributed, from posted journal items.

        One row per posted customer document, in company currency, income positive: ``partner_id``
        (commercial entity), ``company_id``, ``move_id``, ``date`` (of the invoice), ``revenue``
        (untaxed) and ``contribution`` (less the cost of sales the document carries). Addons that
        know further costs of a customer add rows.
        """
        return SQL(
            """
            SELECT move.commercial_partner_id AS partner_id, move.company_id, move.id AS move_id,
                   move.invoice_date AS date,
                   SUM(-line.balance) FILTER (WHERE line.display_type = 'product') AS revenue,
                   SUM(-line.balance) AS contribution
              FROM account_move move
              JOIN account_move_line line ON line.move_id = move.id
              JOIN account_account account ON account.id = line.account_id
             WHERE move.state = 'posted'
               AND move.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
               AND account.account_type ~ '^(income|expense)'
          GROUP BY move.id
            """
        )

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL


class ResPartner(models.Model):
    _inherit = "res.partner"

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

    # --- identities and duplicates ---

    identity_ids = fields.One2many(
        "crm.identity",
        "partner_id",
        "Identities",
        groups="crm_customer.group_customer_user",
    )

    duplicate_hint = fields.Html(
        "Likely Duplicates",
        compute="_compute_duplicate_hint",
        sanitize=False,
        groups="crm_customer.group_customer_user",
    )

    @api.depends(
        "name", "is_company", "email", "phone", "vat", "company_registry", "website", "street",
        "street2", "city", "zip", "country_id", "parent_id", "company_id", "ref",
    )  # fmt: skip
    def _compute_duplicate_hint(self):
        for partner in self:
            partner.duplicate_hint = self.env["crm.match.candidate"]._hint_for_partner(partner)

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        partners._refresh_identification()
        return partners

    def write(self, vals):
        result = super().write(vals)
        self._refresh_identification(vals.keys())
        return result

    def unlink(self):
        freed = self.env["crm.identity"]._held_by(self)
        self.env["crm.match.key"]._forget(self.ids)
        result = super().unlink()
        self.env["crm.identity"]._promote(freed)
        return result

    def _refresh_identification(self, changed=None):
        """Bring identities and matching keys up to date; ``changed`` fields, None for all."""
        if not self:
            return
        identity = self.env["crm.identity"]
        if changed is None or not identity._watched_fields().isdisjoint(changed):
            identity._sync_partners(self.ids)
        rulesets = self.env["crm.match.ruleset"]
        if changed is None or not rulesets._watched_fields().isdisjoint(changed):
            rulesets._partners_changed(self.ids)

    @api.model
    def find_or_create(self, email, assert_valid_email=False):
        """Consult the identities first: a second address of a customer finds him too."""
        known = email and self.env["crm.identity"]._identify("email", email)
        return known or super().find_or_create(email, assert_valid_email=assert_valid_email)

    @api.model
    def _find_or_create_from_emails(
        self,
        emails,
        ban_emails=None,
        filter_found=None,
        additional_values=None,
        no_create=False,
        sort_key=None,
        sort_reverse=True,
    ):
        """Consult the identities first: a second address of a customer finds him too.

        Where an address is also the main one of other partners, the order that the caller asks
        for (the user himself, followers, colleagues) decides, and among equals the identity.
        """
        known = self.env["crm.identity"]._find_by_emails(
            emails, ban_emails, filter_found, additional_values
        )
        find = super()._find_or_create_from_emails
        common = {
            "ban_emails": ban_emails,
            "filter_found": filter_found,
            "additional_values": additional_values,
            "sort_key": sort_key,
            "sort_reverse": sort_reverse,
        }
        others = [email for email in emails if email not in known]
        result = dict(zip(others, find(others, no_create=no_create, **common), strict=True))
        held = dict(zip(known, find(list(known), no_create=True, **common), strict=True))
        for email, partner in known.items():
            candidates = partner | held[email]
            if sort_key:
                candidates = candidates.sorted(key=sort_key, reverse=sort_reverse)
            result[email] = candidates[:1]
        return [result[email] for email in emails]
    # --- merge ---

    merged_into_id = fields.Many2one(
        "res.partner",
        "Merged Into",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="cascade",
        help="This record lives on in another one. It is found by nobody, and kept to undo that.",
    )

    @api.model
    def _search(self, domain, *args, active_test=True, **kwargs):
        """Nothing finds a merged record by accident, not even a search among archived ones."""
        domain = Domain(domain)
        names = {condition.field_expr.split(".")[0] for condition in domain.iter_conditions()}
        # Without active_test it is the ORM, which fetches the rows of ids that are known.
        archived = active_test and (
            "active" in names or not self.env.context.get("active_test", True)
        )
        wanted = "merged_into_id" in names or self.env.context.get("show_merged")
        if archived and not wanted:
            domain &= Domain("merged_into_id", "=", False)
        return super()._search(domain, *args, active_test=active_test, **kwargs)

    def write(self, vals):
        if vals.get("active") and self.merged_into_id:
            raise UserError(
                self.env._(
                    "%s was merged into another record. Undo the merge to use it again.",
                    ", ".join(self.filtered("merged_into_id").mapped("name")),
                )
            )
        return super().write(vals)

    def _after_merge(self):
        """Catch up after SQL changed these customers: a merge, or its undo; for other addons.

        Survivors and merged records alike, the latter to be forgotten or known again.
        """

    def action_merge_customers(self):
        """Open a draft of the merge of these customers."""
        merge = self.env["crm.merge"].create_for(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Merge Customers"),
            "res_model": "crm.merge",
            "res_id": merge.id,
            "views": [(False, "form")],
        }

    def action_open_merges(self):
        """Open the merges that this customer has part in."""
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_customer.crm_merge_action")
        return {**action, "domain": [("partner_ids", "in", self.ids)], "context": {}}

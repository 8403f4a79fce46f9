from odoo import api, fields, models


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "crm.pool.mixin"]

    # --- public pool ---

    _pool_link = "partner_id"

    ownership_ids = fields.One2many("crm.pool.ownership", "partner_id", readonly=True)

    @api.model
    def _pool_domain(self):
        """Companies and people who are nobody's contacts, and no colleagues."""
        return [
            ("active", "=", True),
            ("partner_share", "=", True),
            "|",
            ("parent_id", "=", False),
            ("is_company", "=", True),
        ]

    def _pool_entities(self):
        return self.filtered(lambda partner: partner.is_company or not partner.parent_id)

    def _pool_followers_to(self, user_id):
        """Contacts of the owner's customers get the same new owner."""
        contacts = self.search([("parent_id", "in", self.ids), ("is_company", "=", False)])
        contacts.filtered(lambda contact: contact.user_id == contact.parent_id.user_id).write(
            {"user_id": user_id}
        )

    def _pool_leave(self):
        # sudo: contacts are seen by whoever sees their company, whoever may change them
        contacts = self.sudo().with_context(active_test=False).search(
            [("commercial_partner_id", "in", self.ids), ("pool_id", "!=", False)]
        )
        (contacts - self).write({"pool_id": False})

    @api.model
    def _commercial_fields(self):
        # Contacts of a customer in a pool are seen by whoever sees the customer.
        return super()._commercial_fields() + ["pool_id"]

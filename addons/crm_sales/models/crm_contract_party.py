from odoo import api, fields, models


class CrmContractParty(models.Model):
    """A party besides the customer and us: a guarantor, an end user, a subcontractor."""

    _name = "crm.contract.party"
    _description = "Further Party of a Contract"
    _order = "contract_id, id"

    contract_id = fields.Many2one("crm.contract", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True)
    partner_id = fields.Many2one("res.partner", "Party", required=True, ondelete="restrict")
    role = fields.Char("Takes Part as", required=True)

    @api.model_create_multi
    def create(self, vals_list):
        """Make signatures of the contract void.

        :raise UserError: the contract is signed
        """
        parties = super().create(vals_list)
        parties.contract_id._content_changes()
        return parties

    def write(self, vals):
        """Make signatures of the contract void.

        :raise UserError: the contract is signed
        """
        self.contract_id._content_changes()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_changes_contract(self):
        self.contract_id._content_changes()

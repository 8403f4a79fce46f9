from odoo import api, models


class CrmContractReport(models.AbstractModel):
    """Values of the printed contract, in the language of the customer."""

    _name = "report.crm_sales.report_contract"
    _description = "Printed Contract"

    @api.model
    def _get_report_values(self, docids, data=None):
        contracts = self.env["crm.contract"].browse(docids)
        contracts.check_access("read")
        return {
            "doc_ids": docids,
            "doc_model": contracts._name,
            # sudo: names and addresses of the parties, on contracts that the user may read
            "docs": contracts.sudo(),
            "language": lambda contract: contract._language(),
        }

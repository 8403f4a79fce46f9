from odoo import api, models


class CrmPartnerStatementReport(models.AbstractModel):
    """Values of the printed statement of account, in the language of the partner.

    The context key ``statement_lang`` prints another language, as readers of the portal want it.
    """

    _name = "report.crm_partner.report_partner_statement"
    _description = "Printed Statement of Account"

    @api.model
    def _get_report_values(self, docids, data=None):
        statements = self.env["crm.partner.statement"].browse(docids)
        statements.check_access("read")
        return {
            "doc_ids": docids,
            "doc_model": statements._name,
            # sudo: documents and ledgers named on statements that the user may read
            "docs": statements.sudo(),
            "language": self._language,
        }

    @api.model
    def _language(self, statement):
        chosen = self.env.context.get("statement_lang")
        return chosen or statement.partner_id.lang or self.env.lang or "en_US"

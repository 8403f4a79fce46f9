from odoo import api, models


class CrmCommissionStatementReport(models.AbstractModel):
    """Values of the printed statement, in the language of the payee."""

    _name = "report.crm_sales.report_commission_statement"
    _description = "Printed Commission Statement"

    @api.model
    def _get_report_values(self, docids, data=None):
        statements = self.env["crm.commission.statement"].browse(docids)
        statements.check_access("read")
        contents = {}
        for lang, group in statements.sudo().grouped(self._language).items():
            document = self.env["crm.commission.document"].with_context(lang=lang)
            contents |= document._collect(statements.browse(group.ids).with_context(lang=lang))
        return {
            "doc_ids": docids,
            "doc_model": statements._name,
            # sudo: the names of payees and plans, on statements that the user may read
            "docs": statements.sudo(),
            "contents": contents,
            "language": self._language,
        }

    @api.model
    def _language(self, statement):
        return statement.partner_id.lang or self.env.lang or "en_US"

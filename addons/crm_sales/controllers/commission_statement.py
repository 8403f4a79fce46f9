from werkzeug.exceptions import NotFound

from odoo import http
from odoo.http import request

from odoo.addons.crm_print.tools import XLSX, download, ids_of


class CommissionStatementController(http.Controller):
    """Downloads of what payees and managers read as statements; the record rules say which."""

    @http.route("/crm_sales/commission_statements.xlsx", type="http", auth="user", readonly=True)
    def commission_statements_xlsx(self, ids="", **_parameters):
        """Download statements as a workbook, as far as the user may read them.

        :param str ids: ids of statements, separated by commas
        """
        numbers = ids_of(ids)
        # searched, not browsed: what the user may not read is as if it did not exist
        statements = request.env["crm.commission.statement"].search([("id", "in", numbers)])
        if len(statements) < len(numbers):
            raise NotFound
        content = request.env["crm.commission.document"]._xlsx(statements)
        many = len(statements) > 1
        name = request.env._("Commission statements") if many else statements.display_name
        return download(content, f"{name}.xlsx", XLSX)

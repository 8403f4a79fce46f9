from werkzeug.exceptions import NotFound

from odoo import http
from odoo.http import content_disposition, request

TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class CommissionStatementController(http.Controller):
    @http.route("/crm_sales/commission_statements.xlsx", type="http", auth="user", readonly=True)
    def commission_statements_xlsx(self, ids="", **_parameters):
        """Download statements as a workbook, as far as the user may read them.

        :param str ids: ids of statements, separated by commas
        """
        numbers = [int(part) for part in ids.split(",") if part.isdecimal()]
        # searched, not browsed: what the user may not read is as if it did not exist
        statements = request.env["crm.commission.statement"].search([("id", "in", numbers)])
        if not statements or len(statements) < len(set(numbers)):
            raise NotFound
        content = request.env["crm.commission.document"]._xlsx(statements)
        name = (
            request.env._("Commission statements")
            if len(statements) > 1
            else (statements.display_name)
        )
        return request.make_response(
            content,
            headers=[
                ("Content-Type", TYPE),
                ("Content-Length", len(content)),
                ("Content-Disposition", content_disposition(f"{name}.xlsx")),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )

from werkzeug.exceptions import NotFound

from odoo import http
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.http import request
from odoo.tools import consteq

from odoo.addons.crm_print.tools import download
from odoo.addons.portal.controllers.portal import CustomerPortal, pager

VISIBLE = ("signing", "active", "ended", "replaced")


class ContractPortal(CustomerPortal):
    """Contracts in the portal: read, sign, decline. Who may do what is asked on every route."""

    def _prepare_home_portal_values(self, counters):
        """Count the contracts on the home of the portal; none for who may not read contracts."""
        values = super()._prepare_home_portal_values(counters)
        if "contract_count" in counters:
            contracts = request.env["crm.contract"]
            values["contract_count"] = (
                contracts.search_count(self._contract_domain())
                if contracts.has_access("read")
                else 0
            )
        return values

    def _contract_domain(self):
        partner = request.env.user.partner_id.commercial_partner_id
        return [("partner_id", "child_of", partner.ids), ("state", "in", VISIBLE)]

    def _contract_access(self, contract_id, access_token):
        """Return the contract (superuser) that the visitor may see.

        :raise NotFound: for what they may not, as for what does not exist
        """
        try:
            contract = self._document_check_access("crm.contract", contract_id, access_token)
        except (AccessError, MissingError) as error:
            raise NotFound from error
        if contract.state not in VISIBLE:
            raise NotFound
        # sudo: checked above, with the token too, of which the rules know nothing
        return contract.with_user(request.env.user).sudo()

    @http.route(
        ["/my/contracts", "/my/contracts/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
    )
    def portal_my_contracts(self, page=1, **_parameters):
        """List the contracts of the visitor's company, in pages."""
        contracts = request.env["crm.contract"]
        if not contracts.has_access("read"):
            raise NotFound
        domain = self._contract_domain()
        paging = pager(
            url="/my/contracts",
            total=contracts.search_count(domain),
            page=page,
            step=self._items_per_page,
        )
        found = contracts.search(
            domain, order="id desc", limit=self._items_per_page, offset=paging["offset"]
        )
        values = self._prepare_portal_layout_values() | {
            # sudo: names of our people, on contracts that the visitor may read
            "contracts": found.sudo(),
            "page_name": "contract",
            "pager": paging,
            "default_url": "/my/contracts",
        }
        return request.render("crm_sales.portal_my_contracts", values)

    @http.route("/my/contracts/<int:contract_id>", type="http", auth="public", website=True)
    def portal_contract_page(self, contract_id, access_token=None, message=None, **parameters):
        """Show a contract to whom may read it, or who has the link."""
        contract = self._contract_access(contract_id, access_token)
        by_token = self._has_token(contract, access_token)
        values = self._get_page_view_values(
            contract,
            access_token if by_token else None,
            {
                "contract": contract,
                "page_name": "contract",
                "message": message if message in ("signed", "declined") else None,
                "can_sign": contract._can_sign_as_customer(request.env.user, by_token),
            },
            "my_contracts_history",
            False,
            **parameters,
        )
        return request.render("crm_sales.portal_contract_page", values)

    @http.route("/my/contracts/<int:contract_id>/pdf", type="http", auth="public")
    def portal_contract_pdf(self, contract_id, access_token=None, signed=None, **_parameters):
        """The PDF that is to be signed, byte for byte; with ``signed`` the copy with signatures."""
        contract = self._contract_access(contract_id, access_token)
        attachment = contract.signed_attachment_id if signed else contract.pdf_attachment_id
        if not attachment:
            raise NotFound
        if not signed:
            contract._pdf()
        if contract.state == "signing":
            contract._log_shown()
        # sudo: the file of a contract that the visitor may see, as checked above
        return request.env["ir.binary"]._get_stream_from(attachment.sudo()).get_response()

    @http.route(
        "/my/contracts/<int:contract_id>/sign", type="http", auth="public", methods=["POST"]
    )
    def portal_contract_sign(
        self, contract_id, access_token=None, name=None, signature=None, **_parameters
    ):
        """Sign for the customer; answers JSON with the next page or what is wrong."""
        contract = self._contract_access(contract_id, access_token)
        if not self._may_sign(contract, access_token):
            return self._answer(error=request.env._("You are not the person who signs here."))
        try:
            contract._sign("customer", name, signature)
        except UserError as error:
            request.env.cr.rollback()
            return self._answer(error=str(error))
        return self._answer(contract, "signed")

    @http.route(
        "/my/contracts/<int:contract_id>/decline",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
    )
    def portal_contract_decline(self, contract_id, access_token=None, reason=None, **_parameters):
        """Decline with a reason: the contract goes back to draft."""
        contract = self._contract_access(contract_id, access_token)
        if not self._may_sign(contract, access_token) or not (reason or "").strip():
            return request.redirect(contract.access_url)
        contract._decline(reason.strip()[:500])
        return request.render(
            "crm_sales.portal_contract_declined", self._prepare_portal_layout_values()
        )

    @http.route("/crm_sales/contract/<int:contract_id>/evidence", type="http", auth="user")
    def contract_evidence(self, contract_id, **_parameters):
        """Download the evidence file, as far as the user may read the contract."""
        contract = request.env["crm.contract"].search([("id", "=", contract_id)])
        if not contract or not request.env.user._is_internal():
            raise NotFound
        name = f"{contract._signature_name()}-evidence.zip"
        return download(contract._evidence_zip(), name, "application/zip")

    def _may_sign(self, contract, access_token):
        by_token = self._has_token(contract, access_token)
        return contract._can_sign_as_customer(request.env.user, by_token)

    @staticmethod
    def _has_token(contract, access_token):
        token = contract.access_token
        return bool(token and access_token) and consteq(token, access_token)

    @staticmethod
    def _answer(contract=None, message=None, error=None):
        if error:
            return request.make_json_response({"error": error})
        url = contract.get_portal_url(query_string=f"&message={message}")
        return request.make_json_response({"force_refresh": True, "redirect_url": url})

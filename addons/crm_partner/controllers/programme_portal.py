from datetime import date

from odoo import fields, http
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.http import request

from odoo.addons.crm_print.tools import download

from ..engine import programme
from ..models.res_users import ROLES
from ..tools.upload import attach, read_uploads
from .partner_portal import PartnerPortal

PROGRAMME = "/my/partner/programme"
CERTIFICATES = "/my/partner/certificates"
AGREEMENT = "/my/partner/agreement"
NETWORK = "/my/partner/network"
MAX_OPEN_CERTIFICATES = 50
#: a list to choose from shows as many
CHOICES = 200


class ProgrammePortal(PartnerPortal):
    """Level, certificates, agreement and distributors of a partner in the portal."""

    # ------------------------------------------------------------------
    # Home and programme
    # ------------------------------------------------------------------

    def _prepare_partner_home_values(self, partner):
        values = super()._prepare_partner_home_values(partner)
        if any(map(request.env.user._has_channel_role, ROLES)):
            values["level_progress"] = partner._channel_progress()[partner.id]
            values["onboarding_share"] = partner._onboarding_share().get(partner.id)
        if request.env.user._has_channel_role("admin"):
            values["agreements_to_sign"] = request.env["crm.partner.agreement"].search_count(
                [("state", "=", "sent")]
            )
        return values

    @http.route(PROGRAMME, type="http", auth="user", website=True, readonly=True)
    def partner_programme(self, **parameters):
        """Show level, what is missing to the next one, benefits and onboarding; every role."""
        partner = self._partner_access(*ROLES)
        # sudo: history and checklist of the visitor's own company
        history = (
            request.env["crm.partner.level.history"]
            .sudo()
            .search([("partner_id", "=", partner.id)], limit=50)
        )
        values = self._partner_values(
            "partner_programme",
            page_title=request.env._("Programme"),
            progress=partner._channel_progress()[partner.id],
            history=history,
            benefits=partner.grade_id._prepare_benefits(),
            tasks=partner.onboarding_task_ids,
            notice=self._notice(parameters),
        )
        return request.render("crm_partner.portal_programme", values)

    @http.route(
        f"{PROGRAMME}/task/<int:task_id>/done",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
    )
    def partner_onboarding_done(self, task_id, **_parameters):
        """Tick off a task of the partner's side; administrators only.

        Tasks of our side, and those that tick themselves off, stay as they are.

        :raise NotFound: for the task of another company, as for one that does not exist
        """
        task = self._partner_record("crm.partner.onboarding.task", task_id, "admin")
        if task.side == "partner" and task.state == "open" and not task.reached_by:
            # sudo: the administrator of the partner ticks off what the partner has to do
            task.sudo()._done("done")
        return self._partner_redirect(PROGRAMME, message="done")

    def _notice(self, parameters):
        """Return the sentence for a short message of the address; unknown ones say nothing."""
        return {
            "done": request.env._("The task is ticked off."),
            "sent": request.env._("Thank you. We check the certificate and confirm it."),
            "signed": request.env._("Thank you. The agreement is signed."),
            "declined": request.env._("You declined the agreement; we get in touch."),
            "withdrawn": request.env._("The certificate is withdrawn."),
        }.get(parameters.get("message"))

    # ------------------------------------------------------------------
    # Certificates
    # ------------------------------------------------------------------

    def _certificate_options(self):
        today = fields.Date.context_today(request.env["crm.partner.certificate"])
        return {
            "searchbar_inputs": {
                "all": {
                    "label": request.env._("Search in all"),
                    "input": "all",
                    "fields": ["number", "person_id.name", "certification_id.name"],
                },
            },
            "searchbar_filters": {
                "all": {"label": request.env._("All"), "domain": []},
                "valid": {
                    "label": request.env._("Valid"),
                    "domain": request.env["crm.partner.certificate"]._valid_domain(today),
                },
                "proposed": {
                    "label": request.env._("Being checked"),
                    "domain": [("state", "=", "proposed")],
                },
                "expired": {
                    "label": request.env._("Expired"),
                    "domain": [("state", "=", "confirmed"), ("date_to", "<", today)],
                },
            },
            "searchbar_sortings": {
                "end": {"label": request.env._("Valid until"), "order": "date_to desc, id desc"},
                "newest": {"label": request.env._("Newest"), "order": "id desc"},
            },
        }

    @http.route(
        [CERTIFICATES, f"{CERTIFICATES}/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        readonly=True,
    )
    def partner_certificates(self, page=1, **parameters):
        """List certificates of the partner's people, and the form for a new one; role technical."""
        partner = self._partner_access("technical")
        return self._render_certificates(partner, page, parameters)

    def _render_certificates(self, partner, page=1, parameters=(), error=None):
        parameters = dict(parameters)
        chosen = {
            name: parameters.get(name) for name in ("search", "search_in", "filterby", "sortby")
        }
        listing = self._partner_list(
            "crm.partner.certificate",
            CERTIFICATES,
            options=self._certificate_options(),
            page=page,
            **chosen,
        )
        # sudo: names of kinds and colleagues on certificates that the visitor may read
        listing["records"] = listing["records"].sudo()
        values = self._partner_values(
            "partner_certificates",
            page_title=request.env._("Certificates"),
            certifications=self._certifications(partner),
            people=self._people(partner),
            notice=self._notice(parameters),
            error=error,
            form=parameters if error else {},
            **listing,
        )
        return request.render("crm_partner.portal_certificates", values)

    def _certifications(self, partner, number=None):
        """Return what people of ``partner`` can be certified for (superuser), as a form lists it.

        :param int number: only the one with this id, also beyond what a form lists
        """
        domain = Domain("company_id", "in", (partner.grade_id.company_id.id, False))
        if number is not None:
            domain &= Domain("id", "=", number)
        # sudo: names of what one can be certified for
        return request.env["crm.partner.certification"].sudo().search(domain, limit=CHOICES)

    def _people(self, partner, number=None):
        """Return the contacts of ``partner`` (superuser), as a form lists them.

        :param int number: only the one with this id, also beyond what a form lists
        """
        domain = Domain("parent_id", "=", partner.id) & Domain("type", "=", "contact")
        if number is not None:
            domain &= Domain("id", "=", number)
        return partner.search(domain & Domain("is_company", "=", False), limit=CHOICES)

    @http.route(f"{CERTIFICATES}/new", type="http", auth="user", methods=["POST"], website=True)
    def partner_certificate_new(self, **post):
        """Hand in a certificate with its proof, for us to confirm; role technical.

        Nothing is stored when something is refused; the form comes back as it was filled in.
        """
        partner = self._partner_access("technical")
        try:
            self._create_certificate(partner, post)
        except (UserError, ValidationError) as error:
            request.env.cr.rollback()
            partner = self._partner_access("technical")
            return self._render_certificates(partner, 1, post, str(error))
        return self._partner_redirect(CERTIFICATES, message="sent")

    def _create_certificate(self, partner, post):
        uploads = read_uploads(request.env, request.httprequest.files.getlist("proof"), limit=5)
        if not uploads:
            raise UserError(request.env._("Attach the certificate as PDF or picture."))
        values = self._certificate_values(partner, post)
        # sudo: portal users create nothing themselves; every value was checked above
        certificates = request.env["crm.partner.certificate"].sudo()
        certificate = certificates.create(values)
        certificate.attachment_ids = attach(certificate, uploads)
        certificate._ask_to_confirm()

    def _certificate_values(self, partner, post):
        """Return the values of a certificate as it was posted.

        :raise UserError: one of them cannot be, or too many certificates wait
        """
        kind = self._certifications(partner, self._whole_number(post.get("certification_id")))
        person = self._people(partner, self._whole_number(post.get("person_id")))
        if not kind or not person:
            raise UserError(
                request.env._("Choose the certification and the person from the lists.")
            )
        number = (post.get("number") or "").strip()[:60] or False
        self._check_certificate(partner, kind, number)
        return {
            "partner_id": partner.id,
            "person_id": person.id,
            "certification_id": kind.id,
            "number": number,
            "date_from": self._issued_on(post.get("date_from")),
        }

    def _check_certificate(self, partner, kind, number):
        # sudo: counted only, also those that other partners have handed in
        certificates = request.env["crm.partner.certificate"].sudo()
        waiting = [("partner_id", "=", partner.id), ("state", "=", "proposed")]
        if certificates.search_count(waiting) >= MAX_OPEN_CERTIFICATES:
            raise UserError(
                request.env._(
                    "So many certificates wait to be checked. Send more when they are done."
                )
            )
        if number and certificates._handed_in(kind, number):
            raise UserError(request.env._("A certificate with this number was handed in already."))

    def _issued_on(self, text):
        try:
            day = date.fromisoformat((text or "").strip())
        except ValueError:
            day = None
        today = fields.Date.context_today(request.env["crm.partner.certificate"])
        if not day or not date(1990, 1, 1) <= day <= today:
            raise UserError(request.env._("Enter the day of issue, not in the future."))
        return day

    @staticmethod
    def _whole_number(text):
        text = str(text or "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0

    @http.route(
        f"{CERTIFICATES}/<int:certificate_id>/withdraw",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
    )
    def partner_certificate_withdraw(self, certificate_id, **_parameters):
        """Delete a certificate that nobody has decided on yet; role technical.

        :raise NotFound: for the certificate of another company, as for one that does not exist
        """
        certificate = self._partner_record("crm.partner.certificate", certificate_id, "technical")
        # sudo: what one's own company has handed in and nobody has decided yet
        certificate = certificate.sudo()
        if certificate.state != "proposed":
            return self._partner_redirect(CERTIFICATES)
        certificate.unlink()
        return self._partner_redirect(CERTIFICATES, message="withdrawn")

    @http.route(
        f"{CERTIFICATES}/<int:certificate_id>/file/<int:attachment_id>",
        type="http",
        auth="user",
        readonly=True,
    )
    def partner_certificate_file(self, certificate_id, attachment_id, **_parameters):
        """Download the proof of a certificate; role technical.

        :raise NotFound: for the file of another certificate, as for one that does not exist
        """
        certificate = self._partner_record("crm.partner.certificate", certificate_id, "technical")
        # sudo: a file of a certificate that the visitor may read
        attachment = certificate.sudo().attachment_ids.filtered(
            lambda file: file.id == attachment_id
        )
        if not attachment:
            raise self._not_found()
        stream = request.env["ir.binary"]._get_stream_from(attachment)
        return stream.get_response(as_attachment=True)

    @staticmethod
    def _not_found():
        return request.not_found()

    # ------------------------------------------------------------------
    # Agreement
    # ------------------------------------------------------------------

    @http.route(
        [AGREEMENT, f"{AGREEMENT}/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        readonly=True,
    )
    def partner_agreements(self, page=1, **parameters):
        """List the agreements of the visitor's company, in pages; for its administrators."""
        self._partner_access("admin")
        listing = self._partner_list(
            "crm.partner.agreement",
            AGREEMENT,
            options={
                "searchbar_sortings": {
                    "date": {
                        "label": request.env._("Newest"),
                        "order": "date_from desc, id desc",
                    },
                }
            },
            page=page,
        )
        # sudo: the title of the text of agreements that the visitor may read
        listing["records"] = listing["records"].sudo()
        values = self._partner_values(
            "partner_agreement",
            page_title=request.env._("Agreement"),
            notice=self._notice(parameters),
            **listing,
        )
        return request.render("crm_partner.portal_agreements", values)

    def _agreement(self, agreement_id):
        """Return the agreement (superuser, acting as the visitor) of the visitor's company."""
        agreement = self._partner_record("crm.partner.agreement", agreement_id, "admin")
        # sudo: the visitor signs or declines it; the right to it was checked on the line above
        return agreement.sudo()

    @http.route(f"{AGREEMENT}/<int:agreement_id>", type="http", auth="user", website=True)
    def partner_agreement(self, agreement_id, **parameters):
        """Show an agreement."""
        agreement = self._agreement(agreement_id)
        values = self._partner_values(
            "partner_agreement",
            page_title=request.env._("Agreement"),
            page_url=AGREEMENT,
            page_record=agreement.name,
            agreement=agreement,
            notice=self._notice(parameters),
        )
        return request.render("crm_partner.portal_agreement", values)

    @http.route(f"{AGREEMENT}/<int:agreement_id>/pdf", type="http", auth="user")
    def partner_agreement_pdf(self, agreement_id, **_parameters):
        """The PDF that is to be signed, byte for byte."""
        agreement = self._agreement(agreement_id)
        if not agreement.pdf_attachment_id:
            raise self._not_found()
        content = agreement._pdf()
        if agreement.state == "sent":
            agreement._log_shown()
        return download(content, f"{agreement._signature_name()}.pdf", "application/pdf")

    @http.route(f"{AGREEMENT}/<int:agreement_id>/sign", type="http", auth="user", methods=["POST"])
    def partner_agreement_sign(self, agreement_id, name=None, signature=None, **_parameters):
        """Sign for the partner; answers JSON with the next page or what is wrong."""
        agreement = self._agreement(agreement_id)
        try:
            agreement._sign_as_partner(name, signature)
        except UserError as error:
            request.env.cr.rollback()
            return request.make_json_response({"error": str(error)})
        url = f"{AGREEMENT}/{agreement_id}?message=signed"
        return request.make_json_response({"force_refresh": True, "redirect_url": url})

    @http.route(
        f"{AGREEMENT}/<int:agreement_id>/decline",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
    )
    def partner_agreement_decline(self, agreement_id, reason=None, **_parameters):
        """Decline with a reason, which our people read."""
        agreement = self._agreement(agreement_id)
        url = f"{AGREEMENT}/{agreement_id}"
        reason = (reason or "").strip()[:500]
        if not reason:
            return self._partner_redirect(
                url, error=request.env._("Say in a few words why you decline.")
            )
        if agreement.state == "sent":
            agreement._decline(reason)
        return self._partner_redirect(url, message="declined")

    @http.route("/crm_partner/agreement/<int:agreement_id>/evidence", type="http", auth="user")
    def agreement_evidence(self, agreement_id, **_parameters):
        """Download the evidence file, as far as an internal user may read the agreement."""
        agreements = request.env["crm.partner.agreement"]
        if not request.env.user._is_internal() or not agreements.has_access("read"):
            raise self._not_found()
        agreement = agreements.search([("id", "=", agreement_id)])
        if not agreement:
            raise self._not_found()
        name = f"{agreement._signature_name()}-evidence.zip"
        return download(agreement._evidence_zip(), name, "application/zip")

    # ------------------------------------------------------------------
    # Distributors below
    # ------------------------------------------------------------------

    @http.route(NETWORK, type="http", auth="user", website=True, readonly=True)
    def partner_network(self, **_parameters):
        """What a distributor sees of those below: name and level; sums only by its switch."""
        partner = self._partner_access("sales", "finance")
        values = self._partner_values(
            "partner_network",
            page_title=request.env._("Distributors"),
            rows=self._network_rows(partner),
            with_figures=partner.channel_see_figures,
            currency=(partner.grade_id.company_id or request.env.company).currency_id,
        )
        return request.render("crm_partner.portal_network", values)

    def _network_rows(self, partner):
        """Return the tree below ``partner`` as (depth, name, level, city, sum or None)."""
        below = partner.browse(partner._channel_tree(partner)) - partner
        # sudo: what a distributor is shown of those below, see the template
        below = below.sudo().filtered("grade_id")
        sums = {}
        if partner.channel_see_figures:
            today = fields.Date.context_today(partner)
            company = partner.grade_id.company_id or request.env.company
            start = programme.window_start(today, 12)
            sums = below._channel_purchases(start, today, company)
        children = {}
        for child in below.sorted("name"):
            children.setdefault(child.channel_parent_id, []).append(child)
        rows = []

        def walk(parent, depth):
            for child in children.get(parent, ()):
                rows.append(
                    {
                        "depth": depth,
                        "name": child.name,
                        "level": child.grade_id.name,
                        "city": child.city,
                        "sum": sums.get(child.id),
                    }
                )
                walk(child, depth + 1)

        walk(partner, 0)
        return rows

from odoo import http
from odoo.http import request

from ..models.crm_loss_survey import SCORE_FIELDS


class LossSurveyController(http.Controller):
    """The page of a loss survey: GET shows, only POST keeps an answer."""

    @http.route(
        "/crm/loss/<string:token>", type="http", auth="public", methods=["GET"], sitemap=False
    )
    def show(self, token, **_kwargs):
        """Show the questions; changes nothing, however often a mail scanner calls it."""
        survey = self._find(token)
        return self._page(survey) if survey else self._refuse()

    @http.route(
        "/crm/loss/<string:token>", type="http", auth="public", methods=["POST"], sitemap=False
    )
    def answer(self, token, **values):
        """Keep the answers of the customer whom the link was sent to."""
        survey = self._find(token)
        if not survey:
            return self._refuse()
        return self._page(survey, error=survey._answer(values), values=values)

    def _find(self, token):
        survey = request.env["crm.loss.survey"]._from_token(token)
        if survey:
            lang = survey.lead_id.partner_id.lang or survey.lead_id.lang_code
            if lang:
                request.update_context(lang=lang)
        return survey.with_env(request.env(su=True)) if survey else survey

    def _page(self, survey, error=None, values=None):
        values = {
            "survey": survey,
            "error": error,
            "values": values or {},
            "reasons": survey._fields["main_reason"]._description_selection(request.env),
            "scores": survey._fields["score_price"]._description_selection(request.env),
            "score_fields": [
                (name, label) for name, label in zip(SCORE_FIELDS, self._labels(), strict=True)
            ],
        }
        return self._private(request.render("crm_sales.loss_survey_page", values))

    def _labels(self):
        return (
            request.env._("Our price"),
            request.env._("Our product"),
            request.env._("Our advice and service"),
            request.env._("Our speed"),
        )

    def _refuse(self):
        response = request.render("crm_sales.loss_survey_invalid", {})
        response.status_code = 403
        return self._private(response)

    def _private(self, response):
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex"
        return response

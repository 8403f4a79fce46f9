from odoo import models


class MailActivity(models.Model):
    """An index by document."""

    _inherit = "mail.activity"

    # The timeline asks for the activities of hundreds of documents at once.
    _document_idx = models.Index("(res_model, res_id)")

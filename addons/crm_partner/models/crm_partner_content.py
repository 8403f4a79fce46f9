from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools import unlocked


class CrmPartnerContent(models.Model):
    """A document, price list or video for partners, in versions, with a log of who took it."""

    _name = "crm.partner.content"
    _description = "Content for Partners"
    _inherit = ["mail.thread", "mail.activity.mixin", "crm.partner.audience.notify"]
    _order = "sequence, name, id"

    name = fields.Char(required=True, tracking=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    kind = fields.Selection(
        [
            ("document", "Document"),
            ("price_list", "Price List"),
            ("marketing", "Marketing Material"),
            ("technical", "Technical Document"),
            ("training", "Training"),
            ("video", "Video"),
        ],
        default="document",
        required=True,
        tracking=True,
    )
    category_ids = fields.Many2many(
        "product.category", string="Products", help="What it is about. Empty: nothing special."
    )
    product_text = fields.Char("Products as Text", compute="_compute_product_text", store=True)
    description = fields.Text()
    ack_required = fields.Boolean(
        "To Be Acknowledged",
        tracking=True,
        help="Everybody who sees it confirms to have read it; a new version anew.",
    )
    version_ids = fields.One2many("crm.partner.content.version", "content_id")
    version_id = fields.Many2one(
        "crm.partner.content.version",
        "Current Version",
        compute="_compute_version",
        store=True,
        groups="base.group_user",
    )
    version_label = fields.Char(
        "Version Number", compute="_compute_version_facts", compute_sudo=True
    )
    version_date = fields.Date("As of", compute="_compute_version_facts", compute_sudo=True)
    filename = fields.Char(compute="_compute_version_facts", compute_sudo=True)
    url = fields.Char("Link", compute="_compute_version_facts", compute_sudo=True)
    log_ids = fields.One2many("crm.partner.content.log", "content_id", groups="base.group_user")
    download_count = fields.Integer("Downloads", compute="_compute_counts")
    ack_count = fields.Integer("Acknowledged", compute="_compute_counts")
    missing_count = fields.Integer("Not Yet Acknowledged", compute="_compute_counts")
    acknowledged = fields.Boolean(
        "Acknowledged by Me", compute="_compute_acknowledged", compute_sudo=True
    )
    to_acknowledge = fields.Boolean(
        compute="_compute_acknowledged", search="_search_to_acknowledge", compute_sudo=True
    )

    notified_version_id = fields.Many2one(
        "crm.partner.content.version",
        "Version Told",
        readonly=True,
        copy=False,
        groups="base.group_user",
    )

    @api.depends("category_ids.name")
    def _compute_product_text(self):
        for content in self:
            content.product_text = ", ".join(content.category_ids.mapped("name")) or False

    @api.depends("version_ids.number")
    def _compute_version(self):
        for content in self:
            content.version_id = content.version_ids.sorted("number")[-1:]

    @api.depends("version_id.number", "version_id.filename", "version_id.url", "version_id.date")
    def _compute_version_facts(self):
        for content in self:
            version = content.version_id
            content.version_label = version and str(version.number)
            content.version_date = version.date
            content.filename = version.filename
            content.url = version.url

    @api.depends("log_ids.action", "version_id", "ack_required", "grade_ids", "role", "lang")
    def _compute_counts(self):
        logs = self.env["crm.partner.content.log"]
        counts = {
            (version.id, action): count
            for version, action, count in logs._read_group(
                [("content_id", "in", self.ids)], ["version_id", "action"], ["__count"]
            )
        }
        for content in self:
            content.download_count = sum(
                counts.get((version.id, "download"), 0) for version in content.version_ids
            )
            content.ack_count = counts.get((content.version_id.id, "acknowledge"), 0)
            # only what has to be acknowledged has people that are missing
            missing = content.ack_required and content.state == "published"
            content.missing_count = len(content._missing()) if missing else 0

    @api.depends_context("uid")
    @api.depends("log_ids.action", "version_id", "ack_required")
    def _compute_acknowledged(self):
        mine = self.env["crm.partner.content.log"].search(
            [
                ("version_id", "in", self.version_id.ids),
                ("user_id", "=", self.env.uid),
                ("action", "=", "acknowledge"),
            ]
        )
        for content in self:
            content.acknowledged = content.version_id in mine.version_id
            content.to_acknowledge = content.ack_required and not content.acknowledged

    @api.model
    def _search_to_acknowledge(self, operator, value):
        if operator != "in" or set(value) != {True}:
            return NotImplemented
        # sudo: the visitor's own acknowledgements
        done = (
            self.env["crm.partner.content.log"]
            .sudo()
            ._search([("user_id", "=", self.env.uid), ("action", "=", "acknowledge")])
        )
        versions = done.subselect(SQL.identifier(done.table, "version_id"))
        # sudo: which contents have a version that was acknowledged
        known = (
            self.sudo().with_context(active_test=False)._search([("version_id", "in", versions)])
        )
        return Domain("ack_required", "=", True) & Domain("id", "not in", known)

    def _acknowledged_by(self):
        """Return the users (superuser) who have acknowledged the current version."""
        self.ensure_one()
        # sudo: users of partners, for those who read the log
        content = self.sudo()
        return content.log_ids.filtered(
            lambda log: log.action == "acknowledge" and log.version_id == content.version_id
        ).user_id

    def _missing(self):
        """Return the users (superuser) who have yet to acknowledge the current version."""
        return self._audience() - self._acknowledged_by()

    def _check_publish(self):
        if not self.version_id:
            raise UserError(
                self.env._('Add a file or a link to "%s" before it is published.', self.name)
            )

    def _log(self, action):
        """Note that the user took or acknowledged the current version.

        The caller has checked that the user may see the content.
        """
        self.ensure_one()
        user = self.env.user
        content = unlocked(self)
        content.env["crm.partner.content.log"].create(
            {
                "content_id": content.id,
                "version_id": content.version_id.id,
                "user_id": user.id,
                "partner_id": user._channel_partner().id or user.partner_id.id,
                "action": action,
            }
        )

    def _acknowledge(self):
        """Confirm to have read the current version, once, after having opened it.

        :raise UserError: if the user has not opened it
        """
        self.ensure_one()
        self.check_access("read")
        if self.acknowledged or not self.ack_required:
            return
        # sudo: the visitor's own log of a content that they may read
        content = self.sudo()
        opened = content.env["crm.partner.content.log"].search_count(
            [
                ("version_id", "=", content.version_id.id),
                ("user_id", "=", self.env.uid),
                ("action", "=", "download"),
            ],
            limit=1,
        )
        if not opened:
            raise UserError(self.env._("Open the document first, then confirm that you read it."))
        self._log("acknowledge")
        self.invalidate_recordset(["acknowledged", "to_acknowledge"])

    # --- mail to the audience, once per version ---

    @api.depends("version_id", "notified_version_id")
    def _compute_is_notified(self):
        for content in self:
            told = content.notified_version_id
            content.is_notified = bool(told) and told == content.version_id

    def _notify_context(self):
        return {"default_content_id": self.id}

    def _notify_template(self):
        return self.env.ref("crm_partner.mail_template_content")

    def _notified_values(self):
        return {**super()._notified_values(), "notified_version_id": self.version_id.id}

    def action_open_log(self):
        """Open who took and acknowledged it."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_partner.crm_partner_content_log_action"
        )
        return action | {"domain": [("content_id", "in", self.ids)]}

    def action_open_missing(self):
        """Open the people who have not acknowledged the current version yet."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Not Yet Acknowledged"),
            "res_model": "res.partner",
            "view_mode": "list,form",
            "domain": [("id", "in", self._missing().partner_id.ids)],
            "context": {"create": False},
        }

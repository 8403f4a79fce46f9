from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import float_repr

from ..tools import plain, read_label, read_path, read_text
from .crm_approval_rule import operations


class CrmApprovalMixin(models.AbstractModel):
    """A document that may need somebody's approval before an operation.

    A model inherits this and calls ``_approval_gate(operation)`` right where the operation
    happens, in the method and in ``write``/``create`` of the field that stands for it. The gate
    asks the database only: no context key, no superuser mode and no flag opens it.
    """

    _name = "crm.approval.mixin"
    _description = "Approval Mixin"

    approval_request_ids = fields.One2many(
        "crm.approval.request",
        "res_id",
        "Approvals",
        domain=lambda self: [("res_model", "=", self._name)],
        copy=False,
        readonly=True,
    )
    approval_state = fields.Selection(
        [
            ("none", "Not needed"),
            ("required", "Needed"),
            ("pending", "Pending"),
            ("approved", "Approved"),
            ("refused", "Refused"),
        ],
        "Approval",
        compute="_compute_approval_state",
        compute_sudo=True,
    )

    @api.depends("approval_request_ids.state")
    def _compute_approval_state(self):
        missing = {
            operation: self._approval_ahead(operation)._approval_missing(operation)
            for operation in self._approval_operations()
        }
        latest = {}
        for request in self.env["crm.approval.request"]._of(self).sorted("id"):
            latest[request.res_id] = request.state
        for record in self:
            state = latest.get(record.id, "none")
            needed = any(record in records for records in missing.values())
            if state == "pending" or (state == "refused" and needed):
                record.approval_state = state
            elif needed:
                record.approval_state = "required"
            else:
                record.approval_state = "approved" if state == "approved" else "none"

    # ------------------------------------------------------------------
    # Hooks
    # ------------------------------------------------------------------

    def _approval_operations(self):
        """Return the operations of this model that may need an approval."""
        return list(self.env["crm.approval.rule"]._operations(self._name))

    def _approval_ahead(self, operation):
        """Return the records that may still come to ``operation``: only they show it as missing.

        The gate does not ask this; it stops whatever comes to it.
        """
        return self

    def _approval_fallback_group(self, operation):
        """Return the group of which a member must approve where no rule applies.

        An empty group, the default, means: without a rule no approval is needed.
        """
        return self.env["res.groups"]

    def _approval_snapshot_fields(self, operation):
        """Return the fields (dotted paths) that matter: one changed, the approval is void."""
        return []

    def _approval_snapshot_figures(self, operation):
        """Return {name: number} of figures an approver wants to see, of one record.

        They are shown and can be used in thresholds and amount limits; a change of theirs alone
        (a cost price, say) does not void an approval. Amounts are in company currency.
        """
        return {}

    def _approval_figure_labels(self, operation):
        """Return {name: label} of those figures, in the user's language."""
        return {}

    def _approval_granted(self, request):
        """Go on with the operation after the last approval, of one record; for other addons."""

    def _approval_refused(self, request):
        """React to the refusal or return of ``request``; for other addons."""

    def _approval_company(self):
        """Return the company of one document, or an empty set."""
        return self.company_id if "company_id" in self._fields else self.env["res.company"]

    def _approval_four_eyes(self, operation):
        """Return users who may not approve this document, besides whoever requests it."""
        return self.env["res.users"]

    # ------------------------------------------------------------------
    # The gate
    # ------------------------------------------------------------------

    def _approval_gate(self, operation):
        """Let all these records pass, or raise.

        :param str operation: an operation of ``crm.approval.rule``
        :raise UserError: naming the records that need an approval, and how to request it
        """
        missing = self._approval_missing(operation)
        if missing:
            raise UserError(missing._approval_missing_message(operation))

    def _approval_missing_message(self, operation):
        """Return why these records, which need an approval, may not pass."""
        # sudo: the names of the records that the user tried to move on
        names = ", ".join(self.sudo()[:5].mapped("display_name"))
        labels = dict(operations(self))
        pending = self.env["crm.approval.request"]._of(self, operation, ["pending"])
        if pending:
            hint = self.env._(
                "It was requested and is waiting for %s.",
                ", ".join(pending.approver_ids.mapped("name")),
            )
        else:
            hint = self.env._("Use the button Request Approval on the document.")
        return self.env._(
            "%(names)s: the operation “%(operation)s” needs an approval. %(hint)s",
            names=names,
            operation=labels.get(operation, operation),
            hint=hint,
        )

    def _approval_missing(self, operation):
        """Return the records that still need an approval before ``operation``."""
        records = self._approval_clean()
        ids = set(records._approval_needed(operation))
        return self.filtered(lambda record: record.id in ids)

    def _approval_clean(self):
        """Return the records as the gate sees them: all of them, whatever the context says."""
        # sudo: the gate must know the document and its approvals; it only answers yes or no
        return self.sudo().with_context({})  # pylint: disable=context-overridden

    def _approval_needed(self, operation):
        """Return the ids of the records without a valid approval (in gate mode)."""
        Rule = self.env["crm.approval.rule"]
        rules = Rule._match(self, operation) if Rule._rule_ids(self._name, operation) else {}
        need = self.filtered(
            lambda record: record.id in rules or record._approval_fallback_group(operation)
        )
        if not need:
            return []
        approved = self.env["crm.approval.request"]._of(need, operation, ["approved"])
        valid = {
            request.res_id
            for request in approved
            if request._is_valid_for(self.browse(request.res_id), rules.get(request.res_id))
        }
        return [record.id for record in need if record.id not in valid]

    # ------------------------------------------------------------------
    # Requests
    # ------------------------------------------------------------------

    def _approval_request(self, operation, approvers=None, note=None, copy_to=None):
        """Return the open request of each record that needs an approval, created where missing.

        :param approvers: users for the steps whose approvers are chosen at submission
        :param str note: what the requester tells the approvers
        :param copy_to: users who are to be informed and may read
        :raise UserError: if a step finds no approver, with the remedy
        """
        self.check_access("read")
        requests = self.env["crm.approval.request"]
        for record in self._approval_missing(operation):
            requests |= requests._request(record, operation, approvers, note, copy_to)
        return requests

    def action_request_approval(self):
        """Open the dialog in which an approval is requested."""
        self.check_access("read")
        wanted = self.env.context.get("approval_operation")
        operations = [
            operation
            for operation in self._approval_operations()
            if self._approval_ahead(operation)._approval_missing(operation)
        ]
        if not operations:
            raise UserError(self.env._("No approval is missing here."))
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Request Approval"),
            "res_model": "crm.approval.submit",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_res_model": self._name,
                "default_res_ids": self.ids,
                "default_operation": wanted if wanted in operations else operations[0],
            },
        }

    def action_open_approvals(self):
        """Open the requests about these records."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_approval.crm_approval_request_action"
        )
        domain = [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        return {**action, "domain": domain, "context": {}}

    # ------------------------------------------------------------------
    # Snapshot
    # ------------------------------------------------------------------

    def _approval_figure(self, name, operation):
        """Return a figure of one record by its name: of the hook, or of a numeric field."""
        figures = self._approval_snapshot_figures(operation)
        return float(figures[name] if name in figures else self[name])

    def _approval_fields_that_matter(self, operation, rule):
        names = list(self._approval_snapshot_fields(operation))
        if rule:
            names += rule._own_snapshot_fields() + rule._condition_fields()
        return list(dict.fromkeys(names))

    def _approval_snapshot(self, operation, rule):
        """Return what is approved of one record, as plain JSON.

        ``values`` are compared at the gate, ``figures`` and ``display`` (label, text, name) are for
        the approver.
        """
        paths = self._approval_fields_that_matter(operation, rule)
        figures = self._approval_snapshot_figures(operation)
        labels = self._approval_figure_labels(operation)
        display = [[read_label(self, path), read_text(self, path), path] for path in paths]
        display += [
            [str(labels.get(name, name)), float_repr(value, 2), name]
            for name, value in figures.items()
        ]
        return {
            "values": {path: read_path(self, path) for path in paths},
            "figures": {name: plain(float(value)) for name, value in figures.items()},
            "display": display,
        }

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

RECEIVABLE = [
    ("account_id.account_type", "=", "asset_receivable"),
    ("parent_state", "=", "posted"),
    ("reconciled", "=", False),
]


class CrmCustomerFigures(models.AbstractModel):
    """The key figures at the head of a customer's 360° view, read when it is opened.

    Add figures of an addon by extending ``_figures`` here or ``res.partner._customer_figures``.
    """

    _name = "crm.customer.figures"
    _description = "Key Figures of a Customer"

    @api.model
    def _figures(self, partner):
        """Return the figures of a commercial entity, in the order in which they are shown.

        Each is a dict: ``key``, ``label``, ``type`` ('monetary', 'number', 'percent', 'date' or
        'text'), ``value``, and optionally ``currency_id``, ``detail`` (a line below), ``state``
        ('success', 'warning', 'danger': only where the figure calls for it), ``action`` (an action
        that shows the documents behind it) or ``open`` (model and id of the one document),
        ``sequence``. A figure that the reader has no right to
        is left out. Amounts are in the currency of the current company.
        """
        figures = [
            *self._figures_revenue(partner),
            *self._figures_receivable(partner),
            *self._figures_pipeline(partner),
            *self._figures_last_contact(partner),
            *self._figures_value(partner),
        ]
        return figures

    # ------------------------------------------------------------------

    @api.model
    def _may_see_finance(self):
        """Whether the reader may see the totals of a customer over everybody's documents."""
        return self.env.su or any(
            self.env.user.has_group(group)
            for group in (
                "account.group_account_readonly",
                "account.group_account_invoice",
                "sales_team.group_sale_manager",
            )
        )

    def _convert(self, amounts):
        """Return the sum of {company: amount in its currency} in the current company's currency."""
        today = fields.Date.context_today(self)
        target = self.env.company.currency_id
        return target.round(
            sum(
                company.currency_id._convert(float(amount or 0), target, self.env.company, today)
                for company, amount in amounts.items()
            )
        )

    def _monetary(self, key, label, value, **more):
        return {
            "key": key,
            "label": label,
            "type": "monetary",
            "value": value,
            "currency_id": self.env.company.currency_id.id,
            **more,
        }

    def _window(self, name, model, domain, views=("list", "form"), **context):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "views": [[False, view] for view in views],
            "domain": domain,
            "context": {"create": False, **context},
        }

    # ------------------------------------------------------------------

    def _figures_revenue(self, partner):
        if not self._may_see_finance():
            return []
        revenue, contribution, documents = self._lifetime_sums(partner)
        action = self._window(
            self.env._("Invoices and credit notes"),
            "account.move",
            [
                ("commercial_partner_id", "=", partner.id),
                ("state", "=", "posted"),
                ("move_type", "in", ["out_invoice", "out_refund", "out_receipt"]),
            ],
        )
        share = f"{contribution / revenue:.1%}" if revenue else ""
        return [
            self._monetary(
                "revenue",
                self.env._("Lifetime revenue"),
                revenue,
                detail=self.env._("%s invoices and credit notes", documents),
                action=action,
                sequence=10,
            ),
            self._monetary(
                "contribution",
                self.env._("Lifetime contribution"),
                contribution,
                detail=share and self.env._("%s of revenue", share),
                state="danger" if contribution < 0 else None,
                action=action,
                sequence=11,
            ),
        ]

    def _lifetime_sums(self, partner):
        """Return (revenue, contribution, number of documents), untaxed, in company currency."""
        self.env["account.move.line"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT company_id, SUM(revenue), SUM(contribution), COUNT(*)
                     FROM (%s) AS document
                    WHERE partner_id = %s AND company_id = ANY(%s) GROUP BY company_id""",
                self.env["res.partner"]._sql_contribution(),
                partner.id,
                self.env.companies.ids,
            )
        )
        company = self.env["res.company"].browse
        return (
            self._convert({company(row[0]): row[1] for row in rows}),
            self._convert({company(row[0]): row[2] for row in rows}),
            sum(row[3] for row in rows),
        )

    def _figures_receivable(self, partner):
        line = self.env["account.move.line"]
        domain = Domain(RECEIVABLE) & Domain("partner_id.commercial_partner_id", "=", partner.id)
        domain &= Domain("company_id", "in", self.env.companies.ids)
        complete = self._may_see_finance()
        if not complete and not line.has_access("read"):
            return []
        if complete:
            # sudo: checked above; a sales manager sees what the whole customer owes, as a total
            line = line.sudo()
        today = fields.Date.context_today(self)
        late = domain & Domain("date_maturity", "<", today)
        opened, items, _oldest = self._receivable(line, domain)
        overdue, _items, oldest = self._receivable(line, late)
        detail = (
            self.env._("%s open items", items) if complete else self.env._("on your own invoices")
        )
        return [
            self._monetary(
                "receivable",
                self.env._("Open receivables"),
                opened,
                detail=detail,
                action=self._receivable_action(domain),
                sequence=20,
            ),
            self._monetary(
                "overdue",
                self.env._("Overdue"),
                overdue,
                detail=self._overdue_detail(oldest, today),
                state="danger" if overdue > 0 else None,
                action=self._receivable_action(late),
                sequence=21,
            ),
        ]

    def _receivable(self, line, domain):
        """Return (amount, number of items, first due date or None) of open items."""
        rows = line._read_group(
            domain, ["company_id"], ["amount_residual:sum", "__count", "date_maturity:min"]
        )
        amount = self._convert({company: amount for company, amount, _count, _day in rows})
        days = [day for *_rest, day in rows if day]
        return amount, sum(row[2] for row in rows), min(days, default=None)

    def _overdue_detail(self, oldest, today):
        if not oldest:
            return self.env._("nothing is late")
        return self.env._("oldest: %s days", (today - oldest).days)

    def _receivable_action(self, domain):
        return self._window(
            self.env._("Open items"),
            "account.move.line",
            list(domain),
            views=("list",),
        )

    # ------------------------------------------------------------------

    def _figures_pipeline(self, partner):
        lead = self.env["crm.lead"]
        if not lead.has_access("read"):
            return []
        domain = [
            ("partner_id.commercial_partner_id", "=", partner.id),
            ("type", "=", "opportunity"),
            ("won_status", "=", "pending"),
        ]
        rows = lead._read_group(
            domain,
            ["company_id"],
            ["prorated_revenue:sum", "__count"],
        )
        value = self._convert({(row[0] or self.env.company): row[1] for row in rows})
        return [
            self._monetary(
                "pipeline",
                self.env._("Weighted pipeline"),
                value,
                detail=self.env._("%s open opportunities", sum(row[2] for row in rows)),
                action=self._window(
                    self.env._("Open opportunities"), "crm.lead", domain, ("list", "kanban", "form")
                ),
                sequence=30,
            )
        ]

    def _figures_last_contact(self, partner):
        row = self._last_contact(partner)
        if not row:
            return [
                {
                    "key": "last_contact",
                    "label": self.env._("Last contact"),
                    "type": "text",
                    "value": "",
                    "detail": self.env._("nobody spoke with them yet"),
                    "sequence": 40,
                }
            ]
        people = " · ".join(name for name in (row["kind_name"], row["user_name"]) if name)
        figure = {
            "key": "last_contact",
            "label": self.env._("Last contact"),
            "type": "date",
            "value": row["day"] or row["at"],
            "detail": people,
            "sequence": 40,
        }
        if row["open_model"] and row["open_id"]:
            figure["open"] = [row["open_model"], row["open_id"]]
        return [figure]

    def _last_contact(self, partner):
        """Return the newest mail, done activity, call or past meeting the reader may see.

        The rows of the timeline's first page are asked first where they were read already.
        """
        timeline = self.env["crm.interaction"]
        sources = timeline._readable_sources()
        kinds = [kind for kind, source in sources.items() if source.is_contact]
        for row in self.env.context.get("customer_360_rows") or ():
            if row["kind"] in kinds and row["done"]:
                return row
        scope = timeline._scope(partner, {"kinds": kinds, "contacts_only": True})
        if not scope["sources"]:
            return None
        rows, _cursor = timeline._page(scope, None, 1)
        return timeline._present(rows)[0] if rows else None

    # ------------------------------------------------------------------

    @api.model
    def _figures_value(self, partner):
        """Return class, expected purchases and lifetime value as of the last computation."""
        score = self.env["crm.partner.score"]
        if score.has_access("read"):
            score = partner.value_score_id
        if not score:
            return []
        more = {"action": partner.action_open_value_scores(), "sequence": 60}
        figures = [self._value_class(score, more)]
        if score.has_model:
            figures.append(
                {
                    "key": "expected_purchases",
                    "label": self.env._("Purchases expected"),
                    "type": "number",
                    "digits": 1,
                    "value": score.expected_purchases,
                    "detail": self.env._("within 12 months"),
                    **more,
                }
            )
            if score._has_field_access(score._fields["lifetime_value"], "read"):
                figures.append(
                    self._monetary(
                        "lifetime_value",
                        self.env._("Lifetime value"),
                        score.lifetime_value,
                        detail=self.env._("future contribution, discounted"),
                        **more,
                    )
                )
        return figures

    def _value_class(self, score, more):
        def label(name):
            selection = score._fields[name]._description_selection(self.env)
            return dict(selection).get(score[name], "")

        risk = score.has_model and label("churn_class")
        return {
            "key": "value_class",
            "label": self.env._("Value class"),
            "type": "text",
            "value": label("rfm_class"),
            "detail": self.env._("Churn risk: %s", risk) if risk else "",
            **more,
        }

from ast import literal_eval

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, format_amount, format_date

GROUP_KINDS = ("all", "any", "none")


class CrmSegmentCondition(models.Model):
    """A row of the outline of a segment: a group of the rows indented below it, or a leaf."""

    _name = "crm.segment.condition"
    _description = "Segment Condition"
    _order = "segment_id, sequence, id"

    segment_id = fields.Many2one("crm.segment", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="segment_id.company_id")
    sequence = fields.Integer(default=10)
    level = fields.Integer(
        "Indent", help="0 is the outermost. A row belongs to the nearest group above, one less."
    )
    kind = fields.Selection(
        [
            ("all", "Group: all of"),
            ("any", "Group: at least one of"),
            ("none", "Group: none of"),
            ("attribute", "Customer is …"),
            ("behaviour", "Customer did …"),
            ("segment", "Member of a segment"),
        ],
        required=True,
        default="attribute",
    )
    negate = fields.Boolean("Not", help="The customer is not, or did not.")
    domain = fields.Char(default="[]")
    model_name = fields.Char(compute="_compute_model_name")
    behaviour = fields.Selection("_selection_behaviour")
    min_count = fields.Integer("Times", default=1)
    min_amount = fields.Float("Amount From", digits="Account")
    product_id = fields.Many2one("product.product", ondelete="restrict")
    category_id = fields.Many2one("product.category", "Product Category", ondelete="restrict")
    window = fields.Selection(
        [("ever", "Ever"), ("days", "Last days"), ("dates", "Between dates")],
        default="ever",
        required=True,
    )
    days = fields.Integer(default=90)
    date_from = fields.Date("From")
    date_to = fields.Date("To")
    other_segment_id = fields.Many2one("crm.segment", ondelete="restrict", index="btree_not_null")
    summary = fields.Char("In Words", compute="_compute_summary")

    @api.model
    def _selection_behaviour(self):
        behaviours = self.env["crm.segment.behaviour"]._behaviours()
        return [(kind, one["label"]) for kind, one in behaviours.items()]

    def _compute_model_name(self):
        self.model_name = "res.partner"

    @api.depends(lambda self: self._definition_fields())
    @api.depends_context("lang")
    def _compute_summary(self):
        for condition in self:
            try:
                text = condition._in_words()
            except (ValueError, SyntaxError, KeyError, TypeError) as error:
                text = str(error)
            condition.summary = "\u2003" * (condition.level or 0) + text

    @api.model
    def _definition_fields(self):
        """Return the fields that decide on membership."""
        return [
            "sequence", "level", "kind", "negate", "domain", "behaviour", "min_count",
            "min_amount", "product_id", "category_id", "window", "days", "date_from", "date_to",
            "other_segment_id",
        ]  # fmt: skip

    # -- checks --

    @api.constrains("kind", "domain", "behaviour", "other_segment_id", "window", "days")
    def _check_rows(self):
        """Check rows alone; the outline is checked when all rows of a segment are written."""
        for condition in self:
            condition._check_leaf()
        for segment in self.segment_id:
            segment._check_circle()

    @api.model_create_multi
    def create(self, vals_list):
        conditions = super().create(vals_list)
        conditions.segment_id._ask_for_refresh()
        return conditions

    def write(self, vals):
        result = super().write(vals)
        self.segment_id._ask_for_refresh()
        return result

    def unlink(self):
        self.segment_id._ask_for_refresh()
        return super().unlink()

    def _check_leaf(self):
        """Say what is wrong with this row.

        :raises ValidationError: with the row and the remedy
        """
        self.ensure_one()
        check = getattr(self, f"_check_{self.kind}", None)
        if check:
            check()

    def _check_attribute(self):
        try:
            domain = self._parsed_domain()
            # As the user: nobody may ask, by a segment, for a field that is hidden from them.
            self.env["res.partner"]._search(domain)
        except (ValueError, SyntaxError, KeyError, TypeError) as error:
            raise ValidationError(
                self.env._(
                    'The condition "%(domain)s" cannot be read: %(reason)s '
                    "Open the condition and choose the field again.",
                    domain=self.domain,
                    reason=error,
                )
            ) from error

    def _check_behaviour(self):
        if not self.behaviour:
            raise ValidationError(self.env._('A condition "Customer did …" needs what they did.'))
        if self.behaviour not in self.env["crm.segment.behaviour"]._behaviours():
            raise ValidationError(
                self.env._(
                    'The behaviour "%s" is not known any more: its addon was removed. '
                    "Choose another one or delete the condition.",
                    self.behaviour,
                )
            )
        if self.min_count < 1 or self.min_amount < 0:
            raise ValidationError(
                self.env._("A behaviour is asked for at least once, and for no negative amount.")
            )
        if (self.product_id or self.category_id) and not self._behaviour().get("lines"):
            raise ValidationError(
                self.env._(
                    '"%s" knows no products: remove the product or category.',
                    self._behaviour()["label"],
                )
            )
        self._check_window()

    def _check_window(self):
        if self.window == "days" and self.days < 1:
            raise ValidationError(self.env._("A window of the last days needs one day or more."))
        if self.window != "dates":
            return
        if not (self.date_from or self.date_to):
            raise ValidationError(self.env._("A window between dates needs a first or last date."))
        if self.date_from and self.date_to and self.date_from > self.date_to:
            raise ValidationError(
                self.env._(
                    "The window ends (%(to)s) before it begins (%(from)s): exchange the dates.",
                    to=self.date_to,
                    **{"from": self.date_from},
                )
            )

    def _check_segment(self):
        if not self.other_segment_id:
            raise ValidationError(
                self.env._('A condition "Member of a segment" needs the segment.')
            )

    # -- SQL --

    def _parsed_domain(self):
        domain = Domain(literal_eval(self.domain or "[]"))
        domain.validate(self.env["res.partner"].sudo())  # sudo: names of fields only
        return domain

    def _behaviour(self):
        return self.env["crm.segment.behaviour"]._behaviours()[self.behaviour]

    def _leaf_sql(self, segment, restriction):
        """Return a query of the ids (column ``id``) of customers for whom this leaf holds.

        :param segment: the segment whose company counts
        :param restriction: None, or ids of the customers in question
        """
        return getattr(self, f"_sql_{self.kind}")(segment, restriction)

    def _sql_attribute(self, segment, _restriction):
        return segment._partner_model()._search(self._parsed_domain()).select()

    def _sql_segment(self, _segment, restriction):
        return SQL(
            "SELECT partner_id AS id FROM crm_segment_member"
            " WHERE segment_id = %s AND date_out IS NULL%s",
            self.other_segment_id._origin.id or self.other_segment_id.id,
            _only("partner_id", restriction),
        )

    def _sql_behaviour(self, segment, restriction):
        behaviour = self._behaviour()
        by_product = bool(self.product_id or self.category_id)
        times = SQL("SUM(event.occurrences)")
        if by_product:
            times = SQL("COUNT(DISTINCT event.document_id) FILTER (WHERE event.occurrences > 0)")
        having = SQL("%s >= %s", times, self.min_count)
        if self.min_amount:
            having = SQL("%s AND SUM(event.amount) >= %s", having, self.min_amount)
        return SQL(
            "SELECT event.partner_id AS id FROM (%s) event WHERE %s%s"
            " GROUP BY event.partner_id HAVING %s",
            behaviour["lines" if by_product else "source"],
            SQL(" AND ").join(self._event_filters(segment)),
            _only("event.partner_id", restriction),
            having,
        )

    def _event_filters(self, segment):
        filters = [SQL("event.partner_id IS NOT NULL")]
        if segment.company_id:
            company = segment.company_id
            filters.append(
                SQL("(event.company_id IS NULL OR event.company_id = %s)", company._origin.id)
            )
        start, end = self._window_dates()
        if start:
            filters.append(SQL("event.date >= %s", start))
        if end:
            filters.append(SQL("event.date <= %s", end))
        if self.product_id:
            filters.append(SQL("event.product_id = %s", self.product_id._origin.id))
        if self.category_id:
            products = self.env["product.product"].sudo()  # sudo: membership is objective
            found = products.with_context(active_test=False)._search(
                [("categ_id", "child_of", self.category_id._origin.id)]
            )
            filters.append(SQL("event.product_id IN %s", found.subselect()))
        return filters

    def _window_dates(self):
        """Return the first and last date of the window; either may be False."""
        if self.window == "days":
            today = fields.Date.context_today(self.with_context(tz="UTC"))
            return fields.Date.subtract(today, days=self.days), today
        if self.window == "dates":
            return self.date_from, self.date_to
        return False, False

    # -- words --

    def _in_words(self):
        """Return this row alone as a phrase in the user's language."""
        labels = dict(self._fields["kind"]._description_selection(self.env))
        if self.kind in GROUP_KINDS:
            return labels[self.kind]
        text = getattr(self, f"_words_{self.kind}")()
        return self.env._("not: %s", text) if self.negate and self.kind != "behaviour" else text

    def _words_segment(self):
        return self.env._('member of "%s"', self.other_segment_id.name or "?")

    def _words_behaviour(self):
        if not self.behaviour:
            return self.env._("(choose what the customer did)")
        parts = [self._behaviour()["label"]]
        if self.product_id or self.category_id:
            parts.append((self.product_id or self.category_id).display_name)
        if self.min_count > 1:
            parts.append(self.env._("at least %s times", self.min_count))
        if self.min_amount:
            currency = (self.segment_id.company_id or self.env.company).currency_id
            amount = format_amount(self.env, self.min_amount, currency)
            parts.append(self.env._("for at least %s", amount))
        parts.append(self._words_window())
        text = " ".join(filter(None, parts))
        return self.env._("never or not: %s", text) if self.negate else text

    def _words_window(self):
        if self.window == "days":
            return self.env._("in the last %s days", self.days)
        if self.window == "dates":
            first = format_date(self.env, self.date_from) if self.date_from else "…"
            last = format_date(self.env, self.date_to) if self.date_to else "…"
            return self.env._("from %(first)s to %(last)s", first=first, last=last)
        return ""

    def _words_attribute(self):
        domain = self._parsed_domain()
        if domain.is_true():
            return self.env._("any customer")
        return " · ".join(self._words_of(condition) for condition in domain.iter_conditions())

    def _words_of(self, condition):
        model, labels = self.env["res.partner"], []
        for name in condition.field_expr.split("."):
            field = self.env["ir.model.fields"].sudo()._get(model._name, name)  # sudo: its label
            labels.append(field.field_description or name)
            if field.relation:
                model = self.env[field.relation]
        value = condition.value
        many = list(value) if isinstance(value, list | tuple | set) else None
        if model._name != "res.partner" and many and all(isinstance(one, int) for one in many):
            value = ", ".join(model.browse(many).exists().mapped("display_name"))
        elif many is not None:
            value = ", ".join(map(str, many))
        return f"{' › '.join(labels)} {condition.operator} {value}"


def _only(column, restriction):
    if restriction is None:
        return SQL()
    return SQL(" AND %s = ANY(%s)", SQL(column), list(restriction))

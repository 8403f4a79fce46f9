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
    negate = fields.Boolean("Must Not Hold", help="The customer is not, or did not.")
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
                condition.summary = condition._in_words()
            except (ValueError, SyntaxError, KeyError, TypeError) as error:
                condition.summary = str(error)

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
        # sudo(False): constraints run as superuser; conditions ask for what their author may read
        for condition in self.sudo(False):
            condition._check_leaf()
        for segment in self.segment_id:
            segment._check_circle()

    @api.model_create_multi
    def create(self, vals_list):
        """Have the members of the segment found anew."""
        conditions = super().create(vals_list)
        conditions.segment_id._ask_for_refresh()
        return conditions

    def write(self, vals):
        """See :meth:`create`."""
        result = super().write(vals)
        self.segment_id._ask_for_refresh()
        return result

    def unlink(self):
        """See :meth:`create`."""
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

    def _holds_sql(self, segment, query, join):
        """Return the test that this leaf holds for the row ``res_partner``.

        :param segment: the segment whose company counts
        :param query: the :class:`SegmentQuery` that the test will be part of
        :param join: function that joins a set of customers and returns the test of being in it
        """
        holds = getattr(self, f"_holds_{self.kind}")(segment, query, join)
        return SQL("NOT %s", holds) if self.negate else holds

    def _holds_attribute(self, segment, query, join):
        found = segment._partner_model()._search(self._parsed_domain())
        if _is_plain(found):
            return SQL("((%s) IS TRUE)", found.where_clause)
        for part in query.only(SQL.identifier(found.table, "id")):
            found.add_where(part)
        return join(found.select())

    def _holds_segment(self, _segment, query, join):
        return join(query.members_of(self.other_segment_id._origin.id or self.other_segment_id.id))

    def _holds_behaviour(self, segment, query, join):
        behaviour = self._behaviour()
        company = segment.company_id._origin.id
        kind = "lines" if self.product_id or self.category_id else "source"
        where = []
        if company:
            where.append(SQL("(event.company_id IS NULL OR event.company_id = %s)", company))
        leaf = (self._event_filters(), self._event_test)
        return join(query.events((self.behaviour, kind, company), behaviour[kind], where, leaf))

    def _event_test(self, filters):
        """Return the test of all events of a customer, as far as they meet ``filters``."""
        times = _filtered(SQL("SUM(event.occurrences)"), filters)
        if self.product_id or self.category_id:
            documents = SQL("COUNT(DISTINCT event.document_id)")
            times = _filtered(documents, [*filters, SQL("event.occurrences > 0")])
        test = SQL("%s >= %s", times, self.min_count)
        if self.min_amount:
            amount = _filtered(SQL("SUM(event.amount)"), filters)
            test = SQL("%s AND %s >= %s", test, amount, self.min_amount)
        return test

    def _event_filters(self):
        filters = []
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
        return self.env._("not: %s", text) if self.negate else text

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
        text, window = " ".join(parts), self._words_window()
        return self.env._("%(did)s %(window)s", did=text, window=window) if window else text

    def _words_window(self):
        if self.window == "days":
            return self.env._("in the last %s days", self.days)
        if self.window == "dates":
            first = format_date(self.env, self.date_from) if self.date_from else "…"
            last = format_date(self.env, self.date_to) if self.date_to else "…"
            return self.env._("from %(first)s to %(last)s", first=first, last=last)
        return ""

    def _words_attribute(self):
        words = self.env["crm.segment.words"]
        return words._of_part(self._parsed_domain(), self.env["res.partner"])


def _filtered(aggregate, filters):
    if not filters:
        return aggregate
    return SQL("%s FILTER (WHERE %s)", aggregate, SQL(" AND ").join(filters))


def _is_plain(query):
    """Tell whether a query of customers compares columns of their table only."""
    return query.from_clause.code == '"res_partner"' and "SELECT" not in query.where_clause.code

from odoo import fields, models
from odoo.exceptions import UserError


class CrmPriceIndex(models.Model):
    """A published index (consumer prices, wages) that prices of contracts follow."""

    _name = "crm.price.index"
    _description = "Price Index"
    _order = "name"

    name = fields.Char(required=True, translate=True)
    source = fields.Char("Published by")
    active = fields.Boolean(default=True)
    value_ids = fields.One2many("crm.price.index.value", "index_id", "Values")

    _name_uniq = models.Constraint("UNIQUE(name)", "There is an index with this name already.")

    def _value_on(self, day):
        """Return the value that applied on a day: the last one published until then.

        :raise UserError: when none had been
        """
        self.ensure_one()
        value = self.value_ids.filtered(lambda row: row.date <= day).sorted("date")[-1:]
        if not value:
            raise UserError(
                self.env._(
                    "The index %(index)s has no value on or before %(day)s. Enter one.",
                    index=self.name,
                    day=day,
                )
            )
        return value.value

    def _change(self, start, end):
        """Return the change between two days in percent."""
        return (self._value_on(end) / self._value_on(start) - 1) * 100

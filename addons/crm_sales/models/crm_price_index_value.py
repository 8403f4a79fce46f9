from odoo import fields, models


class CrmPriceIndexValue(models.Model):
    """The value of an index from a day on until the next one."""

    _name = "crm.price.index.value"
    _description = "Value of a Price Index"
    _order = "index_id, date desc"
    _rec_name = "date"

    index_id = fields.Many2one("crm.price.index", required=True, index=True, ondelete="cascade")
    date = fields.Date("From", required=True)
    value = fields.Float(required=True, digits=(16, 4))

    _date_uniq = models.Constraint("UNIQUE(index_id, date)", "An index has one value a day.")
    _value_positive = models.Constraint("CHECK(value > 0)", "The value of an index is above zero.")

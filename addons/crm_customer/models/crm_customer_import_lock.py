from odoo import api, fields, models


class CrmCustomerImportLock(models.Model):
    """The one row that every batch of every import changes, so that two never run side by side.

    A lock alone would not do: a transaction that has waited still reads what it saw before it
    waited, and would create the customers of the other once more. Changing the same row makes the
    database refuse the later one, and Odoo repeats it.
    """

    _name = "crm.customer.import.lock"
    _description = "Customer Import Lock"

    batch = fields.Integer(default=0, required=True)

    @api.model
    def _take(self):
        """Wait for the batch of another import; keep others waiting until this one commits.

        :raise psycopg2.errors.SerializationFailure: another one has committed in the meantime
        """
        lock = self.env.ref("crm_customer.crm_customer_import_lock")
        self.env.cr.execute(
            "UPDATE crm_customer_import_lock SET batch = batch + 1 WHERE id = %s", [lock.id]
        )

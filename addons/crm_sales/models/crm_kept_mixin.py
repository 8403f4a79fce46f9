from odoo import api, models


class CrmKeptMixin(models.AbstractModel):
    """Settings that methods under ``ormcache`` keep: what is kept is forgotten when one changes."""

    _name = "crm.kept.mixin"
    _description = "Setting Kept in Memory"

    @api.model_create_multi
    def create(self, vals_list):
        """Forget what the workers keep, in all of them once this is committed."""
        records = super().create(vals_list)
        self.env.registry.clear_cache()
        return records

    def write(self, vals):
        """See :meth:`create`."""
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        """See :meth:`create`."""
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

from odoo.exceptions import ValidationError
from odoo.tests import TransactionCase, new_test_user


class ValidationCase(TransactionCase):
    """Rules on contacts.

    ==========  ==============================================
    manager     approval manager, may manage contacts
    clerk       may manage contacts, has nothing to do with rules
    ==========  ==============================================
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Rules that other addons or a consultant may have left
        cls.env["crm.validation.rule"].search([]).active = False
        cls.manager = new_test_user(
            cls.env,
            "rule.manager",
            groups="crm_approval.group_approval_manager,base.group_partner_manager",
        )
        cls.clerk = new_test_user(
            cls.env, "rule.clerk", groups="base.group_user,base.group_partner_manager"
        )
        cls.Partner = cls.env["res.partner"].with_user(cls.clerk)
        cls.partner_model = cls.env["ir.model"]._get("res.partner")

    @classmethod
    def create_rule(cls, **values):
        """Create a rule on contacts, as the manager."""
        return (
            cls.env["crm.validation.rule"]
            .with_user(cls.manager)
            .create(
                {
                    "name": "Companies need a tax number",
                    "model_id": cls.partner_model.id,
                    "message": "Ask the customer for the tax number.",
                    **values,
                }
            )
        )

    @classmethod
    def require_vat(cls, **values):
        """Companies need a tax number."""
        return cls.create_rule(
            **{
                "condition": "[('is_company', '=', True)]",
                "required_field_names": "vat",
                **values,
            }
        )

    def flush(self):
        """End the request: the moment at which rules are looked at."""
        self.env.cr.flush()

    def refused(self, text, function, *arguments):
        """Assert that a request is refused with a message that contains ``text``."""
        with self.assertRaises(ValidationError) as caught, self.env.cr.savepoint():
            function(*arguments)
        self.assertIn(text, str(caught.exception))
        return str(caught.exception)

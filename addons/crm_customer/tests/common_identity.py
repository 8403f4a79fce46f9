from odoo.tests.common import TransactionCase, new_test_user


class IdentityCase(TransactionCase):
    """People and companies for identities and duplicates.

    ==========  ==========================================  ===============
    rep         salesperson                                 company here
    boss        manager of customer data                    both companies
    other_rep   salesperson                                 company there
    portal      a customer with a login
    clerk       internal user without rights on customers
    ==========  ==========================================  ===============
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "no_reset_password": True})
        cls.china = cls.env.ref("base.cn")
        cls.here, cls.there = cls.env["res.company"].create(
            [
                {"name": "Here", "country_id": cls.china.id},
                {"name": "There", "country_id": cls.china.id},
            ]
        )
        cls.rep = cls._create_user("rep", "sales_team.group_sale_salesman", cls.here)
        cls.boss = cls._create_user(
            "boss", "crm_customer.group_customer_manager", cls.here | cls.there
        )
        cls.other_rep = cls._create_user("other_rep", "sales_team.group_sale_salesman", cls.there)
        cls.portal = cls._create_user("portal", "base.group_portal", cls.here)
        cls.clerk = cls._create_user("clerk", "base.group_user", cls.here)

    @classmethod
    def _create_user(cls, name, groups, companies):
        return new_test_user(
            cls.env,
            f"identity_{name}",
            groups=groups,
            email=f"{name}@identity.example.com",
            company_id=companies[0].id,
            company_ids=companies.ids,
        )

    @classmethod
    def partner(cls, name, **vals):
        return cls.env["res.partner"].create({"name": name, "country_id": cls.china.id, **vals})

    def identities(self, partner):
        """Return {(kind, norm)} that identify a partner."""
        rows = self.env["crm.identity"].search(
            [("partner_id", "=", partner.id), ("shared", "=", False)]
        )
        return {(row.kind, row.value_norm) for row in rows}

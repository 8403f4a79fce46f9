from odoo import Command
from odoo.tests.common import new_test_user

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.crm_subledger.tests.common import SubledgerCase
from odoo.addons.crm_subledger.tests.common import day as day  # what tests import from here


class PartnerCase(SubledgerCase):
    """A Chinese company (storno) with a partner programme of three levels, and its people.

    ============  ==========================  =====================================================
    level         price list                  benefits
    ============  ==========================  =====================================================
    gold          20 % off                    registrations below 600,000 approved at once, 8 %
                                              registration discount, 5 % referral fee, 2 % MDF,
                                              protected 90 days, extended 30 days
    silver        10 % off                    below 100,000; 5 %; 3 %; 1 %; 60 days, 15 days
    authorised    5 % off                     every registration decided by somebody; no discount
    ============  ==========================  =====================================================

    ============  ===========  ====================================================================
    company       level        people in the portal
    ============  ===========  ====================================================================
    alpha         gold         alpha_admin (all roles), alpha_sales, alpha_marketing,
                               alpha_finance, alpha_technical, alpha_none (no role)
    beta          gold         beta_admin
    gamma         silver       gamma_admin
    outsider      none         outsider_user (an ordinary customer in the portal)
    ============  ===========  ====================================================================

    ============  ======================================================================
    channel       channel manager (looks after partners)
    programme     administrator of the programme
    seller        direct salesperson
    accountant    billing
    stranger      administrator of the programme of another company
    ============  ======================================================================
    """

    @classmethod
    def get_default_groups(cls):
        return (
            super().get_default_groups()
            | cls.quick_ref("crm_partner.group_partner_manager")
            | cls.quick_ref("stock.group_stock_manager")
        )

    @classmethod
    @AccountTestInvoicingCommon.setup_country("cn")
    @AccountTestInvoicingCommon.setup_chart_template("cn_large_bis")
    def setUpClass(cls):
        super().setUpClass()
        cls._create_levels()
        cls._create_partners()
        cls.tax_13, cls.tax_6 = cls._sale_tax(13), cls._sale_tax(6)
        cls.pump = cls._create_product(
            name="Pump P1",
            type="consu",
            lst_price=1000.0,
            taxes_id=cls.tax_13,
            invoice_policy="order",
        )

    @classmethod
    def _create_levels(cls):
        rows = [
            # name, price list, limit, registration, referral, MDF, protection, extension, weight
            ("Gold", 20, 600000, 8, 5, 2, 90, 30, 3),
            ("Silver", 10, 100000, 5, 3, 1, 60, 15, 2),
            ("Authorised", 5, 0, 0, 0, 0, 30, 0, 1),
        ]
        cls.gold, cls.silver, cls.authorised = cls.env["res.partner.grade"].create(
            [
                {
                    "name": name,
                    "sequence": number,
                    "company_id": cls.company.id,
                    "default_pricelist_id": cls._create_pricelist(name, percent).id,
                    "registration_auto_limit": limit,
                    "registration_discount": discount,
                    "referral_rate": referral,
                    "mdf_rate": mdf,
                    "protection_days": protection,
                    "extension_days": extension,
                    "lead_weight": weight,
                }
                for number, (
                    name,
                    percent,
                    limit,
                    discount,
                    referral,
                    mdf,
                    protection,
                    extension,
                    weight,
                ) in enumerate(rows, 1)
            ]
        )

    @classmethod
    def _create_pricelist(cls, name, percent):
        return cls.env["product.pricelist"].create(
            {
                "name": f"{name} partners",
                "company_id": cls.company.id,
                "currency_id": cls.company.currency_id.id,
                "item_ids": [
                    Command.create(
                        {
                            "applied_on": "3_global",
                            "compute_price": "percentage",
                            "percent_price": percent,
                        }
                    )
                ],
            }
        )

    @classmethod
    def _create_partners(cls):
        cls.alpha = cls._create_partner("Alpha Reseller", cls.gold)
        cls.beta = cls._create_partner("Beta Reseller", cls.gold)
        cls.gamma = cls._create_partner("Gamma Reseller", cls.silver)
        cls.outsider = cls._create_partner("Ordinary Customer")

    @classmethod
    def _create_partner(cls, name, grade=None, **values):
        partner = cls.env["res.partner"].create(
            {
                "name": name,
                "is_company": True,
                "company_id": cls.company.id,
                "country_id": cls.env.ref("base.cn").id,
                "invoice_edi_format": False,
                **values,
            }
        )
        if grade:
            # written, not created: only a write takes over the price list of the level
            partner.grade_id = grade
        return partner

    @classmethod
    def _create_portal_user(cls, login, partner, *roles):
        """Create a user of a partner's team with these roles (of ``admin`` and ROLES)."""
        groups = ["base.group_portal", *(f"crm_partner.group_portal_{role}" for role in roles)]
        user = new_test_user(
            cls.env,
            login=f"crm_partner_{login}",
            name=login.replace("_", " ").title(),
            groups=",".join(groups),
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        user.partner_id.write({"parent_id": partner.id, "company_id": False})
        return user

    @classmethod
    def _create_portal_users(cls):
        """Create the people of the table; only classes that test the portal need them."""
        cls.alpha_admin = cls._create_portal_user("alpha_admin", cls.alpha, "admin")
        for role in ("sales", "marketing", "finance", "technical"):
            user = cls._create_portal_user(f"alpha_{role}", cls.alpha, role)
            setattr(cls, f"alpha_{role}", user)
        cls.alpha_none = cls._create_portal_user("alpha_none", cls.alpha)
        cls.beta_admin = cls._create_portal_user("beta_admin", cls.beta, "admin")
        cls.gamma_admin = cls._create_portal_user("gamma_admin", cls.gamma, "admin")
        cls.outsider_user = cls._create_portal_user("outsider", cls.outsider)

    @classmethod
    def _create_people(cls):
        """Create the internal users of the table, and those of the sub-ledger's tests."""
        cls._create_users()
        cls.channel = cls._create_user("channel", "crm_partner.group_partner_user")
        cls.programme = cls._create_user("programme", "crm_partner.group_partner_manager")
        cls.seller = cls._create_user("seller", "sales_team.group_sale_salesman")
        cls.stranger = cls._create_user(
            "stranger_programme",
            "crm_partner.group_partner_manager,account.group_account_manager",
            company=cls.other_company,
        )

    @classmethod
    def run_subledger(cls):
        """Do what happens at a commit and right after it, when the scheduled action was woken."""
        result = super().run_subledger()
        cls.env["crm.subledger.queue"].sudo().search([("state", "=", "pending")])._process()
        cls.env.flush_all()
        return result

    @classmethod
    def _sale_tax(cls, percent, use="sale"):
        return cls.env["account.tax"].search(
            [
                ("company_id", "=", cls.company.id),
                ("type_tax_use", "=", use),
                ("amount", "=", percent),
                ("price_include_override", "!=", "tax_included"),
            ],
            limit=1,
        )

    @classmethod
    def _invoice(cls, partner, date, amount, *, product=None, quantity=1, refund=False, post=True):
        """Return an invoice (or credit note) of one line, ``amount`` excluding taxes, posted."""
        invoice = cls.env["account.move"].create(
            {
                "move_type": "out_refund" if refund else "out_invoice",
                "partner_id": partner.id,
                "invoice_date": date,
                "company_id": cls.company.id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": (product or cls.pump).id,
                            "quantity": quantity,
                            "price_unit": amount / quantity,
                            "discount": 0,
                        }
                    )
                ],
            }
        )
        if post:
            invoice.action_post()
        return invoice

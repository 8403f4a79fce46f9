{
    "name": "CRM Approval for Quotations",
    "summary": "Quotations are sent, signed, paid and confirmed only with the approval they need",
    "version": "19.0.1.0.0",
    "category": "Sales/Sales",
    "author": "Odoo CRM Suite",
    "license": "LGPL-3",
    "depends": ["crm_approval", "sale_management"],
    "auto_install": True,
    "data": [
        "views/sale_order_views.xml",
        "views/sale_portal_templates.xml",
    ],
    "assets": {"web.assets_tests": ["crm_approval_sale/static/tests/tours/**/*"]},
}

{
    "name": "CRM Customer",
    "summary": "Who the customer is: 360° view, identities, duplicates, segments, value scores",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "author": "Odoo CRM Suite",
    "license": "LGPL-3",
    "depends": ["contacts", "crm", "crm_approval", "phone_validation", "sale"],
    "external_dependencies": {"python": ["numpy", "opencc", "pypinyin", "rapidfuzz", "scipy"]},
    "data": [
        "security/crm_customer_groups.xml",
        "security/crm_customer_rules.xml",
        "security/ir.model.access.csv",
        "views/crm_customer_menus.xml",
        "views/crm_identity_views.xml",
        "views/res_partner_views_identity.xml",
    ],
    "post_init_hook": "post_init_hook",
    "assets": {
        "web.assets_backend": ["crm_customer/static/src/**/*"],
        "web.assets_tests": ["crm_customer/static/tests/tours/**/*"],
    },
}

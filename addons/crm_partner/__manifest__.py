{
    "name": "CRM Partner",
    "summary": "The reseller's portal, and the money behind it",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "author": "Odoo CRM Suite",
    "license": "LGPL-3",
    "depends": [
        "crm_subledger",
        "crm_customer",
        "crm_approval",
        "crm_approval_account",
        "crm_approval_sale",
        "crm_print",
        "partnership",
        "portal",
        "sale_crm",
        "sale_management",
        "sale_stock",
        "spreadsheet_dashboard",
    ],
    "data": [
        "security/crm_partner_groups.xml",
        "security/ir.model.access.csv",
        "security/crm_partner_rules_rebate.xml",
        "views/crm_partner_menu_roots.xml",
        "views/res_partner_grade_views.xml",
        "views/portal_templates.xml",
    ],
    "assets": {
        "web.assets_backend": [],
        "web.assets_frontend": [
            "crm_partner/static/src/portal/*",
        ],
        "web.assets_tests": [
            "crm_partner/static/tests/tours/*.js",
        ],
    },
}

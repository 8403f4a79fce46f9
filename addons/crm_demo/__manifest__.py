{
    "name": "CRM Demonstration Company",
    "summary": "A company with a year of sales, deliveries, invoices, payments and commissions",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "author": "Odoo CRM Suite",
    "license": "LGPL-3",
    "depends": [
        "base_import",
        "contacts",
        "hr",
        "l10n_cn",
        "sale_crm",
        "sale_management",
        "sale_margin",
        "sale_stock",
    ],
    "post_init_hook": "post_init_hook",
}

{
    "name": "CRM Customer and Stock",
    "summary": "Deliveries and returns in the timeline of a customer",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "author": "Odoo CRM Suite",
    "license": "LGPL-3",
    "depends": ["crm_customer", "sale_stock"],
    "auto_install": True,
}

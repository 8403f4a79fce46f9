{
    "name": "CRM Partner and Sales",
    "summary": "Named accounts, discount authority, routing and pools know of deals of partners",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "author": "Odoo CRM Suite",
    "license": "LGPL-3",
    "depends": ["crm_partner", "crm_sales"],
    "auto_install": True,
}

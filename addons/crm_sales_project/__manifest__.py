{
    "name": "CRM Sales and Projects",
    "summary": "Hand-over of sold projects, their budgets, and revenue over time (IFRS 15)",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "author": "Odoo CRM Suite",
    "license": "LGPL-3",
    "depends": ["crm_sales", "sale_project"],
    "auto_install": True,
    "data": [
        "security/ir.model.access.csv",
        "security/crm_sales_project_rules.xml",
        "data/crm_sales_project_data.xml",
        "views/crm_project_delivery_views.xml",
    ],
}

{
    "name": "CRM Sales and Stock",
    "summary": "Deliveries, returns and cost of sales in the commissions of a deal",
    "version": "19.0.1.0.0",
    "category": "Sales/Commissions",
    "author": "Odoo CRM Suite",
    "license": "LGPL-3",
    "depends": ["crm_sales", "sale_stock", "stock_account"],
    "auto_install": True,
    "data": ["views/crm_subledger_entry_views.xml"],
}

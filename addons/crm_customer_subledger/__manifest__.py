{
    "name": "CRM Customer and Sub-ledger",
    "summary": "Commissions, rebates and other costs of deals in the value of customers",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "author": "Odoo CRM Suite",
    "license": "LGPL-3",
    "depends": ["crm_customer", "crm_subledger"],
    "auto_install": True,
}

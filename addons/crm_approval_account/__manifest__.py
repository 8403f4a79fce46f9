{
    "name": "CRM Approval for Bills and Credit Notes",
    "summary": "Vendor bills and credit notes are posted only with the approval they need",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "author": "Odoo CRM Suite",
    "license": "LGPL-3",
    "depends": ["account", "crm_approval"],
    "auto_install": True,
    "data": ["views/account_move_views.xml"],
}

{
    "name": "CRM Approval",
    "summary": "Approvals as a control on any document, and validation rules without code",
    "version": "19.0.1.0.0",
    "category": "Productivity/Approvals",
    "author": "Odoo CRM Suite",
    "license": "LGPL-3",
    "depends": ["mail"],
    "data": [
        "security/crm_approval_groups.xml",
        "security/ir.model.access.csv",
        "security/crm_validation_rules.xml",
        "views/crm_approval_menus.xml",
        "views/crm_validation_log_views.xml",
        "views/crm_validation_rule_views.xml",
    ],
    "application": True,
}

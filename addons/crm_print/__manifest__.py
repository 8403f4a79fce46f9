{
    "name": "PDF by Chromium",
    "version": "19.0.1.0.0",
    "category": "Productivity/Documents",
    "summary": "Reports printed by Chromium: header, footer, page n/m, any font, no patched binary",
    "author": "Odoo CRM Suite",
    "license": "LGPL-3",
    "depends": ["web"],
    "data": ["views/ir_actions_report_views.xml"],
}

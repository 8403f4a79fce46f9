import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("crm_partner_deal_portal", {
    url: "/my/partner",
    steps: () => [
        {
            content: "The overview counts the deals",
            trigger: ".o_partner_card_deals a:contains(Register a Deal)",
            run: "click",
            expectUnloadPage: true,
        },
        { trigger: "#customer_name", run: "edit 上海宏泰机械有限公司" },
        { trigger: "#customer_phone", run: "edit 021-68881234" },
        { trigger: "#customer_domain", run: "edit hongtai-machinery.com.cn" },
        { trigger: "#amount", run: "edit 500,000" },
        { trigger: "input[name='product_1']", run: "edit Line M5" },
        { trigger: "input[name='quantity_1']", run: "edit 1" },
        {
            content: "Send it",
            trigger: ".o_deal_form button[type='submit']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It is approved at once and protected",
            trigger: ".o_partner_portal .badge:contains(Approved)",
        },
        {
            trigger: ".o_deal_report textarea",
            run: "edit We showed the line on site.",
        },
        {
            trigger: ".o_deal_report button",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_deal_progress:contains(We showed the line on site.)",
        },
        {
            trigger: ".o_deal_extend textarea",
            run: "edit The tender was moved.",
        },
        {
            trigger: ".o_deal_extend button",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".alert:contains(You asked for more time)",
        },
    ],
});

registry.category("web_tour.tours").add("crm_partner_deal_manager", {
    url: "/odoo/registered-deals",
    steps: () => [
        {
            content: "The deal waits in the column of reviews",
            trigger: ".o_kanban_record:contains(上海宏泰机械有限公司)",
            run: "click",
        },
        {
            trigger: ".o_form_view button[name='action_approve']",
            run: "click",
        },
        {
            content: "It is protected",
            trigger: ".o_form_view .o_field_widget[name='protected_until']",
        },
        {
            content: "Its opportunity is there",
            trigger: "button[name='action_open_lead']",
            run: "click",
        },
        {
            trigger: ".o_form_view .o_field_widget[name='deal_registration_id']",
        },
    ],
});

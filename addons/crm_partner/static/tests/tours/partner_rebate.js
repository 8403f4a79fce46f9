import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("crm_partner_rebate_portal", {
    url: "/my/partner",
    steps: () => [
        {
            content: "The overview says how much is missing to the next tier",
            trigger: ".o_partner_card_rebates:contains(3,000.00):contains(4 %)",
        },
        {
            trigger: ".o_partner_tabs a[href='/my/partner/rebates']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_partner_portal td a:contains(Bonus 2025)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The tier that was reached is marked",
            trigger: "tr.table-success:contains(5,000.00):contains(2 %)",
        },
        {
            trigger: "textarea[name=reason]",
            run: "edit The invoice of October is missing",
        },
        { trigger: "form[action$='/dispute'] button", run: "click", expectUnloadPage: true },
        { trigger: ".alert-success" },
        { trigger: ".o_partner_portal:contains(being looked)" },
    ],
});

registry.category("web_tour.tours").add("crm_partner_rebate_settle", {
    url: "/odoo/rebate-periods",
    steps: () => [
        {
            content: "Open the period of the partner",
            trigger: ".o_data_row:contains(Alpha Reseller):contains(Bonus) td[name=agreement_id]",
            run: "click",
        },
        { trigger: ".o_form_view button[name=action_settle]", run: "click" },
        {
            content: "What is open is proposed",
            trigger: ".modal div[name=open_amount]:contains(340.00)",
        },
        { trigger: ".modal footer button[name=action_settle]", run: "click" },
        {
            content: "The settlement is done by a posted credit note",
            trigger: ".o_list_view .o_data_row td[name=state]:contains(Done)",
        },
    ],
});

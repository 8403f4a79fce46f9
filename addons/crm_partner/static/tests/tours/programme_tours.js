import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("crm_partner_sign", {
    steps: () => [
        {
            content: "The home page says that an agreement waits",
            trigger: ".alert-info a[href='/my/partner/agreement']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_partner_agreements a:contains(Distribution Agreement)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The text is filled in",
            trigger: ".o_partner_agreement_text:contains(Alpha Reseller agree on Gold)",
        },
        { trigger: ".o_web_sign_name_group input:value(Alpha Admin)" },
        { trigger: ".o_portal_sign_submit:enabled", run: "click", expectUnloadPage: true },
        { trigger: ".alert-success:contains(The agreement is signed)" },
        {
            trigger: ".o_partner_tabs a[href='/my/partner/programme']",
            run: "click",
            expectUnloadPage: true,
        },
        { trigger: ".o_partner_progress .badge:contains(Present level)" },
    ],
});

registry.category("web_tour.tours").add("crm_partner_review", {
    steps: () => [
        { trigger: ".o_list_button_add", run: "click" },
        { trigger: ".o_form_view button[name=action_preview]:enabled", run: "click" },
        {
            content: "Gamma has earned Gold, and the reason is there",
            trigger: ".o_data_row:contains(Gamma Reseller):contains(230,000.00)",
        },
        { trigger: ".o_form_view button[name=action_apply]", run: "click" },
        { trigger: ".modal .btn-primary", run: "click" },
        { trigger: ".o_statusbar_status .o_arrow_button_current:contains(Applied)" },
        { trigger: ".o_data_row:contains(Gamma Reseller):contains(Done)" },
    ],
});

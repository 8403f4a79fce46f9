import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("crm_partner_leads", {
    url: "/my/partner",
    steps: () => [
        {
            content: "The card says that a lead waits",
            trigger: ".o_partner_card_leads a[href*='filterby=offered']:contains(1)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The customer is not named yet",
            trigger: ".o_partner_leads a:contains(Shanghai):not(:contains(Secret))",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: "form[action$='/accept'] button",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Now it is",
            trigger: ".o_partner_lead_contact:contains(Secret Steel Works)",
        },
        {
            trigger: "form[action$='/feedback'] select[name=progress]",
            run: "select contacted",
        },
        {
            trigger: "form[action$='/feedback'] textarea",
            run: "edit Spoke to the plant manager",
        },
        {
            trigger: "form[action$='/feedback'] button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".alert-success:contains(noted)",
        },
        {
            trigger: ".o_partner_tabs a[href='/my/partner/leads']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Nothing waits any more",
            trigger: ".o_partner_empty",
        },
        {
            trigger: ".o_partner_tabs a[href='/my/partner']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_partner_card_leads a[href*='filterby=pool']:contains(1)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_partner_leads a:contains(Suzhou)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: "form[action$='/claim'] button",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_partner_lead_contact:contains(Pooled Paper Mill)",
        },
    ],
});

registry.category("web_tour.tours").add("crm_partner_give_lead", {
    steps: () => [
        {
            trigger: ".o_form_view .o_notebook a:contains(Partners)",
            run: "click",
        },
        {
            trigger: "button[name=action_channel_offer]",
            run: "click",
        },
        {
            content: "The wizard suggests a partner",
            trigger: ".modal .o_field_one2many .o_data_row:contains(Reseller)",
        },
        {
            trigger: ".modal button[name=action_confirm]",
            run: "click",
        },
        {
            content: "The lead is offered",
            trigger: "body:not(:has(.modal)) .o_field_widget[name=channel_state]:contains(Offered)",
        },
    ],
});

registry.category("web_tour.tours").add("crm_partner_lead_board", {
    steps: () => [
        {
            content: "The board shows the offer in its column",
            trigger: ".o_kanban_group:contains(Offered) .o_kanban_record:contains(Alpha Reseller)",
            run: "click",
        },
        {
            content: "Take it back",
            trigger: ".o_form_view button[name=action_withdraw]",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=reason] input",
            run: "edit The customer called us",
        },
        {
            trigger: ".modal .o_field_widget[name=redistribute] input",
            run: "click",
        },
        {
            trigger: ".modal button[name=action_confirm]",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal)) .o_field_widget[name=withdraw_reason]",
        },
    ],
});

import { registry } from "@web/core/registry";

const TEXTS = {
    en: {
        page: "My Commission",
        why: "How it is calculated",
        confirmed: "Confirmed",
        disputed: "Disputed",
    },
    zh: { page: "我的提成", why: "计算依据", confirmed: "已确认", disputed: "有异议" },
};

/** The salesperson looks at their page, opens the statement and disputes it. */
function disputeSteps(text) {
    return [
        { trigger: `.o_my_commission h2:contains(${text.page})` },
        { trigger: `.o_my_commission h4:contains(${text.why})` },
        { trigger: ".o_my_commission_line b:contains(2,400.00)" },
        { trigger: ".o_my_commission_deal b:contains(2,450.00)" },
        { trigger: ".o_my_commission_earned", run: "click" },
        { trigger: ".o_form_view button[name=action_open_dispute]", run: "click" },
        {
            trigger: ".modal div[name=reason] textarea",
            run: "edit One invoice is missing.",
        },
        { trigger: ".modal button[name=action_dispute]", run: "click" },
        { trigger: `.o_statusbar_status .o_arrow_button_current:contains(${text.disputed})` },
        { trigger: ".o_form_view .alert-danger:contains(One invoice is missing.)" },
    ];
}

/** The leader of the team answers the dispute, then confirms, from the list. */
function confirmSteps(text) {
    return [
        { trigger: ".o_list_view .o_data_row .o_data_cell[name=partner_id]", run: "click" },
        { trigger: ".o_form_view button[name=action_open_dispute]", run: "click" },
        { trigger: ".modal div[name=answer] textarea", run: "edit It counts in April." },
        { trigger: ".modal button[name=action_accept]", run: "click" },
        { trigger: ".o_form_view button[name=action_confirm]", run: "click" },
        { trigger: `.o_statusbar_status .o_arrow_button_current:contains(${text.confirmed})` },
    ];
}

for (const [lang, text] of Object.entries(TEXTS)) {
    registry.category("web_tour.tours").add(`crm_sales_dispute_${lang}`, {
        steps: () => disputeSteps(text),
    });
    registry.category("web_tour.tours").add(`crm_sales_confirm_${lang}`, {
        steps: () => confirmSteps(text),
    });
}

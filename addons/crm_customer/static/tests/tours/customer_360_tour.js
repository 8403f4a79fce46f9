import { registry } from "@web/core/registry";

const TEXTS = {
    en: { stage: "Customer", overdue: "Overdue", invoice: "Invoice" },
    zh: { stage: "客户", overdue: "逾期", invoice: "发票" },
};

function steps(text) {
    return [
        {
            trigger: ".o_list_view .o_data_row td[name=complete_name]:contains(Hongtai)",
            run: "click",
        },
        { trigger: `.o_c360_stage:contains(${text.stage})` },
        { trigger: `.o_c360_figure[data-key=overdue] small:contains(${text.overdue})` },
        { trigger: ".o_c360_figure[data-key=overdue] strong:contains(1,234.50)" },
        { trigger: ".o_c360_contact:contains(Chen Fang)" },
        { trigger: ".o_c360_chip[data-kind=order]", run: "click" },
        { trigger: ".o_c360_rows:not(.o_c360_loading):not(:has(.o_c360_row[data-kind=mail]))" },
        { trigger: ".o_c360_load_more", run: "click" },
        { trigger: ".o_c360_end:not(:has(.o_c360_load_more))" },
        { trigger: ".o_c360_row[data-kind=order] b:contains(144.00)" },
        { trigger: ".o_c360_chip[data-kind=invoice]", run: "click" },
        { trigger: ".o_c360_chip[data-kind=order]", run: "click" },
        { trigger: `.o_c360_row[data-kind=invoice]:contains(${text.invoice})`, run: "click" },
        { trigger: ".o_form_view .o_field_widget[name=partner_id]:contains(Hongtai)" },
        { trigger: ".o_back_button", run: "click" },
        // The filter is still there when the user comes back.
        { trigger: ".o_c360_chip.active[data-kind=invoice]" },
        { trigger: ".o_c360_clear", run: "click" },
        { trigger: ".o_c360_row[data-kind=mail]" },
        { trigger: ".o_c360_by_month", run: "click" },
        { trigger: ".o_c360_by_month.active" },
    ];
}

for (const [suffix, text] of Object.entries(TEXTS)) {
    registry.category("web_tour.tours").add(`crm_customer_360_${suffix}`, {
        steps: () => steps(text),
    });
}

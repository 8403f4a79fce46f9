import { registry } from "@web/core/registry";

const TEXTS = {
    en: { refused: "cannot enter the stage Qualified", revenue: "Expected Revenue" },
    zh: { refused: "暂不能进入阶段“Qualified”", revenue: "预期收入" },
};

/** A stage change is refused with everything that is missing; the salesperson remedies it. */
function gateSteps(text) {
    return [
        {
            trigger: ".o_statusbar_status button:not(.o_arrow_button_current):contains(Qualified)",
            run: "click",
        },
        { trigger: `.modal .modal-body:contains(${text.refused})` },
        { trigger: `.modal .modal-body:contains(${text.revenue})` },
        { trigger: ".modal .modal-body:contains(Find the buyer)" },
        { trigger: ".modal .modal-footer button.btn-primary", run: "click" },
        { trigger: "body:not(:has(.modal))" },
        { trigger: ".o_notebook a[name=stage_guide]", run: "click" },
        { trigger: `.o_crm_stage_guide_missing:contains(${text.revenue})` },
        { trigger: "div[name=expected_revenue] input", run: "edit 5000" },
        {
            trigger: ".o_crm_stage_guide_checklist label:contains(Find the buyer)",
            run: "click",
        },
        { trigger: ".o_form_status_indicator_buttons.invisible:not(:visible)" },
        { trigger: ".o_statusbar_status .o_arrow_button_current:contains(Qualified)" },
    ];
}

for (const [suffix, text] of Object.entries(TEXTS)) {
    registry.category("web_tour.tours").add(`crm_sales_stage_gate_${suffix}`, {
        steps: () => gateSteps(text),
    });
}

import { registry } from "@web/core/registry";

/** A stage change is refused with everything that is missing; the salesperson remedies it. */
registry.category("web_tour.tours").add("crm_sales_stage_gate", {
    steps: () => [
        {
            trigger: ".o_statusbar_status button:not(.o_arrow_button_current):contains(Qualified)",
            run: "click",
        },
        { trigger: ".modal .modal-body:contains(cannot enter the stage Qualified)" },
        { trigger: ".modal .modal-body:contains(Expected Revenue)" },
        { trigger: ".modal .modal-body:contains(Find the buyer)" },
        { trigger: ".modal .modal-footer button.btn-primary", run: "click" },
        { trigger: "body:not(:has(.modal))" },
        { trigger: ".o_notebook a[name=stage_guide]", run: "click" },
        { trigger: ".o_crm_stage_guide_missing:contains(Expected Revenue)" },
        { trigger: "div[name=expected_revenue] input", run: "edit 5000" },
        {
            trigger: ".o_crm_stage_guide_checklist label:contains(Find the buyer)",
            run: "click",
        },
        { trigger: ".o_form_status_indicator_buttons.invisible:not(:visible)" },
        { trigger: ".o_statusbar_status .o_arrow_button_current:contains(Qualified)" },
    ],
});

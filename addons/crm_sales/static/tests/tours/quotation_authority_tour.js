import { registry } from "@web/core/registry";

/**
 * A quotation below the floor price: confirming is refused, the approval is requested, given by a
 * manager, and the quotation is confirmed; the versions are compared. Only technical names are used.
 */
const tours = registry.category("web_tour.tours");

tours.add("crm_sales_authority_refused", {
    steps: () => [
        {
            content: "the quotation says what is below the floor price",
            trigger: ".alert-warning div[name='authority_note']:contains('950')",
        },
        {
            content: "ask for the approval",
            trigger: "button[name='action_request_approval']:enabled",
            run: "click",
        },
        {
            content: "send the request",
            trigger: ".modal footer button.btn-primary",
            run: "click",
        },
        {
            content: "it waits, and cannot be requested again",
            trigger:
                ".o_form_view:has(button[name='action_open_approvals']):not(:has(button[name='action_request_approval']))",
        },
    ],
});

tours.add("crm_sales_authority_approve", {
    steps: () => [
        {
            content: "open what waits for me",
            trigger: ".o_kanban_record:contains('S0AUTHORITY')",
            run: "click",
        },
        {
            content: "see the floor price",
            trigger: ".o_crm_approval_snapshot td:contains('950')",
        },
        {
            content: "approve",
            trigger: ".o_statusbar_buttons button[name='action_approve']",
            run: "click",
        },
        {
            content: "it is approved",
            trigger: ".o_arrow_button_current[data-value='approved']",
        },
    ],
});

tours.add("crm_sales_authority_confirm", {
    steps: () => [
        {
            content: "confirm",
            trigger: ".o_statusbar_buttons button[name='action_confirm']:visible",
            run: "click",
        },
        {
            content: "it is an order",
            trigger: ".o_arrow_button_current[data-value='sale']",
        },
        {
            content: "open its versions",
            trigger: "button[name='action_open_versions']",
            run: "click",
        },
        {
            content: "compare the first with now",
            trigger: ".o_data_row:last button[name='action_open_comparison']",
            run: "click",
        },
        {
            content: "the change is marked",
            trigger: ".modal .o_crm_quotation_comparison td.table-warning",
        },
    ],
});

import { registry } from "@web/core/registry";

/**
 * A quotation whose discount needs an approval: the customer cannot sign, the approver says yes,
 * the customer signs. Only technical names are used to find things.
 */
const tours = registry.category("web_tour.tours");

tours.add("crm_approval_sale_blocked", {
    steps: () => [
        {
            content: "the customer is told that the quotation is being checked",
            trigger: ".o_crm_approval_waiting",
        },
        {
            content: "no button leads to a signature",
            trigger: "body:not(:has(a[data-bs-target='#modalaccept']))",
        },
    ],
});

tours.add("crm_approval_sale_approve", {
    steps: () => [
        {
            content: "open what waits for me",
            trigger: ".o_kanban_record:contains('S0APPROVAL')",
            run: "click",
        },
        {
            content: "see what is approved",
            trigger: ".o_crm_approval_snapshot td:contains('20')",
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

tours.add("crm_approval_sale_sign", {
    steps: () => [
        {
            content: "nothing holds the quotation back",
            trigger: "body:not(:has(.o_crm_approval_waiting))",
        },
        {
            content: "wait for the page to be ready",
            trigger: "body[is-ready=true]",
        },
        {
            content: "open the signature",
            trigger: ".o_portal_sale_sidebar a[data-bs-target='#modalaccept']",
            run: "click",
        },
        {
            content: "write the name",
            trigger: ".modal .o_web_sign_name_and_signature input",
            run: "edit Customer Chen",
        },
        {
            content: "the signature is drawn from the name",
            trigger: ".modal canvas.o_web_sign_signature",
            run: "canvasNotEmpty",
        },
        {
            content: "sign",
            trigger: ".modal .o_portal_sign_submit:enabled",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "it is signed",
            trigger: "#quote_content .alert-success, .alert-success",
        },
    ],
});

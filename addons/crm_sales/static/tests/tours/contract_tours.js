import { registry } from "@web/core/registry";

const TEXTS = {
    en: { plan: "Instalment Plan", paid: "Collected", needed: "Request Approval" },
    zh: { plan: "分期计划", paid: "已收款", needed: "提交审批" },
};

/** The salesperson makes a contract from a template; it needs an approval. */
function draftSteps(text) {
    return [
        {
            trigger: ".o_form_view div[name=title] input, .o_form_view div[name=title] textarea",
            run: "edit Tour",
        },
        { trigger: "div[name=partner_id] input", run: "edit 上海宏泰" },
        { trigger: ".o-autocomplete--dropdown-item:contains(上海宏泰)", run: "click" },
        { trigger: "div[name=template_id] input", run: "edit Delivery" },
        { trigger: ".o-autocomplete--dropdown-item:contains(Delivery contract)", run: "click" },
        { trigger: ".nav-link[name=lines]", run: "click" },
        { trigger: "div[name=line_ids] .o_field_x2many_list_row_add a", run: "click" },
        {
            trigger: "div[name=line_ids] .o_selected_row div[name=product_id] input",
            run: "edit Maintenance",
        },
        { trigger: ".o-autocomplete--dropdown-item:contains(Maintenance)", run: "click" },
        {
            trigger:
                "div[name=line_ids] .o_selected_row td[name=price_subtotal]:contains(1,000.00)",
        },
        { trigger: ".o_form_button_save", run: "click" },
        { trigger: ".o_form_saved, .o_form_status_indicator_buttons.invisible" },
        { trigger: `.nav-link[name=plan]:contains(${text.plan})`, run: "click" },
        { trigger: "div[name=instalment_ids] .o_data_row:eq(2) td[name=amount]:contains(113.00)" },
        { trigger: `button[name=action_request_approval]:contains(${text.needed})` },
    ];
}

/** The customer reads and signs. */
const portalSteps = [
    { trigger: ".o_portal_contract h5" },
    { trigger: ".o_web_sign_name_group input:value(Buyer)" },
    { trigger: ".o_portal_sign_submit:enabled", run: "click", expectUnloadPage: true },
    { trigger: ".o_portal_contract .alert-success" },
];

/** Our signatory signs in the back end. */
const signSteps = [
    { trigger: ".o_form_view button[name=action_sign]", run: "click" },
    { trigger: ".modal .o_signature", run: "click" },
    {
        trigger:
            ".modal:not(.o_inactive_modal) .modal-footer .btn-primary:enabled:not([name=action_sign])",
        run: "click",
    },
    { trigger: ".modal .o_field_widget[name=signature] img.o_signature" },
    { trigger: ".modal button[name=action_sign]", run: "click" },
    { trigger: ".o_form_view button[name=action_amend]" },
];

/** The first instalment is paid. */
function paidSteps(text) {
    return [
        { trigger: `.nav-link[name=plan]:contains(${text.plan})`, run: "click" },
        {
            trigger: `div[name=instalment_ids] .o_data_row:eq(0) td[name=state]:contains(${text.paid})`,
        },
    ];
}

for (const [lang, text] of Object.entries(TEXTS)) {
    const add = (name, steps) =>
        registry.category("web_tour.tours").add(`crm_sales_contract${name}_${lang}`, { steps });
    add("", () => draftSteps(text));
    add("_portal", () => portalSteps);
    add("_sign", () => signSteps);
    add("_paid", () => paidSteps(text));
}

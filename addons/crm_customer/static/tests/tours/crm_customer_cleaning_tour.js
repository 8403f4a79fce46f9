import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

/**
 * From a record to improve to the job that corrects it: preview, apply, undo. Only technical names
 * are used to find things, so that the tour runs in every language.
 */
const menu = (xmlId) => `[data-menu-xmlid='crm_customer.${xmlId}']`;
const line = (field, text) =>
    `.o_crm_cleaning_lines .o_data_row [name='${field}']:contains('${text}')`;

registry.category("web_tour.tours").add("crm_customer_cleaning_tour", {
    steps: () => [
        stepUtils.showAppsMenuItem(),
        {
            content: "open contacts",
            trigger: ".o_app[data-menu-xmlid='contacts.menu_contacts']",
            run: "click",
        },
        {
            content: "open data quality",
            trigger: `button${menu("crm_customer_menu_quality")}`,
            run: "click",
        },
        {
            content: "open the records to improve",
            trigger: menu("crm_partner_quality_menu"),
            run: "click",
        },
        {
            content: "the record and what is wrong with it",
            trigger: ".o_data_row:contains('Tour Customer') [name='issue_ids'] .o_tag",
        },
        {
            content: "open data quality again",
            trigger: `button${menu("crm_customer_menu_quality")}`,
            run: "click",
        },
        {
            content: "open the cleaning jobs",
            trigger: menu("crm_cleaning_job_menu"),
            run: "click",
        },
        { content: "a new job", trigger: ".o_list_button_add", run: "click" },
        { content: "preview it", trigger: "button[name='action_preview']", run: "click" },
        { content: "the value before", trigger: line("old_value", "13800138000") },
        { content: "and after", trigger: line("new_value", "+86 138 0013 8000") },
        { content: "apply it", trigger: "button[name='action_apply']", run: "click" },
        { content: "undo it", trigger: "button[name='action_undo']", run: "click" },
        { content: "sure", trigger: ".modal-footer .btn-primary", run: "click" },
        {
            content: "it is undone",
            trigger: ".o_arrow_button_current[data-value='undone']",
        },
    ],
});

/** The heat map of retention: choose a figure, open the customers of a cell. */
registry.category("web_tour.tours").add("crm_customer_cohort_tour", {
    steps: () => [
        stepUtils.showAppsMenuItem(),
        {
            content: "open contacts",
            trigger: ".o_app[data-menu-xmlid='contacts.menu_contacts']",
            run: "click",
        },
        {
            content: "open insight",
            trigger: `button${menu("crm_customer_menu_insight")}`,
            run: "click",
        },
        {
            content: "open retention",
            trigger: menu("crm_customer_cohort_table_menu"),
            run: "click",
        },
        {
            content: "show customers instead of percentages",
            trigger: ".o_crm_cohort .btn-group button:eq(1):not(.active)",
            run: "click",
        },
        {
            content: "open the customers of the first month",
            trigger: ".o_crm_cohort tbody tr:first-child td button:contains(/^1$/)",
            run: "click",
        },
        {
            content: "it is the customer",
            trigger: ".o_list_view .o_data_row:contains('Tour Customer')",
        },
    ],
});

import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

/** Build a segment without code: condition, live count, save, refresh, members. */
const menu = (xmlId) => `[data-menu-xmlid='crm_customer.${xmlId}']`;

registry.category("web_tour.tours").add("crm_customer_segment_tour", {
    steps: () => [
        stepUtils.showAppsMenuItem(),
        {
            content: "open contacts",
            trigger: ".o_app[data-menu-xmlid='contacts.menu_contacts']",
            run: "click",
        },
        { content: "open insight", trigger: menu("crm_customer_menu_insight"), run: "click" },
        { content: "open segments", trigger: menu("crm_segment_menu"), run: "click" },
        { content: "new segment", trigger: ".o-kanban-button-new", run: "click" },
        {
            content: "name it",
            trigger: "[name='name'] input, [name='name'] textarea",
            run: "edit Visited",
        },
        {
            content: "add a condition",
            trigger: "[name='condition_ids'] .o_field_x2many_list_row_add a",
            run: "click",
        },
        {
            content: "it is about what the customer did",
            trigger: ".modal [name='kind'] input, .modal [name='kind'] select",
            run: "click",
        },
        {
            content: "choose the behaviour kind",
            trigger: ".o_select_menu_item:contains('Customer did')",
            run: "click",
        },
        {
            content: "what they did",
            trigger: ".modal [name='behaviour'] input",
            run: "click",
        },
        {
            content: "met or visited",
            trigger: ".o_select_menu_item:contains('met')",
            run: "click",
        },
        { content: "close", trigger: ".modal .o_form_button_save", run: "click" },
        {
            content: "live count",
            trigger: "body:not(:has(.modal)) [name='show_preview'] input",
            run: "click",
        },
        { content: "the count is there before saving", trigger: ".o_crm_segment_count" },
        { content: "save", trigger: ".o_form_button_save", run: "click" },
        { content: "refresh", trigger: "button[name='action_refresh']", run: "click" },
        {
            content: "members",
            trigger: "button[name='action_open_members']:not(:contains('0'))",
            run: "click",
        },
        { content: "eva is one", trigger: ".o_data_row:contains('eva')" },
    ],
});

import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

/** Build a segment without code: tree of conditions, live count, save, refresh, members. */
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
            content: "a group, as the conditions are nested",
            trigger: ".o_segment_add_group",
            run: "click",
        },
        {
            content: "what customers did, in the group",
            trigger: ".o_segment_group .o_segment_group .o_segment_add_leaf",
            run: "click",
        },
        { content: "did", trigger: ".o-dropdown--menu [data-kind='behaviour']", run: "click" },
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
            content: "the condition reads as a sentence, in the group",
            trigger:
                "body:not(:has(.modal)) .o_segment_group .o_segment_group .o_segment_sentence:contains('met or visited')",
        },
        { content: "more of it", trigger: ".o_segment_leaf .o_segment_more", run: "click" },
        { content: "out of the group", trigger: ".o_segment_out", run: "click" },
        {
            content: "below the group now",
            trigger: ".o_segment_empty",
        },
        {
            content: "the empty group goes",
            trigger: ".o_segment_group .o_segment_group .o_segment_delete",
            run: "click",
        },
        {
            content: "one condition is left",
            trigger: "body:not(:has(.o_segment_empty)) .o_segment_leaf",
        },
        { content: "the count is there before saving", trigger: ".o_segment_number" },
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

import { registry } from "@web/core/registry";

/** A member claims two customers of the pool, one from the card, and hands one back. */
registry.category("web_tour.tours").add("crm_sales_pool", {
    steps: () => [
        {
            trigger: ".o_kanban_record:contains(East) button[name=action_open_records]",
            run: "click",
        },
        {
            content: "the quota of the day stands beside the button",
            trigger: ".o_kanban_record:contains(Hongtai) :contains('3 left today')",
        },
        {
            trigger: ".o_kanban_record:contains(Hongtai) button[name=action_pool_claim]",
            run: "click",
        },
        { trigger: ".o_notification:contains(Claimed: Hongtai):contains('2 left today')" },
        {
            content: "it is gone, and the quota is one less",
            trigger: ".o_kanban_view:not(:has(.o_kanban_record:contains(Hongtai)))",
        },
        { trigger: ".o_kanban_record:contains(Ruifeng) :contains('2 left today')" },
        { trigger: ".o_kanban_record:contains(Ruifeng)", run: "click" },
        {
            trigger:
                ".o_form_view .alert-info:contains(public pool) button[name=action_pool_claim]",
            run: "click",
        },
        { trigger: ".o_form_view:not(:has(.alert-info button[name=action_pool_claim]))" },
        { trigger: ".o_cp_action_menus .fa-cog", run: "click" },
        { trigger: ".o-dropdown-item:contains(Hand back to the public pool)", run: "click" },
        { trigger: ".modal div[name=pool_id] input:value(East)" },
        { trigger: ".modal div[name=reason] input", run: "edit Wrong region" },
        { trigger: ".modal button[name=action_apply]:visible", run: "click" },
        { trigger: ".o_form_view .alert-info:contains(public pool)" },
        {
            content: "in a narrow window the last buttons hide in a menu",
            isActive: ["body:has(.o_button_more)"],
            trigger: ".o_button_more",
            run: "click",
        },
        { trigger: "button[name=action_open_ownership]", run: "click" },
        { trigger: ".o_list_view .o_data_row:contains(Wrong region)" },
    ],
});

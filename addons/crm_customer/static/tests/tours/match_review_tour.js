import { registry } from "@web/core/registry";

/** A salesperson opens the queue, sees the differences, and decides on two pairs. */
registry.category("web_tour.tours").add("crm_customer_match_review", {
    steps: () => [
        {
            trigger: ".o_list_view .o_data_row:contains(王伟) .o_data_cell[name=left_id]",
            run: "click",
        },
        {
            trigger:
                ".o_form_view .o_crm_match_comparison td.table-success:contains(+8613800138000)",
        },
        { trigger: ".o_form_view .o_crm_match_comparison .o_crm_match_differs:contains(北京)" },
        { trigger: ".o_form_view div[name=note] input", run: "edit Two people of one office" },
        { trigger: ".o_form_view button[name=action_distinct]", run: "click" },
        {
            content: "the next pair comes up by itself",
            trigger: ".o_form_view .o_crm_match_comparison th:contains(赵敏)",
        },
        { trigger: ".o_form_view button[name=action_skip]", run: "click" },
        { trigger: ".o_form_view .o_crm_match_comparison th:contains(李强)" },
        { trigger: ".o_form_view button[name=action_distinct]", run: "click" },
        { trigger: ".o_form_view .o_crm_match_comparison th:contains(赵敏)" },
        { trigger: ".o_form_view button[name=action_distinct]", run: "click" },
        { trigger: ".o_list_view .o_nocontent_help, .o_list_view .o_view_nocontent" },
    ],
});

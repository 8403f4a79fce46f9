import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

/** A manager writes a rule, then enters a lead without a salesperson and reads why it went where. */
registry.category("web_tour.tours").add("crm_sales_routing", {
    steps: () => [
        { trigger: ".o_list_button_add", run: "click" },
        {
            trigger: ".o_form_view div[name=name] input",
            run: "edit Pumps of East China",
        },
        { trigger: ".o_field_widget[name=target] input[data-value=person]", run: "click" },
        { trigger: ".o_field_widget[name=user_id] input", run: "edit Li" },
        {
            trigger: ".o-autocomplete--dropdown-item a:contains('Li'):not(:contains('Create'))",
            run: "click",
        },
        { trigger: ".o_field_widget[name=sla_policy_id] input", run: "edit Two hours" },
        {
            trigger:
                ".o-autocomplete--dropdown-item a:contains('Two hours'):not(:contains('Create'))",
            run: "click",
        },
        ...stepUtils.saveForm(),
        { trigger: "button.o_menu_brand, .o_menu_brand" },
        { trigger: ".o_menu_sections, .o_navbar" },
        {
            trigger: ".o_form_view div[name=condition_sentence], .o_form_view",
            run: () => {
                window.location.href = "/odoo/action-crm.crm_lead_all_leads/new";
            },
            expectUnloadPage: true,
        },
        { trigger: ".o_form_view div[name=name] textarea", run: "edit Ten pumps" },
        { trigger: ".o_notebook .nav-link[name=routing]", run: "click" },
        {
            trigger: ".o_field_widget[name=user_id] input:visible",
            run: "clear",
        },
        ...stepUtils.saveForm(),
        {
            trigger: ".o_field_widget[name=route_reason]:contains('Pumps of East China')",
        },
        { trigger: ".o_field_widget[name=sla_state]:contains('Open')" },
        { trigger: ".o_field_widget[name=user_id]:visible" },
        { trigger: ".o_form_view button[name=action_route_again]", run: "click" },
        { trigger: ".modal-footer .btn-primary", run: "click" },
        { trigger: ".o_notification:contains('1 of 1')" },
        {
            trigger: ".o_field_widget[name=route_log_ids] .o_data_row:contains('Routed again')",
        },
    ],
});

/** A manager previews a draft of territories and activates it. */
registry.category("web_tour.tours").add("crm_sales_territory", {
    steps: () => [
        { trigger: ".o_data_row .o_data_cell:contains('Next year')", run: "click" },
        { trigger: ".o_form_view .alert-warning:contains('overlap')" },
        { trigger: "button[name=action_preview]", run: "click" },
        { trigger: ".modal .o_data_row:contains('Jiangsu')" },
        { trigger: ".modal button[name=action_activate]", run: "click" },
        { trigger: ".o_statusbar_status .o_arrow_button_current:contains('Active')" },
        { trigger: "button[name=action_open_tree]", run: "click" },
        { trigger: ".o_list_view .o_data_row:contains('Jiangsu')" },
        { trigger: ".o_switch_view.o_hierarchy", run: "click" },
        { trigger: ".o_hierarchy_node:contains('China')" },
    ],
});

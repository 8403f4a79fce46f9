import { registry } from "@web/core/registry";

/** The salesperson checks a list, imports it, looks at a refused row, and takes it all back. */
registry.category("web_tour.tours").add("crm_customer_import", {
    steps: () => [
        { trigger: ".o_data_row .o_data_cell[name=name]:contains(Tour fair)", run: "click" },
        { trigger: ".o_field_widget[name=column_ids] .o_data_row:contains(City)" },
        { trigger: "button[name=action_check]:not(:disabled)", run: "click" },
        { trigger: ".o_statusbar_status .o_arrow_button_current:contains(Checked)" },
        { trigger: ".oe_stat_button:contains(Refused) .o_stat_value:contains(1)" },
        { trigger: "button[name=action_import]", run: "click" },
        { trigger: ".o_statusbar_status .o_arrow_button_current:contains(Done)" },
        { trigger: ".oe_stat_button:contains(Refused)", run: "click" },
        { trigger: ".o_list_view .o_data_cell[name=reason]:contains(no e-mail address)" },
        { trigger: ".o_breadcrumb .o_back_button", run: "click" },
        { trigger: ".o_form_view button[name=action_undo]", run: "click" },
        { trigger: ".modal .btn-primary", run: "click" },
        { trigger: ".o_statusbar_status .o_arrow_button_current:contains(Undone)" },
    ],
});

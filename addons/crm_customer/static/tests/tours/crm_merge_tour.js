import { registry } from "@web/core/registry";

/**
 * From the list of contacts over the preview to the merged customer, and back again.
 * Only technical names are used to find things, so that the tour runs in every language.
 */
const select = (name) => ({
    content: `select ${name}`,
    trigger: `.o_data_row:contains('${name}') .o_list_record_selector input`,
    run: "click",
});

registry.category("web_tour.tours").add("crm_merge_tour", {
    steps: () => [
        { content: "a list of contacts", trigger: ".o_switch_view.o_list", run: "click" },
        select("Tour Hongtai A"),
        select("Tour Hongtai B"),
        {
            content: "open the actions",
            trigger: ".o_cp_action_menus .dropdown-toggle:has(.fa-cog)",
            run: "click",
        },
        {
            content: "merge customers",
            trigger: ".o-dropdown--menu .o_menu_item:contains('…')",
            run: "click",
        },
        {
            content: "the preview says which value wins",
            trigger: ".o_field_widget[name='value_ids'] .o_data_row:contains('b@tour.example.com')",
        },
        { content: "merge", trigger: "button[name='action_merge']:visible", run: "click" },
        {
            content: "it is done and can be undone",
            trigger: "button[name='action_undo']:visible",
        },
        {
            content: "the journal is one click away",
            trigger: "button[name='action_open_journal']",
            run: "click",
        },
        { content: "moved references", trigger: ".o_data_row:contains('res_partner')" },
        { content: "back", trigger: ".o_breadcrumb .breadcrumb-item a:last", run: "click" },
        { content: "undo", trigger: "button[name='action_undo']:visible", run: "click" },
        { content: "confirm", trigger: ".modal-footer .btn-primary", run: "click" },
        {
            content: "it is undone",
            trigger: ".o_arrow_button_current[data-value='undone']",
        },
    ],
});

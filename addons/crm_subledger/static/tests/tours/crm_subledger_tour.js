import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

/**
 * From a manual item to its entry, its journal entry and the comparison with the general ledger.
 * Only technical names are used to find things, so that the tour runs in every language.
 */
const menu = (xmlId) => `[data-menu-xmlid='crm_subledger.${xmlId}']`;

registry.category("web_tour.tours").add("crm_subledger_tour", {
    steps: () => [
        stepUtils.showAppsMenuItem(),
        {
            content: "open accounting",
            trigger: ".o_app[data-menu-xmlid='account.menu_finance']",
            run: "click",
        },
        {
            content: "open the menu of the sub-ledgers",
            trigger: menu("crm_subledger_menu_root"),
            run: "click",
        },
        {
            content: "open the manual items",
            trigger: menu("crm_subledger_item_menu"),
            run: "click",
        },
        {
            content: "open the draft item",
            trigger: ".o_data_row .o_data_cell[name='name']:contains('Bonus')",
            run: "click",
        },
        { content: "post it", trigger: "button[name='action_post']", run: "click" },
        {
            content: "its entries are one click away",
            trigger: "button[name='action_open_subledger_entries']",
            run: "click",
        },
        {
            content: "the entry stands on the credit side",
            trigger: ".o_data_row:has([name='credit']:contains('500.00')) [name='partner_id']",
            run: "click",
        },
        {
            content: "the entry says why",
            trigger: "[name='explanation_html'] table:contains('500.00')",
        },
        {
            content: "open the journal entry",
            trigger: "button[name='action_open_move']",
            run: "click",
        },
        {
            content: "the journal entry is posted and leads back",
            trigger: "button[name='action_open_subledger_entries']:contains('1')",
        },
        {
            content: "open the menu of the sub-ledgers again",
            trigger: menu("crm_subledger_menu_root"),
            run: "click",
        },
        {
            content: "compare with the general ledger",
            trigger: menu("crm_subledger_report_menu"),
            run: "click",
        },
        {
            content: "both ledgers hold the same",
            trigger: ".o_pivot tbody tr:first:contains('-500.00')",
        },
    ],
});

registry.category("web_tour.tours").add("crm_subledger_contribution_tour", {
    steps: () => [
        {
            content: "open the contribution statement of the order",
            trigger: "button[name='action_open_contribution']:contains('950.00'):contains('95%')",
            run: "click",
        },
        {
            content: "its total and its share of revenue",
            trigger: ".o_crm_contribution_statement tfoot:contains('950.00'):contains('95.00%')",
        },
        {
            content: "open the journal entry of the revenue",
            trigger: ".o_crm_contribution_statement a:first",
            run: "click",
        },
        {
            content: "the invoice opens and the order is in the breadcrumb",
            trigger: ".o_form_view:has(.o_field_widget[name='invoice_line_ids'])",
        },
        { trigger: ".o_breadcrumb:contains('S0TOUR')" },
    ],
});

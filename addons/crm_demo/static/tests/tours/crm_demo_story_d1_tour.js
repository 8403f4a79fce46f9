import { registry } from "@web/core/registry";

/**
 * An accountant follows one deal: opportunity, order, delivery, invoice, payment, commission,
 * return, credit note, claw-back, contribution. Each is a click from the one before, and each
 * figure is the one of the story. Only technical names and figures are used to find things, so
 * that the tour runs in every language.
 */
const shows = (figure) => ({
    content: `it shows ${figure}`,
    trigger: `.o_content:contains('${figure}')`,
});
const pressStat = (name, content) => [
    {
        content: "unfold the buttons that had no room",
        isActive: [
            "auto",
            `.o_form_view:not(:has(.oe_stat_button[name='${name}'])) .o_button_more`,
        ],
        trigger: ".o_form_view .o_button_more",
        run: "click",
    },
    { content, trigger: `.oe_stat_button[name='${name}']`, run: "click" },
];
const openRow = (text, content) => ({
    content,
    trigger: `.o_list_view .o_data_row:contains('${text}') .o_data_cell`,
    run: "click",
});
const back = () => ({
    content: "go back",
    trigger: ".o_breadcrumb .o_back_button",
    run: "click",
});
const onForm = (field) => ({
    content: `a form with ${field} is open`,
    trigger: `.o_form_view [name='${field}']`,
});

registry.category("web_tour.tours").add("crm_demo_story_d1_tour", {
    steps: () => [
        onForm("expected_revenue"),
        ...pressStat("action_view_sale_order", "from the opportunity to its order"),
        onForm("order_line"),
        shows("114,000.00"),
        shows("128,820.00"),

        ...pressStat("action_view_delivery", "to its delivery and return"),
        { content: "both are listed", trigger: ".o_list_view .o_data_row:nth-child(2)" },
        back(),

        onForm("order_line"),
        ...pressStat("action_view_invoice", "to its invoice and credit note"),
        openRow("128,820.00", "open the invoice"),
        onForm("invoice_line_ids"),
        shows("128,820.00"),
        ...pressStat("open_payments", "to its payments"),
        openRow("64,410.00", "open the second payment"),
        onForm("payment_method_line_id"),
        ...pressStat("action_open_subledger_entries", "to the commissions that it brought about"),
        shows("2,850.00"),
        openRow("2,850.00", "open the entry"),
        onForm("explanation_html"),
        shows("2,850.00"),
        ...pressStat("action_open_move", "to its journal entry"),
        onForm("line_ids"),
        shows("2,850.00"),
        back(),

        onForm("explanation_html"),
        ...pressStat("action_open_order", "from the entry to the order again"),
        onForm("order_line"),
        ...pressStat("action_open_subledger_entries", "to all commissions of the deal"),
        shows("2,450.00"),
        shows("2,850.00"),
        shows("1,140.00"),
        back(),

        onForm("order_line"),
        ...pressStat("action_view_invoice", "to the credit note"),
        openRow("25,764.00", "open the credit note"),
        onForm("invoice_line_ids"),
        ...pressStat("action_open_subledger_entries", "to the claw-back"),
        shows("1,140.00"),
        openRow("1,140.00", "open the claw-back"),
        onForm("explanation_html"),
        shows("1,140.00"),
        ...pressStat("action_open_order", "to the order"),
        onForm("order_line"),
        ...pressStat("action_open_contribution", "to what the deal contributed"),
        {
            content: "the statement closes with the contribution",
            trigger: "body:contains('26,584.00'):contains('29.15')",
        },
    ],
});

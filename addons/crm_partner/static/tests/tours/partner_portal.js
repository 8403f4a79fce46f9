import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

tours.add("crm_partner_order", {
    url: "/my/partner",
    steps: () => [
        {
            content: "The colleague with the role sales opens the catalogue",
            trigger: ".o_partner_tabs a[href='/my/partner/order']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Own price: 20 % off 1,000",
            trigger: ".o_partner_product:contains(Pump P1) .o_partner_price:contains(800.00)",
        },
        {
            trigger: ".o_partner_product:contains(Pump P1) .o_partner_quantity",
            run: "edit 3",
        },
        {
            trigger: ".o_partner_bar button:contains(Add to Cart)",
            run: "click",
            expectUnloadPage: true,
        },
        { trigger: ".alert-success:contains(Added to your cart)" },
        { trigger: "a.o_partner_cart", run: "click", expectUnloadPage: true },
        { trigger: "#client_order_ref", run: "edit PO-TOUR" },
        { trigger: ".o_partner_total:contains(2,712.00)" },
        {
            trigger: "button[name=action][value=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        { trigger: ".alert-success:contains(received your order)" },
        {
            content: "The same once more",
            trigger: "button:contains(Order Again)",
            run: "click",
            expectUnloadPage: true,
        },
        { trigger: ".alert-success:contains(are in your cart)" },
        { trigger: ".o_partner_lines .o_partner_quantity:value(3)" },
        {
            trigger: "button[name=action][value=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        { trigger: ".alert-success:contains(received your order)" },
        {
            trigger: ".o_partner_tabs a[href='/my/partner/orders']",
            run: "click",
            expectUnloadPage: true,
        },
        { trigger: ".o_portal_my_doc_table tbody tr:eq(1) .badge:contains(Waiting)" },
    ],
});

tours.add("crm_partner_team", {
    url: "/my/partner",
    steps: () => [
        {
            trigger: ".o_partner_tabs a[href='/my/partner/team']",
            run: "click",
            expectUnloadPage: true,
        },
        { trigger: "#invite_name", run: "edit Wang Fang" },
        { trigger: "#invite_email", run: "edit wang.fang@alpha.example" },
        { trigger: ".o_partner_invite input[value=finance]", run: "click" },
        {
            trigger: ".o_partner_invite button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        { trigger: ".alert-success:contains(on its way)" },
        {
            trigger: ".o_partner_member:contains(Wang Fang) .badge:contains(Invited)",
        },
        {
            trigger: ".o_partner_member:contains(Wang Fang) button:contains(Remove)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_partner_member:contains(Wang Fang) .badge:contains(Removed)",
        },
        {
            trigger: ".o_partner_member:contains(Wang Fang) button:contains(Let in Again)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_partner_member:contains(Wang Fang) .badge:contains(Invited)",
        },
    ],
});

tours.add("crm_partner_diversion", {
    url: "/odoo/diversion-cases",
    steps: () => [
        {
            content: "The channel manager opens the case",
            trigger: ".o_kanban_record:contains(Alpha Reseller)",
            run: "click",
        },
        { trigger: ".o_form_view div[name=sighting_ids] .o_data_row:contains(Shenzhen)" },
        { trigger: "button[name=action_confirm]", run: "click" },
        { trigger: "div[name=penalty_note] input", run: "edit Bonus of this quarter cut by half" },
        { trigger: "button[name=action_penalise]", run: "click" },
        {
            trigger:
                ".o_statusbar_status button.o_arrow_button_current:contains(Penalised), .o_statusbar_status .dropdown-toggle:contains(Penalised)",
        },
        { trigger: "button[name=action_reopen]" },
    ],
});

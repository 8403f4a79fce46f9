import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

/** Fill a date input, which takes no typing in a tour. */
const fill = (trigger, value) => ({
    trigger,
    run() {
        this.anchor.value = value;
    },
});

const pdf = () => new File(["%PDF-1.4\n%proof\n%%EOF\n"], "proof.pdf", { type: "application/pdf" });

registry.category("web_tour.tours").add("crm_partner_mdf_portal", {
    url: "/my/partner",
    steps: () => [
        {
            content: "the home page shows the funds",
            trigger: ".o_partner_card_funds a[href='/my/partner/funds']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "ask for money",
            trigger: "a[href='/my/partner/fund-requests/new']",
            run: "click",
            expectUnloadPage: true,
        },
        { trigger: ".o_partner_fund_form #title", run: "edit Autumn roadshow" },
        fill(".o_partner_fund_form #date_from", "2026-09-01"),
        fill(".o_partner_fund_form #date_to", "2026-09-03"),
        { trigger: ".o_partner_fund_form #cost", run: "edit 8000" },
        {
            trigger: ".o_partner_fund_form button[type='submit']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "the request was sent; open the list",
            trigger: "h3:contains(Autumn roadshow)",
        },
        {
            trigger: ".breadcrumb a[href='/my/partner/fund-requests']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "open the approved request",
            trigger: "tr:contains(Machinery fair) a",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "claim",
            trigger: "a[href$='/claim']",
            run: "click",
            expectUnloadPage: true,
        },
        { trigger: ".o_partner_claim_form #invoice_number", run: "edit TOUR-1" },
        fill(".o_partner_claim_form #invoice_date", "2026-06-01"),
        { trigger: ".o_partner_claim_form #amount", run: "edit 3000" },
        {
            content: "attach the proof",
            trigger: ".o_partner_claim_form #attachments",
            run() {
                const files = new window.DataTransfer();
                files.items.add(pdf());
                this.anchor.files = files.files;
            },
        },
        {
            trigger: ".o_partner_claim_form button[type='submit']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "the claim names its proof; on to the statements",
            trigger: "a:contains(proof.pdf)",
        },
        {
            trigger: ".o_partner_tabs a[href='/my/partner/statements']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_portal_my_doc_table a",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "confirm it",
            trigger: "form[action$='/confirm'] button",
            run: "click",
            expectUnloadPage: true,
        },
        { trigger: ".badge.text-bg-success" },
    ],
});

registry.category("web_tour.tours").add("crm_partner_mdf_channel", {
    url: "/odoo",
    steps: () => [
        stepUtils.showAppsMenuItem(),
        {
            content: "open the partners",
            trigger: ".o_app[data-menu-xmlid='crm_partner.crm_partner_menu_root']",
            run: "click",
        },
        {
            content: "open the menu of the money",
            trigger: "[data-menu-xmlid='crm_partner.crm_partner_menu_money']",
            run: "click",
        },
        {
            content: "open the claims",
            trigger: "[data-menu-xmlid='crm_partner.crm_mdf_claim_menu']",
            run: "click",
        },
        {
            content: "open the claim",
            trigger: ".o_data_row:contains('P-1') .o_data_cell[name='name']",
            run: "click",
        },
        {
            content: "approve it",
            trigger: "button[name='action_approve']:not(:disabled)",
            run: "click",
        },
        { content: "settle it", trigger: "button[name='action_settle']", run: "click" },
        {
            content: "the draft bill opens: post it",
            trigger: "button[name='action_post']",
            run: "click",
        },
        { content: "it is posted", trigger: "button[name='button_draft']" },
    ],
});

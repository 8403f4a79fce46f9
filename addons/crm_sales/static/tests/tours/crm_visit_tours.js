import { registry } from "@web/core/registry";

/** Stands in for the browser's position: a tour has no sky. */
function mockPosition(answer) {
    Object.defineProperty(navigator, "geolocation", {
        configurable: true,
        value: { getCurrentPosition: answer },
    });
}

const away = (found) => found({ coords: { latitude: 31.2404, longitude: 121.4737, accuracy: 12 } });
const denied = (_found, failed) => failed({ code: 1, message: "denied" });

registry.category("web_tour.tours").add("crm_sales_visit_check", {
    steps: () => [
        {
            trigger: ".o_form_view .o_crm_visit_check_in",
            run(helpers) {
                mockPosition(away);
                return helpers.click();
            },
        },
        {
            content: "1.1 km from the address",
            trigger: ".o_form_view .alert-warning:contains('1112 m')",
        },
        {
            trigger: ".o_form_view div[name=report] .odoo-editor-editable",
            run: "editor Wants two",
        },
        { trigger: ".o_form_view .o_crm_visit_check_out", run: "click" },
        { trigger: ".o_notification:contains(The visit is done)" },
        { trigger: ".o_form_view:not(:has(.o_crm_visit_check_out))" },
    ],
});

registry.category("web_tour.tours").add("crm_sales_visit_denied", {
    steps: () => [
        {
            trigger: ".o_form_view .o_crm_visit_check_in",
            run(helpers) {
                mockPosition(denied);
                return helpers.click();
            },
        },
        { trigger: ".modal p:contains(may not read your position)" },
        { trigger: ".modal .o_crm_visit_go_on:disabled" },
        { trigger: ".modal .o_crm_visit_reason", run: "edit In the basement" },
        { trigger: ".modal .o_crm_visit_go_on:enabled", run: "click" },
        { trigger: ".o_form_view .alert-warning:contains(In the basement)" },
    ],
});

registry.category("web_tour.tours").add("crm_sales_nearby", {
    steps: () => [
        {
            content: "the page asks by itself first; the answer to the click counts",
            trigger: ".o_crm_nearby .fa-crosshairs",
            run(helpers) {
                mockPosition(away);
                return helpers.click();
            },
        },
        { trigger: ".o_crm_nearby_customer:contains(Hongtai):contains('1.1 km')" },
        { trigger: ".o_crm_nearby button:contains('1 km')", run: "click" },
        { trigger: ".o_crm_nearby :contains(No customer with a known position)" },
        { trigger: ".o_crm_nearby button:contains('5 km')", run: "click" },
        {
            trigger: ".o_crm_nearby_customer:contains(Hongtai) button:contains(Visit)",
            run: "click",
        },
        { trigger: ".o_form_view div[name=partner_id] input:value(Hongtai)" },
    ],
});

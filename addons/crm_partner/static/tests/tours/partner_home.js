import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("crm_partner_home", {
    url: "/my",
    steps: () => [
        {
            content: "The portal knows that the visitor's company is a partner",
            trigger: "a[href='/my/partner']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The overview names the company and its level",
            trigger: ".o_partner_portal h3:contains(Alpha Reseller) + .badge:contains(Gold)",
        },
        {
            trigger: ".o_partner_tabs .nav-link.active:contains(Overview)",
        },
    ],
});

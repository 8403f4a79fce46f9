import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("crm_partner_content", {
    url: "/my/partner",
    steps: () => [
        {
            content: "News stand on the home page",
            trigger: ".o_partner_card_news:contains(Golden news)",
        },
        {
            trigger: ".o_partner_card_content a:contains(Terms of the programme)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Whoever has not opened it cannot confirm",
            trigger: "form[action$='/acknowledge'] button",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Open it (as a download, which leaves the page where it is)",
            trigger: ".alert-danger:contains(Open the document first)",
            run: () => fetch(document.querySelector(".o_partner_content_open").href),
        },
        {
            content: "Confirm",
            trigger: "form[action$='/acknowledge'] button",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".alert-success:contains(Thank you for confirming)",
        },
        {
            trigger: ".alert-success:contains(You have confirmed)",
        },
    ],
});

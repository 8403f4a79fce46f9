import { registry } from "@web/core/registry";
import { Interaction } from "@web/public/interaction";

/** On a phone the tabs scroll sideways: start where the open one is. */
export class PartnerTabs extends Interaction {
    static selector = ".o_partner_tabs";

    start() {
        const active = this.el.querySelector(".nav-link.active");
        if (active) {
            this.el.scrollLeft = active.offsetLeft - this.el.offsetLeft - 16;
        }
    }
}

registry.category("public.interactions").add("crm_partner.tabs", PartnerTabs);

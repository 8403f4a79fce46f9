import { Component } from "@odoo/owl";
import { formatMonetary } from "@web/views/fields/formatters";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** The line of a deal: contract → order → delivered → invoiced → collected → commission. */
export class DealChain extends Component {
    static template = "crm_sales.DealChain";
    static props = { ...standardFieldProps };

    get steps() {
        return (this.props.record.data[this.props.name] || []).map((step) => ({
            ...step,
            text: formatMonetary(step.amount, { currencyId: step.currency_id }),
            percent: Math.round(step.share * 100),
            state: step.share >= 1 ? "done" : step.share > 0 ? "part" : "none",
        }));
    }
}

registry.category("fields").add("deal_chain", {
    component: DealChain,
    supportedTypes: ["json"],
});

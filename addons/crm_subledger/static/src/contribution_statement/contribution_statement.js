import { deserializeDate, formatDate } from "@web/core/l10n/dates";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatFloat, formatMonetary } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component } from "@odoo/owl";

/**
 * The contribution of a deal as a statement: revenue, cost of sales, each sub-ledger, the total and
 * the share of revenue; a click on a row opens its journal entry.
 */
export class ContributionStatement extends Component {
    static template = "crm_subledger.ContributionStatement";
    static props = { ...standardFieldProps };

    setup() {
        this.action = useService("action");
    }

    get statement() {
        return this.props.record.data[this.props.name] || { sections: [] };
    }

    money(amount) {
        const currency = this.props.record.data.company_currency_id;
        return formatMonetary(amount, { currencyId: currency && currency.id });
    }

    /** Share of revenue; empty when nothing was invoiced. */
    share(amount) {
        const { revenue } = this.statement;
        return revenue ? `${formatFloat((amount / revenue) * 100, { digits: [16, 2] })}%` : "";
    }

    date(value) {
        return formatDate(deserializeDate(value), { numeric: true });
    }

    openMove(row) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "account.move",
            res_id: row.move_id,
            views: [[false, "form"]],
        });
    }
}

registry.category("fields").add("crm_contribution_statement", {
    component: ContributionStatement,
    supportedTypes: ["json"],
});

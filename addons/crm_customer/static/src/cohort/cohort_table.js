import { Component, onWillStart, useState } from "@odoo/owl";
import { formatCurrency } from "@web/core/currency";
import { formatFloat } from "@web/core/utils/numbers";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

/** Retention by cohort as a table whose cells are coloured by their value. */
export class CohortTable extends Component {
    static template = "crm_customer.CohortTable";
    static components = { Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ table: null });
        this.display = { controlPanel: {} };
        onWillStart(() => this.load("retention"));
    }

    async load(measure) {
        const table = await this.orm.call("crm.customer.cohort", "cohort_table", [], { measure });
        // The first month is the purchase itself: with it every later month would look alike.
        const values = table.cohorts.flatMap((row) => row.cells.slice(1));
        this.most = Math.max(...values.map(Math.abs), 0);
        this.state.table = table;
    }

    get columns() {
        return Array.from({ length: this.state.table.months }, (_, number) => number);
    }

    format(value) {
        const { measure, currency_id } = this.state.table;
        if (measure === "retention") {
            return `${formatFloat(value, { digits: [16, 1] })} %`;
        }
        if (measure === "customers") {
            return String(value);
        }
        return formatCurrency(value, currency_id, { humanReadable: true });
    }

    style(value, number) {
        const share = this.most ? Math.min(Math.abs(value) / this.most, 1) : 0;
        if (!value || !number) {
            return "";
        }
        const color = value < 0 ? "var(--danger-rgb)" : "var(--success-rgb)";
        return `background-color: rgba(${color}, ${(0.1 + 0.6 * share).toFixed(2)})`;
    }

    async open(row, number) {
        const action = await this.orm.call("crm.customer.cohort", "open_customers", [], {
            cohort: row.cohort,
            months_since: number,
            company_id: this.state.table.company_id,
        });
        this.action.doAction(action);
    }
}

registry.category("actions").add("crm_customer_cohort", CohortTable);

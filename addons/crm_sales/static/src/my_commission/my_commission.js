import { Component, onWillStart, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { deserializeDate, formatDate } from "@web/core/l10n/dates";
import { formatMonetary } from "@web/views/fields/formatters";
import { registry } from "@web/core/registry";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { useService } from "@web/core/utils/hooks";
import { useSetupAction } from "@web/search/action_hook";

const FIRST_ROWS = 10;
const STATE_CLASSES = {
    computed: "text-bg-secondary",
    confirmed: "text-bg-info",
    disputed: "text-bg-danger",
    paid: "text-bg-success",
};

/** The salesperson's page: earned, expected, and why; every figure opens its documents. */
export class MyCommission extends Component {
    static template = "crm_sales.MyCommission";
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ page: { name: "", plans: [] }, plan: null, all: false });
        useSetupAction();
        onWillStart(() => this.load());
    }

    async load() {
        const page = await this.orm.call("crm.commission.overview", "get_my_commission", []);
        this.state.page = page;
        this.state.plan = page.plans[0] || null;
    }

    get plan() {
        return this.state.plan;
    }

    get nextTier() {
        return this.plan.tiers.find((tier) => !tier.reached && tier.missing > 0);
    }

    get nextTierText() {
        return _t("%(amount)s more and the rate is %(rate)s.", {
            amount: this.money(this.nextTier.missing),
            rate: this.percent(this.nextTier.rate),
        });
    }

    get expectedRows() {
        const rows = this.plan.expected.rows;
        return this.state.all ? rows : rows.slice(0, FIRST_ROWS);
    }

    choosePlan(plan) {
        this.state.all = false;
        this.state.plan = plan;
    }

    money(amount) {
        return formatMonetary(amount, { currencyId: this.plan.currency_id });
    }

    date(value) {
        return formatDate(deserializeDate(value));
    }

    percent(value) {
        return `${Number(value.toFixed(2))} %`;
    }

    stateClass(state) {
        return STATE_CLASSES[state] || "text-bg-secondary";
    }

    openStatement(id) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: _t("Commission Statement"),
            res_model: "crm.commission.statement",
            res_id: id,
            views: [[false, "form"]],
        });
    }

    async openLines() {
        const ids = [this.plan.statement_id];
        this.action.doAction(
            await this.orm.call("crm.commission.statement", "action_open_lines", [ids])
        );
    }

    openOrder(id) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "sale.order",
            res_id: id,
            views: [[false, "form"]],
        });
    }

    openLead(id) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "crm.lead",
            res_id: id,
            views: [[false, "form"]],
        });
    }
}

registry.category("actions").add("crm_sales.my_commission", MyCommission);

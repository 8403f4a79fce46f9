import { Component, onWillStart, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { deserializeDate, formatDate } from "@web/core/l10n/dates";
import { formatMonetary } from "@web/views/fields/formatters";
import { registry } from "@web/core/registry";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { useService } from "@web/core/utils/hooks";
import { useSetupAction } from "@web/search/action_hook";

/** Who attained how much of their quota, and one's own challenges; made for a phone. */
export class Leaderboard extends Component {
    static template = "crm_sales.Leaderboard";
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.asked = (this.props.state || {}).asked || {};
        this.state = useState({ board: null });
        useSetupAction({ getLocalState: () => ({ asked: this.asked }) });
        onWillStart(() => this.load());
    }

    get board() {
        return this.state.board;
    }

    get periods() {
        return [
            ["month", _t("Month")],
            ["quarter", _t("Quarter")],
            ["year", _t("Year")],
        ];
    }

    get measures() {
        return [
            ["booked", _t("Booked")],
            ["invoiced", _t("Invoiced")],
            ["collected", _t("Collected")],
        ];
    }

    async load(changes = {}) {
        this.asked = { ...this.asked, ...changes };
        const board = await this.orm.call("crm.leaderboard", "get_leaderboard", [], this.asked);
        this.asked = { period: board.period, date: board.date_from, measure: board.measure };
        this.state.board = board;
    }

    money(amount) {
        return formatMonetary(amount, {
            currencyId: this.board.currency_id,
            digits: [16, 0],
        });
    }

    date(value) {
        return formatDate(deserializeDate(value));
    }

    percent(value) {
        return `${Math.round(value)} %`;
    }

    /** Success, nothing or warning: against the time that is over. */
    pace(row) {
        if (row.attainment >= Math.min(100, this.board.elapsed + 5)) {
            return "o_ahead";
        }
        return row.attainment >= this.board.elapsed - 10 ? "" : "o_behind";
    }

    amount(goal, value) {
        return goal.monetary ? this.money(value) : `${Number(value.toFixed(1))} ${goal.suffix}`;
    }

    /** Open what a person sold in the period; only where the amounts may be seen. */
    openSales(row) {
        if (row.achieved === false) {
            return;
        }
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: row.name,
            res_model: "crm.achievement",
            views: [
                [false, "list"],
                [false, "pivot"],
            ],
            domain: [
                ["user_id", "=", row.user_id],
                ["date", ">=", this.board.date_from],
                ["date", "<=", this.board.date_to],
            ],
            context: {
                achievement_measures: [this.board.measure],
                achievement_from: this.board.date_from,
                achievement_to: this.board.date_to,
            },
        });
    }
}

registry.category("actions").add("crm_sales.leaderboard", Leaderboard);

import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { useService } from "@web/core/utils/hooks";
import { formatDay, PeriodPicker, usePeriodBoard } from "../period_board/period_board";

/** Who attained how much of their quota, and one's own challenges; made for a phone. */
export class Leaderboard extends Component {
    static template = "crm_sales.Leaderboard";
    static components = { PeriodPicker };
    static props = { ...standardActionServiceProps };

    setup() {
        this.action = useService("action");
        this.period = usePeriodBoard({ model: "crm.leaderboard", method: "get_leaderboard" });
        this.load = this.period.load;
        this.date = formatDay;
    }

    get board() {
        return this.period.current;
    }

    money(amount) {
        return this.period.money(amount);
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

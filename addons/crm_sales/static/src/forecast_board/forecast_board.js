import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { useService } from "@web/core/utils/hooks";
import { formatDay, PeriodPicker, usePeriodBoard } from "../period_board/period_board";

const MODEL = "crm.forecast.board";

/** People under teams with quota, closed, open categories and what was said: every cell drills. */
export class ForecastBoard extends Component {
    static template = "crm_sales.ForecastBoard";
    static components = { PeriodPicker };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({
            folded: (this.props.state || {}).folded || {},
            row: null,
            snapshot: null,
            waterfall: null,
        });
        this.period = usePeriodBoard({
            model: MODEL,
            method: "get_board",
            getLocalState: () => ({ folded: { ...this.state.folded } }),
            onLoaded: () => this.hideChanges(),
        });
        this.load = this.period.load;
        this.date = formatDay;
    }

    get board() {
        return this.period.current;
    }

    get columns() {
        return [
            { name: "quota", label: _t("Quota") },
            { name: "closed", label: _t("Closed") },
            { name: "commit", label: _t("Commit") },
            { name: "best_case", label: _t("Best Case") },
            { name: "pipeline", label: _t("Pipeline") },
            { name: "gap", label: _t("Gap") },
            { name: "submitted", label: _t("Submitted") },
            { name: "judged", label: _t("Judged") },
            { name: "statistical", label: _t("Statistical") },
        ];
    }

    /** The rows of which no team above is folded. */
    get rows() {
        const shown = [];
        let hiddenBelow = null;
        for (const row of this.board.rows) {
            if (hiddenBelow !== null && row.depth > hiddenBelow) {
                continue;
            }
            hiddenBelow = null;
            shown.push(row);
            if (row.kind === "team" && this.state.folded[row.key]) {
                hiddenBelow = row.depth;
            }
        }
        return shown;
    }

    money(amount) {
        return this.period.money(amount);
    }

    percent(row) {
        const { closed, quota } = row.values;
        return quota ? Math.round((100 * closed) / quota) : 0;
    }

    share(row, name) {
        const { closed, commit, best_case, quota } = row.values;
        const whole = Math.max(quota, closed + commit + best_case) || 1;
        return `width: ${Math.max(0, (100 * row.values[name]) / whole)}%`;
    }

    aim(row) {
        const { closed, commit, best_case, quota } = row.values;
        const whole = Math.max(quota, closed + commit + best_case) || 1;
        return `left: ${(100 * quota) / whole}%`;
    }

    hint(row, column) {
        if (column.name === "statistical" && row.method) {
            return _t("%(method)s. Past error: MASE %(mase)s, %(mape)s %", {
                method: row.method,
                mase: row.mase.toFixed(2),
                mape: row.mape.toFixed(0),
            });
        }
        if (column.name === "submitted") {
            return row.comment;
        }
        return column.name === "judged" ? row.reason : "";
    }

    toggle(row) {
        this.state.folded[row.key] = !this.state.folded[row.key];
    }

    async openCell(row, kind) {
        const cell = {
            kind,
            company_id: this.board.company_id,
            period: this.board.period,
            date_from: this.board.date_from,
            measure: this.board.measure,
            team_id: row.team_id,
            user_id: row.user_id,
            nobody: row.kind === "nobody",
        };
        if (row.forecast_id && ["submitted", "judged"].includes(kind)) {
            return this.openForecast(row.forecast_id);
        }
        this.action.doAction(await this.orm.call(MODEL, "open_cell", [cell]));
    }

    openForecast(id) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "crm.forecast",
            res_id: id,
            views: [[false, "form"]],
        });
    }

    /** Open one of the wizards of a row, then show the board anew. */
    async say(row, method) {
        const id = await this.orm.call(MODEL, "get_forecast", [
            this.board.company_id,
            this.board.period,
            this.board.date_from,
            row.team_id,
            row.user_id,
        ]);
        const action = await this.orm.call("crm.forecast", method, [[id]]);
        this.action.doAction(action, { onClose: () => this.load() });
    }

    openUndated() {
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: _t("Without expected closing"),
            res_model: "crm.lead",
            views: [
                [false, "list"],
                [false, "form"],
            ],
            domain: [
                ["type", "=", "opportunity"],
                ["won_status", "=", "pending"],
                ["date_deadline", "=", false],
                ["expected_revenue", ">", 0],
            ],
        });
    }

    // ------------------------------------------------------------------
    // What changed
    // ------------------------------------------------------------------

    async showChanges(row, snapshotId) {
        const snapshots = this.board.snapshots;
        // the id may come as the text of an option
        const snapshot = snapshots.find((one) => one.id === Number(snapshotId)) || snapshots[0];
        if (!snapshot) {
            return;
        }
        this.state.waterfall = await this.orm.call(MODEL, "get_waterfall", [
            snapshot.id,
            this.board.date_from,
            this.board.date_to,
            row.team_id,
            row.user_id,
        ]);
        this.state.row = row;
        this.state.snapshot = snapshot.id;
    }

    hideChanges() {
        this.state.waterfall = null;
        this.state.row = null;
    }

    /** The steps of the waterfall with where their bar starts and ends, in percent. */
    get steps() {
        const { opening, closing, changes } = this.state.waterfall;
        const steps = [{ name: _t("Opening"), amount: opening, from: 0, to: opening, total: true }];
        let level = opening;
        for (const change of changes) {
            steps.push({ ...change, from: level, to: level + change.amount });
            level += change.amount;
        }
        steps.push({ name: _t("Now"), amount: closing, from: 0, to: closing, total: true });
        const top = Math.max(...steps.map((step) => Math.max(step.from, step.to)), 1);
        for (const step of steps) {
            const low = Math.min(step.from, step.to);
            const wide = Math.abs(step.to - step.from);
            step.style = `left: ${(100 * low) / top}%; width: ${Math.max((100 * wide) / top, 0.4)}%`;
        }
        return steps;
    }

    openStep(step) {
        if (!step.lead_ids) {
            return;
        }
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: step.name,
            res_model: "crm.lead",
            views: [
                [false, "list"],
                [false, "form"],
            ],
            domain: [["id", "in", step.lead_ids]],
            context: { active_test: false },
        });
    }
}

registry.category("actions").add("crm_sales.forecast_board", ForecastBoard);

import { Component, onWillStart, useComponent, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { deserializeDate, formatDate } from "@web/core/l10n/dates";
import { formatMonetary } from "@web/views/fields/formatters";
import { useService } from "@web/core/utils/hooks";
import { useSetupAction } from "@web/search/action_hook";

/**
 * Load the board of a period and a measure, and ask the same again when its reader comes back.
 *
 * @param {Object} options
 * @param {string} options.model
 * @param {string} options.method takes what was asked for; returns the board: `period`, `measure`,
 *     `date_from`, `previous`, `next`, `name`, `currency_id`
 * @param {() => Object} [options.getLocalState] what else is kept in the action
 * @param {() => void} [options.onLoaded]
 */
export function usePeriodBoard({ model, method, getLocalState, onLoaded }) {
    const orm = useService("orm");
    const state = useState({ board: null });
    let asked = (useComponent().props.state || {}).asked || {};

    async function load(changes = {}) {
        asked = { ...asked, ...changes };
        const board = await orm.call(model, method, [], asked);
        asked = { period: board.period, date: board.date_from, measure: board.measure };
        state.board = board;
        onLoaded?.();
    }

    useSetupAction({ getLocalState: () => ({ asked, ...getLocalState?.() }) });
    onWillStart(() => load());
    return {
        load,
        get current() {
            return state.board;
        },
        money(amount) {
            const currencyId = state.board.currency_id;
            return formatMonetary(amount, { currencyId, digits: [16, 0] });
        },
    };
}

export function formatDay(value) {
    return formatDate(deserializeDate(value));
}

/** Buttons for the measure, the kind of period, and the periods before and after. */
export class PeriodPicker extends Component {
    static template = "crm_sales.PeriodPicker";
    static props = { board: Object, kinds: { type: Array, element: String }, onPick: Function };

    get measures() {
        return [
            ["booked", _t("Booked")],
            ["invoiced", _t("Invoiced")],
            ["collected", _t("Collected")],
        ];
    }

    get periods() {
        const names = { month: _t("Month"), quarter: _t("Quarter"), year: _t("Year") };
        return this.props.kinds.map((kind) => [kind, names[kind]]);
    }
}

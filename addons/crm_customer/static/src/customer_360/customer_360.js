import { Component, onWillStart, useState } from "@odoo/owl";
import { DateTimeInput } from "@web/core/datetime/datetime_input";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import {
    deserializeDate,
    deserializeDateTime,
    formatDate,
    serializeDate,
} from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { RecordSelector } from "@web/core/record_selectors/record_selector";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";
import { Layout } from "@web/search/layout";
import { useSetupAction } from "@web/search/action_hook";
import { formatFloat, formatMonetary } from "@web/views/fields/formatters";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

const { DateTime } = luxon;
const STAGE_COLOURS = {
    lead: "text-bg-secondary",
    prospect: "text-bg-info",
    customer: "text-bg-success",
    won_back: "text-bg-success",
    at_risk: "text-bg-warning",
    lost: "text-bg-danger",
};

/** Everything about one customer: who it is, its key figures, and one timeline of all documents. */
export class Customer360 extends Component {
    static template = "crm_customer.Customer360";
    static components = { DateTimeInput, Dropdown, DropdownItem, Layout, RecordSelector };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        const saved = this.props.state || {};
        this.partnerId = saved.partnerId || this.props.action.context.active_id;
        this.state = useState({
            data: null,
            rows: [],
            cursor: null,
            loading: false,
            byMonth: saved.byMonth || false,
            filters: saved.filters || this.emptyFilters(),
        });
        useSetupAction({
            getLocalState: () => ({
                partnerId: this.partnerId,
                filters: this.state.filters,
                byMonth: this.state.byMonth,
            }),
        });
        this.searchSoon = useDebounced(() => this.reload(), 300);
        onWillStart(() => this.open());
    }

    emptyFilters() {
        return {
            kinds: [],
            contact_id: false,
            user_id: false,
            period: "all",
            date_from: false,
            date_to: false,
            search: "",
        };
    }

    // ------------------------------------------------------------------ data

    async open() {
        if (!this.partnerId) {
            return;
        }
        const data = await this.orm.call("res.partner", "get_customer_360", [this.partnerId]);
        this.partnerId = data.header.id;
        this.state.data = data;
        this.env.config.setDisplayName(`360° ${data.header.name}`);
        if (this.isFiltered) {
            await this.reload();
        } else {
            this.show(data.timeline);
        }
    }

    show(page) {
        this.state.rows = page.rows;
        this.state.cursor = page.cursor;
    }

    async fetch(after) {
        const { kinds, contact_id, user_id, date_from, date_to, search } = this.state.filters;
        const filters = { kinds, contact_id, user_id, date_from, date_to, search };
        this.state.loading = true;
        try {
            return await this.orm.call("crm.interaction", "get_timeline", [
                this.partnerId,
                filters,
                after,
            ]);
        } finally {
            this.state.loading = false;
        }
    }

    async reload() {
        // An answer that comes after a later question is out of date.
        const request = (this.lastRequest = Symbol());
        const page = await this.fetch(null);
        if (request === this.lastRequest) {
            this.show(page);
        }
    }

    async loadMore() {
        const page = await this.fetch(this.state.cursor);
        this.state.rows.push(...page.rows);
        this.state.cursor = page.cursor;
    }

    // --------------------------------------------------------------- filters

    get isFiltered() {
        const { kinds, contact_id, user_id, period, search } = this.state.filters;
        return Boolean(kinds.length || contact_id || user_id || period !== "all" || search);
    }

    get contactDomain() {
        return [["commercial_partner_id", "=", this.partnerId]];
    }

    get userDomain() {
        return [["share", "=", false]];
    }

    get periods() {
        return [
            { id: "all", label: _t("All time") },
            { id: "month", label: _t("This month") },
            { id: "quarter", label: _t("Last 3 months") },
            { id: "year", label: _t("Last 12 months") },
            { id: "custom", label: _t("From … to …") },
        ];
    }

    get periodLabel() {
        return this.periods.find((period) => period.id === this.state.filters.period).label;
    }

    toggleKind(kind) {
        const { kinds } = this.state.filters;
        const index = kinds.indexOf(kind);
        if (index >= 0) {
            kinds.splice(index, 1);
        } else {
            kinds.push(kind);
        }
        return this.reload();
    }

    setFilter(name, value) {
        this.state.filters[name] = value;
        return this.reload();
    }

    setPeriod(period) {
        const today = DateTime.local();
        const starts = {
            month: today.startOf("month"),
            quarter: today.minus({ months: 3 }),
            year: today.minus({ months: 12 }),
        };
        const { filters } = this.state;
        filters.period = period;
        filters.date_to = false;
        filters.date_from = starts[period] ? serializeDate(starts[period]) : false;
        if (period !== "custom") {
            this.reload();
        }
    }

    setDay(name, value) {
        return this.setFilter(name, value ? serializeDate(value) : false);
    }

    dayOf(name) {
        const value = this.state.filters[name];
        return value ? deserializeDate(value) : false;
    }

    onSearch(ev) {
        this.state.filters.search = ev.target.value;
        this.searchSoon();
    }

    clearFilters() {
        this.state.filters = this.emptyFilters();
        return this.reload();
    }

    // ---------------------------------------------------------- presentation

    get stageClass() {
        return STAGE_COLOURS[this.state.data.header.stage] || "text-bg-secondary";
    }

    /** Rows below the day or month they happened in, in the order of the rows. */
    get groups() {
        const groups = [];
        for (const row of this.state.rows) {
            const day = this.day(row);
            const key = day.toFormat(this.state.byMonth ? "yyyy-MM" : "yyyy-MM-dd");
            if (!groups.length || groups.at(-1).key !== key) {
                groups.push({ key, label: this.groupLabel(day), rows: [] });
            }
            groups.at(-1).rows.push(row);
        }
        return groups;
    }

    day(row) {
        return row.day ? deserializeDate(row.day) : deserializeDateTime(row.at);
    }

    groupLabel(day) {
        if (this.state.byMonth) {
            return day.toLocaleString({ year: "numeric", month: "long" });
        }
        const days = Math.round(
            day.startOf("day").diff(DateTime.local().startOf("day"), "days").days
        );
        const names = { 0: _t("Today"), "-1": _t("Yesterday"), 1: _t("Tomorrow") };
        const label = day.toLocaleString({
            weekday: "short",
            year: "numeric",
            month: "short",
            day: "numeric",
        });
        return names[days] ? `${names[days]} · ${label}` : label;
    }

    /** The hour of a row; by month also the day. */
    time(row) {
        const moment = this.day(row);
        const clock = row.day ? "" : moment.toLocaleString(DateTime.TIME_24_SIMPLE);
        if (!this.state.byMonth) {
            return clock;
        }
        return moment.toLocaleString({ month: "short", day: "numeric" });
    }

    money(amount, currencyId) {
        return formatMonetary(amount, { currencyId });
    }

    figureValue(figure) {
        const { type, value } = figure;
        if (value === null || value === undefined || value === "") {
            return "–";
        }
        switch (type) {
            case "monetary":
                return this.money(value, figure.currency_id);
            case "date":
                return formatDate(
                    value.length > 10 ? deserializeDateTime(value) : deserializeDate(value)
                );
            case "percent":
                return `${formatFloat(value * 100, { digits: [16, 1] })}%`;
            case "number":
                return formatFloat(value, { digits: [16, figure.digits ?? 0] });
        }
        return value;
    }

    figureClass(figure) {
        return figure.state ? `o_c360_${figure.state}` : "";
    }

    rowIcon(row) {
        if (row.kind === "mail") {
            return row.incoming ? "fa-envelope-open-o" : "fa-paper-plane-o";
        }
        return row.icon;
    }

    rowKind(row) {
        if (row.kind === "mail") {
            return row.incoming ? _t("Mail received") : _t("Mail sent");
        }
        return row.kind_name;
    }

    initials(name) {
        return name.trim().slice(0, 1).toUpperCase();
    }

    // ------------------------------------------------------------------ open

    openFigure(figure) {
        if (figure.open) {
            const [open_model, open_id] = figure.open;
            return this.openRow({ open_model, open_id });
        }
        return figure.action && this.action.doAction(figure.action);
    }

    openRecord(model, id) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: model,
            res_id: id,
            views: [[false, "form"]],
        });
    }

    /** Open the document of a row: its form, or what else of it the user may see. */
    async openRow(row) {
        if (!row.open_model || !row.open_id) {
            return;
        }
        const action = await this.orm.call("crm.interaction", "action_open", [
            row.open_model,
            row.open_id,
        ]);
        return this.action.doAction(action);
    }

    async openOrganisation() {
        const action = await this.orm.call("res.partner", "action_open_org_chart", [
            [this.partnerId],
        ]);
        return this.action.doAction(action);
    }
}

registry.category("actions").add("crm_customer.customer_360", Customer360);

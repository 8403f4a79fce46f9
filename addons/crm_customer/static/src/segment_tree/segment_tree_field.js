import { Component, onWillDestroy, useEffect, useState } from "@odoo/owl";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { debounce } from "@web/core/utils/timing";
import { useOpenX2ManyRecord, useX2ManyCrud } from "@web/views/fields/relational_utils";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import * as outline from "./outline";

const LAST = 1000000; // sequence of a new row until it gets its place
const PAUSE = 600; // milliseconds without a change before customers are counted

/** One condition, or a group with its conditions. */
export class SegmentNode extends Component {
    static template = "crm_customer.SegmentNode";
    static props = { node: Object, tree: Object };
    static components = { Dropdown, DropdownItem };

    get row() {
        return this.props.node.row;
    }

    /** What stands between two conditions of this group. */
    get joint() {
        return this.props.tree.operatorOf(this.props.node) === "all" ? _t("and") : _t("or");
    }
}
SegmentNode.components.SegmentNode = SegmentNode;

/** The conditions of a segment as a tree, with the number of customers who meet them. */
export class SegmentTreeField extends Component {
    static template = "crm_customer.SegmentTreeField";
    static components = { SegmentNode };
    static props = {
        ...standardFieldProps,
        context: { type: Object, optional: true },
        relatedFields: { type: Object, optional: true },
        string: { type: String, optional: true },
        viewMode: { type: String, optional: true },
        views: { type: Object, optional: true },
    };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ count: null, sample: "", error: "", counting: false });
        this.keepLast = new KeepLast();
        const { updateRecord } = useX2ManyCrud(() => this.list, false);
        this.openRecord = useOpenX2ManyRecord({
            resModel: this.list.resModel,
            activeField: {
                fields: this.props.relatedFields,
                views: this.props.views,
                viewMode: this.props.viewMode,
                string: this.props.string,
            },
            activeActions: { type: "one2many", create: true, delete: true, write: true },
            getList: () => this.list,
            saveRecord: (record) => this.saveNew(record),
            updateRecord,
            isMany2Many: false,
        });
        this.countSoon = debounce(() => this.count(), PAUSE);
        onWillDestroy(() => this.countSoon.cancel());
        useEffect(
            () => {
                this.countSoon();
            },
            () => [this.signature]
        );
    }

    // ------------------------------------------------------------------ data

    get list() {
        return this.props.record.data[this.props.name];
    }

    get records() {
        const place = (record) => record.data.sequence;
        return [...this.list.records].sort((one, other) => place(one) - place(other));
    }

    get rows() {
        return this.records.map((record) => ({
            id: record.id,
            level: record.data.level,
            kind: record.data.kind,
            record,
        }));
    }

    get root() {
        return outline.nodesOf(this.rows);
    }

    /** Changes whenever other customers may meet the conditions. */
    get signature() {
        const { data, resId } = this.props.record;
        const rows = this.records.map(({ id, data: row }) =>
            [id, row.level, row.kind, row.negate, row.summary].join("|")
        );
        const excluded = ["excluded_partner_ids", "excluded_segment_ids"].map((name) =>
            data[name]?.currentIds.join()
        );
        return [resId, data.operator, data.company_id?.id, ...excluded, ...rows].join("\n");
    }

    async count() {
        const { resId } = this.props.record;
        this.state.counting = true;
        try {
            const values = await this.props.record.getChanges();
            const found = await this.keepLast.add(
                this.orm.silent.call("crm.segment", "live_count", [resId ? [resId] : [], values])
            );
            Object.assign(this.state, found);
        } finally {
            this.state.counting = false;
        }
    }

    get countLabel() {
        return _t("%s customers", this.state.count.toLocaleString());
    }

    // ------------------------------------------------------------- the tree

    get readonly() {
        return this.props.readonly;
    }

    get kinds() {
        return this.list.fields.kind.selection;
    }

    get leafKinds() {
        return this.kinds.filter(([kind]) => !outline.isGroup({ kind }));
    }

    get groupKinds() {
        return [
            ["all", _t("all of these")],
            ["any", _t("at least one of these")],
            ["none", _t("none of these")],
        ];
    }

    operatorOf(node) {
        return node.row ? node.row.kind : this.props.record.data.operator;
    }

    isGroup(node) {
        return !node.row || outline.isGroup(node.row);
    }

    sentence(node) {
        return (node.row.record.data.summary || "").trim();
    }

    can(move, node) {
        return Boolean(outline[move](this.rows, node.index));
    }

    // -------------------------------------------------------------- changes

    setOperator(node, operator) {
        return node.row
            ? node.row.record.update({ kind: operator })
            : this.props.record.update({ operator });
    }

    toggleNot(node) {
        const { record } = node.row;
        return record.update({ negate: !record.data.negate });
    }

    /** Apply a move of outline.js to a node. */
    move(move, node) {
        return this.arrange(outline[move](this.rows, node.index));
    }

    /** Write order and indents, and delete what `gone` names, as one change of the form. */
    arrange(rows, gone = []) {
        const commands = gone.map((row) => [2, this.idOf(row.record)]);
        rows.forEach((row, index) => {
            const { sequence, level } = row.record.data;
            const values = {};
            if (sequence !== index + 1) {
                values.sequence = index + 1;
            }
            if (level !== row.level) {
                values.level = row.level;
            }
            if (Object.keys(values).length) {
                commands.push([1, this.idOf(row.record), values]);
            }
        });
        return commands.length ? this.list.applyCommands(commands, { sort: true }) : undefined;
    }

    idOf(record) {
        return record.resId || record._virtualId;
    }

    remove(node) {
        const { rows } = this;
        const end = outline.blockEnd(rows, node.index);
        const kept = [...rows.slice(0, node.index), ...rows.slice(end)];
        return this.arrange(kept, rows.slice(node.index, end));
    }

    open(node) {
        return this.openRecord({ record: node.row.record, readonly: this.readonly });
    }

    /** Ask for a new condition of a group; its place is given when it is saved. */
    addLeaf(node, kind) {
        this.place = outline.placeIn(this.rows, node.index);
        return this.openRecord({ context: this.defaults(kind, this.place.level) });
    }

    defaults(kind, level) {
        return { default_kind: kind, default_level: level, default_sequence: LAST };
    }

    async saveNew(record) {
        const { place } = this;
        await this.list.validateExtendedRecord(record);
        // "Save & New" goes on below.
        this.place = { ...place, index: place.index + 1 };
        return this.putNew(record.id, (rows, row) =>
            outline.insert(rows, { ...row, level: place.level }, place.index)
        );
    }

    async addGroup(node) {
        const place = outline.placeIn(this.rows, node.index);
        const kind = this.operatorOf(node) === "any" ? "all" : "any";
        const record = await this.newGroup(kind, place.level);
        return this.putNew(record.id, (rows, row) => outline.insert(rows, row, place.index));
    }

    async wrap(node) {
        const record = await this.newGroup("any", node.row.level);
        return this.putNew(record.id, (rows, row) => outline.wrap(rows, node.index, row));
    }

    newGroup(kind, level) {
        return this.list.addNewRecord({
            context: this.defaults(kind, level),
            mode: "readonly",
            position: "bottom",
        });
    }

    putNew(id, change) {
        const { rows } = this;
        const row = rows.find((one) => one.id === id);
        return this.arrange(
            change(
                rows.filter((one) => one.id !== id),
                row
            )
        );
    }
}

export const segmentTreeField = {
    component: SegmentTreeField,
    displayName: _t("Tree of conditions"),
    supportedTypes: ["one2many"],
    useSubView: true,
    fieldDependencies: [{ name: "operator", type: "selection" }],
    extractProps: ({ relatedFields, viewMode, views, string }, dynamicInfo) => ({
        context: dynamicInfo.context,
        relatedFields,
        string,
        viewMode,
        views,
    }),
};

registry.category("fields").add("crm_segment_tree", segmentTreeField);

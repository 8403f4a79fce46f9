import { Component, markup } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const ICONS = {
    field: "fa-pencil-square-o",
    activity: "fa-clock-o",
    document: "fa-paperclip",
    quotation: "fa-file-text-o",
    check: "fa-check-square-o",
    approval: "fa-thumbs-o-up",
};

/** What is missing for the next stage, the checklist of this one, and what to say and show. */
export class StageGuide extends Component {
    static template = "crm_sales.StageGuide";
    static props = { ...standardFieldProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
    }

    get guide() {
        const value = this.props.record.data[this.props.name];
        return value || { missing: [], items: [], talk_track: [], collateral: [] };
    }

    get ready() {
        return this.guide.next_stage && !this.guide.missing.length;
    }

    get readyText() {
        return _t("Nothing is missing for the stage %s.", this.guide.next_stage);
    }

    get missingText() {
        return _t("Missing for the stage %s", this.guide.next_stage);
    }

    get needsApproval() {
        return this.guide.missing.some((row) => row.kind === "approval" && !row.waiting);
    }

    icon(row) {
        return ICONS[row.kind] || "fa-circle-o";
    }

    // The server sanitises the field; it is shown as it was written there.
    html(text) {
        return markup(text);
    }

    /**
     * Tick, or take the tick back. What was typed is saved afterwards: it may be a stage that only
     * the tick lets the opportunity enter.
     */
    async toggle(item) {
        const record = this.props.record;
        await this.orm.call("crm.lead", "action_tick", [[record.resId], item.id]);
        if (await record.isDirty()) {
            await record.save();
        } else {
            await record.load();
        }
    }

    async requestApproval() {
        if (!(await this.props.record.save())) {
            return;
        }
        const action = await this.orm.call("crm.lead", "action_request_stage_approval", [
            [this.props.record.resId],
        ]);
        await this.action.doAction(action, { onClose: () => this.props.record.load() });
    }
}

registry.category("fields").add("crm_stage_guide", {
    component: StageGuide,
    supportedTypes: ["json"],
});

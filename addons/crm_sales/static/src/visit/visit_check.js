import { Component, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { readPosition } from "./position";

/** Asks why there is no position; the visit is marked with the answer. */
export class WithoutPositionDialog extends Component {
    static template = "crm_sales.WithoutPositionDialog";
    static components = { Dialog };
    static props = { close: Function, message: String, confirm: Function };

    setup() {
        this.state = useState({ reason: "" });
    }

    async confirm() {
        await this.props.confirm(this.state.reason.trim());
        this.props.close();
    }
}

/** The button that checks in or out with the position of the browser. */
export class VisitCheck extends Component {
    static template = "crm_sales.VisitCheck";
    static props = { ...standardWidgetProps, way: String };

    setup() {
        this.orm = useService("orm");
        this.dialog = useService("dialog");
        this.notification = useService("notification");
        this.state = useState({ busy: false });
    }

    get label() {
        return this.props.way === "in" ? _t("Check In") : _t("Check Out");
    }

    async onClick() {
        if (this.state.busy) {
            return;
        }
        this.state.busy = true;
        try {
            const saved = await this.props.record.save();
            if (saved) {
                await this.check();
            }
        } finally {
            this.state.busy = false;
        }
    }

    async check() {
        let position = null;
        try {
            position = await readPosition();
        } catch (error) {
            this.dialog.add(WithoutPositionDialog, {
                message: error.message,
                confirm: (reason) =>
                    this.call(`check_${this.props.way}_without_position`, [reason]),
            });
            return;
        }
        const { latitude, longitude, accuracy } = position;
        await this.call(`check_position_${this.props.way}`, [latitude, longitude, accuracy]);
    }

    async call(method, values) {
        const { record } = this.props;
        const result = await this.orm.call("crm.visit", method, [[record.resId], ...values]);
        await record.model.load();
        if (this.props.way === "in" && result.warning) {
            this.notification.add(result.warning, { type: "warning" });
        } else {
            this.notification.add(
                this.props.way === "in" ? _t("You are checked in.") : _t("The visit is done."),
                { type: "success" }
            );
        }
    }
}

registry.category("view_widgets").add("crm_visit_check", {
    component: VisitCheck,
    extractProps: ({ attrs }) => ({ way: attrs.way }),
});

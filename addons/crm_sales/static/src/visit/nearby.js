import { Component, onWillStart, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { readPosition } from "./position";

const RADII = [1000, 5000, 20000, 100000];

/** The customers around the position of the browser, the nearest first; made for a phone. */
export class Nearby extends Component {
    static template = "crm_sales.Nearby";
    static components = { Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.radii = RADII;
        // Whoever asks again while an answer is on its way gets the answer to the last question.
        this.positions = new KeepLast();
        this.searches = new KeepLast();
        this.state = useState({
            loading: false,
            error: "",
            radius: 5000,
            mine: false,
            customers: [],
        });
        onWillStart(() => {
            // The page is there at once; the permission is asked for on top of it.
            this.locate();
        });
    }

    async locate() {
        this.state.loading = true;
        this.state.error = "";
        try {
            this.position = await this.positions.add(readPosition());
        } catch (error) {
            this.state.error = error.message;
            this.state.loading = false;
            return;
        }
        await this.search();
    }

    async search() {
        if (!this.position) {
            return;
        }
        this.state.loading = true;
        const { latitude, longitude } = this.position;
        const { radius, mine } = this.state;
        try {
            this.state.customers = await this.searches.add(
                this.orm.call("res.partner", "get_nearby_customers", [
                    latitude,
                    longitude,
                    radius,
                    mine,
                ])
            );
        } finally {
            this.state.loading = false;
        }
    }

    setRadius(radius) {
        this.state.radius = radius;
        return this.search();
    }

    toggleMine() {
        this.state.mine = !this.state.mine;
        return this.search();
    }

    distance(metres) {
        if (metres < 1000) {
            return _t("%s m", metres);
        }
        const kilometres = metres / 1000;
        return _t("%s km", Number.isInteger(kilometres) ? kilometres : kilometres.toFixed(1));
    }

    map(customer) {
        return `geo:${customer.position[0]},${customer.position[1]}`;
    }

    open(customer) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "res.partner",
            res_id: customer.id,
            views: [[false, "form"]],
        });
    }

    visit(customer) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: _t("Visit"),
            res_model: "crm.visit",
            views: [[false, "form"]],
            context: { default_partner_id: customer.id },
        });
    }
}

registry.category("actions").add("crm_sales.nearby", Nearby);

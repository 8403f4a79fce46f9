import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formView } from "@web/views/form/form_view";
import { FormController } from "@web/views/form/form_controller";

const GO_ON = ["action_distinct", "action_skip"];

/** After a decision the next pair of the queue comes up, so that hands stay on the keys. */
export class MatchReviewController extends FormController {
    setup() {
        super.setup();
        this.orm = useService("orm");
        this.action = useService("action");
    }

    async afterExecuteActionButton(clickParams) {
        await super.afterExecuteActionButton(clickParams);
        if (!GO_ON.includes(clickParams.name)) {
            return;
        }
        const next = await this.orm.call("crm.match.candidate", "next_to_review", [
            [this.model.root.resId],
        ]);
        if (next) {
            await this.model.load({ resId: next });
        } else {
            await this.action.doAction("crm_customer.crm_match_candidate_action", {
                clearBreadcrumbs: true,
            });
        }
    }
}

registry.category("views").add("crm_match_review", {
    ...formView,
    Controller: MatchReviewController,
});

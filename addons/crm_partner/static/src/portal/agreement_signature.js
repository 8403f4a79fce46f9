import { addLoadingEffect } from "@web/core/utils/ui";
import { post } from "@web/core/network/http_service";
import { redirect } from "@web/core/utils/urls";
import { registry } from "@web/core/registry";
import { SignatureForm } from "@portal/signature_form/signature_form";

/** The signature of a partner agreement: sent as a form with a CSRF token. */
export class AgreementSignature extends SignatureForm {
    async onClickSubmit() {
        const button = this.rootRef.el.querySelector(".o_portal_sign_submit");
        const restore = addLoadingEffect(button);
        const answer = await post(this.props.callUrl, {
            csrf_token: this.csrfToken,
            name: this.signature.name,
            signature: this.signature.getSignatureImage().split(",")[1] || "",
        });
        if (answer.error) {
            restore();
            this.state.error = answer.error;
            return;
        }
        redirect(answer.redirect_url);
    }
}

registry.category("public_components").add("crm_partner.agreement_signature", AgreementSignature);

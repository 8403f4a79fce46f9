from collections import defaultdict

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL, email_normalize, split_every

from ..engine import china_ids

#: partners that one statement of a rebuild reads and writes
BATCH = 10000

KINDS = [
    ("email", "E-Mail"),
    ("phone", "Phone"),
    ("uscc", "Unified Social Credit Code"),
    ("vat", "Tax ID"),
    ("id_card", "ID Card"),
    ("domain", "Domain"),
    ("wechat", "WeChat"),
    ("wecom", "WeCom"),
    ("dingtalk", "DingTalk"),
    ("shop", "Shop Account"),
    ("visitor", "Website Visitor"),
    ("external", "External System"),
]


class CrmIdentity(models.Model):
    """What identifies a customer: an address, a number, an account; a value only one of them."""

    _name = "crm.identity"
    _description = "Customer Identity"
    _order = "partner_id, kind, id"
    _rec_name = "value"

    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, index=True, ondelete="cascade"
    )
    kind = fields.Selection(KINDS, required=True, default="email")
    value = fields.Char(required=True, help="As it was given.")
    value_norm = fields.Char(
        "Normalised Value",
        compute="_compute_value_norm",
        store=True,
        help="What is compared: phones in E.164, addresses in small letters, codes in capitals.",
    )
    origin = fields.Selection(
        [("contact", "From the Contact"), ("added", "Added")],
        required=True,
        default="added",
        readonly=True,
        help="Identities from the contact follow its e-mail, phone, tax ID and website.",
    )
    shared = fields.Boolean(
        readonly=True,
        help="Another customer had this value first: it identifies that one, and is a hint that "
        "both may be the same.",
    )
    holder_id = fields.Many2one(
        "res.partner", "Identifies", compute="_compute_holder_id", compute_sudo=False
    )
    note = fields.Char()

    _holder_uniq = models.UniqueIndex(
        "(kind, value_norm) WHERE shared IS NOT TRUE",
        "This value already identifies another customer.",
    )
    _claims_idx = models.Index("(kind, value_norm) WHERE shared IS TRUE")

    # --- computes ---

    @api.depends("kind", "value")
    def _compute_value_norm(self):
        for identity in self:
            identity.value_norm = (
                identity._normalise(identity.kind, identity.value, identity.partner_id) or False
            )

    @api.depends("shared", "kind", "value_norm", "partner_id")
    def _compute_holder_id(self):
        for identity in self:
            identity.holder_id = False if identity.shared else identity.partner_id
        claims = self.filtered("shared")
        for kind in set(claims.mapped("kind")):
            group = claims.filtered(lambda claim, kind=kind: claim.kind == kind)
            holders = self._find_partners(kind, group.mapped("value_norm"))
            for claim in group:
                claim.holder_id = holders.get(claim.value_norm)

    # --- constraints ---

    @api.constrains("kind", "value", "value_norm")
    def _check_value(self):
        for identity in self.filtered(lambda row: row.origin == "added" or not row.value_norm):
            problem = identity._problem(identity.kind, identity.value, identity.value_norm)
            if problem:
                raise ValidationError(problem)

    @api.model
    def _problem(self, kind, value, norm):
        """Return in words why a value cannot identify anybody, or None."""
        if kind == "uscc" and not china_ids.uscc_is_valid(value):
            return self.env._(
                "%s is not a unified social credit code: 18 characters, the last one is a check"
                " character. Compare it with the business licence.",
                value,
            )
        if kind == "id_card" and not china_ids.id_card_is_valid(value):
            return self.env._(
                "%s is not an ID card number: birthday or check character are wrong.", value
            )
        if not norm:
            return self.env._(
                "“%(value)s” is not a valid value for %(kind)s. Phones need a country code or a"
                " customer with a country.",
                value=value,
                kind=dict(self._fields["kind"]._description_selection(self.env))[kind],
            )
        if kind == "email" and china_ids.is_role_mailbox(norm):
            return self.env._(
                "%s is the mailbox of a function: whoever writes from it, it identifies nobody.",
                value,
            )
        if kind == "domain" and not china_ids.company_domain(norm):
            return self.env._("%s is a free mail service: it belongs to no customer.", value)
        return None

    # --- CRUD ---

    @api.model_create_multi
    def create(self, vals_list):
        """Add identities, for who may write the customers.

        :raises UserError: a value identifies somebody else, named only to who may read them
        """
        self._refuse_taken(vals_list)
        identities = super().create(vals_list)
        identities.partner_id.check_access("write")
        return identities

    def write(self, vals):
        """Change identities, for who may write the customer before and after.

        :raises UserError: as in :meth:`create`, or the value follows a field of the contact
        """
        self.partner_id.check_access("write")
        if not self.env.su and vals.keys() & {"partner_id", "kind", "value"}:
            self._refuse_from_contact()
        if vals.keys() & {"kind", "value"}:
            self._refuse_taken(
                [
                    {
                        "partner_id": vals.get("partner_id", row.partner_id.id),
                        "kind": vals.get("kind", row.kind),
                        "value": vals.get("value", row.value),
                    }
                    for row in self
                ],
                besides=self,
            )
        result = super().write(vals)
        self.partner_id.check_access("write")  # also the one they belong to now
        return result

    def unlink(self):
        """Free the values: each goes to the oldest other customer who claims it."""
        self.partner_id.check_access("write")
        freed = {(row.kind, row.value_norm) for row in self if not row.shared}
        result = super().unlink()
        self._promote(freed)
        return result

    @api.ondelete(at_uninstall=False)
    def _refuse_from_contact(self):
        """Identities that follow the contact are changed there, unless the system does it."""
        if self.env.su:
            return
        for identity in self.filtered(lambda row: row.origin == "contact"):
            raise UserError(
                self.env._(
                    "%(value)s comes from the contact %(name)s: change its e-mail, phone, tax ID or"
                    " website instead.",
                    value=identity.value,
                    name=identity.partner_id.display_name,
                )
            )

    @api.model
    def _refuse_taken(self, vals_list, besides=()):
        """Refuse values that identify somebody already, naming him only to who may read him."""
        wanted = defaultdict(dict)
        for vals in vals_list:
            partner = self.env["res.partner"].browse(vals.get("partner_id"))
            kind = vals.get("kind") or "email"
            norm = self._normalise(kind, vals.get("value"), partner)
            if norm and not vals.get("shared"):
                wanted[kind][norm] = vals["value"]
        for kind, norms in wanted.items():
            # sudo: the value may identify a customer of another company; only its name is hidden
            taken = self.sudo().search(
                [
                    ("kind", "=", kind),
                    ("value_norm", "in", list(norms)),
                    ("shared", "=", False),
                    ("id", "not in", list(besides and besides.ids)),
                ],
                limit=1,
            )
            if taken:
                raise ValidationError(taken._taken_message(norms[taken.value_norm], self.env))

    def _taken_message(self, value, env):
        partner = self.partner_id.with_env(env)
        if partner.with_context(active_test=False)._filtered_access("read"):
            return env._(
                "%(value)s already identifies %(name)s. If both are the same customer, merge them.",
                value=value,
                name=partner.display_name,
            )
        return env._(
            "%(value)s already identifies a customer whom you may not see. Ask an administrator.",
            value=value,
        )

    # --- normalisation ---

    @api.model
    def _normalise(self, kind, value, partner=None):
        """Return what is compared for a value of a kind, or an empty text if it is none.

        :param partner: whose country tells the prefix of a phone without one
        """
        value = (value or "").strip()
        if not value:
            return ""
        return getattr(self, f"_normalise_{kind}", self._normalise_text)(value, partner)

    def _normalise_email(self, value, partner):
        return email_normalize(value) or ""

    def _normalise_phone(self, value, partner):
        country = (partner and partner.country_id) or self.env.company.country_id
        return self.env["res.partner"]._phone_format(number=value, country=country) or ""

    def _normalise_uscc(self, value, partner):
        return china_ids.normalise_code(value)

    _normalise_vat = _normalise_id_card = _normalise_uscc

    def _normalise_domain(self, value, partner):
        return china_ids.normalise_domain(value)

    def _normalise_text(self, value, partner):
        """Ids of other systems: capitals matter there."""
        return value

    # --- finding ---

    @api.model
    def _find_partners(self, kind, norms):
        """Return {normalised value: partner} of active partners that the user may read."""
        # sudo: whoever may read a customer may be told by a value of his; filtered just below
        rows = self.sudo().search_fetch(
            [("kind", "=", kind), ("value_norm", "in", list(norms)), ("shared", "=", False)],
            ["value_norm", "partner_id"],
        )
        found = {row.value_norm: row.partner_id.id for row in rows}
        if not found:
            return {}
        readable = self.env["res.partner"].search([("id", "in", list(found.values()))])
        return {
            norm: self.env["res.partner"].browse(partner_id)
            for norm, partner_id in found.items()
            if partner_id in readable._ids
        }

    @api.model
    def _identify(self, kind, value):
        """Return the readable customer whom a value identifies, or an empty record.

        The hook of everything that meets a customer outside: web shop, WeChat, telephony.
        """
        norm = self._normalise(kind, value)
        found = self._find_partners(kind, [norm]) if norm else {}
        return found.get(norm, self.env["res.partner"])

    @api.model
    def _find_by_emails(self, emails, ban_emails=None, filter_found=None, values=None):
        """Return {given e-mail: partner} as core's finder of partners by e-mail asks for it.

        A customer of another company than that of the document (``company_id`` in ``values``) is
        not found.
        """
        norms = {email: tools.parse_contact_from_email(email)[1] for email in emails}
        banned = set(ban_emails or [])
        found = self._find_partners("email", {norm for norm in norms.values() if norm} - banned)
        result = {}
        for email, norm in norms.items():
            partner = found.get(norm) or self.env["res.partner"]
            company = (values or {}).get(norm, {}).get("company_id")
            if company and partner.company_id and partner.company_id.id != company:
                continue
            if partner and filter_found:
                partner = partner.filtered(filter_found)
            if partner:
                result[email] = partner
        return result

    @api.model
    def _held_by(self, partners):
        """Return the (kind, norm) that identify these partners."""
        # sudo: only to let others have the values when these partners are deleted
        rows = self.sudo().search_fetch(
            [("partner_id", "in", partners.ids), ("shared", "=", False)], ["kind", "value_norm"]
        )
        return {(row.kind, row.value_norm) for row in rows}

    # --- maintenance from contacts ---

    @api.model
    def _watched_fields(self):
        """Return the fields of a contact from which identities are made."""
        return {
            "active",
            "company_registry",
            "country_id",
            "email",
            "is_company",
            "parent_id",
            "phone",
            "vat",
            "website",
        }

    @api.model
    def _sync_partners(self, ids):
        """Make the identities of contacts equal to what the contacts say, in a few statements."""
        ids = sorted(ids)
        if not ids:
            return
        self.env["res.partner"].flush_model()
        self.flush_model()
        for batch in split_every(BATCH, ids, list):
            self._sync_batch(batch)
        self.invalidate_model()
        self.env["res.partner"].invalidate_model(["identity_ids"])

    def _sync_batch(self, ids):
        wanted = self._wanted_rows(ids)
        have = self.env.execute_query(
            SQL(
                "SELECT id, partner_id, kind, value_norm, origin = 'contact'"
                " FROM crm_identity WHERE partner_id = ANY(%s)",
                ids,
            )
        )
        stale = [row[0] for row in have if row[4] and row[1:4] not in wanted]
        freed = self._delete_rows(stale)
        for key in {row[1:4] for row in have if row[0] not in set(stale)}:
            wanted.pop(key, None)
        self._insert_rows(list(wanted.values()))
        self._promote(freed)
        if have:
            self._drop_own_claims(ids)

    def _wanted_rows(self, ids):
        """Return {(partner, kind, norm): (partner, kind, value, norm)} that contacts claim."""
        partners = self.env.execute_query(
            SQL(
                """SELECT id, email, email_normalized, phone, phone_sanitized, website, is_company,
                          CASE WHEN commercial_partner_id = id THEN vat END,
                          CASE WHEN commercial_partner_id = id THEN company_registry END
                     FROM res_partner WHERE id = ANY(%s) AND active ORDER BY id""",
                ids,
            )
        )
        rows = (
            (row[0], *claim)
            for row in partners
            for claim in self._claims(*row[1:])
            if claim[2] and len(claim[2]) < 1000  # what a btree index holds
        )
        return {(row[0], row[1], row[3]): row for row in rows}

    def _claims(self, email, mail_norm, phone, phone_norm, website, is_company, vat, registry):
        """Yield (kind, value, norm) of what a contact says about itself."""
        if mail_norm and not china_ids.is_role_mailbox(mail_norm):
            yield "email", email, mail_norm
        if phone_norm:
            yield "phone", phone, phone_norm
        codes = {code for code in (vat, registry) if code and china_ids.uscc_is_valid(code)}
        for code in sorted(codes):
            yield "uscc", code, china_ids.normalise_code(code)
        if vat and vat not in codes and len(vat) > 1:  # "/" says that there is none
            yield "vat", vat, china_ids.normalise_code(vat)
        if is_company:
            source = website or mail_norm
            yield "domain", source, china_ids.company_domain(source)

    def _delete_rows(self, ids):
        """Delete rows; return the (kind, norm) that identify nobody now."""
        if not ids:
            return set()
        rows = self.env.execute_query(
            SQL(
                "DELETE FROM crm_identity WHERE id = ANY(%s) RETURNING kind, value_norm, shared",
                ids,
            )
        )
        return {(kind, norm) for kind, norm, shared in rows if not shared}

    def _insert_rows(self, rows):
        """Insert identities; those whose value is taken become claims."""
        if not rows:
            return
        got = set(
            self.env.execute_query(
                SQL(
                    "%s ON CONFLICT (kind, value_norm) WHERE shared IS NOT TRUE DO NOTHING"
                    " RETURNING partner_id, kind, value_norm",
                    self._sql_insert(rows, shared=False),
                )
            )
        )
        rest = [row for row in rows if (row[0], row[1], row[3]) not in got]
        if rest:
            self.env.cr.execute(self._sql_insert(rest, shared=True))

    def _sql_insert(self, rows, shared):
        partner_ids, kinds, values, norms = zip(*rows, strict=True)
        return SQL(
            """INSERT INTO crm_identity (partner_id, kind, value, value_norm, origin, shared,
                                         create_uid, write_uid, create_date, write_date)
                    SELECT given.*, 'contact', %s, %s, %s, %s, %s
                      FROM UNNEST(%s::int[], %s::varchar[], %s::varchar[], %s::varchar[]) given""",
            shared,
            self.env.uid,
            self.env.uid,
            self.env.cr.now(),
            self.env.cr.now(),
            list(partner_ids),
            list(kinds),
            list(values),
            list(norms),
        )

    @api.model
    def _promote(self, freed):
        """Let the oldest customer that claims a value have it, where it identifies nobody now."""
        if not freed:
            return
        self.flush_model()
        kinds, norms = zip(*freed, strict=True)
        self.env.cr.execute(
            SQL(
                """UPDATE crm_identity SET shared = FALSE
                    WHERE id IN (
                          SELECT DISTINCT ON (claim.kind, claim.value_norm) claim.id
                            FROM crm_identity claim
                            JOIN UNNEST(%s::varchar[], %s::varchar[]) freed (kind, value_norm)
                                 USING (kind, value_norm)
                           WHERE claim.shared
                             AND NOT EXISTS (
                                 SELECT FROM crm_identity holder
                                  WHERE (holder.kind, holder.value_norm)
                                        = (claim.kind, claim.value_norm)
                                    AND holder.shared IS NOT TRUE)
                        ORDER BY claim.kind, claim.value_norm, claim.partner_id)""",
                list(kinds),
                list(norms),
            )
        )
        self.invalidate_model()

    @api.autovacuum
    def _gc_claims_without_holder(self):
        """Give values that are claimed, but identify nobody, to the oldest claimant.

        Such a claim comes about when a customer lets a value go in the same moment as another one
        comes with it: neither transaction sees the other.
        """
        self.flush_model()
        freed = self.env.execute_query(
            SQL(
                """SELECT DISTINCT kind, value_norm FROM crm_identity claim
                    WHERE shared AND NOT EXISTS (
                          SELECT FROM crm_identity holder
                           WHERE (holder.kind, holder.value_norm) = (claim.kind, claim.value_norm)
                             AND holder.shared IS NOT TRUE)"""
            )
        )
        self._promote(set(freed))

    def _drop_own_claims(self, ids):
        """After a merge a customer may claim what it holds already."""
        self.env.cr.execute(
            SQL(
                """DELETE FROM crm_identity claim USING crm_identity holder
                    WHERE claim.partner_id = ANY(%s) AND claim.shared
                      AND holder.partner_id = claim.partner_id AND holder.shared IS NOT TRUE
                      AND (holder.kind, holder.value_norm) = (claim.kind, claim.value_norm)""",
                ids,
            )
        )

    @api.model
    def _rebuild(self):
        """Make the identities of all contacts anew; what people added stays."""
        ids = [row[0] for row in self.env.execute_query(SQL("SELECT id FROM res_partner"))]
        self._sync_partners(ids)

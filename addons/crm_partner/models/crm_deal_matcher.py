from dataclasses import dataclass, field
from math import log2

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.crm_customer.engine import china_ids

#: weight of the same company domain: m = 0.8, u = 0.0005, as for the kind "domain" of the engine
DOMAIN_BITS = log2(0.8 / 0.0005)


@dataclass(frozen=True, slots=True)
class Subject:
    """A company as the matching sees it: columns of the engine, and what identifies it."""

    record: dict
    identities: frozenset = frozenset()
    company_id: int | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """Something that concerns the same company as a subject, or may do so."""

    kind: str  # "registration", "lead", "customer" or "account"
    res_id: int
    probability: float
    certain: bool
    partner_id: int | None = field(default=None)


class CrmDealMatcher(models.AbstractModel):
    """Who else is working on a company: other partners, direct sales, existing customers.

    The comparison is that of ``crm_customer``: same rule sets, same engine. A unified social credit
    code decides alone; the same company domain turns "perhaps" into "yes".
    """

    _name = "crm.deal.matcher"
    _description = "Conflict Check of Registered Deals"

    # --- what is compared ---

    @api.model
    def _subject(self, values, company):
        """Return the :class:`Subject` of a company.

        :param dict values: fields of ``res.partner``, relations as records
        :param company: ``res.company`` for which it is looked at
        """
        record = self.env["crm.match.ruleset"]._record_of(values)
        return Subject(record, self._identities(record), company.id)

    @api.model
    def _identities(self, record):
        """Return the pairs (kind, normalised value) that identify a record of the engine."""
        found = set()
        code = china_ids.normalise_code(record.get("vat"))
        if code:
            found.add(("uscc" if china_ids.uscc_is_valid(code) else "vat", code))
        if domain := china_ids.company_domain(record.get("domain")):
            found.add(("domain", domain))
        return frozenset(found)

    @api.model
    def _rulesets(self, company):
        return self.env["crm.match.ruleset"]._active("company", company)

    @api.model
    def _hashes(self, subject):
        company = self.env["res.company"].browse(subject.company_id)
        return self.env["crm.deal.key"]._hashes(
            self._rulesets(company), subject.record, subject.identities
        )

    # --- the check ---

    @api.model
    def _find_conflicts(self, subject, besides, hashes=None):
        """Return what speaks against a new registration of a company, as list of :class:`Match`.

        :param besides: the ``crm.deal.registration`` that is looked at
        :param hashes: keys of the subject, if the caller has them
        """
        hashes = hashes or self._hashes(subject)
        scored = self._scored(subject, hashes, ("registration", "lead", "customer"))
        known = [match for match in scored if match.kind == "customer"]
        found = [match for match in scored if match.kind == "registration"]
        found = [match for match in found if match.res_id not in besides.ids]
        found += [match for match in scored if match.kind == "lead"]
        found += self._leads_of(known, subject)
        found += self._recent_customers(known, subject)
        return found + self._named_accounts(known, subject)

    @api.model
    def _find_registrations(self, subject):
        """Return the live registrations of a company as list of :class:`Match`."""
        hashes = self._hashes(subject)
        return self._scored(subject, hashes, ("registration",))

    def _scored(self, subject, hashes, kinds):
        """Return the :class:`Match` of what has a key in common with a subject, best first."""
        company = self.env["res.company"].browse(subject.company_id)
        matches = []
        for ruleset in self._rulesets(company):
            rows = []
            for kind in kinds:
                rows += getattr(self, f"_candidates_{kind}")(ruleset, subject, hashes)
            matches += self._score(ruleset, subject, rows)
        best = {}
        for match in matches:
            key = match.kind, match.res_id
            if key not in best or best[key].probability < match.probability:
                best[key] = match
        return sorted(best.values(), key=lambda match: (-match.probability, match.res_id))

    def _score(self, ruleset, subject, rows):
        """Return the :class:`Match` of each candidate that may be the subject.

        :param rows: list of (kind, id, record, identities)
        """
        from odoo.addons.crm_customer.engine.match import score_one

        if not rows:
            return []
        spec, frequencies = ruleset._engine()
        found = score_one(subject.record, [row[2] for row in rows], spec, frequencies)
        matches = []
        for (kind, res_id, _record, identities), evidence in zip(rows, found, strict=True):
            verdict, probability = self._verdict(subject, identities, evidence, spec)
            if verdict:
                matches.append(Match(kind, res_id, probability, verdict != "perhaps"))
        return matches

    def _verdict(self, subject, identities, evidence, spec):
        """Return ("code", "same", "perhaps" or None, probability) of two companies.

        The domain of a company is a witness of its own, worth log2(m/u) bits like the others; two
        different codes are two companies of one group, whatever else they share.
        """
        shared = {kind for kind, _value in subject.identities & identities}
        if shared & {"uscc", "vat"}:
            return "code", 1.0
        weight = evidence.weight + (DOMAIN_BITS if "domain" in shared else 0)
        probability = 1 / (1 + 2 ** -max(min(weight, 1000), -1000))
        apart = len({value for kind, value in subject.identities | identities if kind == "uscc"})
        if probability >= spec.merge and not evidence.veto and apart < 2:
            return "same", probability
        perhaps = probability >= spec.review or "domain" in shared
        return ("perhaps" if perhaps else None), probability

    # --- candidates ---

    def _candidates_registration(self, ruleset, subject, hashes):
        ids = self.env["crm.deal.key"]._probe(hashes, "r")
        registrations = self.env["crm.deal.registration"].sudo()  # sudo: the check is told no names
        live = registrations.search_fetch(
            Domain("id", "in", ids) & registrations._live_domain(subject.company_id),
            registrations._match_fields(),
        )
        return [
            ("registration", row.id, row._match_record(), self._identities(row._match_record()))
            for row in live
        ]

    def _candidates_lead(self, ruleset, subject, hashes):
        ids = self.env["crm.deal.key"]._probe(hashes, "l")
        # sudo: as above
        leads = (
            self.env["crm.lead"]
            .sudo()
            .search(Domain("id", "in", ids) & self._direct_leads_domain(subject.company_id))
        )
        rows = [(lead.id, lead._deal_match_record()) for lead in leads]
        return [("lead", lead_id, record, self._identities(record)) for lead_id, record in rows]

    def _candidates_customer(self, ruleset, subject, hashes):
        """Return customers with a key in common, or with the same code or domain."""
        keys = self.env["crm.match.key"]
        ids = set(keys._probe(keys._hashes(ruleset, subject.record)))
        # sudo: as above
        identity = self.env["crm.identity"].sudo()
        for kind, value in subject.identities:
            ids |= {partner.id for partner in identity._find_partners(kind, [value]).values()}
        # sudo: as above
        records = ruleset.sudo()._records(ids)
        return [
            ("customer", record["id"], record, self._identities(record))
            for record in records
            if record["company_id"] in (None, subject.company_id)
        ]

    # --- what makes a match a conflict ---

    @api.model
    def _direct_leads_domain(self, company_id=None):
        """Return the domain of open opportunities of direct sales, of a company or all."""
        companies = Domain("company_id", "in", [company_id, False]) if company_id else Domain.TRUE
        return companies & Domain(
            [
                ("type", "=", "opportunity"),
                ("won_status", "=", "pending"),
                ("active", "=", True),
                ("deal_registration_id", "=", False),
                ("channel_partner_id", "=", False),
            ]
        )

    def _leads_of(self, known, subject):
        """Return the open opportunities with customers that match."""
        by_partner = {match.res_id: match for match in known}
        # sudo: as above
        leads = self.env["crm.lead"].sudo()
        found = (
            leads.search(
                Domain("partner_id.commercial_partner_id", "in", list(by_partner))
                & self._direct_leads_domain(subject.company_id)
            )
            if by_partner
            else leads
        )
        result = []
        for lead in found:
            match = by_partner[lead.partner_id.commercial_partner_id.id]
            result.append(Match("lead", lead.id, match.probability, match.certain, match.res_id))
        return result

    def _recent_customers(self, known, subject):
        """Return the customers that ordered from us, or were invoiced, not long ago."""
        # sudo: a setting of the company, which whoever registers need not read
        company = self.env["res.company"].browse(subject.company_id).sudo()
        months = company.deal_customer_months
        ids = [match.res_id for match in known]
        if not ids or not months:
            return []
        since = fields.Date.subtract(company._deal_today(), months=months)
        buyers = self._buyers(ids, company, since)
        return [match for match in known if match.res_id in buyers]

    def _buyers(self, ids, company, since):
        """Return the ids of customers with an order or invoice since a date."""
        # sudo: whether somebody bought, not what
        orders = (
            self.env["sale.order"]
            .sudo()
            ._read_group(
                [
                    ("partner_id.commercial_partner_id", "in", ids),
                    ("company_id", "=", company.id),
                    ("state", "=", "sale"),
                    ("date_order", ">=", since),
                ],
                ["partner_id"],
            )
        )
        # sudo: as above
        invoices = (
            self.env["account.move"]
            .sudo()
            ._read_group(
                [
                    ("commercial_partner_id", "in", ids),
                    ("company_id", "=", company.id),
                    ("move_type", "=", "out_invoice"),
                    ("state", "=", "posted"),
                    ("invoice_date", ">=", since),
                ],
                ["commercial_partner_id"],
            )
        )
        bought = {partner.commercial_partner_id.id for (partner,) in orders}
        return bought | {partner.id for (partner,) in invoices}

    def _named_accounts(self, known, subject):
        """Return the matches that are named accounts of direct sales, as kind "account".

        Hook: empty here; the addon that knows of named accounts extends it.

        :param known: :class:`Match` of customers
        """
        return []

from odoo import api, fields, models
from odoo.exceptions import UserError

#: stands for a salesperson where there is none
NOBODY = "–"


class CrmLeadRouteLog(models.Model):
    """Where a lead went, when and why: written by the router only, never changed."""

    _name = "crm.lead.route.log"
    _description = "Lead Routing Decision"
    _order = "id desc"
    _rec_name = "lead_id"
    _log_access = False

    lead_id = fields.Many2one(
        "crm.lead", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="lead_id.company_id")
    date = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    kind = fields.Selection(
        [
            ("create", "On arrival"),
            ("again", "Routed again"),
            ("territory", "Territories changed"),
            ("breach", "No response in time"),
            ("manual", "By hand"),
        ],
        required=True,
        readonly=True,
    )
    rule_id = fields.Many2one("crm.lead.route.rule", readonly=True, ondelete="set null")
    territory_id = fields.Many2one("crm.territory", readonly=True, ondelete="set null")
    team_id = fields.Many2one("crm.team", "Sales Team", readonly=True, ondelete="set null")
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True, ondelete="set null")
    previous_user_id = fields.Many2one(
        "res.users", "Salesperson Before", readonly=True, ondelete="set null"
    )
    actor_id = fields.Many2one(
        "res.users", "Caused by", readonly=True, ondelete="set null",
        default=lambda self: self.env.uid,
    )  # fmt: skip
    facts = fields.Json(
        readonly=True,
        help="What was decided upon, as data: the sentence is put together for whoever reads it."
        " Names are those of then, for what has been deleted since.",
    )
    reason = fields.Char(compute="_compute_reason")

    _turn_idx = models.Index("(rule_id, user_id, id)")
    _day_idx = models.Index("(user_id, date)")

    @api.depends("facts", "kind")
    @api.depends_context("lang")
    def _compute_reason(self):
        said = {}
        for log in self:
            log.reason = " ".join(log._sentences(said))

    def _sentences(self, said):
        """Return the explanation in the language of the reader.

        :param dict said: conditions that were put into words already
        """
        facts = self._named_facts(said)
        sentences = [self._because(facts)]
        if facts.get("territory"):
            sentences.append(self.env._("Territory: %s.", facts["territory"]))
        passed = [
            f"{name} ({self._obstacles().get(why, why)})" for name, why in facts.get("skipped", ())
        ]
        if passed:
            sentences.append(self.env._("Passed over: %s.", ", ".join(passed)))
        if facts.get("tried"):
            sentences.append(self.env._("Nobody was available by: %s.", ", ".join(facts["tried"])))
        if facts.get("due"):
            due = fields.Datetime.context_timestamp(self, fields.Datetime.to_datetime(facts["due"]))
            sentences.append(
                self.env._("The first response was due on %s.", f"{due:%Y-%m-%d %H:%M}")
            )
        return sentences

    def _named_facts(self, said):
        """Return the facts with the names that rules, teams and territories have for the reader.

        Decisions of before this was data keep their ``conditions`` as they were written.
        """
        facts, rules = dict(self.facts or {}), self.env["crm.lead.route.rule"]
        own = self.sudo()  # sudo: names for the explanation of a decision the reader may see
        current = {
            "rule": own.rule_id.name,
            "team": own.team_id.name,
            "territory": own.territory_id.complete_name,
        }
        facts |= {name: text for name, text in current.items() if text and facts.get(name)}
        if "terms" in facts:
            key = repr(facts["terms"])
            if key not in said:
                said[key] = rules._sentence(facts["terms"])
            facts["conditions"] = said[key]
        if facts.get("tried_ids"):
            facts["tried"] = rules._names_of(rules.sudo(), facts["tried_ids"], facts["tried"])
        return facts

    def _because(self, facts):
        """Return the main sentence; each code is one way to decide."""
        names = {
            "rule": facts.get("rule", ""),
            "conditions": facts.get("conditions", ""),
            "user": facts.get("user", ""),
            "team": facts.get("team", ""),
            "number": facts.get("number", 0),
            "load": round(facts.get("load", 0), 1),
            "actor": facts.get("actor", ""),
            "before": facts.get("before", ""),
        }
        env = self.env
        texts = {
            "person": env._('Rule "%(rule)s" (%(conditions)s) gives it to %(user)s.', **names),
            "round_robin": env._(
                'Rule "%(rule)s" (%(conditions)s): turn of %(user)s among %(number)s people.',
                **names,
            ),
            "least_loaded": env._(
                'Rule "%(rule)s" (%(conditions)s): %(user)s has the least open work of '
                "%(number)s people (open weight %(load)s).",
                **names,
            ),
            "team": env._('Rule "%(rule)s" (%(conditions)s) leaves it to %(team)s.', **names),
            "fallback": env._(
                'Rule "%(rule)s" (%(conditions)s): nobody available, so the fallback %(user)s.',
                **names,
            ),
            "policy_fallback": env._(
                "Nobody else could take it, so it goes to the fallback %(user)s.", **names
            ),
            "kept": env._("%(user)s was chosen by %(actor)s, who entered it.", **names),
            "nobody_left": env._("Nobody else could take it; it stays with %(user)s.", **names),
            "no_rule": env._("No routing rule applies.", **names),
            "moved": env._("The territory changed.", **names),
        }
        code = facts.get("code")
        return self._by_hand(names) if code == "manual" else texts.get(code, "")

    def _by_hand(self, names):
        """Return who gave the lead to whom, as far as there is anybody."""
        if names["user"] == NOBODY:
            return self.env._("Taken from %(before)s by %(actor)s; nobody has it now.", **names)
        if names["before"] == NOBODY:
            return self.env._("Given to %(user)s by %(actor)s.", **names)
        return self.env._("Handed over by %(actor)s from %(before)s to %(user)s.", **names)

    def _obstacles(self):
        return {
            "had_it": self.env._("had it already"),
            "absent": self.env._("away"),
            "full": self.env._("full"),
            "day_full": self.env._("enough for today"),
            "off_hours": self.env._("not at work now"),
            "paused": self.env._("paused"),
        }

    def write(self, vals):
        """Move decisions to the lead that survives a merge.

        :raises UserError: for every other change
        """
        # Only a merge of leads moves decisions, to the surviving lead.
        if vals.keys() == {"lead_id"} and self.env.context.get("crm_lead_merge"):
            return super().write(vals)
        raise UserError(self.env._("Routing decisions are a record and cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Routing decisions are a record and cannot be deleted."))

from odoo import fields, models
from odoo.tools import SQL

from .crm_match_candidate import BANDS


class CrmMatchQuality(models.Model):
    """How good the rules are, measured on the pairs that people decided on.

    A row per rule set and probability band. Precision and recall are those of a threshold at the
    lower end of the band: of the reviewed pairs from there on, how many are duplicates; of all
    reviewed duplicates, how many lie there.
    """

    _name = "crm.match.quality"
    _description = "Quality of Matching"
    _auto = False
    _order = "ruleset_id, band desc"
    _rec_name = "band"

    ruleset_id = fields.Many2one("crm.match.ruleset", "Rule Set", readonly=True)
    band = fields.Selection(BANDS, "Probability Band", readonly=True)
    pairs = fields.Integer(readonly=True)
    to_review = fields.Integer(readonly=True)
    duplicates = fields.Integer("Reviewed: Duplicate", readonly=True)
    distinct_pairs = fields.Integer("Reviewed: Not a Duplicate", readonly=True)
    share = fields.Float(
        "Duplicates in Band", readonly=True, aggregator="avg", help="Of the reviewed pairs."
    )
    precision = fields.Float("Precision From Here", readonly=True, aggregator="min")
    recall = fields.Float("Recall From Here", readonly=True, aggregator="max")

    @property
    def _table_query(self):
        return SQL(
            """
            WITH band AS (
                SELECT MIN(id) AS id, ruleset_id, band, COUNT(*) AS pairs,
                       COUNT(*) FILTER (WHERE state = 'to_review') AS to_review,
                       COUNT(*) FILTER (WHERE state IN ('duplicate', 'merged')) AS duplicates,
                       COUNT(*) FILTER (WHERE state = 'distinct') AS distinct_pairs
                  FROM crm_match_candidate
              GROUP BY ruleset_id, band
            ), total AS (
                SELECT *, SUM(duplicates) OVER above AS true_above,
                       SUM(distinct_pairs) OVER above AS false_above,
                       SUM(duplicates) OVER (PARTITION BY ruleset_id) AS all_true
                  FROM band
                WINDOW above AS (PARTITION BY ruleset_id ORDER BY band DESC)
            )
            SELECT id, ruleset_id, band, pairs, to_review, duplicates, distinct_pairs,
                   duplicates::float / NULLIF(duplicates + distinct_pairs, 0) AS share,
                   true_above::float / NULLIF(true_above + false_above, 0) AS precision,
                   true_above::float / NULLIF(all_true, 0) AS recall
              FROM total
            """
        )

from .common_identity import IdentityCase


class MatchCase(IdentityCase):
    """A rule set of one's own; those that come with the addon are put away.

    The numbers are those of story D12: m/u of phone .95/.0001, name .90/.005, e-mail .85/.00001,
    address .80/.02, prior 1/1000.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["crm.match.ruleset"].search([]).active = False
        cls.env["crm.match.queue"].search([]).unlink()
        cls.ruleset = cls.env["crm.match.ruleset"].create(cls.ruleset_vals())

    @classmethod
    def ruleset_vals(cls, **more):
        rows = [
            ("phone", "phone", 0.95, 0.0001),
            ("name", "name", 0.90, 0.005),
            ("email", "email", 0.85, 0.00001),
            ("address", "address", 0.80, 0.02),
        ]
        return {
            "name": "Story",
            "kind": "person",
            "prior": 0.001,
            "merge_from": 0.95,
            "review_from": 0.30,
            "comparison_ids": [
                (
                    0,
                    0,
                    {
                        "sequence": number,
                        "column": column,
                        "kind": kind,
                        "level_ids": [
                            (0, 0, {"sequence": 1, "name": "exact", "m": m, "u": u}),
                            (0, 0, {"sequence": 2, "name": "else", "m": 1 - m, "u": 1 - u}),
                        ],
                    },
                )
                for number, (column, kind, m, u) in enumerate(rows)
            ],
            "blocking_ids": [
                (0, 0, {"column_1": "phone", "transform_1": "digits"}),
                (0, 0, {"column_1": "name", "transform_1": "pinyin"}),
                (0, 0, {"column_1": "email", "transform_1": "email"}),
            ],
            "veto_ids": [(0, 0, {"kind": "given_name", "columns": "name"})],
            **more,
        }

    def pair(self, one, other):
        """Return the candidate pair of two customers, or an empty record."""
        ids = sorted((one.id, other.id))
        return self.env["crm.match.candidate"].search(
            [("left_id", "=", ids[0]), ("right_id", "=", ids[1])]
        )

    def run_queue(self):
        self.run_cron("crm_customer.ir_cron_match_changed")

    def run_cron(self, xmlid):
        cron = self.env.ref(xmlid)
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertFalse(cron.failure_count)
        self.env.invalidate_all()

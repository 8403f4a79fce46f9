from odoo.tests import HttpCase, tagged

from .common_match import MatchCase


@tagged("post_install", "-at_install")
class TestMatchTour(MatchCase, HttpCase):
    """The path of a reviewer in the browser."""

    def test_review(self):
        self.env["crm.match.candidate"].search([]).unlink()
        names = [("王伟", "13800138000"), ("赵敏", "13911112222"), ("李强", "13600000001")]
        for name, phone in names:
            for street in ("北京路1号", "南京路8号" if name == "王伟" else "北京路1号"):
                self.partner(name, phone=phone, street=street)
        self.ruleset.run_now()
        pairs = self.env["crm.match.candidate"].search([("ruleset_id", "=", self.ruleset.id)])
        self.assertEqual(len(pairs), 3)
        first = pairs.filtered(lambda pair: pair.left_id.name == "王伟")
        # the reviewer begins with what is most probable, and comes to the others from there
        others = sorted(pairs - first, key=lambda pair: pair.left_id.name != "赵敏")
        for rank, pair in enumerate([first, *others]):
            pair.probability = 0.999 - rank / 1000
        self.start_tour("/odoo/crm-duplicates", "crm_customer_match_review", login=self.rep.login)
        self.assertEqual(set(pairs.mapped("state")), {"distinct"})
        self.assertEqual(pairs.reviewer_id, self.rep)
        self.assertEqual(first.note, "Two people of one office")
        self.assertEqual(sum(pairs.mapped("skipped")), 1)

from odoo.fields import Domain
from odoo.tests import tagged

from .common_segment import SegmentCase


@tagged("post_install", "-at_install")
class TestSegmentWords(SegmentCase):
    """Conditions as sentences, in English and Chinese."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.china = cls.env.ref("base.cn")
        cls.japan = cls.env.ref("base.jp")

    def words(self, domain, lang="en_US"):
        env = self.env(context={**self.env.context, "lang": lang})
        return env["crm.segment.words"]._of_domain(Domain(domain), env["res.partner"])

    def assertWords(self, domain, english, chinese):
        self.assertEqual(self.words(domain), english)
        self.assertEqual(self.words(domain, "zh_CN"), chinese)

    def test_one_or_several_values(self):
        both = (self.china | self.japan).ids
        self.assertWords(
            [("country_id", "=", self.china.id)], "Country is China", "国家/地区为 中国"
        )
        self.assertWords(
            [("country_id", "in", self.china.ids)], "Country is China", "国家/地区为 中国"
        )
        self.assertWords(
            [("country_id", "in", both)],
            "Country is one of China, Japan",
            "国家/地区为 中国、日本 之一",
        )
        self.assertWords(
            [("country_id", "not in", both)],
            "Country is none of China, Japan",
            "国家/地区不是 中国、日本 中的任何一个",
        )

    def test_category_tags(self):
        vip = self.env["res.partner.category"].create({"name": "VIP"})
        both = (vip | self.tag).ids
        self.assertWords([("category_id", "in", vip.ids)], "Tags include VIP", "标签包含 VIP")
        self.assertWords(
            [("category_id", "in", both)],
            "Tags include one of VIP, Segment test",
            "标签包含 VIP、Segment test 之一",
        )
        self.assertWords(
            [("category_id", "not in", vip.ids)], "Tags do not include VIP", "标签不包含 VIP"
        )

    def test_text_number_and_flag(self):
        self.assertWords([("city", "=", "Wuxi")], 'City is "Wuxi"', "城市为 “Wuxi”")
        self.assertWords([("city", "ilike", "xi")], 'City contains "xi"', "城市含有 “xi”")
        self.assertWords([("city", "=", False)], "City is not set", "城市未填写")
        self.assertWords([("city", "!=", False)], "City is set", "城市已填写")
        self.assertEqual(self.words([("customer_rank", ">=", 1000)])[-17:], "is at least 1,000")
        self.assertWords([("is_company", "=", True)], "Is a Company: yes", "是公司：是")
        self.assertWords([("is_company", "!=", True)], "Is a Company: no", "是公司：否")

    def test_dates(self):
        self.assertEqual(
            self.words([("create_date", ">=", "-90d")]), "Created on: 90 days ago or later"
        )
        self.assertEqual(
            self.words([("create_date", "<", "2026-03-01")]), "Created on: before 03/01/2026"
        )
        self.assertIn("90 天前", self.words([("create_date", ">=", "-90d")], "zh_CN"))
        odd = [("create_date", ">=", "today =1d")]
        self.assertEqual(self.words(odd), "Created on: today =1d or later")

    def test_paths_and_nested_domains(self):
        self.assertEqual(
            self.words([("country_id.code", "=", "CN")]), 'Country › Country Code is "CN"'
        )
        inner = [("city", "=", "Wuxi")]
        text = self.words([("child_ids", "any", inner)])
        self.assertTrue(text.endswith('at least one with City is "Wuxi"'), text)

    def test_and_or(self):
        domain = ["|", ("city", "=", "A"), "&", ("city", "=", "B"), ("is_company", "=", True)]
        self.assertWords(
            domain,
            'City is "A" or (City is "B" and Is a Company: yes)',
            "城市为 “A” 或 （城市为 “B”，并且 是公司：是）",
        )

    def test_removed_field_and_deleted_record(self):
        self.assertEqual(self.words([("x_gone", "=", 7)]), "x_gone is 7")
        self.assertEqual(self.words([("country_id", "=", 0)]), "Country is (unknown)")

    def test_in_a_segment(self):
        segment = self._segment((0, self._is([("city", "=", "Shanghai")], negate=True)))
        self.assertIn('not: City is "Shanghai"', segment.sentence)
        chinese = segment.with_context(lang="zh_CN")
        self.assertIn("城市为 “Shanghai”", chinese.condition_ids[-1].summary)
        self.assertNotIn(" in ", chinese.sentence)

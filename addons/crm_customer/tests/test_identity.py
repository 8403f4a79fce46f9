from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged, users
from odoo.tools import mute_logger

from ..hooks import post_init_hook
from .common_identity import IdentityCase

USCC = "91350100M000100Y43"
ID_CARD = "11010519491231002X"


@tagged("post_install", "-at_install")
class TestIdentity(IdentityCase):
    def test_from_the_contact(self):
        company = self.partner(
            "宏泰机械",
            is_company=True,
            email="Li.Wei@HongTai.cn",
            phone="138 0013 8000",
            vat=USCC,
        )
        self.assertEqual(
            self.identities(company),
            {
                ("email", "li.wei@hongtai.cn"),
                ("phone", "+8613800138000"),
                ("uscc", USCC),
                ("domain", "hongtai.cn"),
            },
        )
        company.write({"email": "wang@hongtai.cn", "phone": False, "website": "www.ht-pump.com"})
        self.assertEqual(
            self.identities(company),
            {("email", "wang@hongtai.cn"), ("uscc", USCC), ("domain", "ht-pump.com")},
        )

    def test_vat_belongs_to_the_commercial_entity(self):
        company = self.partner("Azure", is_company=True, vat="BE0477472701", country_id=False)
        contact = self.partner("Ann", parent_id=company.id)
        self.assertEqual(contact.vat, company.vat)
        self.assertIn(("vat", "BE0477472701"), self.identities(company))
        self.assertFalse(self.identities(contact))
        self.assertFalse(contact.identity_ids)

    def test_role_mailboxes_and_free_mail_identify_nobody(self):
        shop = self.partner("Shop", is_company=True, email="sales@shop.example.com")
        private = self.partner("Firm of a person", is_company=True, email="zhang3@qq.com")
        self.assertEqual(self.identities(shop), {("domain", "shop.example.com")})
        self.assertEqual(self.identities(private), {("email", "zhang3@qq.com")})

    def test_shared_value_is_kept_by_the_first(self):
        first = self.partner("Family, first", phone="13900000001")
        second = self.partner("Family, second", phone="+86 139-0000-0001")
        third = self.partner("Family, third", phone="139 0000 0001")
        self.assertEqual(self.identities(first), {("phone", "+8613900000001")})
        self.assertFalse(self.identities(second))
        self.assertTrue(second.identity_ids.shared)
        self.assertEqual(second.identity_ids.holder_id, first)
        first.phone = False
        self.assertEqual(self.identities(second), {("phone", "+8613900000001")})
        self.assertEqual(third.identity_ids.holder_id, second)
        second.unlink()
        self.assertEqual(self.identities(third), {("phone", "+8613900000001")})

    def test_an_archived_contact_lets_go(self):
        first, second = (self.partner(name, email="x@one.example") for name in ("A", "B"))
        first.active = False
        self.assertEqual(self.identities(second), {("email", "x@one.example")})
        first.active = True
        self.assertFalse(self.identities(first))
        self.assertTrue(first.identity_ids.shared)

    def test_many_at_once_take_few_statements(self):
        def make(prefix, count):
            return self.env["res.partner"].create(
                [
                    {"name": f"{prefix}{i}", "email": f"{prefix}{i}@many.example"}
                    for i in range(count)
                ]
            )

        def statements(count):
            prefix = f"p{count}x"
            partners = make(prefix, count)
            partners.write({"active": False})
            self.env.flush_all()
            start = self.env.cr.sql_log_count
            self.env["crm.identity"]._sync_partners(partners.ids)
            return self.env.cr.sql_log_count - start

        self.assertEqual(statements(100), statements(2))
        found = self.env["crm.identity"].search_count([("value_norm", "=like", "p100x%")])
        self.assertEqual(found, 0)
        many = make("q", 300)
        found = self.env["crm.identity"].search_count([("value_norm", "=like", "q%@many.example")])
        self.assertEqual(found, len(many))

    def test_rebuild_fills_an_existing_database(self):
        company = self.partner("Old", is_company=True, email="old@old.example", vat=USCC)
        added = self.env["crm.identity"].create(
            {"partner_id": company.id, "kind": "wechat", "value": "oABC-1"}
        )
        before = self.identities(company)
        self.env.cr.execute("DELETE FROM crm_identity WHERE origin = 'contact'")
        self.env.invalidate_all()
        self.assertEqual(self.identities(company), {("wechat", "oABC-1")})
        post_init_hook(self.env)
        self.assertEqual(self.identities(company), before)
        self.assertTrue(added.exists())
        rows = self.env["crm.identity"].search([]).ids
        post_init_hook(self.env)
        self.assertEqual(self.env["crm.identity"].search([]).ids, rows)

    @users("identity_rep")
    def test_salesperson_adds_and_removes(self):
        partner = self.env["res.partner"].create(
            {"name": "Customer", "email": "first@mail.example", "country_id": self.china.id}
        )
        partner.write(
            {"identity_ids": [(0, 0, {"kind": "email", "value": "Second@Mail.example "})]}
        )
        second = partner.identity_ids.filtered(lambda row: row.origin == "added")
        self.assertEqual(second.value_norm, "second@mail.example")
        with self.assertRaisesRegex(UserError, "comes from the contact"):
            (partner.identity_ids - second).unlink()
        with self.assertRaisesRegex(UserError, "comes from the contact"):
            (partner.identity_ids - second).value = "other@mail.example"
        second.unlink()
        self.assertEqual(partner.identity_ids.mapped("value_norm"), ["first@mail.example"])

    def test_bad_values(self):
        partner = self.partner("Customer")
        for kind, value, message in [
            ("email", "nobody", "not a valid value"),
            ("email", "info@firm.example", "mailbox of a function"),
            ("phone", "12", "not a valid value"),
            ("uscc", "91350100M000100Y44", "business licence"),
            ("id_card", "110105194912310021", "check character"),
            ("domain", "qq.com", "free mail"),
            ("domain", "nothing", "not a valid value"),
        ]:
            with (
                self.subTest(value),
                self.assertRaisesRegex(ValidationError, message),
                self.env.cr.savepoint(),
            ):
                self.env["crm.identity"].create(
                    {"partner_id": partner.id, "kind": kind, "value": value}
                )

    def test_taken_value(self):
        first = self.partner("Holder", email="taken@one.example")
        second = self.partner("Second")
        with self.assertRaisesRegex(ValidationError, "already identifies Holder"):
            second.with_user(self.rep).identity_ids = [
                (0, 0, {"kind": "email", "value": "TAKEN@one.example"})
            ]
        first.company_id = self.there
        with self.assertRaises(ValidationError) as refused:
            second.with_user(self.rep).identity_ids = [
                (0, 0, {"kind": "email", "value": "TAKEN@one.example"})
            ]
        self.assertNotIn("Holder", str(refused.exception))
        self.assertIn("may not see", str(refused.exception))

    @mute_logger("odoo.sql_db")
    def test_unique_in_the_database(self):
        self.partner("Holder", email="taken@one.example")
        other = self.partner("Other", email="free@one.example")
        with self.assertRaises(Exception) as refused, self.env.cr.savepoint():
            self.env.cr.execute(
                "UPDATE crm_identity SET value_norm = 'taken@one.example' WHERE partner_id = %s",
                [other.id],
            )
        self.assertIn("crm_identity_holder_uniq", str(refused.exception))

    def test_rights(self):
        partner = self.partner("There only", company_id=self.there.id, email="a@there.example")
        partner.identity_ids = [(0, 0, {"kind": "id_card", "value": ID_CARD})]
        rows = self.env["crm.identity"].search([("partner_id", "=", partner.id)])
        self.assertEqual(set(rows.mapped("kind")), {"email", "id_card"})

        def seen(user):
            company = user.company_ids.ids
            model = (
                self.env["crm.identity"].with_user(user).with_context(allowed_company_ids=company)
            )
            return model.search([("partner_id", "=", partner.id)])

        self.assertFalse(seen(self.rep))
        self.assertEqual(seen(self.other_rep).mapped("kind"), ["email"])
        self.assertEqual(len(seen(self.boss)), 2)
        for user in (self.portal, self.clerk):
            with self.assertRaises(AccessError):
                seen(user)
            with self.assertRaises(AccessError):
                partner.with_user(user).identity_ids.mapped("value")

    def test_identities_of_a_customer_who_may_only_be_read(self):
        self.clerk.group_ids += self.env.ref("crm_customer.group_customer_user")
        partner = self.partner("Customer", email="a@read.example")
        added = self.env["crm.identity"].create(
            {"partner_id": partner.id, "kind": "wechat", "value": "oR-1"}
        )
        identities = self.env["crm.identity"].with_user(self.clerk)
        self.assertFalse(partner.with_user(self.clerk).has_access("write"))
        self.assertEqual(identities.browse(added.id).value, "oR-1")
        for attempt in (
            lambda: identities.create(
                {"partner_id": partner.id, "kind": "wechat", "value": "oR-2"}
            ),
            lambda: identities.browse(added.id).write({"value": "oR-3"}),
            lambda: identities.browse(added.id).unlink(),
        ):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                attempt()
        self.assertEqual(added.value, "oR-1")

    def test_identify_hook(self):
        partner = self.partner("Follower", company_id=self.there.id)
        identity = self.env["crm.identity"]
        identity.create({"partner_id": partner.id, "kind": "wechat", "value": "oX-1"})
        self.assertEqual(identity._identify("wechat", "oX-1"), partner)
        self.assertFalse(identity._identify("wechat", "ox-1"), "ids tell capitals apart")
        self.assertFalse(identity.with_user(self.rep)._identify("wechat", "oX-1"))
        self.assertFalse(identity._identify("wechat", ""))

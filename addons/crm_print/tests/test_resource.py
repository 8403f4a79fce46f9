import base64

from odoo.tests import tagged, users

from .common import BASE_URL, PrintCase

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@tagged("post_install", "-at_install")
class TestResource(PrintCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.private, cls.public = cls.env["ir.attachment"].create(
            [
                {
                    "name": "private.png",
                    "raw": PIXEL,
                    "res_model": "ir.config_parameter",
                    "res_id": 1,
                },
                {"name": "public.png", "raw": PIXEL, "public": True},
            ]
        )

    def resolve(self, path, origin=BASE_URL, env=None):
        report = (env or self.env)["ir.actions.report"]
        return report._prepare_print_resolver(BASE_URL)(origin + path)

    @users("crm_print_user")
    def test_static_file(self):
        mimetype, content = self.resolve("/web/static/img/nologo.png")
        self.assertEqual(mimetype, "image/png")
        self.assertTrue(content)

    @users("crm_print_user")
    def test_only_static_files_of_addons(self):
        for path in (
            "/web/__manifest__.py",
            "/web/static/../__manifest__.py",
            "/web/static/%2e%2e/__manifest__.py",
            "/../../etc/passwd",
            "/web/static/none.png",
            "/web/session/get_session_info",
            "/odoo",
            "/my/orders",
        ):
            self.assertIsNone(self.resolve(path), path)

    @users("crm_print_user")
    def test_style_sheet_bundle(self):
        for unique in ("any", "1234567"):
            bundle = f"/web/assets/{unique}/web.report_assets_common.min.css"
            mimetype, content = self.resolve(bundle)
            self.assertEqual(mimetype, "text/css")
            self.assertIn(b"o_company_logo", content)

    @users("crm_print_user")
    def test_scripts_and_wrong_bundles_are_refused(self):
        self.assertIsNone(self.resolve("/web/assets/1234567/web.assets_web.min.js"))
        self.assertIsNone(self.resolve("/web/assets/1234567/nonsense"))

    @users("crm_print_user")
    def test_other_origins_are_refused(self):
        for origin in (
            "http://evil.example",
            "https://erp.example.com:8069",
            "http://erp.example.com",
        ):
            self.assertIsNone(self.resolve("/web/static/img/nologo.png", origin=origin))

    @users("crm_print_user")
    def test_images_follow_the_rights_of_the_user(self):
        self.assertEqual(self.resolve(f"/web/image/{self.public.id}")[0], "image/png")
        self.assertIsNone(self.resolve(f"/web/image/{self.private.id}"))
        self.assertIsNone(self.resolve(f"/web/content/{self.private.id}/x.png"))
        self.assertIsNone(self.resolve("/web/image/999999999"))

    def test_superuser_gets_what_the_public_gets(self):
        self.assertIsNone(self.resolve(f"/web/image/{self.private.id}"))
        self.assertTrue(self.resolve(f"/web/image/{self.public.id}"))
        admin = self.env(user=self.env.ref("base.user_admin"))
        self.assertTrue(self.resolve(f"/web/image/{self.private.id}", env=admin))

    @users("crm_print_user")
    def test_access_token_opens_its_attachment(self):
        token = self.private.sudo().generate_access_token()[0]
        self.assertTrue(self.resolve(f"/web/image/{self.private.id}?access_token={token}"))
        self.assertIsNone(self.resolve(f"/web/image/{self.private.id}?access_token=wrong"))

    @users("crm_print_user")
    def test_logo_and_barcode(self):
        self.env.company.sudo().logo = base64.b64encode(PIXEL)
        self.assertEqual(self.resolve(f"/logo.png?company={self.env.company.id}")[0], "image/png")
        barcode = self.resolve("/report/barcode/QR/S00012?width=100&height=100")
        self.assertEqual(barcode[0], "image/png")
        self.assertTrue(self.resolve("/report/barcode?barcode_type=QR&value=x"))
        self.assertIsNone(self.resolve("/report/barcode/QR/x?width=99999&height=99999"))

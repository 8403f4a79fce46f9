import base64
import logging
import mimetypes
import posixpath
from urllib.parse import parse_qsl, unquote, urlsplit

from werkzeug.exceptions import NotFound
from werkzeug.routing import Map, RequestRedirect, Rule

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import UserError
from odoo.tools import file_open
from odoo.tools.image import image_process
from odoo.tools.mimetypes import guess_mimetype

from odoo.addons.base.models.assetsbundle import ANY_UNIQUE

_logger = logging.getLogger(__name__)

# What a printed page may ask for; the addresses are those of the web module's controllers
_ROUTES = Map(
    [
        *(
            Rule(pattern, endpoint="image")
            for pattern in (
                "/web/image",
                "/web/image/<int:id>",
                "/web/image/<int:id>-<string:unique>",
                "/web/image/<int:id>/<int:width>x<int:height>",
                "/web/image/<int:id>/<string:filename>",
                "/web/image/<string:model>/<int:id>/<string:field>",
                "/web/image/<string:model>/<int:id>/<string:field>/<int:width>x<int:height>",
                "/web/image/<string:model>/<int:id>/<string:field>/<string:filename>",
                "/web/image/<string:xmlid>",
                "/web/image/<string:xmlid>/<int:width>x<int:height>",
                "/web/image/<string:xmlid>/<string:filename>",
                "/web/content/<int:id>",
                "/web/content/<int:id>/<string:filename>",
                "/web/content/<string:model>/<int:id>/<string:field>",
                "/web/content/<string:xmlid>",
            )
        ),
        Rule("/logo.png", endpoint="logo"),
        Rule("/web/binary/company_logo", endpoint="logo"),
        Rule("/report/barcode", endpoint="barcode"),
        Rule("/report/barcode/<barcode_type>/<path:value>", endpoint="barcode"),
        Rule("/web/assets/<string:unique>/<string:filename>", endpoint="assets"),
        Rule("/<string:addon>/static/<path:path>", endpoint="static"),
    ],
    strict_slashes=False,
)


class CrmPrintResource(models.AbstractModel):
    """Answers the requests of a page that is being printed, inside the server.

    The browser that prints reaches no network: every address is resolved here, with the rights of
    the user for whom the page is printed, or refused.
    """

    _name = "crm.print.resource"
    _description = "Resource of a Printed Page"

    @api.model
    def _resolve(self, url):
        """Return what a printed page gets for an absolute URL.

        Extend it to serve addresses of your own.

        :param str url: absolute, of the origin of the page (others are refused before)
        :return: (mime type, bytes), or None to refuse
        """
        parts = urlsplit(url)
        try:
            endpoint, values = _ROUTES.bind(parts.hostname or "").match(unquote(parts.path))
            values = {**dict(parse_qsl(parts.query)), **values}
            return getattr(self, f"_resolve_{endpoint}")(**values)
        except (
            NotFound,
            RequestRedirect,
            OSError,
            TypeError,
            ValueError,
            KeyError,
            UserError,
        ) as error:
            _logger.info("Printing goes on without %s: %s", url, error)
            return None

    @api.model
    def _resolve_static(self, addon, path, **_parameters):
        name = posixpath.normpath(f"{addon}/static/{path}")
        if not name.startswith(f"{addon}/static/"):
            return None
        with file_open(name, "rb") as file:
            return mimetypes.guess_type(name)[0] or "application/octet-stream", file.read()

    @api.model
    def _resolve_assets(self, unique, filename, **_parameters):
        attachment = self._find_asset(unique, filename) or self._make_asset(filename)
        return (attachment.mimetype, attachment.raw) if attachment else None

    @api.model
    def _find_asset(self, unique, filename):
        unique = ANY_UNIQUE if unique in ("any", "%") else unique
        url = self.env["ir.asset"]._get_asset_bundle_url(filename, unique, {})
        # sudo: asset bundles are public, and the domain lets nothing else through
        return (
            self.env["ir.attachment"]
            .sudo()
            .search(
                [
                    ("public", "=", True),
                    ("url", "=like", url),
                    ("res_model", "=", "ir.ui.view"),
                    ("res_id", "=", 0),
                    ("create_uid", "=", SUPERUSER_ID),
                ],
                limit=1,
            )
        )

    @api.model
    def _make_asset(self, filename):
        name, rtl, kind, autoprefix = self.env["ir.asset"]._parse_bundle_name(filename, False)
        if kind != "css":
            return None  # scripts do not run on a printed page
        bundle = self.env["ir.qweb"]._get_asset_bundle(
            name, css=True, js=False, rtl=rtl, autoprefix=autoprefix
        )
        # sudo: the attachment of a bundle belongs to the superuser and is public
        return bundle.css().sudo() if bundle.stylesheets else None

    @api.model
    def _resolve_image(
        self,
        xmlid=None,
        model="ir.attachment",
        field="raw",
        access_token=None,
        width=0,
        height=0,
        crop=False,
        **parameters,
    ):
        res_id = parameters.get("id")
        record = self.env["ir.binary"]._find_record(
            xmlid, model, res_id and int(res_id), access_token, field=field
        )
        content = self._read_binary(record, field)
        if not content:
            return None
        size = int(width), int(height)
        if any(size):
            content = image_process(content, size, crop=crop)
        return guess_mimetype(content), content

    @api.model
    def _read_binary(self, record, name):
        """Return the bytes of a binary field, read with the rights that `record` came with."""
        if record._name == "ir.attachment" and name in ("raw", "datas"):
            return record.raw
        if record._fields[name].type != "binary":
            raise UserError(
                self.env._(
                    "%(field)s of %(record)s is not a file", field=name, record=record.display_name
                )
            )
        return base64.b64decode(record.with_context(bin_size=False)[name] or b"")

    @api.model
    def _resolve_logo(self, company=None, **_parameters):
        company = self.env["res.company"].browse(int(company)) if company else self.env.company
        # sudo: the logo of a company is public, see the route /web/binary/company_logo
        logo = company.sudo().exists().logo_web
        if not logo:
            return self._resolve_static("web", "img/nologo.png")
        content = base64.b64decode(logo)
        return guess_mimetype(content, default="image/png"), content

    @api.model
    def _resolve_barcode(self, barcode_type, value, **parameters):
        return "image/png", self.env["ir.actions.report"].barcode(barcode_type, value, **parameters)

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_amount

from odoo.addons.crm_approval.tools import empty_columns

from ..engine.deal_price import plain, waterfall
from ..tools import CONTEXT, KEY, unlocked


class SaleOrder(models.Model):
    """An order of a partner: cart of the portal, registered deal, rebates in its price."""

    _inherit = "sale.order"

    # --- deal registration ---

    deal_registration_id = fields.Many2one(
        "crm.deal.registration",
        "Registered Deal",
        compute="_compute_deal_registration_id",
        store=True,
        readonly=False,
        copy=False,
        index="btree_not_null",
        check_company=True,
        domain="[('partner_id', '=', deal_partner_id), ('state', 'in', ('approved', 'won'))]",
        help="Gives the registration discount. Chosen by itself where the ordering partner has one"
        " registered deal with this opportunity, delivery address or these products.",
    )
    deal_partner_id = fields.Many2one(related="partner_id.commercial_partner_id")
    deal_is_partner = fields.Boolean(compute="_compute_deal_is_partner")
    deal_waterfall = fields.Html(
        "How the Price Came About", compute="_compute_deal_waterfall", sanitize=False
    )

    deal_notice = fields.Text(
        "Beyond the Registered Deal",
        compute="_compute_deal_notice",
        help="Which lines get the plain price of the level, because less is left of the deal.",
    )

    # --- portal ordering ---
    channel_cart_user_id = fields.Many2one(
        "res.users",
        "Cart of",
        copy=False,
        readonly=True,
        index="btree_not_null",
        help="The partner's colleague who is still putting this order together in the portal.",
    )
    channel_ordered_by_id = fields.Many2one(
        "res.users", "Ordered in the Portal by", copy=False, readonly=True, index="btree_not_null"
    )
    channel_ordered_on = fields.Datetime("Ordered in the Portal on", copy=False, readonly=True)
    channel_waiting_reason = fields.Char("Why Not Confirmed at Once", copy=False, readonly=True)
    channel_remark = fields.Text("Remark of the Partner", copy=False)

    _channel_cart_uniq = models.UniqueIndex(
        "(channel_cart_user_id, company_id) WHERE channel_cart_user_id IS NOT NULL",
        "This person already has an open cart.",
    )

    # --- co-branded quotation ---
    cobrand_partner_id = fields.Many2one(
        "res.partner",
        "Partner on the Quotation",
        compute="_compute_cobrand_partner",
        store=True,
        readonly=False,
        index="btree_not_null",
        domain="[('grade_id', '!=', False)]",
        help="Its logo and contact stand beside ours on the co-branded quotation.",
    )

    # --- programme ---

    def _add_partnership(self):
        """A sold membership gives its level, whoever confirms the order."""
        orders = self.with_context(**{CONTEXT: KEY})
        return super(SaleOrder, orders)._add_partnership()

    @api.depends("partner_id.commercial_partner_id.grade_id")
    def _compute_deal_is_partner(self):
        for order in self:
            order.deal_is_partner = bool(order.partner_id.commercial_partner_id.grade_id)

    def _auto_init(self):
        # before the addon there were no registered deals, and no partners of opportunities
        empty_columns(self, "deal_registration_id", "cobrand_partner_id")
        return super()._auto_init()

    @api.depends(
        "partner_id",
        "partner_shipping_id",
        "opportunity_id",
        "company_id",
        "order_line.product_id",
    )
    def _compute_deal_registration_id(self):
        for order in self:
            if order.state not in ("draft", "sent") or order._deal_fits():
                continue
            found, before = order._deal_candidate(), order.deal_registration_id
            rates = order._deal_rates()
            order.deal_registration_id = found
            if found != before:
                order.order_line._deal_price_again(rates)

    def _deal_rates(self):
        """Return {line: the registration discount in its price} before the deal changes."""
        return {line: line.deal_discount for line in self.order_line}

    @api.onchange("deal_registration_id")
    def _onchange_deal_registration_id(self):
        # what is stored is what was in the price before
        rates = {line: line._origin.deal_discount for line in self.order_line}
        self.order_line._deal_price_again(rates)

    def _deal_fits(self):
        """Whether the registration of an order is the ordering partner's, and still counts."""
        # sudo: whoever quotes may not read the registration
        registration = self.sudo().deal_registration_id
        return (
            bool(registration)
            and registration.partner_id == self.partner_id.commercial_partner_id
            and registration.company_id == self.company_id
            and registration._is_live(self._deal_date())
        )

    def _deal_date(self):
        """Return the day on which a registration has to be live: of the order, else today."""
        if self.state in ("draft", "sent") or not self.date_order:
            return None
        zone = self.company_id.partner_id.tz or "UTC"
        return fields.Datetime.context_timestamp(self.with_context(tz=zone), self.date_order).date()

    def _deal_candidate(self):
        """Return the one registered deal that the order belongs to beyond doubt, or none."""
        registrations = self.env["crm.deal.registration"].sudo()  # sudo: as above
        partner = self.partner_id.commercial_partner_id
        if not partner.grade_id:
            return registrations.browse()
        live = registrations.search(
            registrations._live_domain(self.company_id.id)
            & Domain("partner_id", "=", partner.id)
            & Domain("state", "in", ("approved", "won"))
        )
        if found := live.filtered(lambda row: row.lead_id and row.lead_id == self.opportunity_id):
            return found[:1]
        place = self.partner_shipping_id.commercial_partner_id
        if found := live.filtered(lambda row: row.customer_id and row.customer_id == place):
            return found[:1]
        products = self.order_line.product_id
        fitting = live.filtered(lambda row: products and products <= row.line_ids.product_id)
        return fitting if len(fitting) == 1 else registrations.browse()

    @api.constrains("deal_registration_id", "partner_id", "company_id")
    def _check_deal_registration(self):
        """Nobody borrows somebody else's registration."""
        for order in self.sudo().filtered("deal_registration_id"):  # sudo: as above
            registration = order.deal_registration_id
            if registration.partner_id != order.partner_id.commercial_partner_id or (
                registration.company_id != order.company_id
            ):
                raise ValidationError(
                    self.env._(
                        "%(name)s is not a registered deal of %(partner)s.",
                        name=registration.name,
                        partner=order.partner_id.commercial_partner_id.name,
                    )
                )

    def _deal_before_write(self, vals):
        """Refuse to change the deal of a confirmed order, or to choose one that ended."""
        if "deal_registration_id" not in vals:
            return
        # sudo: as above
        new = self.env["crm.deal.registration"].sudo().browse(vals["deal_registration_id"] or [])
        # sudo: compared only
        changed = self.filtered(lambda order: order.sudo().deal_registration_id != new)
        if confirmed := changed.filtered(lambda order: order.state not in ("draft", "sent")):
            raise UserError(
                self.env._(
                    "%s is confirmed: its registered deal does not change any more.",
                    ", ".join(confirmed.mapped("name")),
                )
            )
        if changed and new and not new._is_live():
            raise UserError(
                self.env._("%s is not protected any more: it gives no discount.", new.name)
            )

    def write(self, vals):
        """Price the lines again when the registered deal changes.

        :raise UserError: the deal of a confirmed order would change, or the new one has ended
        """
        self._deal_before_write(vals)
        rates = self._deal_rates() if "deal_registration_id" in vals else {}
        result = super().write(vals)
        if rates:
            self.order_line._deal_price_again(rates)
        return result

    def _confirmation_error_message(self):
        return super()._confirmation_error_message() or self._deal_before_confirm()

    def _action_confirm(self):
        result = super()._action_confirm()
        self._deal_after_confirm()
        return result

    def _action_cancel(self):
        result = super()._action_cancel()
        self._deal_after_cancel()
        return result

    def _deal_before_confirm(self):
        """Return why the discount of a deal that has ended since is not given any more."""
        for order in self.sudo().filtered("deal_registration_id"):  # sudo: as above
            given = any(order.order_line.mapped("deal_discount"))
            if given and not order.deal_registration_id._is_live():
                return self.env._(
                    "%(order)s: the registered deal %(deal)s is not protected any more. Update the"
                    " prices of the quotation, or have the deal extended.",
                    order=order.name,
                    deal=order.deal_registration_id.name,
                )
        return False

    def _deal_after_confirm(self):
        """A registered deal is won by its order; a direct order of its customer owes the fee."""
        self._deal_check_quantities()
        for order in self.sudo():  # sudo: as above
            if order.deal_registration_id:
                unlocked(order.deal_registration_id)._win("partner", order)
            elif not order.partner_id.commercial_partner_id.grade_id:
                order._deal_referred()._refer(order)

    def _deal_referred(self):
        """Return the live registration whose customer orders here directly."""
        registrations = self.env["crm.deal.registration"].sudo()  # sudo: as above
        live = registrations._live_domain(self.company_id.id) & Domain("state", "=", "approved")
        if not registrations.search_count(live, limit=1):
            return registrations.browse()
        customer = self.partner_id.commercial_partner_id
        if known := registrations.search(live & Domain("customer_id", "=", customer.id), limit=1):
            return known
        matcher = self.env["crm.deal.matcher"]
        # sudo: the customer of an order that is confirmed, compared only
        subject = matcher._subject(customer.sudo()._deal_match_values(), self.company_id)
        ids = [match.res_id for match in matcher._find_registrations(subject) if match.certain]
        return registrations.browse(ids).filtered(lambda row: row.state == "approved")[:1]

    def _deal_after_cancel(self):
        """What an order decided is open again without it."""
        registrations = self.env["crm.deal.registration"].sudo()  # sudo: as above
        decided = registrations.search([("order_id", "in", self.ids), ("state", "=", "won")])
        decided.filtered(lambda row: row.outcome == "direct")._unrefer()
        unlocked(decided.filtered(lambda row: row.outcome == "partner"))._back_to_approved()

    # --- the registered quantity or amount ---

    def _deal_check_quantities(self):
        """Refuse confirmed orders that take more at the registered price than was registered.

        A unit price holds for a whole line: nothing is split here, it is said what to do.

        :raise UserError: see ``crm.deal.registration._check_taken``
        """
        # sudo: as above
        given = self.sudo().filtered(lambda order: any(order.order_line.mapped("deal_discount")))
        given.deal_registration_id._check_taken()

    def _deal_left_rows(self):
        """Return what is left of the deal for this order, for people.

        :return: list of dicts: ``text`` says what was registered, what is left for this order and
            what is ordered (in the unit of the product, or the amount at list prices); ``over``
            whether a line goes beyond it; ``notice`` what then has to be done
        """
        self.ensure_one()
        deal = self.sudo().deal_registration_id  # sudo: as above
        if not deal or not self._deal_fits():
            return []
        amount_row = self._deal_amount_row(deal)
        rows = (
            [amount_row]
            if amount_row
            else [
                self._deal_left_row(deal, template)
                for template in self.order_line.product_id.product_tmpl_id
            ]
        )
        return [row for row in rows if row]

    def _deal_left_row(self, deal, template):
        left = deal._quantity_left(template, self._origin)
        if left is None:
            return None
        own = self.order_line.filtered(lambda line: line.product_id.product_tmpl_id == template)
        figures = {
            "product": template.display_name,
            "registered": plain(deal._quantity_registered(template)),
            "left": plain(max(left, 0.0)),
            "ordered": plain(sum(line._deal_quantity() for line in own)),
        }
        text = self.env._(
            "%(product)s: %(left)s of %(registered)s left at the registered price,"
            " %(ordered)s on this order",
            **figures,
        )
        notice = self.env._(
            "%(product)s: %(left)s of %(registered)s are left of the registered deal, and"
            " %(ordered)s are ordered. A line that goes beyond it gets the plain price of"
            " the level as a whole: order what is left on a line of its own.",
            **figures,
        )
        plainly = own.filtered(lambda line: not line.deal_discount and line._deal_quantity())
        return {
            "text": text,
            "notice": notice,
            "over": bool(deal.registration_discount and plainly),
        }

    def _deal_amount_row(self, deal):
        """Return the row of a deal whose amount is the limit; None without such a limit."""
        left = deal._amount_left(self._origin)
        if left is None:
            return None
        listed = {line: line._deal_listed(deal) for line in self.order_line}
        plainly = [line for line in listed if listed[line] and not line.deal_discount]
        amounts = {
            "registered": deal._amount_limit(),
            "left": max(left, 0.0),
            "ordered": sum(listed.values()),
            "without": sum(listed[line] for line in plainly),
        }
        figures = {
            name: format_amount(self.env, amount, deal.currency_id)
            for name, amount in amounts.items()
        }
        text = self.env._(
            "%(left)s of %(registered)s left at the registered price, %(ordered)s on this order"
            " (list prices, excluding taxes)",
            **figures,
        )
        notice = self.env._(
            "%(left)s of %(registered)s are left of the registered deal, and %(ordered)s are"
            " ordered at list prices, excluding taxes. Without its discount: %(products)s"
            " (%(without)s). A line that goes beyond it gets the plain price of the level as a"
            " whole: order what is left on a line of its own.",
            products=", ".join(line.product_id.display_name for line in plainly),
            **figures,
        )
        return {
            "text": text,
            "notice": notice,
            "over": bool(deal.registration_discount and plainly),
        }

    @api.depends(
        "deal_registration_id",
        "order_line.product_id",
        "order_line.product_uom_qty",
        "order_line.deal_discount",
        "state",
    )
    @api.depends_context("lang")
    def _compute_deal_notice(self):
        for order in self:
            order.deal_notice = "\n".join(
                row["notice"] for row in order._deal_left_rows() if row["over"]
            )

    # --- waterfall of the price ---

    @api.depends(
        "order_line.price_subtotal",
        "order_line.deal_discount",
        "order_line.product_uom_qty",
        "pricelist_id",
        "currency_id",
    )
    @api.depends_context("lang")
    def _compute_deal_waterfall(self):
        for order in self:
            rows = order._deal_waterfall_rows()
            order.deal_waterfall = rows and self.env["ir.qweb"]._render(
                "crm_partner.deal_waterfall",
                {"rows": rows, "order": order, "left": order._deal_left_rows()},
            )

    def _deal_waterfall_rows(self):
        """Return the steps list, tier, registration, manual, net, for people; amounts untaxed."""
        self.ensure_one()
        lines = self.order_line.filtered(
            lambda line: not line.display_type and not line.is_downpayment
        )
        if not self.deal_is_partner or not lines:
            return []
        # sudo: number of the deal and name of the price list, of an order that the user may read
        order = self.sudo()
        labels = {
            "list": self.env._("List price"),
            "tier": self.env._("Price list %s", order.pricelist_id.name or ""),
            "registration": self.env._("Registered deal %s", order.deal_registration_id.name or ""),
            "manual": self.env._("Other discounts"),
            "net": self.env._("Net, excluding taxes"),
        }
        steps = waterfall([line._deal_priced() for line in lines])
        return [
            {
                "name": step.name,
                "label": labels[step.name],
                "change": float(step.change),
                "remains": float(step.remains),
                "percent": float(step.percent),
            }
            for step in steps
            if step.name in ("list", "net", "tier") or round(step.change, 2)
        ]

    # --- rebates ---
    def _create_invoices(self, grouped=False, final=False, date=None):
        invoices = super()._create_invoices(grouped=grouped, final=final, date=date)
        invoices._rebate_deduct()
        return invoices

    @api.model
    def _partner_cart_vals(self, partner, post):
        """Return what the header of a cart takes over from a form of the partner portal.

        Called by every change of a cart, below the check that the visitor orders for ``partner``.
        A topic extends it by its own keys of ``post`` and has to make sure that what it returns
        belongs to the partner; every other key of ``post`` (prices, discounts, states) is ignored.

        :param partner: the partner company (superuser)
        :param dict post: what was posted, untrusted
        :raise UserError: for a value the visitor has to correct
        """
        vals = {}
        if "client_order_ref" in post:
            vals["client_order_ref"] = (post["client_order_ref"] or "").strip()[:64] or False
        if "channel_remark" in post:
            vals["channel_remark"] = (post["channel_remark"] or "").strip()[:2000] or False
        if post.get("partner_shipping_id"):
            vals["partner_shipping_id"] = self._partner_cart_address(
                partner, post["partner_shipping_id"]
            ).id
        if "commitment_date" in post:
            vals["commitment_date"] = self._partner_cart_date(post["commitment_date"])
        if "deal_registration_id" in post:
            deal = self._partner_cart_deal(partner, post["deal_registration_id"])
            vals["deal_registration_id"] = deal.id
        return vals

    def _partner_cart_deals(self, partner):
        """Return the registered deals (superuser) that ``partner`` may order for today."""
        registrations = self.env["crm.deal.registration"].sudo()  # sudo: deals of the partner only
        return registrations.search(
            registrations._live_domain(self.company_id.id or self.env.company.id)
            & Domain("partner_id", "=", partner.id)
            & Domain("state", "in", ("approved", "won"))
        )

    def _partner_cart_deal(self, partner, deal_id):
        deals = self._partner_cart_deals(partner)
        if not deal_id:
            return deals.browse()
        deal = deals.filtered(lambda one: str(one.id) == str(deal_id))
        if not deal:
            raise UserError(self.env._("Choose one of your own registered deals."))
        return deal

    def _partner_cart_address(self, partner, address_id):
        address = self.env["crm.partner.cart"]._addresses(partner)
        address = address.filtered(lambda one: str(one.id) == str(address_id))
        if not address:
            raise UserError(self.env._("Choose one of your own delivery addresses."))
        return address

    def _partner_cart_date(self, text):
        """Return noon (UTC) of the day that was typed, so that it is that day in most places."""
        if not text:
            return False
        try:
            day = fields.Date.to_date(text)
        except ValueError:
            day = None
        if not day or day < fields.Date.context_today(self):
            raise UserError(self.env._("Choose a delivery date that is not in the past."))
        return fields.Datetime.to_datetime(day).replace(hour=12)

    @api.depends("opportunity_id.channel_partner_id", "partner_id")
    def _compute_cobrand_partner(self):
        for order in self:
            if not order.cobrand_partner_id:
                order.cobrand_partner_id = order._cobrand_partner()

    def _cobrand_partner(self):
        """Hook: the partner that brought the deal, unless it is the customer itself."""
        self.ensure_one()
        partner = self.opportunity_id.channel_partner_id
        return partner - self.partner_id.commercial_partner_id

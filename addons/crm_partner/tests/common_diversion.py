from datetime import datetime
from unittest.mock import patch

from odoo import Command

from .common_portal import PortalCase

CN_STATES = ("base.state_cn_SH", "base.state_cn_ZJ", "base.state_cn_GD")


class DiversionCase(PortalCase):
    """Serial numbers delivered to partners with territories.

    ========  ===========================  =============
    partner   territory                    got
    ========  ===========================  =============
    alpha     Shanghai, Zhejiang           SN-A1, SN-A2
    beta      Guangdong                    SN-B1
    gamma     everywhere (none entered)    SN-G1
    ========  ===========================  =============
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()
        cls.china = cls.env.ref("base.cn")
        cls.shanghai, cls.zhejiang, cls.guangdong = map(cls.env.ref, CN_STATES)
        cls.alpha.user_id = cls.channel
        cls.machine = cls._create_product(
            name="Machine M1",
            type="consu",
            is_storable=True,
            tracking="serial",
            lst_price=500.0,
            taxes_id=cls.tax_13,
            channel_ok=True,
        )
        cls._cover(cls.alpha, cls.shanghai | cls.zhejiang)
        cls._cover(cls.beta, cls.guangdong)
        cls.lot_a1 = cls._deliver(cls.alpha, "SN-A1")
        cls.lot_a2 = cls._deliver(cls.alpha, "SN-A2")
        cls.lot_b1 = cls._deliver(cls.beta, "SN-B1")
        cls.lot_g1 = cls._deliver(cls.gamma, "SN-G1")

    @classmethod
    def _cover(cls, partner, states):
        """Give ``partner`` a territory, by the coverage of the lead distribution if it is there."""
        cls.territories = {**getattr(cls, "territories", {}), partner.id: states.ids}
        if "crm.partner.coverage" in cls.env:
            cls.env["crm.partner.coverage"].create(
                {
                    "partner_id": partner.id,
                    "country_id": cls.china.id,
                    "state_ids": [Command.set(states.ids)],
                }
            )
            return
        territories = cls.territories

        def covers(record, country, state=None, postcode=None, city=None):
            covered = territories.get(record.id)
            return covered is None or bool(state and state.id in covered)

        partners = cls.env.registry["res.partner"]
        cls.classPatch(partners, "_channel_covers", covers, create=True)

    @classmethod
    def classPatch(cls, target, name, value, create=False):

        patcher = patch.object(target, name, value, create=create)
        cls.startClassPatcher(patcher)

    @classmethod
    def _lot(cls, name, product=None):
        return cls.env["stock.lot"].create(
            {
                "name": name,
                "product_id": (product or cls.machine).id,
                "company_id": cls.company.id,
            }
        )

    @classmethod
    def _deliver(cls, partner, name, *, date=datetime(2026, 3, 2, 8), lot=None, quantity=1):
        """Sell and deliver a number to ``partner``; return its lot."""
        product = lot.product_id if lot else cls.machine
        lot = lot or cls._lot(name)
        cls._stock(product, quantity, lot)
        order = cls._order(partner, product, quantity)
        move = order.picking_ids.move_ids
        move.move_line_ids = [
            Command.clear(),
            Command.create(
                {
                    "product_id": product.id,
                    "lot_id": lot.id,
                    "quantity": quantity,
                    "location_id": move.location_id.id,
                    "location_dest_id": move.location_dest_id.id,
                    "picking_id": move.picking_id.id,
                }
            ),
        ]
        move.picked = True
        order.picking_ids.button_validate()
        assert move.state == "done", move.state
        move.move_line_ids.date = date
        return lot

    @classmethod
    def _return(cls, lot, date=datetime(2026, 4, 1, 8)):
        """Take a delivered number back into stock."""
        line = cls.env["stock.move.line"].search(
            [("lot_id", "=", lot.id), ("location_dest_id.usage", "=", "customer")], limit=1
        )
        wizard = (
            cls.env["stock.return.picking"]
            .with_context(
                active_id=line.picking_id.id,
                active_ids=line.picking_id.ids,
                active_model="stock.picking",
            )
            .create({})
        )
        wizard.product_return_moves.quantity = 1
        picking = cls.env["stock.picking"].browse(wizard.action_create_returns()["res_id"])
        picking.move_ids.move_line_ids.write({"lot_id": lot.id, "quantity": 1})
        picking.move_ids.picked = True
        picking.button_validate()
        assert picking.state == "done", picking.state
        picking.move_ids.move_line_ids.date = date

    def _see(self, lot, state, city="City", **values):
        return self.env["crm.lot.sighting"].create(
            {
                "lot_id": lot.id,
                "date": "2026-05-05",
                "country_id": self.china.id,
                "state_id": state.id,
                "city": city,
                "company_id": self.company.id,
                **values,
            }
        )

    def _cases(self, lot=None):
        domain = [("lot_id", "=", lot.id)] if lot else [("company_id", "=", self.company.id)]
        return self.env["crm.diversion.case"].search(domain)

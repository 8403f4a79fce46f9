from odoo import api, models
from odoo.tools import SQL


class CrmSegmentBehaviour(models.AbstractModel):
    """What customers can have done; other addons add kinds by extending ``_behaviours``."""

    _name = "crm.segment.behaviour"
    _description = "Customer Behaviour"

    @api.model
    def _behaviours(self):
        """Return kind → description of events that segments may ask for.

        A description is a dictionary:

        ``label``
            what the customer did, in the user's language, as in "customer … *bought*"
        ``source``
            a query (:class:`SQL`) of one row an event: ``partner_id`` (the *commercial entity*),
            ``company_id`` (or NULL), ``date``, ``amount`` (company currency of the document,
            negative where it takes back) and ``occurrences`` (1, or 0 for what is not counted)
        ``lines``
            optional: the same a product line, with ``document_id`` and ``product_id``

        Keep the sources free of GROUP BY, so that the database can push the window into them.
        Call ``env["crm.segment.dirty"]._mark(partners)`` where such events come and go.
        """
        return {**self._trade_behaviours(), **self._contact_behaviours()}

    @api.model
    def _trade_behaviours(self):
        return {
            "invoiced": {
                "label": self.env._("bought (invoiced)"),
                "source": self._source_invoiced(),
                "lines": self._lines_invoiced(),
            },
            "ordered": {
                "label": self.env._("ordered"),
                "source": self._source_orders("sale"),
                "lines": self._lines_orders("sale"),
            },
            "quoted": {
                "label": self.env._("got a quotation"),
                "source": self._source_orders("draft", "sent", "sale", "cancel"),
                "lines": self._lines_orders("draft", "sent", "sale", "cancel"),
            },
            "paid_late": {"label": self.env._("paid late"), "source": self._source_paid_late()},
        }

    @api.model
    def _contact_behaviours(self):
        return {
            "met": {"label": self.env._("met or visited"), "source": self._source_met()},
            "mailed": {"label": self.env._("was mailed"), "source": self._source_mailed()},
            "answered": {"label": self.env._("wrote to us"), "source": self._source_answered()},
            "won": {
                "label": self.env._("won an opportunity for us"),
                "source": self._source_leads("won"),
            },
            "lost": {
                "label": self.env._("lost an opportunity for us"),
                "source": self._source_leads("lost"),
            },
        }

    @api.model
    def _source_invoiced(self):
        return SQL(
            """SELECT commercial_partner_id AS partner_id, company_id, invoice_date AS date,
                      amount_untaxed_signed AS amount,
                      CASE WHEN move_type = 'out_refund' THEN 0 ELSE 1 END AS occurrences
                 FROM account_move
                WHERE state = 'posted'
                  AND move_type IN ('out_invoice', 'out_refund', 'out_receipt')"""
        )

    @api.model
    def _lines_invoiced(self):
        return SQL(
            """SELECT move.commercial_partner_id AS partner_id, move.company_id,
                      move.invoice_date AS date, -line.balance AS amount,
                      CASE WHEN move.move_type = 'out_refund' THEN 0 ELSE 1 END AS occurrences,
                      move.id AS document_id, line.product_id
                 FROM account_move_line line
                 JOIN account_move move ON move.id = line.move_id
                WHERE move.state = 'posted' AND line.display_type = 'product'
                  AND move.move_type IN ('out_invoice', 'out_refund', 'out_receipt')"""
        )

    @api.model
    def _source_orders(self, *states):
        return SQL(
            """SELECT partner.commercial_partner_id AS partner_id, sale.company_id,
                      sale.date_order::date AS date,
                      sale.amount_untaxed / COALESCE(NULLIF(sale.currency_rate, 0), 1) AS amount,
                      1 AS occurrences
                 FROM sale_order sale
                 JOIN res_partner partner ON partner.id = sale.partner_id
                WHERE sale.state IN %s""",
            states,
        )

    @api.model
    def _lines_orders(self, *states):
        return SQL(
            """SELECT partner.commercial_partner_id AS partner_id, sale.company_id,
                      sale.date_order::date AS date,
                      line.price_subtotal / COALESCE(NULLIF(sale.currency_rate, 0), 1) AS amount,
                      1 AS occurrences, sale.id AS document_id, line.product_id
                 FROM sale_order_line line
                 JOIN sale_order sale ON sale.id = line.order_id
                 JOIN res_partner partner ON partner.id = sale.partner_id
                WHERE sale.state IN %s AND line.display_type IS NULL""",
            states,
        )

    @api.model
    def _source_met(self):
        return SQL(
            """SELECT DISTINCT partner.commercial_partner_id AS partner_id,
                      NULL::integer AS company_id, event.start::date AS date,
                      NULL::numeric AS amount, 1 AS occurrences, event.id AS document_id
                 FROM calendar_event event
                 JOIN calendar_event_res_partner_rel rel ON rel.calendar_event_id = event.id
                 JOIN res_partner partner ON partner.id = rel.res_partner_id
                WHERE event.active AND event.start <= (NOW() AT TIME ZONE 'UTC')"""
        )

    @api.model
    def _source_mailed(self):
        return SQL(
            """SELECT DISTINCT partner.commercial_partner_id AS partner_id,
                      NULL::integer AS company_id, message.date::date AS date,
                      NULL::numeric AS amount, 1 AS occurrences, message.id AS document_id
                 FROM mail_message message
                 JOIN mail_message_res_partner_rel rel ON rel.mail_message_id = message.id
                 JOIN res_partner partner ON partner.id = rel.res_partner_id
                WHERE message.message_type IN ('comment', 'email_outgoing', 'auto_comment')
                  AND partner.partner_share"""
        )

    @api.model
    def _source_answered(self):
        return SQL(
            """SELECT partner.commercial_partner_id AS partner_id, NULL::integer AS company_id,
                      message.date::date AS date, NULL::numeric AS amount, 1 AS occurrences
                 FROM mail_message message
                 JOIN res_partner partner ON partner.id = message.author_id
                WHERE message.message_type IN ('email', 'comment') AND partner.partner_share"""
        )

    @api.model
    def _source_leads(self, status):
        return SQL(
            """SELECT partner.commercial_partner_id AS partner_id, lead.company_id,
                      COALESCE(lead.date_closed, lead.write_date)::date AS date,
                      lead.expected_revenue AS amount, 1 AS occurrences
                 FROM crm_lead lead
                 JOIN res_partner partner ON partner.id = lead.partner_id
                WHERE lead.type = 'opportunity' AND lead.won_status = %s""",
            status,
        )

    @api.model
    def _source_paid_late(self):
        """Invoices settled, in full or in part, after they were due; the date is that day.

        A payment without outstanding account has no entry, so that nothing is reconciled.
        """
        return SQL(
            """SELECT move.commercial_partner_id AS partner_id, move.company_id,
                      part.max_date AS date, part.amount, 1 AS occurrences,
                      move.id AS document_id
                 FROM account_partial_reconcile part
                 JOIN account_move_line line ON line.id = part.debit_move_id
                 JOIN account_move move ON move.id = line.move_id
                WHERE move.move_type = 'out_invoice' AND move.state = 'posted'
                  AND part.max_date > line.date_maturity
                UNION ALL
               SELECT move.commercial_partner_id, move.company_id, payment.date,
                      payment.amount_company_currency_signed, 1, move.id
                 FROM account_payment payment
                 JOIN account_move__account_payment rel ON rel.payment_id = payment.id
                 JOIN account_move move ON move.id = rel.invoice_id
                WHERE payment.move_id IS NULL AND payment.state IN ('in_process', 'paid')
                  AND move.move_type = 'out_invoice' AND move.state = 'posted'
                  AND payment.date > move.invoice_date_due"""
        )

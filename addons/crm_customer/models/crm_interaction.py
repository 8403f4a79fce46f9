from contextlib import contextmanager
from datetime import datetime, time

import pytz
from lxml import etree

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL, escape_psql, html2plaintext

from ..engine.interaction import Source

PAGE = 40
MAXIMUM = 200
MAIL_TYPES = ("email", "email_outgoing", "comment", "auto_comment")
#: settings of PostgreSQL while a customer is read
PLANNER = {"random_page_cost": "1.1", "max_parallel_workers_per_gather": "0", "jit": "off"}
#: kinds whose rows have rights of their own beyond the document they stand on
GUARDED = ("mail", "activity", "call")


class CrmInteraction(models.AbstractModel):
    """The timeline of a customer: one query over the documents of all kinds, newest first.

    Nothing is stored. Every kind is a ``Source``; its rows are found by ``_search`` of its model,
    so the record rules of the reader apply, and a kind of a model that they may not read is left
    out. Each kind gives at most one page, then the pages are merged.
    """

    _name = "crm.interaction"
    _description = "Interaction with a Customer"

    # ------------------------------------------------------------------
    # Hook

    @api.model
    def _sources(self):
        """Return {kind: Source}. Addons call super() and add kinds of their own.

        Called once per request as the reader, so that labels are in their language and domains may
        depend on them. See the README for an example.
        """
        return {
            **self._sources_contact(),
            **self._sources_sale(),
            **self._sources_accounting(),
        }

    def _sources_contact(self):
        return {
            "mail": Source(
                self.env._("Mails"),
                "fa-envelope",
                one=self.env._("Mail"),
                model="mail.message",
                date="date",
                search=("subject", "body"),
                is_contact=True,
                method="_query_mails",
                sequence=10,
                with_documents=False,
            ),
            "activity": Source(
                self.env._("Activities"),
                "fa-check-square-o",
                one=self.env._("Activity"),
                model="mail.activity",
                date="date_deadline",
                search=("summary", "note", "feedback"),
                domain=[("activity_type_id.category", "!=", "phonecall")],
                is_contact=True,
                method="_query_activities",
                sequence=11,
                with_documents=False,
            ),
            "call": Source(
                self.env._("Calls"),
                "fa-phone",
                one=self.env._("Call"),
                model="mail.activity",
                date="date_deadline",
                search=("summary", "note", "feedback"),
                domain=[("activity_type_id.category", "=", "phonecall")],
                is_contact=True,
                method="_query_activities",
                sequence=12,
                with_documents=False,
            ),
            "meeting": Source(
                self.env._("Meetings"),
                "fa-users",
                one=self.env._("Meeting"),
                model="calendar.event",
                date="start",
                partner="partner_ids",
                search=("name", "location"),
                domain=self._domain_visible_meetings(),
                is_contact=True,
                sequence=13,
                with_documents=False,
            ),
        }

    def _domain_visible_meetings(self):
        """Meetings whose content the reader may see; of others Odoo shows only that one is busy."""
        event = self.env["calendar.event"]
        if self.env.su:
            return []
        mine = Domain("partner_ids", "in", self.env.user.partner_id.ids)
        return mine | Domain(event._get_default_privacy_domain())

    def _sources_sale(self):
        order = {
            "model": "sale.order",
            "date": "date_order",
            "search": ("name", "client_order_ref"),
            "amount": "amount_total",
            "currency": "currency_id",
            "state": "state",
        }
        return {
            "opportunity": Source(
                self.env._("Opportunities"),
                "fa-star",
                one=self.env._("Opportunity"),
                model="crm.lead",
                date="create_date",
                search=("name",),
                amount="expected_revenue",
                currency="company_currency",
                state="won_status",
                colours={"won": "success", "lost": "danger", "pending": "info"},
                sequence=20,
            ),
            "quotation": Source(
                self.env._("Quotations"),
                "fa-file-text-o",
                one=self.env._("Quotation"),
                domain=[("state", "in", ("draft", "sent", "cancel"))],
                colours={"draft": "secondary", "sent": "info", "cancel": "secondary"},
                sequence=21,
                **order,
            ),
            "order": Source(
                self.env._("Orders"),
                "fa-shopping-cart",
                one=self.env._("Order"),
                domain=[("state", "=", "sale")],
                colours={"sale": "success"},
                sequence=22,
                **order,
            ),
        }

    def _sources_accounting(self):
        return self._sources_invoices() | self._sources_payments()

    def _sources_invoices(self):
        invoice = {
            "model": "account.move",
            "date": "invoice_date",
            "partner": "commercial_partner_id",
            "contact": "partner_id",
            "user": "invoice_user_id",
            "search": ("name", "ref", "invoice_origin"),
            "amount": "amount_total_in_currency_signed",
            "currency": "currency_id",
            "state": "payment_state",
            "colours": {
                "paid": "success",
                "in_payment": "success",
                "partial": "warning",
                "not_paid": "warning",
                "reversed": "secondary",
                "blocked": "danger",
            },
        }
        posted = ("state", "=", "posted")
        return {
            "invoice": Source(
                self.env._("Invoices"),
                "fa-file-text",
                one=self.env._("Invoice"),
                domain=[posted, ("move_type", "in", ("out_invoice", "out_receipt"))],
                sequence=40,
                **invoice,
            ),
            "credit_note": Source(
                self.env._("Credit Notes"),
                "fa-reply",
                one=self.env._("Credit Note"),
                domain=[posted, ("move_type", "=", "out_refund")],
                sequence=41,
                **invoice,
            ),
        }

    def _sources_payments(self):
        payment = {
            "model": "account.payment",
            "date": "date",
            "search": ("name", "memo"),
            "amount": "amount",
            "currency": "currency_id",
            "user": None,
            "state": "state",
            "colours": {"paid": "success", "in_process": "info"},
        }
        paid = [("partner_type", "=", "customer"), ("state", "in", ("in_process", "paid"))]
        return {
            "payment": Source(
                self.env._("Payments"),
                "fa-money",
                one=self.env._("Payment"),
                domain=[*paid, ("payment_type", "=", "inbound")],
                sequence=42,
                **payment,
            ),
            "refund": Source(
                self.env._("Refunds Paid"),
                "fa-money",
                one=self.env._("Refund Paid"),
                domain=[*paid, ("payment_type", "=", "outbound")],
                sign=-1,
                sequence=43,
                **payment,
            ),
        }

    # ------------------------------------------------------------------
    # Reading

    @api.model
    def _readable_sources(self):
        """Return the sources whose model the reader may read at all, in order."""
        sources = self._sources()
        names = sorted(sources, key=lambda kind: (sources[kind].sequence, kind))
        return {
            kind: sources[kind]
            for kind in names
            if self.env[sources[kind].model].has_access("read")
        }

    @api.model
    @api.readonly
    def get_timeline(self, partner_id, filters=None, after=None, limit=PAGE):
        """Return one page of the timeline of the customer that ``partner_id`` belongs to.

        :param int partner_id: the customer or one of its contacts
        :param dict filters: ``kinds`` (list), ``contact_id``, ``user_id``, ``date_from`` and
            ``date_to`` (ISO dates, days of the reader's time zone, both included), ``search``
        :param list after: ``cursor`` of the page before
        :param int limit: rows, at most 200
        :return: ``{"rows": [...], "cursor": list or None}``; without a cursor this was the last
        :raise AccessError: when the reader may not read the customer
        """
        partner = self.env["res.partner"].browse(partner_id)
        partner.check_access("read")
        partner = partner.commercial_partner_id
        partner.check_access("read")
        limit = max(1, min(int(limit), MAXIMUM))
        with self._few_rows_by_index():
            return self._read_page(partner, filters, after, limit)

    def _read_page(self, partner, filters=None, after=None, limit=PAGE):
        """Return a page of the timeline of a commercial entity that the reader may read."""
        rows, cursor = self._page(self._scope(partner, filters), after, limit)
        return {"rows": self._present(rows), "cursor": cursor}

    @contextmanager
    def _few_rows_by_index(self):
        """Let PostgreSQL look up a customer's rows by index while the context lasts.

        They are few in large tables that are mostly in memory. PostgreSQL prices a random page for
        spinning discs unless it is told otherwise, and would read the tables as a whole; starting
        helpers or compiling the query would take longer than running it.
        """
        old = self.env.execute_query(
            SQL(
                "SELECT name, current_setting(name) FROM unnest(%s) AS name",
                list(PLANNER),
            )
        )
        self._set_planner(PLANNER)
        # A query that fails ends the transaction, and with it the settings.
        yield
        self._set_planner(dict(old))

    def _set_planner(self, settings):
        calls = (SQL("set_config(%s, %s, TRUE)", *setting) for setting in settings.items())
        self.env.execute_query(SQL("SELECT %s", SQL(", ").join(calls)))

    def _scope(self, partner, filters=None):
        """Return what the queries of all kinds share: the customer's partners and the filters."""
        filters = filters or {}
        partners = (
            self.env["res.partner"]
            .with_context(active_test=False)
            .search([("commercial_partner_id", "=", partner.id)])
        )
        sources = readable = self._readable_sources()
        kinds = filters.get("kinds")
        if kinds:
            sources = {kind: source for kind, source in sources.items() if kind in kinds}
        return {
            "partner": partner,
            "ids": partners.ids,
            "sources": sources,
            "readable": readable,
            "documents": {},
            "contact": filters.get("contact_id"),
            "user": filters.get("user_id"),
            "from": fields.Date.to_date(filters.get("date_from")),
            "to": fields.Date.to_date(filters.get("date_to")),
            "search": (filters.get("search") or "").strip(),
            "contacts_only": filters.get("contacts_only"),
        }

    def _page(self, scope, after, limit):
        """Return (rows, cursor). Rows that their own rights hide are replaced from further back."""
        result = []
        while True:
            rows = self._fetch(scope, after, limit + 1)
            more = len(rows) > limit
            rows = rows[:limit]
            result += self._readable_rows(rows)
            after = self._cursor(rows[-1]) if more else None
            if not more or len(result) >= limit:
                break
        if len(result) > limit:
            result = result[:limit]
            after = self._cursor(result[-1])
        return result, after

    def _cursor(self, row):
        return [row["at"].isoformat(), row["kind"], row["id"]]

    def _fetch(self, scope, after, limit):
        """Return the newest rows below the cursor ``after`` over all kinds, in one query."""
        queries = []
        scope = {**scope, "after": after, "limit": limit}
        for kind, source in scope["sources"].items():
            query = getattr(self, source.method or "_query_source")(kind, source, scope)
            if query:
                queries.append(self._limited(query, kind, scope, after, limit))
        if not queries:
            return []
        return self.env.execute_query_dict(
            SQL(
                "SELECT * FROM (%s) AS rows ORDER BY at DESC, kind, id DESC LIMIT %s",
                SQL(" UNION ALL ").join(queries),
                limit,
            )
        )

    def _limited(self, query, kind, scope, after, limit):
        conditions = [self._sql_after(kind, after)] if after else []
        if scope["contacts_only"]:
            conditions.append(SQL("done"))
        where = SQL("WHERE %s", SQL(" AND ").join(conditions)) if conditions else SQL()
        return SQL(
            "(SELECT * FROM (%s) AS source %s ORDER BY at DESC, id DESC LIMIT %s)",
            query,
            where,
            limit,
        )

    def _sql_after(self, kind, after, table="source", at="at"):
        """Return the condition for rows that come after the cursor in (at desc, kind, id desc)."""
        moment, last_kind, last_id = after
        moment = datetime.fromisoformat(moment)
        column = SQL.identifier(table, at)
        if kind > last_kind:
            return SQL("%s <= %s", column, moment)
        if kind < last_kind:
            return SQL("%s < %s", column, moment)
        record_id = SQL.identifier(table, "id")
        return SQL("(%s, %s) < (%s, %s)", column, record_id, moment, int(last_id))

    # ------------------------------------------------------------------
    # Queries of the kinds: kind, id, at (UTC), day, model, title …, done

    def _query_source(self, kind, source, scope):
        """Return the SELECT of an ordinary source, or None when nothing can match."""
        model = self.env[source.model].with_context(active_test=False)
        domain = self._domain_filters(source, scope)
        if domain is None:
            return None
        domain &= Domain(source.domain) & self._domain_partner(source, scope)
        query = model._search(domain)
        if query.is_empty():
            return None

        def column(name, default):
            if not name:
                return SQL(default)
            return model._field_to_sql(model._table, name, query)

        contact = source.contact_field()
        return query.select(
            *self._select(
                kind,
                source,
                at=column(source.date, None),
                is_date=model._fields[source.date].type == "date",
                title=column(source.title, None),
                contact=column(contact, "NULL::integer"),
                user=column(source.user, "NULL::integer"),
                amount=SQL("%s * %s", column(source.amount, "NULL::numeric"), source.sign),
                currency=column(source.currency, "NULL::integer"),
                state=column(source.state, "NULL::varchar"),
                done=SQL("TRUE")
                if not source.is_contact
                else SQL("%s <= now() AT TIME ZONE 'UTC'", column(source.date, None)),
                record_id=SQL.identifier(model._table, "id"),
                open_model=SQL("%s::varchar", source.model),
                open_id=SQL.identifier(model._table, "id"),
            )
        )

    def _select(self, kind, source, *, at, is_date, record_id, **columns):
        """Return the columns that all kinds have in common, in the order of the union."""
        moment = self._sql_end_of_day(at) if is_date else at
        names = ("title", "contact", "user", "amount", "currency", "state", "done")
        return (
            SQL("%s::varchar AS kind", kind),
            SQL("%s AS id", record_id),
            SQL("%s AS at", moment),
            SQL("%s AS day", SQL("(%s)::date", at) if is_date else SQL("NULL::date")),
            *(SQL("%s AS %s", columns[name], SQL.identifier(name)) for name in names),
            SQL("%s AS open_model", columns["open_model"]),
            SQL("%s AS open_id", columns["open_id"]),
            SQL("%s AS incoming", columns.get("incoming", SQL("NULL::boolean"))),
        )

    def _zone(self):
        return self.env.tz

    def _sql_end_of_day(self, day):
        """A document that only has a day comes after what happened at an hour of that day."""
        return SQL(
            "((%s)::date + TIME '23:59:59') AT TIME ZONE %s AT TIME ZONE 'UTC'",
            day,
            self._zone().zone,
        )

    def _moment(self, day, clock):
        """Return the UTC datetime of an hour of a day of the reader."""
        local = self._zone().localize(datetime.combine(day, clock))
        return local.astimezone(pytz.utc).replace(tzinfo=None)

    def _domain_partner(self, source, scope):
        model = self.env[source.model]
        if scope["contact"]:
            path = source.contact_field() or source.partner
            return Domain(path, "=", scope["contact"]) & Domain(source.partner, "in", scope["ids"])
        target = model._fields[source.partner.split(".")[0]]
        if source.partner == "commercial_partner_id" and target.store:
            return Domain(source.partner, "=", scope["partner"].id)
        return Domain(source.partner, "in", scope["ids"])

    def _domain_filters(self, source, scope):
        """Return the domain of the reader's filters, None when the kind cannot fulfil them."""
        model = self.env[source.model]
        domain = Domain(source.date, "!=", False)
        if scope["user"]:
            if not source.user:
                return None
            domain &= Domain(source.user, "=", scope["user"])
        domain &= self._domain_period(source.date, model._fields[source.date].type, scope)
        if scope["search"]:
            domain &= Domain.OR(
                Domain(name, "ilike", scope["search"])
                for name in source.search
                if name in model._fields
            )
        return domain

    def _domain_period(self, name, kind, scope):
        domain = Domain.TRUE
        first, last = scope["from"], scope["to"]
        if first:
            domain &= Domain(name, ">=", first if kind == "date" else self._moment(first, time.min))
        if last:
            domain &= Domain(name, "<=", last if kind == "date" else self._moment(last, time.max))
        return domain

    # ------------------------------------------------------------------
    # Mails and activities: they belong to the customer through the document they stand on

    def _documents(self, scope):
        """Return [(model name, SQL of ids)] of the customer's documents the reader may read."""
        known = scope["documents"]
        if scope["contact"] not in known:
            known[scope["contact"]] = self._find_documents(scope)
        return known[scope["contact"]]

    def _find_documents(self, scope):
        people = [scope["contact"]] if scope["contact"] else scope["ids"]
        result = {"res.partner": SQL("(SELECT unnest(%s))", people)}
        for source in scope["readable"].values():
            if not source.with_documents or source.model in result:
                continue
            model = self.env[source.model].with_context(active_test=False)
            query = model._search(self._domain_partner(source, scope))
            if not query.is_empty():
                result[source.model] = query.subselect()
        return list(result.items())

    def _query_mails(self, kind, source, scope):
        """Mails on the customer's documents, from its people, and to them."""
        self.env["mail.message"].flush_model()
        conditions = SQL(" AND ").join(self._conditions_mail(kind, source, scope))
        found = [
            SQL("m.model = %s AND m.res_id IN %s", name, ids)
            for name, ids in self._documents({**scope, "contact": None})
        ]
        found += [
            SQL("m.author_id = ANY(%s)", scope["ids"]),
            SQL(
                """m.id IN (SELECT mail_message_id FROM mail_message_res_partner_rel
                             WHERE res_partner_id = ANY(%s))""",
                scope["ids"],
            ),
        ]
        # Each way to a mail gives one page at most, so that only few are joined and shown.
        branches = [
            SQL(
                """(SELECT m.id, m.date, m.subject, m.model, m.res_id, m.author_id
                      FROM mail_message m WHERE %s AND %s
                  ORDER BY m.date DESC, m.id DESC LIMIT %s)""",
                way,
                conditions,
                scope["limit"],
            )
            for way in found
        ]
        incoming = SQL(
            """NOT EXISTS (SELECT FROM res_users u
                            WHERE u.partner_id = m.author_id AND u.share IS NOT TRUE)"""
        )
        columns = self._select(
            kind,
            source,
            at=SQL("m.date"),
            is_date=False,
            title=SQL("COALESCE(m.subject, '')"),
            contact=SQL("CASE WHEN m.author_id = ANY(%s) THEN m.author_id END", scope["ids"]),
            user=SQL("NULL::integer"),
            amount=SQL("NULL::numeric"),
            currency=SQL("NULL::integer"),
            state=SQL("NULL::varchar"),
            done=SQL("TRUE"),
            record_id=SQL("m.id"),
            open_model=SQL("m.model"),
            open_id=SQL("m.res_id"),
            incoming=incoming,
        )
        return SQL(
            "SELECT %s FROM (%s) AS m", SQL(", ").join(columns), SQL(" UNION ").join(branches)
        )

    def _conditions_mail(self, kind, source, scope):
        conditions = [
            SQL("m.date IS NOT NULL"),
            SQL("m.message_type IN %s", MAIL_TYPES),
            SQL("m.is_internal IS NOT TRUE"),
            SQL(
                """(m.message_type IN ('email', 'email_outgoing') OR m.subtype_id IN (
                    SELECT id FROM mail_message_subtype WHERE internal IS FALSE))"""
            ),
        ]
        if scope["after"]:
            conditions.append(self._sql_after(kind, scope["after"], "m", "date"))
        if scope["user"]:
            user = self.env["res.users"].browse(scope["user"])
            conditions.append(SQL("m.author_id = %s", user.partner_id.id))
        if scope["contact"]:
            conditions.append(
                SQL(
                    """(m.author_id = %(contact)s OR EXISTS (
                        SELECT FROM mail_message_res_partner_rel r
                         WHERE r.mail_message_id = m.id AND r.res_partner_id = %(contact)s))""",
                    contact=scope["contact"],
                )
            )
        return conditions + self._conditions_sql(
            SQL("m.date"), [SQL("m.subject"), SQL("m.body")], scope
        )

    def _conditions_sql(self, moment, texts, scope, is_date=False):
        """Return the conditions of period and search for a query written by hand."""
        conditions = []
        for day, clock, operator in (
            (scope["from"], time.min, SQL(">=")),
            (scope["to"], time.max, SQL("<=")),
        ):
            if day:
                bound = day if is_date else self._moment(day, clock)
                conditions.append(SQL("%s %s %s", moment, operator, bound))
        if scope["search"]:
            pattern = f"%{escape_psql(scope['search'])}%"
            conditions.append(
                SQL("(%s)", SQL(" OR ").join(SQL("%s ILIKE %s", text, pattern) for text in texts))
            )
        return conditions

    def _query_activities(self, kind, source, scope):
        """Open and done activities on the documents; meetings are a kind of their own."""
        activity = self.env["mail.activity"]
        activity.flush_model()
        day = SQL("COALESCE(a.date_done, a.date_deadline)")
        call = SQL("=") if kind == "call" else SQL("IS DISTINCT FROM")
        conditions = [
            SQL("a.calendar_event_id IS NULL"),
            SQL("type.category %s 'phonecall'", call),
        ]
        if scope["user"]:
            conditions.append(SQL("a.user_id = %s", scope["user"]))
        texts = [SQL("a.summary"), SQL("a.note"), SQL("a.feedback")]
        conditions += self._conditions_sql(day, texts, scope, is_date=True)
        today = fields.Date.context_today(self)
        columns = self._select(
            kind,
            source,
            at=day,
            is_date=True,
            title=SQL("COALESCE(NULLIF(a.summary, ''), %s)", activity_type_name(self.env)),
            contact=SQL("CASE WHEN a.res_model = 'res.partner' THEN a.res_id END"),
            user=SQL("a.user_id"),
            amount=SQL("NULL::numeric"),
            currency=SQL("NULL::integer"),
            state=SQL(
                """CASE WHEN a.active IS NOT TRUE THEN 'done'
                        WHEN a.date_deadline < %(today)s THEN 'overdue'
                        WHEN a.date_deadline = %(today)s THEN 'today'
                        ELSE 'planned' END""",
                today=today,
            ),
            done=SQL("a.active IS NOT TRUE"),
            record_id=SQL("a.id"),
            open_model=SQL("a.res_model"),
            open_id=SQL("a.res_id"),
        )
        return SQL(" UNION ALL ").join(
            SQL(
                """SELECT %s FROM mail_activity a
                     LEFT JOIN mail_activity_type type ON type.id = a.activity_type_id
                    WHERE a.res_model = %s AND a.res_id IN %s AND %s""",
                SQL(", ").join(columns),
                name,
                ids,
                SQL(" AND ").join(conditions),
            )
            for name, ids in self._documents(scope)
        )

    def _readable_rows(self, rows):
        """Leave out mails and activities that the rights of their own model hide."""
        allowed = {}
        for model, kinds in (("mail.message", ("mail",)), ("mail.activity", ("activity", "call"))):
            ids = [row["id"] for row in rows if row["kind"] in kinds]
            readable = self.env[model].browse(ids)._filtered_access("read") if ids else []
            allowed.update(dict.fromkeys(kinds, {record.id for record in readable}))
        return [
            row for row in rows if row["kind"] not in GUARDED or row["id"] in allowed[row["kind"]]
        ]

    # ------------------------------------------------------------------
    # Opening the document of a row

    @api.model
    def action_open(self, model, res_id):
        """Return the action that shows the document of a row as far as the reader may see it.

        Its form, or where that holds fields whose records are closed to the reader (the payments
        of an invoice, for a salesperson), the page that the customer sees of it in the portal, or
        a notice. Never an error for what the timeline offered.
        """
        record = self.env[model].browse(res_id).exists()
        if not record or not record.has_access("read"):
            return self._action_notice(
                self.env._("This document was deleted, or you have no right to see it.")
            )
        if self._can_read_form(record):
            return {
                "type": "ir.actions.act_window",
                "res_model": model,
                "res_id": record.id,
                "views": [(False, "form")],
            }
        return self._action_without_form(record)

    def _action_without_form(self, record):
        """Return what to open instead of a form; extend it for models with a page of their own."""
        url = "access_url" in record._fields and record.access_url
        if url and url != "#":
            return {"type": "ir.actions.act_url", "url": url, "target": "new"}
        return self._action_notice(
            self.env._(
                "%s holds data that you have no right to see. Ask who is responsible for it.",
                record.display_name,
            )
        )

    def _action_notice(self, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "warning", "message": message},
        }

    def _can_read_form(self, record):
        """Whether the reader can read all that the form shows: just as the form will, read it."""
        arch = etree.fromstring(record.get_view(view_type="form")["arch"])
        try:
            with self.env.cr.savepoint(flush=False):
                record.web_read(self._form_specification(arch, record))
        except AccessError:
            return False
        return True

    def _form_specification(self, node, model):
        """Return what a form reads of a record of ``model``, with the views inside its fields."""
        specification = {}
        for field in node.iterfind(".//field"):
            holder = next(field.iterancestors("field", node.tag), node)
            name = field.get("name")
            if holder is not node or name not in model._fields:
                continue
            specification[name] = {}
            if model._fields[name].relational:
                inner = {"display_name": {}}
                for view in field:
                    inner |= self._form_specification(
                        view, self.env[model._fields[name].comodel_name]
                    )
                specification[name] = {"fields": inner}
        return specification

    # ------------------------------------------------------------------
    # Presentation

    def _present(self, rows):
        """Add names, titles and badges, with a number of queries that does not grow."""
        sources = self._sources()
        people = self._names(rows)
        mails = self._mail_texts(rows)
        states = {kind: self._state_names(kind, source) for kind, source in sources.items()}
        for row in rows:
            source = sources[row["kind"]]
            row.update(mails.get(row["id"], {}) if row["kind"] == "mail" else {})
            row["key"] = f"{row['kind']}-{row['id']}"
            row["icon"] = source.icon
            row["kind_name"] = source.one or source.label
            row["contact_name"] = people["res.partner"].get(row["contact"])
            row["user_name"] = row.get("user_name") or people["res.users"].get(row["user"])
            row["state_name"] = states[row["kind"]].get(row["state"])
            row["colour"] = self._colours(row["kind"], source).get(row["state"], "secondary")
            row["at"] = fields.Datetime.to_string(row["at"])
            row["day"] = fields.Date.to_string(row["day"]) if row["day"] else False
            row["amount"] = float(row["amount"]) if row["amount"] is not None else None
        return rows

    def _colours(self, kind, source):
        if kind in ("activity", "call"):
            return {"overdue": "danger", "today": "warning", "planned": "info", "done": "success"}
        return source.colours

    def _state_names(self, kind, source):
        if kind in ("activity", "call"):
            names = self.env["mail.activity"]._fields["state"]._description_selection(self.env)
            return dict(names)
        if not source.state:
            return {}
        return dict(self.env[source.model]._fields[source.state]._description_selection(self.env))

    def _names(self, rows):
        """Return {model: {id: name}} of the people on rows that the reader may read."""
        result = {}
        for model, column in (("res.partner", "contact"), ("res.users", "user")):
            records = self.env[model].browse({row[column] for row in rows if row[column]})
            # sudo: a many2one shows its name to whoever may read the row, as everywhere in Odoo
            result[model] = {record.id: record.name for record in records.sudo()}
        return result

    def _mail_texts(self, rows):
        """Return {id: values} of mails: author, a title where there is no subject, preview."""
        messages = self.env["mail.message"].browse(
            row["id"] for row in rows if row["kind"] == "mail"
        )
        result = {}
        for message in messages:
            text = " ".join(html2plaintext(message.body or "").split())
            # sudo: the name of an author is shown to whoever may read the message
            author = message.author_id.sudo().name or message.email_from
            title = message.subject or message.record_name or text[:80]
            result[message.id] = {
                "title": title or self.env._("Message"),
                "preview": text[:180] if text[:80] != title else "",
                "user_name": author,
            }
        return result


def activity_type_name(env):
    """Return the SQL of the translated name of the joined activity type."""
    return SQL("COALESCE(type.name ->> %s, type.name ->> 'en_US')", env.lang or "en_US")

from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import LockError, UserError
from odoo.fields import Command
from odoo.tools import SQL

from ..engine import Posted, Slot, deltas, first_open_date, is_reduction
from .crm_subledger_entry import POSTED_KINDS


class CrmSubledgerMixin(models.AbstractModel):
    """A key of a sub-ledger: what an amount is owed for, such as a person's period.

    A programme inherits this, says what the ledger should hold for its keys
    (:meth:`_subledger_targets`) and which keys a document concerns (:meth:`_subledger_keys_of`).
    The loop that posts the difference is here, once for all programmes. A key model needs a
    ``company_id``.
    """

    _name = "crm.subledger.mixin"
    _description = "Key of a Sub-ledger"

    #: Whether the few keys that other documents concern are posted in the same transaction. With
    #: ``False`` the scheduled action posts them right after it: whoever posts the documents does
    #: not wait for a journal entry of each, two people with documents of one key do not wait for
    #: each other, and what comes together gets one entry.
    _subledger_at_once = True

    subledger_revision = fields.Integer(
        copy=False,
        readonly=True,
        help="Counts the runs of the loop, so that two parallel runs of one key collide.",
    )
    subledger_entry_count = fields.Integer(compute="_compute_subledger_entry_count")

    # ------------------------------------------------------------------
    # What a programme overrides
    # ------------------------------------------------------------------

    def _subledger_targets(self):
        """Return what the ledgers should hold for the keys in ``self``, as documents now stand.

        Set-based: the number of queries does not depend on the number of keys. A component that
        was posted before and is not returned has the target zero.

        :return: list of :class:`~odoo.addons.crm_subledger.engine.delta.Target`, amounts rounded
            in the currency of the key's company; with their ``shares`` where these are at hand
        """
        raise NotImplementedError

    def _subledger_split(self, targets):
        """Attribute targets to the deals that brought them about.

        Only asked for targets that may have changed and bring no shares of their own.

        :param targets: list of ``Target``
        :return: ``{target.address: [Share, …]}``; the shares of a target sum to it exactly;
            a target left out belongs to no deal
        """
        return {}

    @api.model
    def _subledger_keys_of(self, *documents):
        """Return the keys that depend on ``documents``, creating the missing ones in bulk.

        :param documents: recordsets of what changed, one a model: ``account.move``,
            ``sale.order``
        """
        return self.browse()

    def _subledger_posted(self, entries):
        """Hook: called once a run has posted, with the new entries of the keys in ``self``."""

    def _subledger_settled(self):
        """Hook: called on the keys whose settlement was posted or taken back."""

    @api.model
    def _subledger_explanation_row(self, row):
        """Return ``(label, basis, rate, amount)``, strings in the language of the reader.

        :param row: one of the ``rows`` of an explanation; its ``code`` says what it is
        """
        return (
            row.get("label") or row.get("code", ""),
            self._subledger_format_money(row.get("basis")),
            self._subledger_format_rate(row.get("rate")),
            self._subledger_format_money(row.get("amount")),
        )

    @api.model
    def _subledger_explanation_note(self, note):
        """Return one of the ``notes`` of an explanation in the language of the reader."""
        if note.get("code") == "lock_date":
            return self.env._(
                "Dated %(wanted)s, a period locked until %(locked)s: posted on the first open day.",
                wanted=note["wanted"],
                locked=note["locked"],
            )
        return note.get("text", "")

    # ------------------------------------------------------------------
    # Screens
    # ------------------------------------------------------------------

    def _compute_subledger_entry_count(self):
        counts = defaultdict(int)
        if self.env["crm.subledger.entry"].has_access("read"):
            for key, count in self.env["crm.subledger.entry"]._read_group(
                self._subledger_entry_domain(), ["res_id"], ["__count"]
            ):
                counts[key] = count
        for key in self:
            key.subledger_entry_count = counts[key.id]

    def _subledger_entry_domain(self):
        return [("res_model", "=", self._name), ("res_id", "in", self.ids)]

    def _subledger_entries(self):
        """Return the entries of these keys that the user may read."""
        return self.env["crm.subledger.entry"].search(self._subledger_entry_domain())

    def action_open_subledger_entries(self):
        """Open the sub-ledger entries of these keys."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_subledger.crm_subledger_entry_action"
        )
        action["domain"] = self._subledger_entry_domain()
        action["context"] = {"create": False}
        return action

    @api.model
    def _subledger_format_money(self, amount):
        """Return an amount of an explanation with the decimals it was stored with."""
        if amount in (None, ""):
            return ""
        return f"{Decimal(amount):,.2f}"

    @api.model
    def _subledger_format_rate(self, rate):
        """Return a rate such as ``0.05`` as ``5 %``."""
        if rate in (None, ""):
            return ""
        return f"{(Decimal(rate) * 100).normalize():f} %"

    @api.model
    def _subledger_explanation_totals(self, content):
        """Return the closing rows of an explanation: target, posted before, difference."""
        labels = {
            # The rows explain the key as a whole; a deal has its share in it.
            "target": self.env._("Share of this deal")
            if content.get("deal")
            else self.env._("Target"),
            "before": self.env._("Posted before"),
            "delta": self.env._("Difference posted"),
        }
        return [(label, content[name]) for name, label in labels.items() if name in content]

    # ------------------------------------------------------------------
    # Marking dirty
    # ------------------------------------------------------------------

    @api.model
    def _subledger_programmes(self):
        """Return the names of the models whose records are keys."""
        names = self.env.registry.descendants(["crm.subledger.mixin"], "_inherit")
        return sorted(name for name in names if not self.env[name]._abstract)

    def _subledger_mark_dirty(self):
        """Have the loop run for these keys before the transaction commits."""
        self.env["crm.subledger.queue"]._remember(self)

    @api.model
    def _subledger_documents_dirty(self, documents):
        """Have the loop run for the keys that depend on ``documents`` before the commit."""
        self.env["crm.subledger.queue"]._remember(documents)

    # ------------------------------------------------------------------
    # The loop
    # ------------------------------------------------------------------

    def _subledger_run(self, force_split=False):
        """Bring the ledgers of these keys to their targets.

        Keys that another transaction is working on are left to the scheduled action.

        :param force_split: attribute every target to its deals again, even where the total of
            the key did not change
        :return: the entries posted
        :raises UserError: an account, journal or rate is missing; nothing is posted then
        """
        keys = self.exists()._subledger_lock()
        if not keys:
            return self.env["crm.subledger.entry"]
        differences = keys._subledger_differences(force_split)
        entries = keys._subledger_post(differences)
        if entries:
            keys._subledger_posted(entries)
        return entries

    def _subledger_catch_up(self):
        """Post for these keys at once what may still wait in the queue.

        Called before something is decided or settled on their figures: with few *Keys Posted at
        Once* documents wait for the scheduled action. Which of them concern these keys need not be
        found out, since the loop computes from the documents as they stand.

        :return: the entries posted (superuser)
        :raises UserError: as :meth:`_subledger_run`, or another transaction works on the keys
        """
        keys = self.sudo().exists()  # sudo: keys are posted as the system does
        try:
            keys.lock_for_update()
        except LockError as error:
            raise UserError(
                self.env._(
                    "Somebody else is working on this at the moment. Try again: %s",
                    ", ".join(keys.mapped("display_name")),
                )
            ) from error
        entries = keys._subledger_run(force_split=True)
        keys.env["crm.subledger.queue"]._done(keys)
        return entries

    def _subledger_lock(self):
        """Lock the keys; what another transaction holds goes to the queue.

        The row is also changed: a transaction that started before this one commits then fails to
        lock it, instead of computing from what it saw earlier and posting twice.
        """
        locked = self.try_lock_for_update()
        (self - locked)._subledger_enqueue()
        if locked:
            self.env.execute_query(
                SQL(
                    "UPDATE %s SET subledger_revision = COALESCE(subledger_revision, 0) + 1 "
                    "WHERE id IN %s RETURNING id",
                    SQL.identifier(self._table),
                    tuple(locked.ids),
                )
            )
            locked.invalidate_recordset(["subledger_revision"])
        return locked

    def _subledger_enqueue(self):
        self.env["crm.subledger.queue"]._enqueue(self)

    def _subledger_differences(self, force_split=False):
        targets = self._subledger_targets()
        held = self._subledger_held()
        changed = [t for t in targets if force_split or held.get(t.address, 0) != t.amount]
        known = {target.address for target in targets}
        stale = {address for address, total in held.items() if total or force_split} - known
        addresses = stale | {target.address for target in changed}
        if not addresses:
            return []
        posted = self.browse({key for key, *_rest in addresses})._subledger_posted_amounts()
        relevant = {slot: item for slot, item in posted.items() if slot[:3] in addresses}
        whole = [target for target in changed if target.shares is None]
        return deltas(changed, self._subledger_split(whole) if whole else {}, relevant)

    def _subledger_held(self):
        """Return ``{(key, ledger, component): total}`` of what the loop has posted so far."""
        self.env["crm.subledger.entry"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT res_id, ledger_id, COALESCE(component, ''), SUM(amount)::text
                     FROM crm_subledger_entry
                    WHERE res_model = %s AND res_id IN %s AND kind IN %s
                 GROUP BY 1, 2, 3""",
                self._name,
                tuple(self.ids),
                POSTED_KINDS,
            )
        )
        return {(key, ledger, name): Decimal(total) for key, ledger, name, total in rows}

    def _subledger_posted_amounts(self):
        """Return ``{Slot: Posted}``: what the loop has posted for these keys so far."""
        Entry = self.env["crm.subledger.entry"]
        Entry.flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT e.res_id, e.ledger_id, COALESCE(e.component, ''), e.order_id,
                          SUM(e.amount)::text, MAX(e.date), MAX(e.id)
                     FROM crm_subledger_entry e
                    WHERE e.res_model = %s AND e.res_id IN %s AND e.kind IN %s
                 GROUP BY 1, 2, 3, 4""",
                self._name,
                tuple(self.ids),
                POSTED_KINDS,
            )
        )
        # sudo: the ledger follows its documents, whoever changes them
        last = Entry.sudo().browse([row[-1] for row in rows])
        last.fetch(["partner_id", "counterpart_account_id", "sign"])
        mirrors = {
            mirror.mirror_of_id.id: (mirror.ledger_id.id, mirror.res_model, mirror.res_id)
            for mirror in last.search([("mirror_of_id", "in", last.ids)])
        }
        return {
            Slot(*row[:4]): Posted(
                amount=Decimal(row[4]),
                date=row[5],
                partner=entry.partner_id.id or None,
                account=entry.counterpart_account_id.id or None,
                sign=entry.sign,
                mirror=mirrors.get(entry.id),
            )
            for row, entry in zip(rows, last, strict=True)
        }

    # ------------------------------------------------------------------
    # Posting
    # ------------------------------------------------------------------

    def _subledger_post(self, differences):
        """Post ``differences`` in one journal entry per (company, journal, date)."""
        if not differences:
            return self.env["crm.subledger.entry"]
        # sudo: the ledger follows its documents, whoever changes them
        self = self.sudo()
        ledgers = self.env["crm.subledger"].browse({delta.slot.ledger for delta in differences})
        ledgers._check_can_post()
        batches = defaultdict(list)
        for delta in differences:
            ledger = self.env["crm.subledger"].browse(delta.slot.ledger)
            wanted = delta.date or fields.Date.context_today(self)
            locked = ledger._locked_until()
            day = first_open_date(wanted, locked)
            note = {"wanted": wanted, "locked": locked} if day != wanted else None
            batches[ledger.company_id, ledger.journal_id, day].append((ledger, delta, note))
        entries = self.env["crm.subledger.entry"]
        for (company, journal, day), batch in sorted(
            batches.items(), key=lambda item: (item[0][0].id, item[0][1].id, item[0][2])
        ):
            entries += self.with_company(company)._subledger_post_batch(journal, day, batch)
        return entries

    def _subledger_post_batch(self, journal, day, batch):
        groups = defaultdict(list)
        for ledger, delta, note in batch:
            groups[self._subledger_line_key(ledger, delta)].append((ledger, delta, note))
        Move = self.env["account.move"].with_context(skip_invoice_sync=True)
        if not journal.company_id.restrictive_audit_trail:
            # The entry explains itself; a note in its history would only cost time.
            Move = Move.with_context(tracking_disable=True)
        move = Move.create(
            {
                "move_type": "entry",
                "company_id": journal.company_id.id,
                "journal_id": journal.id,
                "date": day,
                "ref": ", ".join(sorted({ledger.name for ledger, *_rest in batch})),
                "line_ids": [
                    Command.create(vals)
                    for key, items in groups.items()
                    for vals in self._subledger_prepare_lines(key, items)
                ],
            }
        )
        move._post(soft=False)
        items = move.line_ids.sorted("id")
        pairs = zip(items[::2], items[1::2], strict=True)
        lines = dict(zip(groups, pairs, strict=True))
        return self._subledger_create_entries(groups, lines, day)

    @api.model
    def _subledger_line_key(self, ledger, delta):
        """Return what differences must share to be added up in one pair of journal items."""
        sign = delta.sign or ledger._natural_sign()
        storno = ledger.company_id.account_storno and is_reduction(delta.amount, sign)
        account = delta.account or ledger.counterpart_account_id.id
        return (ledger, delta.slot.key, delta.partner, account, storno, delta.mirror)

    def _subledger_prepare_lines(self, key, items):
        """Return the values of the balance item and of its counterpart."""
        ledger, key_id, partner, account, storno, _mirror = key
        amount = sum(delta.amount for _ledger, delta, _note in items)
        common = {
            "name": f"{ledger.name}: {self.browse(key_id).display_name}",
            "partner_id": partner,
            "currency_id": ledger.currency_id.id,
            "is_storno": storno,
            # An account may carry default taxes; these items have none.
            "tax_ids": [Command.clear()],
        }
        # The ORM takes floats for monetary fields; the amount is rounded to the currency.
        balance = float(amount)
        return (
            {**common, "account_id": ledger.account_id.id, "balance": balance},
            {**common, "account_id": account, "balance": -balance},
        )

    def _subledger_create_entries(self, groups, lines, day):
        vals_list, mirrored = [], []
        for key, items in groups.items():
            line, counterpart = lines[key]
            for ledger, delta, note in items:
                vals_list.append(
                    self._subledger_prepare_entry_vals(ledger, delta, note, line, counterpart)
                    | {"date": day}
                )
                mirrored.append((delta, counterpart))
        entries = self.env["crm.subledger.entry"].create(vals_list)
        self.env["crm.subledger.entry"].create(
            [
                self._subledger_prepare_mirror_vals(entry, delta, counterpart)
                for entry, (delta, counterpart) in zip(entries, mirrored, strict=True)
                if delta.mirror
            ]
        )
        return entries

    def _subledger_prepare_entry_vals(self, ledger, delta, note, line, counterpart):
        """Return the values of an entry, but for its date."""
        sign = delta.sign or ledger._natural_sign()
        return {
            "ledger_id": ledger.id,
            "kind": "true_up" if is_reduction(delta.amount, sign) else "accrual",
            "amount": float(delta.amount),
            "partner_id": delta.partner,
            "res_model": self._name,
            "res_id": delta.slot.key,
            "component": delta.slot.component,
            "order_id": delta.slot.order,
            "source_move_ids": [Command.set(delta.moves)],
            "explanation": self._subledger_prepare_explanation(delta, note),
            "line_id": line.id,
            "move_id": line.move_id.id,
            "counterpart_account_id": counterpart.account_id.id,
            "sign": sign,
        }

    @api.model
    def _subledger_prepare_explanation(self, delta, note):
        """Return the stored explanation: the programme's rows, then target, before, delta."""
        notes = list(delta.explanation.get("notes", ()))
        if note:
            notes.append(
                {
                    "code": "lock_date",
                    "wanted": str(note["wanted"]),
                    "locked": str(note["locked"]),
                }
            )
        return {
            **delta.explanation,
            "rows": list(delta.explanation.get("rows", ())),
            "notes": notes,
            "deal": bool(delta.slot.order),
            "target": str(delta.target),
            "before": str(delta.before),
            "delta": str(delta.amount),
        }

    @api.model
    def _subledger_prepare_mirror_vals(self, entry, delta, counterpart):
        """Return the values of the entry that the counterpart is in a second ledger."""
        ledger_id, model, key_id = delta.mirror
        ledger = self.env["crm.subledger"].browse(ledger_id)
        if ledger.account_id != counterpart.account_id:
            raise UserError(
                self.env._(
                    "The counterpart %(account)s is not the balance account of the sub-ledger "
                    "“%(ledger)s”. Correct the accounts of the programme.",
                    account=counterpart.account_id.display_name,
                    ledger=ledger.name,
                )
            )
        return {
            "ledger_id": ledger.id,
            "kind": "transfer",
            "date": entry.date,
            "amount": -entry.amount,
            "partner_id": entry.partner_id.id,
            "res_model": model,
            "res_id": key_id,
            "component": "transfer",
            "order_id": entry.order_id.id,
            "source_move_ids": [Command.set(entry.source_move_ids.ids)],
            "explanation": entry.explanation,
            "line_id": counterpart.id,
            "move_id": counterpart.move_id.id,
            "counterpart_account_id": entry.ledger_id.account_id.id,
            "sign": -entry.sign,
            "mirror_of_id": entry.id,
        }

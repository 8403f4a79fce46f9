import base64
import logging
from dataclasses import dataclass, field

import psycopg2

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, email_normalize, split_every

from odoo.addons.phone_validation.tools.phone_validation import phone_format

from ..engine import china_ids, import_table
from .crm_customer_import_key import KINDS
from .crm_customer_import_row import RESULTS
from .import_lookup import Lookups

_logger = logging.getLogger(__name__)

BATCH = 200
INLINE_ROWS = 2 * BATCH
"""Files up to this size are imported while the user waits; larger ones in the background. So many
rows are checked at a time: whole batches of the import."""

PLAIN = ("name", "ref", "street", "street2", "city", "zip", "website", "function", "comment")


class RowError(Exception):
    """Why a row is refused, in the words of the user."""


class UnknownParentError(RowError):
    """The company of a row is not known; it may be another row of the file."""

    def __init__(self, message, parent):
        super().__init__(message)
        self.parent = parent


@dataclass
class Item:
    """A row on its way: values for ``res.partner``, business keys, and what it turned out to be."""

    row: object
    vals: dict = field(default_factory=dict)
    keys: dict = field(default_factory=dict)
    partner: object = None
    matched_by: str = ""
    error: str = ""
    unknown_parent: str = ""
    same_as: int = 0


class CrmCustomerImport(models.Model):
    """A file of customers on its way into the database, and back out of it."""

    _name = "crm.customer.import"
    _description = "Customer Import"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"

    name = fields.Char(required=True, default=lambda self: self.env._("Customers"), tracking=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, readonly=True
    )
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        default=lambda self: self.env.user,
        required=True,
        readonly=True,
        index=True,
        help="With this user's rights the customers are written.",
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("checking", "Checking"),
            ("checked", "Checked"),
            ("running", "Running"),
            ("done", "Done"),
            ("undoing", "Undoing"),
            ("undone", "Undone"),
        ],
        string="Status",
        default="draft",
        required=True,
        readonly=True,
        tracking=True,
        copy=False,
        index=True,
    )
    file = fields.Binary(attachment=True, copy=False, help="CSV or XLSX.")
    file_name = fields.Char(copy=False)
    encoding = fields.Char(readonly=True, copy=False)
    column_ids = fields.One2many("crm.customer.import.column", "import_id", string="Columns")
    key_ids = fields.One2many(
        "crm.customer.import.key",
        "import_id",
        string="Keys",
        copy=True,
        default=lambda self: self._default_keys(),
    )
    on_match = fields.Selection(
        [
            ("update", "Values of the file replace those of the customer"),
            ("fill", "Values of the file fill what is empty"),
            ("keep", "The customer stays as it is"),
        ],
        string="Known Customers",
        default="update",
        required=True,
    )
    companies = fields.Boolean(
        string="Rows Are Companies",
        default=True,
        help="What a new customer is when no column says so.",
    )
    restrict_company = fields.Boolean(
        string="Only for This Company", help="New customers are seen by this company only."
    )
    row_ids = fields.One2many(
        "crm.customer.import.row", "import_id", string="Rows of the File", copy=False
    )
    row_count = fields.Integer(compute="_compute_counts")
    done_count = fields.Integer(string="Processed", compute="_compute_counts")
    created_count = fields.Integer(string="Created", compute="_compute_counts")
    updated_count = fields.Integer(string="Updated", compute="_compute_counts")
    matched_count = fields.Integer(string="Unchanged", compute="_compute_counts")
    refused_count = fields.Integer(string="Refused", compute="_compute_counts")
    kept_count = fields.Integer(string="Not Undone", compute="_compute_counts")
    progress = fields.Float(compute="_compute_counts", help="Rows processed, in percent.")
    refused_file = fields.Binary(attachment=True, readonly=True, copy=False)
    problem = fields.Char(readonly=True, copy=False, help="Why the import stands still.")

    @api.model
    def _default_keys(self):
        return [
            Command.create({"kind": kind, "sequence": number})
            for number, (kind, _label) in enumerate(KINDS, 1)
        ]

    @api.depends("state", "row_ids.plan", "row_ids.result", "row_ids.undo_result")
    def _compute_counts(self):
        counts = {
            (document.id, plan, result, undone): count
            for document, plan, result, undone, count in self.env[
                "crm.customer.import.row"
            ]._read_group(
                [("import_id", "in", self.ids)],
                ["import_id", "plan", "result", "undo_result"],
                ["__count"],
            )
        }
        for document in self:
            mine = {key[1:]: n for key, n in counts.items() if key[0] == document.id}
            document._set_counts(mine)

    def _set_counts(self, counts):
        started = self.state not in ("draft", "checking", "checked")
        self.row_count = sum(counts.values())
        tried = sum(n for (plan, _result, _undone), n in counts.items() if plan)
        self.done_count = sum(n for (_plan, result, _undone), n in counts.items() if result)
        for name, _label in RESULTS:
            self[f"{name}_count"] = sum(
                n
                for (plan, result, _undone), n in counts.items()
                if (result if started else plan) == name
            )
        self.kept_count = sum(n for key, n in counts.items() if key[2] == "kept")
        progress = tried if self.state == "checking" else self.done_count
        self.progress = 100 * progress / self.row_count if self.row_count else 0

    @api.model_create_multi
    def create(self, vals_list):
        """Read the header of the file and propose its columns.

        :raises AccessError: a state, a result or in whose name rows are written is given, be it
            as a default in the context
        """
        if not self.env.su:
            names = {name for vals in vals_list for name in vals}
            # Defaults in the context are values too.
            keys = self.env.context
            names |= {key.removeprefix("default_") for key in keys if key.startswith("default_")}
            self._refuse_protected(names)
        documents = super().create(vals_list)
        documents.filtered("file")._read_file()
        return documents

    def write(self, vals):
        """Change settings until the first row is written; another file is read anew.

        :raises AccessError: as in :meth:`create`
        :raises UserError: the import has begun
        """
        if not self.env.su:
            self._refuse_protected(vals)
            self._refuse_when_started(vals)
        result = super().write(vals)
        if vals.get("file"):
            self._read_file()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_started(self):
        if started := self.filtered(lambda document: document._has_begun()):
            raise UserError(
                self.env._(
                    "%s: the report of an import is kept; undo the import instead.",
                    started[0].display_name,
                )
            )

    def _refuse_protected(self, names):
        """Nobody writes a state, a result or in whose name rows are imported; methods do."""
        protected = {"state", "user_id", "company_id", "row_ids", "refused_file", "problem"}
        if found := protected.intersection(names):
            raise AccessError(
                self.env._("Only the buttons change this: %s", ", ".join(sorted(found)))
            )

    def _refuse_when_started(self, names):
        settings = {"file", "column_ids", "key_ids", "on_match", "companies", "restrict_company"}
        if settings.intersection(names) and any(document._has_begun() for document in self):
            raise UserError(self.env._("The import has begun; make a new one for other settings."))

    def _has_begun(self):
        """Return whether rows were written, be it that the import stands still since."""
        return self.state not in ("draft", "checked") or bool(self.done_count)

    # --- reading the file ---

    def _read_file(self):
        """Read the header and guess the columns."""
        for document in self:
            table = document._load_table()
            guesses = import_table.guess_columns(table.header)
            columns = [
                Command.create(
                    {
                        "sequence": number,
                        "header": header,
                        "sample": document._samples(table, number),
                        "target": guesses[number],
                    }
                )
                for number, header in enumerate(table.header)
            ]
            # sudo: what was found in the file is the document's to write
            mine = document.sudo()
            mine.row_ids.unlink()
            mine.write(
                {
                    "encoding": table.encoding,
                    "column_ids": [Command.clear(), *columns],
                    "state": "draft",
                }
            )

    def _samples(self, table, number):
        values = [row[number] for row in table.rows[:20] if row[number].strip()]
        return " · ".join(dict.fromkeys(import_table.clean(value)[:40] for value in values[:3]))

    def _load_table(self):
        self.ensure_one()
        if not self.file:
            raise UserError(self.env._("Choose a file first."))
        try:
            # a context may ask for the size in place of the content
            content = base64.b64decode(self.with_context(bin_size=False).file)
            return import_table.read_table(content, self.file_name or "")
        except import_table.TableError as error:
            raise UserError(self._file_problem(error)) from error

    def _file_problem(self, error):
        texts = {
            "empty": self.env._("The file is empty."),
            "binary": self.env._("The file is no CSV and no XLSX file. Save it as one of these."),
            "header": self.env._("Row %s has cells beyond the last heading.", error.detail),
            "columns": self.env._("The file has %s columns; 200 are the most.", error.detail),
            "xlsx": self.env._(
                "The workbook cannot be read (%s). Save it anew as XLSX.", error.detail
            ),
        }
        return texts[error.code]

    # --- actions ---

    def action_check(self):
        """Import every row for a try and take it back: a small file at once, others later on.

        So constraints, validation rules and rights of the responsible user have been asked.
        """
        for document in self:
            document._start(("draft", "checked"))
            document._refuse_when_started({"file"})
            document._check_mapping()
            # sudo: rows are the document's own; rights on it were checked just above
            mine = document.sudo()
            mine.row_ids.unlink()
            mine._create_rows(document._load_table())
            mine.write({"state": "checking", "problem": False})
            mine._go_on(len(mine.row_ids))
        return True

    def action_import(self):
        """Import: a small file at once, a large one in the background.

        The rows are written with the rights of the user who is responsible for the import.
        """
        for document in self:
            document._start(("checked",))
            if self.env.user != document.user_id:
                raise UserError(self.env._("Only %s may start it.", document.user_id.name))
            # sudo: the state is the document's own; rights on it were checked just above
            mine = document.sudo()
            mine.write({"state": "running", "problem": False})
            mine._go_on(len(mine.row_ids))
        return True

    def action_undo(self):
        """Take back what the import did, where nothing has happened since."""
        for document in self:
            # A stopped import is taken back too, as far as it came.
            document._start(("checked", "done") if document.done_count else ("done",))
            if self.env.user != document.user_id:
                raise UserError(self.env._("Only %s may undo it.", document.user_id.name))
            # sudo: the state is the document's own; rights on it were checked just above
            mine = document.sudo()
            mine.write({"state": "undoing", "problem": False})
            mine._go_on(len(mine.row_ids))
        return True

    def action_download_refused(self):
        """Download the refused rows: the original columns and the reason."""
        self.ensure_one()
        if not self.refused_file:
            raise UserError(self.env._("No row was refused."))
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/crm.customer.import/{self.id}/refused_file/"
            f"{self._refused_name()}?download=true",
            "target": "download",
        }

    def action_open_rows(self):
        """Open the rows of the report."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_customer.crm_customer_import_row_action"
        )
        wanted = self.env.context.get("result")
        domain = [("import_id", "=", self.id)]
        if wanted:
            name = "plan" if self.state == "checked" else "result"
            domain.append((name, "=", wanted))
        return {**action, "domain": domain}

    def _refused_name(self):
        return f"refused-{self.id}.csv"

    def _start(self, states):
        self.ensure_one()
        self.check_access("write")
        self.lock_for_update()
        if self.state not in states:
            raise UserError(
                self.env._(
                    "%(name)s cannot do this in its state (%(state)s).",
                    name=self.display_name,
                    state=dict(self._fields["state"]._description_selection(self.env))[self.state],
                )
            )

    def _check_mapping(self):
        targets = set(self.column_ids.mapped("target"))
        if not targets & {"name", *dict(KINDS)}:
            raise ValidationError(
                self.env._("No column is a name or a key. Say below what the columns are.")
            )
        if not self.key_ids:
            raise ValidationError(
                self.env._("Without a key no customer is recognised. Add at least one key.")
            )

    def _create_rows(self, table):
        fields_of = self.column_ids.mapped("target")
        self.env["crm.customer.import.row"].create(
            [
                {
                    "import_id": self.id,
                    "line": line,
                    "cells": cells,
                    "label": self._label(import_table.to_record(fields_of, cells)),
                }
                for line, cells in zip(table.lines, table.rows, strict=True)
            ]
        )

    def _label(self, record):
        for name in ("name", "uscc", "vat", "email", "phone", "external_id"):
            if record.get(name):
                return record[name][:200]
        return ""

    # --- running ---

    def _go_on(self, rows):
        if rows > INLINE_ROWS:
            self.env.ref("crm_customer.crm_customer_import_cron")._trigger()
            return
        while self._next_batch():
            pass

    def _next_batch(self):
        """Process the next rows of this import; return how many.

        One transaction processes one batch at a time, of all imports: the row of
        ``crm.customer.import.lock`` makes a second one wait, then start anew with what the first
        one created before its eyes (a serialization failure, which Odoo repeats).
        """
        undo = self.state == "undoing"
        limit = INLINE_ROWS if self.state == "checking" else BATCH
        rows = self.row_ids.search(self._todo_domain(), limit=limit, order=self._todo_order())
        if not rows:
            self._finish()
            return 0
        if self.state == "checking":
            self._try_out(rows)
            return len(rows)
        self.env["crm.customer.import.lock"]._take()
        if undo:
            rows._undo(self._partners())
        else:
            self._import(rows)
        return len(rows)

    def _todo_domain(self):
        domain = Domain("import_id", "=", self.id)
        if self.state == "undoing":
            return (
                domain
                & Domain("result", "in", ("created", "updated"))
                & Domain("undo_result", "=", False)
            )
        return domain & Domain("plan" if self.state == "checking" else "result", "=", False)

    def _todo_order(self):
        return "line desc, id desc" if self.state == "undoing" else "line, id"

    def _finish(self):
        if self.state == "checking":
            self._finish_check()
            return
        if self.state == "undoing":
            self.state = "undone"
            text = self.env._(
                "Undone. %s customers were changed since or are in use, and were kept.",
                self.kept_count,
            )
        else:
            self.refused_file = self._build_refused_file()
            self.state = "done"
            text = self.env._(
                "Imported: %(created)s created, %(updated)s updated, %(matched)s unchanged, "
                "%(refused)s refused.",
                created=self.created_count,
                updated=self.updated_count,
                matched=self.matched_count,
                refused=self.refused_count,
            )
        self.message_post(body=text, author_id=self.user_id.partner_id.id)

    def _finish_check(self):
        self.state = "checked"
        if self.row_count > INLINE_ROWS:
            self.message_post(
                body=self.env._(
                    "Checked: %(created)s would be created, %(updated)s updated, %(refused)s "
                    "refused.",
                    created=self.created_count,
                    updated=self.updated_count,
                    refused=self.refused_count,
                ),
                author_id=self.user_id.partner_id.id,
            )

    def _build_refused_file(self):
        refused = self.row_ids.filtered(lambda row: row.result == "refused")
        if not refused:
            return False
        content = import_table.write_refused(
            self.column_ids.mapped("header"),
            [(row.cells, row.reason) for row in refused],
            self.env._("Reason"),
        )
        return base64.b64encode(content)

    @api.model
    def _cron_run(self):
        """Go on with imports that are running or being undone, batch by batch.

        A batch is a transaction: what a killed server had committed stays, the rest is done again.
        """
        todo = self.search([("state", "in", ("checking", "running", "undoing"))], order="id")
        cron = self.env["ir.cron"]
        for document in todo:
            while done := document._attempt():
                if cron._commit_progress(done, remaining=len(todo)) <= 0:
                    return
            if cron._commit_progress(0, remaining=len(todo)) <= 0:
                return

    def _attempt(self):
        """Process one batch; a batch that cannot be written stops the import, with the reason."""
        try:
            with self.env.cr.savepoint():
                return self._next_batch()
        except psycopg2.errors.SerializationFailure:
            # Another import got ahead. The job ends; its next run sees what that one created.
            raise
        except Exception as error:
            _logger.info("import %s stands still: %s", self.id, error)
            self.write({"problem": str(error).strip()[:500], "state": self._state_stopped()})
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=self.user_id.id,
                summary=self.env._("The import stands still"),
                note=str(error),
            )
            return 0

    def _state_stopped(self):
        return {"checking": "draft", "running": "checked"}.get(self.state, "done")

    # --- rows to values ---

    def _partners(self):
        """Return ``res.partner`` as the user responsible, in the company of the import."""
        return (
            self.env["res.partner"]
            .with_user(self.user_id)
            .with_company(self.company_id)
            .with_context(lang=self.user_id.lang, active_test=True)
        )

    def _try_out(self, rows):
        """Import rows in a savepoint that is taken back; keep on them what became of them."""
        if len(rows) < self.row_count:
            self._note_links(rows)
        savepoint = self.env.cr.savepoint()
        try:
            earlier = self._earlier_rows(rows)
            if earlier:
                self._import(earlier)
            for part in split_every(BATCH, rows.ids, rows.browse):
                self._import(part)
            self.env.flush_all()
            found = self._outcome(rows, earlier)
        finally:
            savepoint.close(rollback=True)
            # What the try has put into caches is not in the database any more.
            self.env.invalidate_all(flush=False)
            self.env.registry.reset_changes()
        for row in rows:
            row.write(found[row.id])

    def _outcome(self, rows, earlier):
        """Return {row id: values} of what a try has made of rows: ``plan`` and the reason."""
        new = {row.partner_id: row for row in rows | earlier if row.result == "created"}
        found = {}
        for row in rows:
            vals = {"plan": row.result, "reason": row.reason, "matched_by": row.matched_by}
            source = new.get(row.partner_id)
            if not source:
                vals["partner_id"] = row.partner_id.id
            elif source != row:
                vals["reason"] = self.env._("Same as row %s", source.line)
            found[row.id] = vals
        return found

    def _note_links(self, rows):
        """Note what ties the rows to others, for files whose check takes several batches."""
        targets = self.column_ids.mapped("target")
        for item in self._items(rows):
            record = import_table.to_record(targets, item.row.cells)
            keys = [f"{kind}:{value}" for kind, value in item.keys.items() if value]
            name, parent = record.get("name"), record.get("parent")
            item.row.links = {
                "gives": keys + [f"name:{name}"] * bool(name),
                "needs": keys + [f"name:{parent}"] * bool(parent),
            }

    def _earlier_rows(self, rows):
        """Return rows of batches before that these build on: the same customer, or its company."""
        found, new = self.row_ids.browse(), rows
        while new:
            needs = {link for row in new for link in (row.links or {}).get("needs", ())}
            ids = self.env.execute_query(
                SQL(
                    """SELECT id FROM crm_customer_import_row
                        WHERE import_id = %s AND plan IN ('created', 'updated')
                          AND links -> 'gives' ?| %s AND id != ALL(%s)""",
                    self.id,
                    list(needs),
                    (rows | found).ids,
                )
            )
            new = rows.browse(row_id for (row_id,) in ids)
            found |= new
        return found.sorted("line")

    def _items(self, rows):
        """Return the items of the rows: values, keys, matches, and rows that are the same."""
        targets = self.column_ids.mapped("target")
        records = {row: import_table.to_record(targets, row.cells) for row in rows}
        lookups = Lookups(self, records.values())
        items = [self._item(row, record, lookups) for row, record in records.items()]
        self._match([item for item in items if not item.error])
        self._mark_same(items)
        return items

    def _item(self, row, record, lookups):
        item = Item(row)
        try:
            item.vals = self._prepare_vals(record, lookups)
            item.keys = self._keys(record, item.vals, lookups)
            if "uscc" in item.keys:
                item.vals["company_registry"] = item.keys["uscc"]
        except UnknownParentError as error:
            item.error, item.unknown_parent = str(error), error.parent
            item.keys = self._keys_alone(record, lookups)
        except RowError as error:
            item.error = str(error)
        return item

    def _prepare_vals(self, record, lookups):
        """Return values for ``res.partner``.

        :param dict record: cleaned cells by target
        :raise RowError: a cell that cannot be understood
        """
        vals = {name: record[name] for name in PLAIN if name in record}
        for name in ("vat", "company_registry"):
            if name in record:
                vals[name] = import_table.narrow(record[name])
        if "is_company" in record:
            flag = import_table.parse_flag(record["is_company"])
            if flag is None:
                raise RowError(
                    self.env._("“%s” does not say whether it is a company.", record["is_company"])
                )
            vals["is_company"] = flag
        for name, key in lookups.RELATIONS.items():
            if key in record:
                vals[name] = self._find_relation(name, record, vals, lookups)
        return vals

    def _find_relation(self, name, record, vals, lookups):
        try:
            return lookups.find(name, record, vals)
        except LookupError as error:
            target, text, found = error.args
            label = self._target_label(target)
            if target == "parent" and not found:
                raise UnknownParentError(self._unknown(label, text), text) from error
            if found:
                raise RowError(
                    self.env._("%(what)s “%(text)s” fits several.", what=label, text=text)
                ) from error
            raise RowError(self._unknown(label, text)) from error

    def _unknown(self, label, text):
        return self.env._(
            "%(what)s “%(text)s” is not known. Create it first, or correct the cell.",
            what=label,
            text=text,
        )

    def _keys(self, record, vals, lookups):
        """Return the business keys of a row by kind, and put them as values in order too."""
        keys = {}
        if "uscc" in record:
            keys["uscc"] = self._uscc(record["uscc"])
        if vals.get("vat"):
            keys["vat"] = import_table.compact(vals["vat"])
        if "email" in record:
            keys["email"] = email_normalize(record["email"])
            if not keys["email"]:
                raise RowError(self.env._("“%s” is no e-mail address.", record["email"]))
            vals["email"] = record["email"]
        if "phone" in record:
            vals["phone"] = record["phone"]
            if number := self._phone(record["phone"], lookups.country_of(vals)):
                keys["phone"] = number
        if "external_id" in record:
            keys["external_id"] = self._external_id(record["external_id"])
        return keys

    def _keys_alone(self, record, lookups):
        """Return the keys of a row whose other values are not known yet."""
        try:
            return self._keys(record, {}, lookups)
        except RowError:
            return {}

    def _uscc(self, text):
        code = import_table.compact(text)
        if not china_ids.uscc_is_valid(code):
            raise RowError(
                self.env._(
                    "“%s” is no unified social credit code: 18 characters, the last one a check "
                    "(GB 32100). Correct or empty the cell.",
                    text,
                )
            )
        return code

    def _phone(self, text, country):
        """Return the number in E.164, or False when it is none (it is kept, but is no key)."""
        number = phone_format(
            text, country.code or "CN", country.phone_code, "E164", raise_exception=False
        )
        return number if number.startswith("+") and number[1:].isdigit() else False

    def _external_id(self, text):
        module, _dot, name = text.rpartition(".")
        return f"{module or '__import__'}.{name}"

    # --- matching ---

    def _match(self, items):
        """Set the customer of each item that is known already, or why this cannot be said."""
        candidates = self._find_matches([(item.row.id, item.keys) for item in items])
        partners = self._partners().browse(
            {id_ for kinds in candidates.values() for ids in kinds.values() for id_ in ids}
        )
        partners.fetch(["name", "company_registry", "is_company", "commercial_partner_id"])
        for item in items:
            try:
                self._choose(item, candidates.get(item.row.id, {}), partners)
            except RowError as error:
                item.error = str(error)

    def _find_matches(self, rows):
        """Return the customers that carry the keys of rows: one query per kind of key.

        Override to recognise customers by more than their own fields.

        :param rows: list of (id, {kind: normalised value})
        :return: {id: {kind: set of ids of ``res.partner`` the user may see}}
        """
        found = {}
        for kind in self.key_ids.mapped("kind"):
            wanted = {}
            for row, keys in rows:
                if keys.get(kind):
                    wanted.setdefault(keys[kind], []).append(row)
            if not wanted:
                continue
            for value, ids in self._find_kind(kind, list(wanted)).items():
                for row in wanted.get(value, ()):
                    found.setdefault(row, {}).setdefault(kind, set()).update(ids)
        return found

    def _find_kind(self, kind, values):
        """Return {value: ids of customers} for one kind of key."""
        if kind == "external_id":
            return self._find_external(values)
        result = {}
        for value, partner in self._find_by_field(kind, values) + self._find_identity(kind, values):
            result.setdefault(value, set()).add(partner)
        return result

    def _find_by_field(self, kind, values):
        names = {
            "uscc": ["company_registry", "vat"],
            "vat": ["vat"],
            "email": ["email_normalized"],
            "phone": ["phone_sanitized"],
        }[kind]
        spelt = values + [value.lower() for value in values] if kind in ("uscc", "vat") else values
        domain = Domain.OR(Domain(name, "in", spelt) for name in names)
        partners = self._partners().search_fetch(domain, names)
        clean = import_table.compact if kind in ("uscc", "vat") else str
        return [
            (clean(partner[name]), partner.id)
            for partner in partners
            for name in names
            if partner[name]
        ]

    def _find_identity(self, kind, values):
        """Return (value, id) of customers that have the key as a further identity."""
        if "crm.identity" not in self.env or kind not in ("email", "phone", "uscc", "vat"):
            return []
        Identity = self.env["crm.identity"]
        name = "value_norm" if "value_norm" in Identity._fields else "value"
        # sudo: what the user may not see is taken out again by the search below
        found = Identity.sudo().search_fetch(
            [("kind", "=", kind), (name, "in", values)], [name, "partner_id"]
        )
        seen = set(self._partners().search([("id", "in", found.partner_id.ids)]).ids)
        return [(row[name], row.partner_id.id) for row in found if row.partner_id.id in seen]

    def _find_external(self, values):
        pairs = [value.partition(".")[::2] for value in values]
        # sudo: external ids can be read by administrators only; the partners are looked up as user
        found = (
            self.env["ir.model.data"]
            .sudo()
            .search(
                [
                    ("module", "in", list({module for module, _name in pairs})),
                    ("name", "in", [name for _module, name in pairs]),
                ]
            )
        )
        partners = found.filtered(lambda row: row.model == "res.partner")
        seen = set(self._partners().search([("id", "in", partners.mapped("res_id"))]).ids)
        # 0 is nobody: the id belongs to something this user cannot import into.
        return {
            f"{row.module}.{row.name}": {
                row.res_id if row in partners and row.res_id in seen else 0
            }
            for row in found
        }

    def _choose(self, item, kinds, partners):
        for kind in self.key_ids.mapped("kind"):
            ids = kinds.get(kind)
            if not ids:
                continue
            if 0 in ids:
                raise RowError(self.env._("The external ID is taken by another record."))
            found = self._narrow(item, partners.browse(ids))
            label = self._kind_label(kind)
            if len(found) > 1:
                raise RowError(
                    self.env._(
                        "%(kind)s fits several customers: %(names)s. Add a stronger key, or merge.",
                        kind=label,
                        names=", ".join(found[:5].mapped("display_name")),
                    )
                )
            self._veto(item, found, label)
            item.partner, item.matched_by = found, label
            return
        self._check_new(item)

    def _narrow(self, item, partners):
        if len(partners) > 1 and item.vals.get("name"):
            named = partners.filtered(lambda partner: partner.name == item.vals["name"])
            partners = named or partners
        root = partners.commercial_partner_id
        if len(partners) > 1 and len(root) == 1 and item.vals.get("is_company", self.companies):
            return root & partners or partners
        return partners

    def _veto(self, item, partner, label):
        mine, theirs = item.keys.get("uscc"), import_table.compact(partner.company_registry or "")
        if mine and theirs != mine and china_ids.uscc_is_valid(theirs):
            raise RowError(
                self.env._(
                    "%(kind)s belongs to %(name)s, whose credit code is %(code)s. "
                    "One of the two is wrong.",
                    kind=label,
                    name=partner.display_name,
                    code=theirs,
                )
            )

    def _check_new(self, item):
        if not item.vals.get("name"):
            raise RowError(self.env._("A new customer needs a name."))
        module = item.keys.get("external_id", "__import__.").partition(".")[0]
        if module != "__import__":
            raise RowError(
                self.env._("There is no record %s. IDs of new ones have no dot.", module)
            )

    def _kind_label(self, kind):
        selection = self.env["crm.customer.import.key"]._fields["kind"]
        return dict(selection._description_selection(self.env))[kind]

    def _target_label(self, target):
        selection = self.env["crm.customer.import.column"]._fields["target"]
        return dict(selection._description_selection(self.env))[target]

    def _mark_same(self, items):
        """Mark rows that wait for another one: with the same key, or that is their company."""
        self._wait_for_parents(items)
        first = {}
        for item in items:
            if item.error or item.unknown_parent:
                continue
            for kind in self.key_ids.mapped("kind"):
                value = item.keys.get(kind)
                if not value:
                    continue
                other = first.setdefault((kind, value), item)
                if other is not item and not item.same_as:
                    item.same_as = other.row.line

    def _wait_for_parents(self, items):
        companies = {
            item.vals.get("name"): item
            for item in items
            if not item.error and item.vals.get("is_company", self.companies)
        }
        for item in items:
            if company := item.unknown_parent and companies.get(item.unknown_parent):
                item.error, item.same_as = "", company.row.line

    # --- writing ---

    def _import(self, rows):
        """Import rows: what waits for another row of the batch goes after it."""
        while rows:
            items = self._items(rows)
            now = [item for item in items if not item.same_as or item.error]
            self._apply(now)
            rows = self.row_ids.browse(item.row.id for item in items if item not in now)

    def _apply(self, items):
        """Write items in one savepoint; halve them until the ones that cannot be are alone."""
        refused = [item for item in items if item.error]
        for item in refused:
            self._refuse(item)
        items = [item for item in items if not item.error]
        if not items:
            return
        try:
            with self.env.cr.savepoint():
                self._write_items(items)
        except psycopg2.OperationalError:
            raise
        except Exception as error:  # whatever a constraint or an override raises is the row's
            if len(items) == 1:
                self.env.invalidate_all()
                items[0].error = self._reason(error)
                self._refuse(items[0])
                return
            middle = len(items) // 2
            self._apply(items[:middle])
            self._apply(items[middle:])

    def _reason(self, error):
        if isinstance(error, UserError):
            return str(error).strip()[:1000]
        _logger.info("a row of import %s is refused", self.id, exc_info=True)
        return self.env._("It cannot be saved: %s", str(error).strip()[:500])

    def _refuse(self, item):
        item.row.write({"result": "refused", "reason": item.error, "partner_id": False})

    def _write_items(self, items):
        new = [item for item in items if not item.partner]
        partners = self._partners().create([self._create_vals(item) for item in new])
        for item, partner in zip(new, partners, strict=True):
            item.row.write(self._row_vals(partner, "created", after=item.vals))
        self._keep_external_ids(new, partners)
        for item in items:
            if item.partner:
                self._update(item)
        # A number without prefix is read by the country of the company: that of the import, not
        # the one of whoever happens to flush.
        (partners + partners.concat(*[i.partner for i in items if i.partner])).mapped(
            "phone_sanitized"
        )

    def _create_vals(self, item):
        vals = {"is_company": self.companies, **item.vals}
        if self.restrict_company:
            vals["company_id"] = self.company_id.id
        return self._to_write(vals)

    def _update(self, item):
        changes = self._changes(item)
        if not changes:
            item.row.write(self._row_vals(item.partner, "matched", matched_by=item.matched_by))
            return
        before = self._read_values(item.partner, list(changes))
        item.partner.write(self._to_write(changes))
        vals = self._row_vals(item.partner, "updated", matched_by=item.matched_by, after=changes)
        item.row.write({**vals, "before": before})

    def _row_vals(self, partner, result, matched_by=False, after=None):
        return {
            "result": result,
            "partner_id": partner.id,
            "matched_by": matched_by,
            "reason": False,
            "after": self._read_values(partner, list(after or {})),
        }

    def _changes(self, item):
        """Return the values of the row that differ from those of its customer."""
        if self.on_match == "keep":
            return {}
        now = self._read_values(item.partner, list(item.vals))
        return {
            name: value
            for name, value in item.vals.items()
            if value != now[name]
            and not (self.on_match == "fill" and now[name])
            and not self._same(name, value, item)
        }

    def _same(self, name, value, item):
        """Return whether a value only spells differently what the customer has."""
        if name == "email":
            return item.partner.email_normalized == item.keys.get("email")
        if name == "phone":
            return bool(item.keys.get("phone")) and (
                item.partner.phone_sanitized == item.keys["phone"]
            )
        if name == "website":
            return (item.partner.website or "").rstrip("/").endswith(value.rstrip("/"))
        if name == "comment":
            return value in (item.partner.comment or "")
        if name == "category_id":
            return set(value) <= set(item.partner.category_id.ids)
        return False

    def _read_values(self, partner, names):
        """Return values in the form that is kept as JSON: ids for relations, sorted if several."""
        return {name: self._read_value(partner, name) for name in names}

    def _read_value(self, partner, name):
        value = partner[name]
        kind = partner._fields[name].type
        if kind == "many2one":
            return value.id
        if kind in ("many2many", "one2many"):
            return sorted(value.ids)
        return str(value) if kind == "html" and value else value

    def _to_write(self, vals):
        """Return kept values as ``write`` takes them."""
        many = self.env["res.partner"]._fields
        return {
            name: [Command.set(value)] if many[name].type == "many2many" else value
            for name, value in vals.items()
        }

    def _keep_external_ids(self, items, partners):
        rows = [
            {"xml_id": item.keys["external_id"], "record": partner, "noupdate": True}
            for item, partner in zip(items, partners, strict=True)
            if "external_id" in item.keys
        ]
        if rows:
            # sudo: the names are new, in the namespace of imports (_check_new), of records that
            # were just created with the rights of the user
            self.env["ir.model.data"].sudo()._update_xmlids(rows)

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_date

#: fields that only the methods below write, as superuser after their own checks
GUARDED = frozenset(
    {
        "owner_since",
        "pool_date",
        "pool_ex_owner_id",
        "pool_id",
        "pool_lock_reason",
        "pool_lock_until",
        "pool_locked",
        "pool_reminded_for",
    }
)
HOW = "crm_pool_how"  # context of our own writes, believed of the superuser only


class CrmPoolMixin(models.AbstractModel):
    """What customers and leads have in common for the public pool: owner, history, lock, claim."""

    _name = "crm.pool.mixin"
    _description = "Record of a Public Pool"

    #: name of the many2one of ``crm.pool.ownership`` and ``crm.pool.run.line`` to this model
    _pool_link = None

    pool_id = fields.Many2one(
        "crm.pool",
        string="Public Pool",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The pool in which this record waits for somebody to claim it.",
        groups="base.group_user",
    )
    pool_date = fields.Datetime(
        "In the Pool since", readonly=True, copy=False, groups="base.group_user"
    )
    pool_ex_owner_id = fields.Many2one(
        "res.users",
        string="Last Owner",
        readonly=True,
        copy=False,
        ondelete="set null",
        groups="base.group_user",
    )
    pool_locked = fields.Boolean("Locked", readonly=True, copy=False, groups="base.group_user")
    pool_lock_reason = fields.Char(
        "Locked because", readonly=True, copy=False, groups="base.group_user"
    )
    pool_lock_until = fields.Date(
        "Locked until", readonly=True, copy=False, groups="base.group_user"
    )
    owner_since = fields.Datetime(
        readonly=True,
        copy=False,
        help="When the present owner got this record.",
        groups="base.group_user",
    )
    pool_reminded_for = fields.Date(readonly=True, copy=False, groups="base.group_user")

    pool_days_left = fields.Integer(
        "Days until Recycling", compute="_compute_pool_outlook", groups="base.group_user"
    )
    pool_outlook = fields.Char("Outlook", compute="_compute_pool_outlook", groups="base.group_user")
    pool_state = fields.Selection(
        [
            ("pool", "In the pool"),
            ("locked", "Locked"),
            ("soon", "Soon recycled"),
            ("due", "To be recycled"),
            ("safe", "In time"),
            ("exempt", "Spared"),
        ],
        compute="_compute_pool_outlook",
        groups="base.group_user",
    )
    # for record rules: in no pool, or in one that one may see, or change
    pool_readable = fields.Boolean(
        compute="_compute_pool_access",
        search="_search_pool_readable",
        export_string_translation=False,
        groups="base.group_user",
    )
    pool_writable = fields.Boolean(
        compute="_compute_pool_access",
        search="_search_pool_writable",
        export_string_translation=False,
        groups="base.group_user",
    )
    pool_can_claim = fields.Boolean(compute="_compute_pool_rights", groups="base.group_user")
    pool_can_manage = fields.Boolean(compute="_compute_pool_rights", groups="base.group_user")
    pool_can_release = fields.Boolean(compute="_compute_pool_rights", groups="base.group_user")
    pool_claim_note = fields.Char("Claim", compute="_compute_pool_rights", groups="base.group_user")

    # ------------------------------------------------------------------
    # What a model says of itself

    @api.model
    def _pool_domain(self):
        """Return the domain of the records a pool may hold at all."""
        return []

    def _pool_entities(self):
        """Return the records of self that pools deal with: for contacts none, customers only."""
        return self

    def _pool_followers_to(self, user_id):
        """Let what belongs to these records follow to a new owner; called before they change."""

    def _pool_leave(self):
        """Let what belongs to these records leave the pool with them."""

    # ------------------------------------------------------------------
    # Access

    @api.depends("pool_id")
    @api.depends_context("uid")
    def _compute_pool_access(self):
        unreadable = self.env["crm.pool"]._strange_ids("read")
        unwritable = self.env["crm.pool"]._strange_ids("write")
        if not unreadable and not unwritable:  # no need to read the pools of the records
            self.pool_readable = self.pool_writable = True
            return
        for record in self:
            record.pool_readable = record.pool_id.id not in unreadable
            record.pool_writable = record.pool_id.id not in unwritable

    @api.model
    @api.private
    @api.readonly
    def search_fetch(self, domain, field_names=None, offset=0, limit=None, order=None):
        """Fetch the pools too where some are closed to the user.

        Record rules ask for the pool of each record as soon as one is read; to fetch it together
        with the asked fields saves a list a query over all prefetched columns.
        """
        if (
            field_names  # none: only ids are searched
            and not self.env.su
            and self.env.user._is_internal()
            and self.env["crm.pool"]._strange_ids("write")
        ):
            field_names = [*field_names, "pool_id"]
        return super().search_fetch(domain, field_names, offset, limit, order)

    @api.model
    def _search_pool_readable(self, operator, value):
        return self._search_pool_access(operator, value, "read")

    @api.model
    def _search_pool_writable(self, operator, value):
        return self._search_pool_access(operator, value, "write")

    @api.model
    def _search_pool_access(self, operator, value, access):
        """Return a domain on ids of pools: to go through the pools would cost every query a join.

        Where there is no pool that keeps the user out, there is nothing to compare at all.
        """
        if operator != "in":
            return NotImplemented
        domain = Domain("pool_id", "not in", self.env["crm.pool"]._strange_ids(access))
        return domain if True in value else ~domain

    # ------------------------------------------------------------------
    # Outlook and rights

    @api.depends("user_id", "pool_id", "pool_locked", "pool_lock_until", "owner_since")
    @api.depends_context("uid", "lang")
    def _compute_pool_outlook(self):
        self.pool_days_left = 0
        self.pool_outlook = False
        self.pool_state = False
        stored = self.filtered(lambda record: isinstance(record.id, int))._pool_entities()
        if not stored or not self.env["crm.pool"].has_access("read"):
            return
        found = stored._pool_decisions()
        for record in stored:
            record._pool_set_outlook(found.get(record.id))

    def _pool_decisions(self):
        """Return {id: decision} of these records, of the pool that governs each."""
        # sudo: the rules look at documents of everybody; told is the number of days only
        pools = (
            self.env["crm.pool"]
            .sudo()
            .search([("res_model", "=", self._name), ("is_recycling", "=", True)])
        )
        # sudo: as above
        decision = self.env["crm.pool.decision"].sudo()
        found = {}
        owned = self.filtered("user_id").ids
        for pool in pools if owned else ():
            for row in decision._decide(pool, owned, every=True):
                found[row["id"]] = {**row, "pool": pool}
        return found

    def _pool_set_outlook(self, row):
        self.ensure_one()
        if self.pool_id:
            self.pool_state = "pool"
            # sudo: the name of the pool a record lies in, which the user may read
            self.pool_outlook = self.env._("In %s", self.pool_id.sudo().name)
        elif row and row["days_left"] is not None:
            self.pool_days_left = row["days_left"]
            self.pool_state = self._pool_state_of(row)
            self.pool_outlook = self._pool_text(row)
        if self.pool_locked:
            self.pool_state = "locked"

    @api.model
    def _pool_state_of(self, row):
        if row["action"] in ("recycle", "remind", "reminded", "none"):
            soon = row["days_left"] <= max(row["pool"].remind_days, 1)
            return "due" if row["days_left"] <= 0 else "soon" if soon else "safe"
        return "exempt"

    def _pool_text(self, row):
        if self._pool_state_of(row) == "exempt":
            line = self.env["crm.pool.run.line"]
            reasons = dict(line._fields["action"]._description_selection(self.env))
            return self.env._("Not recycled: %s", reasons.get(row["action"], row["action"]))
        if row["days_left"] <= 0:
            return self.env._("Recycled with the next run")
        return self.env._(
            "%(days)s days until %(pool)s", days=row["days_left"], pool=row["pool"].name
        )

    @api.depends("user_id", "pool_id", "pool_locked", "pool_lock_until")
    @api.depends_context("uid", "lang")
    def _compute_pool_rights(self):
        """Who may do what, and what the button of a claim says beside it."""
        user = self.env.user
        is_manager = user.has_group("sales_team.group_sale_manager")
        self.pool_can_claim = False
        self.pool_claim_note = False
        for record in self:
            # sudo: who manages a pool, only to compare with the user
            pool = record.pool_id.sudo()
            record.pool_can_manage = is_manager or (pool and pool._managed_by(user))
            record.pool_can_release = bool(record.user_id) and (
                is_manager or (record.user_id == user and not record.pool_locked)
            )
        if not self.env["crm.pool"].has_access("read"):
            return
        for pool, records in self.filtered("pool_id").grouped("pool_id").items():
            records._pool_set_claim(pool.sudo(), user)

    def _pool_set_claim(self, pool, user):
        cooling = pool._cooling_until(self, user)
        is_member, left = user in pool.member_ids, pool._quota_left(user)
        for record in self:
            if record._pool_is_locked(pool):
                record.pool_claim_note = self.env._("Locked: %s", record.pool_lock_reason or "–")
            elif not is_member:
                record.pool_claim_note = self.env._("For members of the pool")
            elif record.id in cooling:
                day = format_date(self.env, cooling[record.id])
                record.pool_claim_note = self.env._("Cooling-off until %s", day)
            elif pool.claim_quota and not left:
                record.pool_claim_note = self.env._("No claims left today")
            else:
                record.pool_can_claim = True
                if pool.claim_quota:
                    record.pool_claim_note = self.env._("%s left today", left)

    def _pool_is_locked(self, pool):
        """Whether the lock holds today in the time zone of ``pool``."""
        self.ensure_one()
        until = self.pool_lock_until
        return self.pool_locked and (not until or until >= pool._today())

    # ------------------------------------------------------------------
    # Create and write: the history misses nothing, nobody goes round the rules

    @api.model_create_multi
    def create(self, vals_list):
        """Begin the history of ownership with the record.

        :raises AccessError: a field of the pool is given that only claims and steps set
        """
        records = super().create([self._pool_create_vals(vals) for vals in vals_list])
        records._pool_after_create()
        return records

    def write(self, vals):
        """Keep the history when the owner changes; an owner takes the record out of its pool.

        :raises AccessError: the user takes or gives away what the pool does not let them
        :raises UserError: the record is locked
        """
        vals, before = self._pool_before_write(vals)
        result = super().write(vals)
        if before:
            self._pool_after_write(before)
        return result

    @api.model
    def _pool_create_vals(self, vals):
        """Managers may create records right in their pool, for instance by an import."""
        if self.env.su or GUARDED.isdisjoint(vals):
            return vals
        for name in GUARDED - {"pool_id"}:
            if vals.get(name):
                self._pool_refuse_guarded(name)
        if not vals.get("pool_id"):
            return vals
        pool = self.env["crm.pool"].browse(vals["pool_id"])
        pool._check_managed()
        if pool.res_model != self._name:
            raise UserError(self.env._("%s holds records of another kind.", pool.display_name))
        return {**vals, "user_id": False}

    def _pool_after_create(self):
        now = fields.Datetime.now()
        entities = self._pool_entities()
        pooled = entities.filtered(lambda record: record.pool_id and not record.pool_date)
        if pooled:
            pooled.sudo().write({"pool_date": now})  # sudo: guarded field of our own
        owned = entities.filtered("user_id")
        self.env["crm.pool.ownership"]._log(
            [record._pool_history_vals(None, record.user_id.id, "create") for record in owned]
        )

    def _pool_before_write(self, vals):
        """Check the write; return its values and {record: owner before} of those that change."""
        if not self.env.su and not GUARDED.isdisjoint(vals):
            self._pool_refuse_guarded(next(iter(GUARDED & vals.keys())))
        if "user_id" not in vals:
            return vals, {}
        owner = vals["user_id"] or False
        changed = self.filtered(lambda record: record.user_id.id != owner)
        if not self.env.su:
            changed._pool_check_owner_change()
        entities = changed._pool_entities()
        if entities:
            extra = self._pool_owner_vals(owner)
            if owner:
                entities.filtered("pool_id")._pool_leave()
            if entities == self:
                vals = extra | vals
            else:
                entities.sudo().write(extra)  # sudo: guarded fields of our own
        return vals, {record: record.user_id.id for record in entities}

    @api.model
    def _pool_owner_vals(self, owner):
        """Return what changes together with the owner."""
        vals = {"owner_since": fields.Datetime.now(), "pool_reminded_for": False}
        if owner:
            vals |= {"pool_id": False, "pool_date": False}
        return vals

    def _pool_after_write(self, before):
        how = self._pool_how()
        self.env["crm.pool.ownership"]._log(
            [
                record._pool_history_vals(owner, record.user_id.id, **how)
                for record, owner in before.items()
                if record.user_id.id != owner
            ]
        )

    def _pool_how(self):
        """Return how the owner changes: what our methods say, else what can be seen."""
        how = self.env.context.get(HOW)
        if how and self.env.su:
            return how
        if self.env.context.get("import_file"):
            return {"how": "import"}
        return {"how": "system" if self.env.uid == api.SUPERUSER_ID else "manual"}

    def _pool_history_vals(self, before, after, how, **more):
        self.ensure_one()
        if how == "create" and self.env.context.get("import_file"):
            how = "import"
        # sudo: the company of the pool; the history is written by the mixin only
        pool = self.env["crm.pool"].sudo().browse(more.get("pool_id"))
        return {
            "res_model": self._name,
            self._pool_link: self.id,
            "from_user_id": before,
            "to_user_id": after,
            "how": how,
            "company_id": self.company_id.id or pool.company_id.id,
            **more,
        }

    def _pool_check_owner_change(self):
        """Whoever is no manager of the pool claims, with its quota, and does not just write."""
        for record in self.filtered(lambda record: record.pool_id or record.pool_locked):
            pool = record.pool_id.sudo()
            if pool and not pool._managed_by(self.env.user):
                raise AccessError(
                    self.env._(
                        "%(record)s is in the pool %(pool)s. Claim it with the button there.",
                        record=record.display_name,
                        pool=pool.name,
                    )
                )
            if not pool and not self.env.user.has_group("sales_team.group_sale_manager"):
                record._pool_check_unlocked()

    def _pool_check_unlocked(self):
        self.ensure_one()
        until = self.pool_lock_until
        if self.pool_locked and (not until or until >= fields.Date.context_today(self)):
            raise UserError(
                self.env._(
                    "%(record)s is locked: %(reason)s. Ask a manager to unlock it first.",
                    record=self.display_name,
                    reason=self.pool_lock_reason or self.env._("no reason given"),
                )
            )

    def _pool_refuse_guarded(self, name):
        raise AccessError(
            self.env._(
                "%s is set by the buttons of the public pool only.",
                self._fields[name]._description_string(self.env),
            )
        )

    # ------------------------------------------------------------------
    # Claim

    def action_pool_claim(self):
        """Make the user the owner of these records of a pool, if its rules allow it.

        :raise AccessError: when they are no member of the pool
        :raise UserError: when a record is locked or taken, or a quota, a limit or the cooling-off
            is in the way; nothing is claimed then
        """
        pools = self._pool_claim()
        left = ", ".join(
            self.env._("%(pool)s: %(left)s left today", pool=pool.name, left=left)
            for pool, left in ((pool, pool._quota_left(self.env.user)) for pool in pools)
            if pool.claim_quota
        )
        name = self.display_name if len(self) == 1 else self.env._("%s records", len(self))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "title": self.env._("Claimed: %s", name),
                "message": left or self.env._("It is yours now."),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _pool_claim(self):
        """Claim for the user; return the pools. Locks first the user's quota, then the records.

        Locks are waited for. If another transaction took the record meanwhile, PostgreSQL reports a
        serialisation failure, Odoo repeats the call, and it is told that somebody was faster.
        """
        self.check_access("read")
        user = self.env.user
        free = self.filtered("pool_id")
        (self - free)[:1]._pool_refuse_taken()
        pools = free.pool_id.sudo().sorted("id")  # sudo: members read their pool, checked next
        for pool in pools:
            records = free.filtered(lambda record, pool=pool: record.pool_id.id == pool.id)
            pool.with_user(user).sudo()._check_claim(records, user)
            # sudo: counters that only claims write
            self.env["crm.pool.quota"].sudo()._take(pool, user, len(records))
            pool._check_holding(user, len(records))
            records._pool_lock_rows()
            records._pool_set_owner(user, "claim", pool_id=pool.id)
        return pools

    def _pool_refuse_taken(self):
        if self:
            # sudo: the name of the colleague who was faster
            owner = self.user_id.sudo().name
            raise UserError(
                self.env._("%(record)s is in no pool; it belongs to %(owner)s.",
                           record=self.display_name, owner=owner)
                if owner
                else self.env._("%s is in no public pool.", self.display_name)
            )  # fmt: skip

    def _pool_lock_rows(self):
        """Wait for the rows of these records, in the order of their ids, and lock them."""
        self.env.execute_query(
            SQL(
                "SELECT id FROM %s WHERE id IN %s ORDER BY id FOR UPDATE",
                SQL.identifier(self._table),
                tuple(sorted(self.ids)) or (0,),
            )
        )

    # ------------------------------------------------------------------
    # Changes by methods; their callers have checked who may

    def _pool_set_owner(self, user, how, reason=None, **more):
        """Give these records to ``user``."""
        records = self._pool_as(how, reason, **more)
        records._pool_followers_to(user.id)
        records.write({"user_id": user.id, "pool_ex_owner_id": False})

    def _pool_enter(self, pool, how, reason=None, **more):
        """Put these records into ``pool``: nobody owns them any more."""
        now = fields.Datetime.now()
        for owner, records in self.grouped("user_id").items():
            mine = records._pool_as(how, reason, pool_id=pool.id, **more)
            mine._pool_followers_to(False)
            mine.write(
                {
                    "user_id": False,
                    "pool_id": pool.id,
                    "pool_date": now,
                    "pool_ex_owner_id": owner.id,
                }
            )
            if not owner:
                self.env["crm.pool.ownership"]._log(
                    [
                        record._pool_history_vals(None, None, **record.env.context[HOW])
                        for record in mine
                    ]
                )
        self.env["crm.pool.run"]._drop_reminders(self)

    def _pool_as(self, how, reason, **more):
        """Return these records as they write their owner: as superuser who says how and why."""
        # sudo: each public method that comes here has checked what its user may do
        return self.sudo().with_context(
            **{HOW: {"how": how, "reason": reason, **more}},
            mail_auto_subscribe_no_notify=how != "assign",
        )

    def action_pool_release(self):
        """Open the dialog in which an owner hands records back to the pool."""
        return self._pool_dialog("release", self.env._("Hand Back to the Pool"))

    def action_pool_assign(self):
        """Open the dialog in which a manager assigns records."""
        return self._pool_dialog("assign", self.env._("Assign"))

    def action_pool_lock(self):
        """Open the dialog in which a manager locks records."""
        return self._pool_dialog("lock", self.env._("Lock"))

    def action_pool_put(self):
        """Open the dialog in which a manager puts records into a pool."""
        return self._pool_dialog("put", self.env._("Put into a Pool"))

    def action_pool_unlock(self):
        """Remove the lock of these records; for managers."""
        self._pool_check_manager()
        # sudo: checked above
        self.sudo().write(
            {"pool_locked": False, "pool_lock_reason": False, "pool_lock_until": False}
        )
        self._pool_note(self.env._("Unlocked"))

    def _pool_dialog(self, operation, name):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "crm.pool.operation",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_operation": operation,
                "default_res_model": self._name,
                "default_res_ids": ",".join(str(number) for number in self.ids),
            },
        }

    def _pool_check_manager(self):
        """Raise unless the user manages the pools of these records, or is an administrator."""
        self.check_access("read")
        if self.env.su or self.env.user.has_group("sales_team.group_sale_manager"):
            return
        loose = self.filtered(lambda record: not record.pool_id)
        if loose:
            raise AccessError(
                self.env._(
                    "%s is in no pool that you manage. Ask a sales administrator.",
                    loose[0].display_name,
                )
            )
        self.pool_id._check_managed()

    def _pool_note(self, text):
        for record in self:
            # sudo: a note of what the user, as the callers checked, has done
            record.sudo().message_post(body=text, author_id=self.env.user.partner_id.id)

    def action_open_ownership(self):
        """Show who had this record, when, and why."""
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("crm_sales.crm_pool_ownership_action"),
            "domain": [(self._pool_link, "=", self.id)],
            "context": {},
        }

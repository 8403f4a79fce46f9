"""Turns names in a file into records: one query per kind of record and batch."""


class Lookups:
    """What the rows of one batch refer to by name.

    :param document: ``crm.customer.import``
    :param records: cleaned rows, as ``import_table.to_record`` returns them
    """

    RELATIONS = {
        "country_id": "country",
        "state_id": "state",
        "parent_id": "parent",
        "user_id": "salesperson",
        "category_id": "tags",
    }
    """Field of the customer and the target that fills it; a state may set the country."""

    SUFFIXES = ("壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "特别行政区", "省", "市")

    def __init__(self, document, records):
        partners = document._partners()
        self.env, self.company = partners.env, document.company_id
        self.records = list(records)
        self.countries = self._countries()
        self.states = self._states()
        self.parents = self._by_name("res.partner", "parent", [("is_company", "=", True)])
        self.users = self._users()
        self.tags = self._tags()

    def country_of(self, vals):
        """Return the country by which a phone number without prefix is read."""
        own = self.env["res.country"].browse(vals.get("country_id"))
        return own or self.company.country_id

    def find(self, name, record, vals):
        """Return the value of a relation.

        :raise LookupError: with ``(target, text, number of records of that name)``
        """
        return getattr(self, f"_find_{name}")(record[self.RELATIONS[name]], vals)

    def _wanted(self, target):
        return {record[target] for record in self.records if target in record}

    def _countries(self):
        if not self._wanted("country") and not self._wanted("state"):
            return {}
        found = {}
        for lang in ("en_US", self.env.lang):
            # All of them, some 250: names are compared without regard to case.
            countries = self.env["res.country"].with_context(lang=lang)
            for country in countries.search_fetch([], ["name", "code"]):
                found[country.name.casefold()] = found[country.code.casefold()] = country.id
        for name in ("中国", "中国大陆", "中华人民共和国", "prc", "p.r. china"):
            found.setdefault(name, found.get("cn"))
        return found

    def _states(self):
        if not self._wanted("state"):
            return {}
        found = {}
        for lang in ("en_US", self.env.lang):
            # All of them, some 1700: a name may lack its suffix or stand for its code.
            states = self.env["res.country.state"].with_context(lang=lang)
            for state in states.search_fetch([], ["name", "code", "country_id"]):
                for text in (state.name, state.name.partition(" (")[0], state.code):
                    found[state.country_id.id, self._state_key(text)] = state.id
        return found

    def _state_key(self, text):
        text = text.casefold()
        for suffix in self.SUFFIXES:
            text = text.removesuffix(suffix)
        return text

    def _by_name(self, model, target, domain):
        names = self._wanted(target)
        if not names:
            return {}
        found = {}
        for record in self.env[model].search_fetch(
            [("name", "in", list(names)), *domain], ["name"]
        ):
            found.setdefault(record.name, []).append(record.id)
        return found

    def _users(self):
        names = list(self._wanted("salesperson"))
        if not names:
            return {}
        found = {}
        domain = ["|", ("login", "in", names), ("name", "in", names), ("share", "=", False)]
        for user in self.env["res.users"].search_fetch(domain, ["login", "name"]):
            for text in {user.login, user.name}:
                found.setdefault(text, []).append(user.id)
        return found

    def _tag_names(self, text):
        return [name.strip() for name in text.replace("，", ",").split(",") if name.strip()]

    def _tags(self):
        names = {name for text in self._wanted("tags") for name in self._tag_names(text)}
        if not names:
            return {}
        tags = self.env["res.partner.category"].search_fetch(
            [("name", "in", list(names))], ["name"]
        )
        return {tag.name: tag.id for tag in tags}

    def _find_country_id(self, text, _vals):
        return self._one("country", text, self.countries.get(text.casefold()))

    def _find_state_id(self, text, vals):
        country = self.country_of(vals).id
        state = self._one("state", text, self.states.get((country, self._state_key(text))))
        vals.setdefault("country_id", country)
        return state

    def _find_parent_id(self, text, _vals):
        return self._one("parent", text, self.parents.get(text))

    def _find_user_id(self, text, _vals):
        return self._one("salesperson", text, self.users.get(text))

    def _find_category_id(self, text, _vals):
        return sorted(
            self._one("tags", name, self.tags.get(name)) for name in self._tag_names(text)
        )

    def _one(self, target, text, found):
        ids = found if isinstance(found, list) else [found] if found else []
        if len(ids) != 1:
            raise LookupError(target, text, len(ids))
        return ids[0]

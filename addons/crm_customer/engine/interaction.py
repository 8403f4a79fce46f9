"""What an addon says about a kind of rows in the timeline of a customer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Source:
    """One kind of interaction: which records of which model, and what of them is shown.

    All names are names of fields of ``model`` with a column, except ``partner``, which may be a
    many2many or go over several fields.

    >>> source = Source("Visits", "fa-car", "crm.visit", date="visited_on")
    >>> source.columns()
    ('visited_on', 'name', 'user_id', 'partner_id')
    >>> Source("Visits", "fa-car", "crm.visit", date="day", partner="partner_ids").columns()
    ('day', 'name', 'user_id')
    """

    label: str  # plural, translated: the filter
    icon: str  # class of Font Awesome
    model: str
    date: str  # date or datetime: when it happened
    one: str | None = None  # singular, translated: on a row
    partner: str = "partner_id"  # path to the customer or one of its contacts
    contact: str | None = None  # many2one shown as the person; ``partner`` when it is a column
    user: str | None = "user_id"  # our person
    title: str = "name"
    search: Sequence[str] = ("name",)  # fields a search looks into
    domain: Sequence = ()
    amount: str | None = None
    sign: int = 1  # -1 shows the amount as negative
    currency: str | None = None
    state: str | None = None  # a selection shown as a badge
    colours: Mapping[str, str] = field(default_factory=dict)  # value → success, warning, danger …
    is_contact: bool = False  # somebody spoke with the customer: counts for "last contact"
    method: str | None = None  # method of ``crm.interaction`` that returns the query instead
    sequence: int = 50
    with_documents: bool = True  # mails and activities of these records belong to the customer

    def columns(self):
        """Return the names of the fields that every row shows."""
        names = [self.date, self.title, self.user, self.contact_field()]
        return tuple(name for name in names if name)

    def contact_field(self):
        """Return the many2one that names the contact of a row, if there is one.

        >>> Source("Meetings", "fa-users", "calendar.event", date="start",
        ...        partner="partner_ids").contact_field()
        """
        if self.contact:
            return self.contact
        return self.partner if self.partner.endswith("_id") and "." not in self.partner else None

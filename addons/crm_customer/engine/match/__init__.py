"""Identity resolution: which records are the same customer. Pure Python, without the ORM.

The model is that of Fellegi & Sunter ("A Theory for Record Linkage", JASA 64, 1969): each compared
field adds a weight in bits, their sum is the logarithm of the odds. On top of it stand

* **blocking** (:mod:`.blocking`): only pairs that agree on a rule are compared; what no rule finds
  is lost, so there are many cheap ones;
* **normal forms** (:mod:`.normalize`): legal forms and regions of companies, titles, traditional
  characters, half width, pinyin, phone numbers, mailboxes, parts of addresses;
* **levels** (:mod:`.compare`): equal, equal by sound, one misspelling …; Winkler's string
comparator;
* **frequencies**: agreeing on a rare name counts more than on a common one;
* **dependence**: a mailbox made from the name is no second witness; a role's mailbox and a number
  that many share are no witness at all;
* **vetoes**: members of a household, two tax numbers, a person and a company;
* **estimation** (:mod:`.estimate`): all numbers from the data, by EM, without reviewed pairs;
* **clusters** (:mod:`.cluster`) by average linkage.

Extension: a new transform goes into :data:`.normalize.TRANSFORMS`, a new kind of comparison into
:data:`.spec.KINDS`, :data:`.table.TERMS` and a function marked ``@comparer`` in :mod:`.compare`.

>>> rules = default_ruleset("mixed")
>>> evidence = score_pair(
...     {"name": "上海宏泰机械有限公司", "phone": "021-68881234"},
...     {"name": "宏泰机械（上海）", "phone": "+86 21 6888 1234"},
...     rules,
... )
>>> evidence.decision, [field.level for field in evidence.fields]
('merge', ['exact', 'exact', 'missing', 'missing', 'missing', 'missing'])
"""

from .blocking import candidates
from .cluster import clusters
from .defaults import blocking_rules, comparison, default_ruleset, ruleset_for
from .estimate import estimate, estimate_table
from .link import Links, link, link_table
from .score import (
    blocking_keys,
    blocking_keys_many,
    common_terms,
    score_one,
    score_pair,
    score_rows,
    terms,
    terms_many,
    weights,
)
from .spec import (
    KINDS,
    VETOES,
    Blocking,
    Comparison,
    Evidence,
    FieldEvidence,
    Frequencies,
    Level,
    Ruleset,
    Veto,
)
from .table import Table

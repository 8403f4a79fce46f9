from odoo import Command
from odoo.tests.common import new_test_user


def create_user(env, login, groups, company, **values):
    """Return an internal user of one company.

    :param str groups: XML ids beside that of internal users, separated by commas
    """
    return new_test_user(
        env,
        login=login,
        groups=f"base.group_user,{groups}",
        company_id=company.id,
        company_ids=[Command.set(company.ids)],
        **values,
    )

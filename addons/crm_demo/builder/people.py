"""Users, employees, sales teams, stages, tags and lost reasons."""

from odoo import Command

from . import tables

STAGES = {
    "new": "crm.stage_lead1",
    "qualified": "crm.stage_lead2",
    "proposition": "crm.stage_lead3",
}


def run(env, rng, ctx):
    """Create the people of the company and the frame of the pipeline."""
    ctx.users = {person.login: create_user(env, ctx, person) for person in tables.PEOPLE}
    ctx.users["admin"] = administrator(env, ctx)
    create_employees(env, ctx)
    ctx.teams = {key: create_team(env, ctx, row) for key, row in tables.TEAMS.items()}
    ctx.stages = create_stages(env)
    name_reasons_and_tags(env)


def create_user(env, ctx, person):
    """Create one internal user with the rights of the role."""
    groups = [env.ref("base.group_user").id] + [env.ref(name).id for name in person.groups]
    return env["res.users"].create(
        {
            "name": person.name,
            "login": person.login,
            "password": person.password,
            "email": f"{person.login}@huadong-precision.example.com",
            "lang": person.lang,
            "tz": "Asia/Shanghai",
            "company_id": ctx.company.id,
            "company_ids": [Command.set(ctx.company.ids)],
            "group_ids": [Command.set(groups)],
            "notification_type": "inbox",
        }
    )


def administrator(env, ctx):
    """Give the administrator of the database a password and the working language."""
    person = tables.ADMINISTRATOR
    user = env.ref("base.user_admin")
    user.write(
        {
            "name": person.name,
            "login": person.login,
            "password": person.password,
            "email": f"{person.login}@huadong-precision.example.com",
            "lang": person.lang,
            "tz": "Asia/Shanghai",
        }
    )
    # Odoo writes to the owner of a changed password; nobody reads that address.
    env["mail.mail"].search([("state", "=", "outgoing")]).cancel()
    return user


def create_employees(env, ctx):
    """Give every user an employee in a department, with a job in both languages."""
    departments = {
        "sales": translated(env["hr.department"], "Sales", "销售部"),
        "finance": translated(env["hr.department"], "Finance", "财务部"),
        "office": translated(env["hr.department"], "Administration", "综合部"),
    }
    manager = env["hr.employee"]
    for person in sorted(
        (*tables.PEOPLE, tables.ADMINISTRATOR), key=lambda row: row.login != "zhou"
    ):
        employee = create_employee(env, ctx, person, departments)
        if person.login == "zhou":
            manager = employee
        elif employee.department_id == departments["sales"]:
            employee.parent_id = manager


def create_employee(env, ctx, person, departments):
    """Return the employee of that person's user, the existing one where there is one."""
    user = ctx.users[person.login]
    if not user.employee_ids:
        user.with_company(ctx.company).action_create_employee()
    employee = user.employee_ids[:1]
    key = {"accountant": "finance", "administrator": "office"}.get(person.role, "sales")
    employee.write(
        {
            "name": person.name,
            "department_id": departments[key].id,
            "job_id": translated(env["hr.job"], person.job, person.job_zh).id,
            "tz": "Asia/Shanghai",
        }
    )
    return employee


def create_team(env, ctx, row):
    """Create a sales team with its leader and members."""
    name, name_zh, leader, members = row
    team = translated(env["crm.team"], name, name_zh)
    team.write(
        {
            "company_id": ctx.company.id,
            "user_id": ctx.users[leader].id,
            "use_leads": True,
            "use_opportunities": True,
            "member_ids": [Command.set([ctx.users[login].id for login in members])],
            "invoiced_target": 600000,
        }
    )
    return team


def create_stages(env):
    """Return the stages by key; negotiation is added between the proposition and won."""
    stages = {key: env.ref(xml_id) for key, xml_id in STAGES.items()}
    negotiation = translated(env["crm.stage"], "Negotiation", "商务谈判")
    negotiation.sequence = 4
    return {**stages, "negotiation": negotiation}


def name_reasons_and_tags(env):
    """Create the lost reasons and tags in both languages."""
    for model, rows in (("crm.lost.reason", tables.LOST_REASONS), ("crm.tag", tables.TAGS)):
        for name, name_zh in rows:
            translated(env[model], name, name_zh)


def translated(model, name, name_zh):
    """Return the record of ``model`` with that English name, created with its Chinese name."""
    record = model.with_context(lang="en_US").search([("name", "=", name)], limit=1)
    if not record:
        record = model.with_context(lang="en_US").create({"name": name})
        record.update_field_translations("name", {"zh_CN": name_zh})
    return record

"""The list that came home from a trade fair: imported, with rows that were refused."""

import base64

from odoo import Command

from odoo.addons.crm_customer.engine import china_ids

HEADER = "公司名称,统一社会信用代码,电子邮箱,手机,省份,城市,备注"
NEW = (
    ("常州钧衡机电有限公司", "江苏省", "常州"),
    ("台州海澜泵阀有限公司", "浙江省", "台州"),
    ("合肥中岭环保设备有限公司", "安徽省", "合肥"),
    ("南通启源船舶配件有限公司", "江苏省", "南通"),
    ("绍兴锦程印染有限公司", "浙江省", "绍兴"),
)
REFUSED = (
    "杭州云岫热能有限公司,91330100MA27W0000I,yx@yunxiu-hangzhou.example.com,,浙江省,杭州,代码有误",
    "无锡恒瑞制冷设备有限公司,,hengrui#wuxi.example.com,13900000731,江苏省,无锡,",
    ",,,,江苏省,苏州,名片只有地址",
)
KNOWN = 4


def run(env, rng, ctx):
    """Upload the list as the sales manager, check it and import it."""
    manager = ctx.users.get("zhou")
    if not manager:
        return
    env = env(user=manager.id, su=False)
    document = env["crm.customer.import"].create(
        {
            "name": "上海流体机械展 Shanghai Fluid Machinery Fair",
            "file_name": "fair.csv",
            "file": base64.b64encode(make_file(ctx).encode("gb18030")),
            "on_match": "fill",
            "key_ids": [
                Command.create({"kind": kind, "sequence": number})
                for number, kind in enumerate(("uscc", "email", "phone"))
            ],
        }
    )
    document.action_check()
    document.action_import()


def make_file(ctx):
    """Return the list: new companies, some that are known already, and some that cannot be."""
    lines = [HEADER]
    for number, (name, state, city) in enumerate(NEW):
        mail = f"info@fair-{number}.example.com"
        lines.append(f"{name},{credit_code(number)},{mail},139{number:08d},{state},{city},展会")
    lines += REFUSED
    known = [row for row in ctx.customers if row.email][:KNOWN]
    lines += [f"{row.name},,{row.email.upper()},,,,展会再次见面" for row in known]
    return "\n".join(lines) + "\n"


def credit_code(number):
    """Return a unified social credit code that checks, of a company that does not exist."""
    body = f"91320400MA1F0000{number}"
    return body + china_ids.uscc_check_digit(body)

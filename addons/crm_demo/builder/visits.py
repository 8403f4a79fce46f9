"""Visits of the salespeople: past ones with a report, some far away, and a route for today."""

from datetime import timedelta

from .calendar import moment

#: latitude and longitude of the middle of the cities of the customers
PLACES = {
    "上海": (31.2304, 121.4737),
    "苏州": (31.2990, 120.5853),
    "无锡": (31.4912, 120.3119),
    "常州": (31.8107, 119.9741),
    "南京": (32.0603, 118.7969),
    "南通": (31.9802, 120.8943),
    "杭州": (30.2741, 120.1551),
    "宁波": (29.8683, 121.5440),
    "嘉兴": (30.7461, 120.7555),
    "合肥": (31.8206, 117.2272),
    "青岛": (36.0671, 120.3826),
    "广州": (23.1291, 113.2644),
    "深圳": (22.5431, 114.0579),
    "佛山": (23.0218, 113.1219),
    "东莞": (23.0207, 113.7518),
    "厦门": (24.4798, 118.0894),
    "福州": (26.0745, 119.2965),
    "长沙": (28.2282, 112.9388),
    "武汉": (30.5928, 114.3055),
    "成都": (30.5728, 104.0668),
}
PURPOSES = ("介绍新型泵", "年度维保沟通", "现场勘测", "报价跟进", "Technical survey")
REPORTS = (
    "客户计划下季度更换两台泵，需要报价。",
    "现场噪声偏大，建议更换机械密封。",
    "采购经理关注交期，技术方案已确认。",
    "Wants a maintenance contract for the new line.",
)
STEPS = ("发送报价单", "安排技术交流", "寄送样件", False)
PAST = 12  # visits of each salesperson
TODAY = 4


def run(env, rng, ctx):
    """Locate the customers, then let every salesperson visit some of theirs."""
    partners = env["res.partner"].browse([partner.id for partner in ctx.partners])
    locate(rng, partners)
    locate(rng, ctx.company.partner_id, middle=PLACES["上海"])
    for login, mine in customers_by_seller(ctx).items():
        mine = [partner for partner in mine if partner.partner_latitude]
        if mine:
            live_past(env, rng, ctx, login, mine)
            plan_today(env, rng, ctx, login, mine)


def locate(rng, partners, middle=None):
    """Put every address somewhere around the middle of its city."""
    for partner in partners:
        place = middle or PLACES.get(partner.city)
        if place:
            partner.write(
                {
                    "partner_latitude": place[0] + rng.uniform(-0.06, 0.06),
                    "partner_longitude": place[1] + rng.uniform(-0.06, 0.06),
                }
            )


def customers_by_seller(ctx):
    """Return {login: customers} from the deals of the year, the latest seller of each."""
    seller = {}
    for deal in ctx.deals():
        if deal.customer is not None:
            seller[deal.customer] = deal.seller
    result = {}
    for number, login in sorted(seller.items()):
        result.setdefault(login, []).append(ctx.partners[number])
    return result


def live_past(env, rng, ctx, login, partners):
    """Create finished visits of the last ten weeks."""
    for number in range(PAST):
        day = ctx.today - timedelta(days=rng.randint(2, 70))
        partner = rng.choice(partners)
        visit = new_visit(env, rng, ctx, login, partner, moment(day, rng.randint(9, 16)))
        check(rng, visit, partner, number)


def new_visit(env, rng, ctx, login, partner, at):
    return env["crm.visit"].create(
        {
            "name": rng.choice(PURPOSES),
            "partner_id": partner.id,
            "user_id": ctx.users[login].id,
            "company_id": ctx.company.id,
            "date_planned": at,
        }
    )


def check(rng, visit, partner, number):
    """Write what checking in and out left, at the time of the visit."""
    far = number % 6 == 5
    shift = 0.02 if far else rng.uniform(-0.001, 0.001)
    start = visit.date_planned + timedelta(minutes=rng.randint(-10, 20))
    position = {
        "check_in_latitude": partner.partner_latitude + shift,
        "check_in_longitude": partner.partner_longitude,
        "check_in_accuracy": rng.randint(5, 40),
        "check_in_distance": abs(shift) * 111195,
    }
    if number % 9 == 8:
        position = {"check_in_reason": "厂区内无信号", "check_in_distance": -1}
    visit.write(
        {
            "check_in": start,
            "check_out": start + timedelta(minutes=rng.randint(20, 110)),
            "check_out_distance": -1,
            "report": f"<p>{rng.choice(REPORTS)}</p>",
            "next_step": rng.choice(STEPS),
            "state": "done",
            **position,
        }
    )


def plan_today(env, rng, ctx, login, partners):
    """Plan today's visits, in the order of a short way, and one for each of the next days."""
    for number, partner in enumerate(rng.sample(partners, min(TODAY + 3, len(partners)))):
        ahead = max(number - TODAY + 1, 0)
        at = moment(ctx.today + timedelta(days=ahead), 9 + number % TODAY * 2)
        new_visit(env, rng, ctx, login, partner, at)
    user = ctx.users[login]
    visits = env["crm.visit"].with_user(user).with_company(ctx.company)
    visits.action_plan_route(str(ctx.today))

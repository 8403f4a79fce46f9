"""Master data of the demonstration company: people, teams, products. Invented names only."""

from typing import NamedTuple

COMPANY = {
    "name": "华东精密设备有限公司",
    "street": "创智路 288 号",
    "city": "上海",
    "zip": "201210",
    "phone": "021-0000 8288",
    "email": "info@huadong-precision.example.com",
    "website": "https://huadong-precision.example.com",
}


class Person(NamedTuple):
    """A member of the company who has a user and an employee."""

    login: str
    password: str
    role: str
    name: str
    lang: str
    job: str
    job_zh: str
    groups: tuple
    team: str = ""


SALES_OWN = ("sales_team.group_sale_salesman", "stock.group_stock_user")
SALES_ALL = (
    "sales_team.group_sale_manager",
    "crm_partner.group_partner_manager",
    "crm_sales.group_commission_manager",
    "account.group_account_readonly",
    "stock.group_stock_user",
)
CHANNEL = ("crm_partner.group_partner_user", "stock.group_stock_user")
BOOKS = (
    "account.group_account_manager",
    "account.group_account_user",
    "stock.group_stock_user",
    "sales_team.group_sale_salesman_all_leads",
)

PEOPLE = (
    Person(
        "li",
        "demo-li-crm",
        "salesperson",
        "李辰 Li Chen",
        "zh_CN",
        "Sales Engineer",
        "销售工程师",
        SALES_OWN,
        "east",
    ),
    Person(
        "zhao",
        "demo-zhao-crm",
        "salesperson",
        "赵岚 Zhao Lan",
        "en_US",
        "Sales Engineer",
        "销售工程师",
        SALES_OWN,
        "east",
    ),
    Person(
        "qian",
        "demo-qian-crm",
        "salesperson",
        "钱栩 Qian Xu",
        "en_US",
        "Key Account Manager",
        "大客户经理",
        SALES_OWN,
        "south",
    ),
    Person(
        "sun",
        "demo-sun-crm",
        "salesperson",
        "孙芃 Sun Peng",
        "en_US",
        "Service Contract Sales",
        "服务合同销售",
        SALES_OWN,
        "south",
    ),
    Person(
        "zhou",
        "demo-zhou-crm",
        "sales manager",
        "周衡 Zhou Heng",
        "en_US",
        "Sales Director",
        "销售总监",
        SALES_ALL,
        "east",
    ),
    Person(
        "wu",
        "demo-wu-crm",
        "accountant",
        "吴昱 Wu Yu",
        "en_US",
        "Chief Accountant",
        "总账会计",
        BOOKS,
    ),
    Person(
        "wang",
        "demo-wang-crm",
        "presales",
        "王稷 Wang Ji",
        "en_US",
        "Presales Engineer",
        "售前工程师",
        SALES_OWN,
        "east",
    ),
    Person(
        "gao",
        "demo-gao-crm",
        "channel manager",
        "高翎 Gao Ling",
        "zh_CN",
        "Channel Manager",
        "渠道经理",
        CHANNEL,
    ),
)

ADMINISTRATOR = Person(
    "admin",
    "admin",
    "administrator",
    "系统管理员 Administrator",
    "en_US",
    "System Administrator",
    "系统管理员",
    (),
)

TEAMS = {
    "east": ("East China Sales", "华东销售部", "zhou", ("li", "zhao", "wang", "zhou")),
    "south": ("South China Sales", "华南销售部", "zhou", ("qian", "sun")),
}

SELLERS = ("li", "zhao", "qian", "sun")


class Product(NamedTuple):
    """A product: ``kind`` is one of pump, seal, part, service, contract; amounts in CNY."""

    code: str
    name: str
    name_zh: str
    kind: str
    price: int
    cost: int
    lots: bool = False


CATEGORIES = {
    "pump": "Pumps 泵",
    "seal": "Mechanical Seals 机械密封",
    "part": "Spare Parts 备件",
    "service": "Services 服务",
    "contract": "Maintenance Contracts 维保合同",
}

PRODUCTS = (
    Product("CP-150", "Centrifugal Pump CP-150, 45 kW", "离心泵 CP-150 45 kW", "pump", 12000, 7500),
    Product("CP-100", "Centrifugal Pump CP-100, 30 kW", "离心泵 CP-100 30 kW", "pump", 10000, 6200),
    Product("CP-080", "Centrifugal Pump CP-80, 22 kW", "离心泵 CP-80 22 kW", "pump", 7800, 4900),
    Product("CP-065", "Centrifugal Pump CP-65, 15 kW", "离心泵 CP-65 15 kW", "pump", 6200, 3950),
    Product("CP-050", "Centrifugal Pump CP-50, 11 kW", "离心泵 CP-50 11 kW", "pump", 4900, 3100),
    Product("CP-040", "Centrifugal Pump CP-40, 5.5 kW", "离心泵 CP-40 5.5 kW", "pump", 3600, 2250),
    Product("MP-080", "Multistage Pump MP-80, 37 kW", "多级泵 MP-80 37 kW", "pump", 18500, 11800),
    Product(
        "MP-050", "Multistage Pump MP-50, 18.5 kW", "多级泵 MP-50 18.5 kW", "pump", 13200, 8400
    ),
    Product("SP-100", "Submersible Pump SP-100, 15 kW", "潜水泵 SP-100 15 kW", "pump", 8600, 5400),
    Product("SP-065", "Submersible Pump SP-65, 7.5 kW", "潜水泵 SP-65 7.5 kW", "pump", 5400, 3400),
    Product("DP-025", "Diaphragm Dosing Pump DP-25", "隔膜计量泵 DP-25", "pump", 6800, 4100),
    Product("DP-010", "Diaphragm Dosing Pump DP-10", "隔膜计量泵 DP-10", "pump", 4200, 2500),
    Product("GP-032", "Gear Pump GP-32", "齿轮泵 GP-32", "pump", 3900, 2400),
    Product("VP-200", "Vacuum Pump VP-200", "真空泵 VP-200", "pump", 15800, 10200),
    Product("MS-060", "Mechanical Seal MS-60", "机械密封 MS-60", "seal", 1280, 620, True),
    Product("MS-045", "Mechanical Seal MS-45", "机械密封 MS-45", "seal", 980, 470, True),
    Product("MS-035", "Mechanical Seal MS-35", "机械密封 MS-35", "seal", 760, 360),
    Product("MS-025", "Mechanical Seal MS-25", "机械密封 MS-25", "seal", 560, 260),
    Product("CS-060", "Cartridge Seal CS-60", "集装式密封 CS-60", "seal", 2650, 1380, True),
    Product("CS-045", "Cartridge Seal CS-45", "集装式密封 CS-45", "seal", 2180, 1120),
    Product("PK-012", "Gland Packing 12 mm, 5 m", "盘根 12 mm（5 米）", "seal", 320, 140),
    Product("OR-KIT", "O-ring Set, FKM", "氟橡胶 O 形圈套装", "seal", 180, 75),
    Product("IM-150", "Impeller for CP-150", "叶轮 CP-150", "part", 1850, 920),
    Product("IM-100", "Impeller for CP-100", "叶轮 CP-100", "part", 1520, 760),
    Product("IM-080", "Impeller for CP-80", "叶轮 CP-80", "part", 1180, 590),
    Product("BR-6312", "Bearing 6312", "轴承 6312", "part", 260, 120),
    Product("BR-6308", "Bearing 6308", "轴承 6308", "part", 160, 72),
    Product("SH-150", "Pump Shaft for CP-150", "泵轴 CP-150", "part", 1420, 700),
    Product("CO-090", "Coupling 90 mm", "联轴器 90 mm", "part", 420, 195),
    Product("WR-100", "Wear Ring Set for CP-100", "口环套件 CP-100", "part", 380, 170),
    Product("GK-080", "Gasket Kit for CP-80", "垫片套件 CP-80", "part", 150, 62),
    Product("PS-016", "Pressure Sensor 16 bar", "压力传感器 16 bar", "part", 690, 330),
    Product("VF-022", "Frequency Converter 22 kW", "变频器 22 kW", "part", 5200, 3350),
    Product("VF-011", "Frequency Converter 11 kW", "变频器 11 kW", "part", 3400, 2150),
    Product("SV-COM", "Commissioning, hour", "调试服务（小时）", "service", 320, 0),
    Product("SV-REP", "Repair, hour", "维修服务（小时）", "service", 300, 0),
    Product("SV-INS", "Inspection, hour", "巡检服务（小时）", "service", 260, 0),
    Product("SV-TRN", "Operator Training, hour", "操作培训（小时）", "service", 400, 0),
    Product("SV-TRV", "Travel, day", "差旅（天）", "service", 650, 0),
    Product(
        "MC-24M", "Maintenance Contract, 24 months", "维保合同（24 个月）", "contract", 240000, 0
    ),
)

PRODUCT_BY_CODE = {product.code: product for product in PRODUCTS}

STORY_PRODUCT = "CP-150"
"""Kept for the story deals, so that an accountant finds its stock untouched by anything else."""

PRIOR_PRODUCT = "SV-COM"
CONTRACT_PRODUCT = "MC-24M"

LOST_REASONS = (
    ("Price above budget", "价格超出预算"),
    ("Competitor chosen", "选择了竞争对手"),
    ("Project postponed", "项目推迟"),
    ("Delivery time too long", "交期过长"),
    ("No answer", "无回复"),
)

TAGS = (
    ("New plant", "新建项目"),
    ("Replacement", "设备更换"),
    ("Retrofit", "节能改造"),
    ("Spare parts", "备件"),
    ("Service", "服务"),
    ("Framework agreement", "框架协议"),
)

PROJECTS = (
    ("Cooling water line", "冷却水系统"),
    ("Boiler feed pumps", "锅炉给水泵"),
    ("Chemical dosing", "加药系统"),
    ("Waste water station", "污水提升站"),
    ("Fire protection pumps", "消防泵房"),
    ("Spare parts for the year", "年度备件"),
    ("Pump replacement", "旧泵更换"),
    ("Energy retrofit", "节能改造"),
    ("Vacuum system", "真空系统"),
    ("Seal upgrade", "密封升级"),
    ("Maintenance of the pump room", "泵房维护"),
    ("Extension of the workshop", "车间扩建"),
)

ACTIVITIES = (
    ("mail.mail_activity_data_call", "Call about the offer"),
    ("mail.mail_activity_data_meeting", "Visit the site with presales"),
    ("mail.mail_activity_data_email", "Send the data sheets"),
    ("mail.mail_activity_data_todo", "Check the delivery time"),
)

"""Invented customers: company names, people, addresses, phones, e-mails. Pure Python.

Names are put together from syllables; phones carry a block of zeros that no subscriber has; every
e-mail address lies below ``example.com``, which is reserved for examples (RFC 2606).
"""

from typing import NamedTuple


class City(NamedTuple):
    """A city: ``state`` is the code of the province in Odoo's data."""

    name: str
    pinyin: str
    state: str
    area: str
    zip: str
    region: str


CITIES = (
    City("上海", "shanghai", "SH", "021", "200000", "east"),
    City("苏州", "suzhou", "JS", "0512", "215000", "east"),
    City("无锡", "wuxi", "JS", "0510", "214000", "east"),
    City("常州", "changzhou", "JS", "0519", "213000", "east"),
    City("南京", "nanjing", "JS", "025", "210000", "east"),
    City("南通", "nantong", "JS", "0513", "226000", "east"),
    City("杭州", "hangzhou", "ZJ", "0571", "310000", "east"),
    City("宁波", "ningbo", "ZJ", "0574", "315000", "east"),
    City("嘉兴", "jiaxing", "ZJ", "0573", "314000", "east"),
    City("合肥", "hefei", "AH", "0551", "230000", "east"),
    City("青岛", "qingdao", "SD", "0532", "266000", "east"),
    City("广州", "guangzhou", "GD", "020", "510000", "south"),
    City("深圳", "shenzhen", "GD", "0755", "518000", "south"),
    City("佛山", "foshan", "GD", "0757", "528000", "south"),
    City("东莞", "dongguan", "GD", "0769", "523000", "south"),
    City("厦门", "xiamen", "FJ", "0592", "361000", "south"),
    City("福州", "fuzhou", "FJ", "0591", "350000", "south"),
    City("长沙", "changsha", "HN", "0731", "410000", "south"),
    City("武汉", "wuhan", "HB", "027", "430000", "south"),
    City("成都", "chengdu", "SC", "028", "610000", "south"),
)

BRAND_FIRST = (
    ("沅", "yuan"),
    ("翎", "ling"),
    ("朔", "shuo"),
    ("澧", "li"),
    ("郢", "ying"),
    ("珩", "heng"),
    ("岑", "cen"),
    ("泓", "hong"),
    ("楷", "kai"),
    ("晟", "sheng"),
    ("霁", "ji"),
    ("骁", "xiao"),
    ("铄", "shuo"),
    ("钧", "jun"),
    ("屿", "yu"),
    ("琅", "lang"),
    ("皓", "hao"),
    ("砺", "li"),
)
BRAND_SECOND = (
    ("泽", "ze"),
    ("峤", "qiao"),
    ("桐", "tong"),
    ("泊", "bo"),
    ("榆", "yu"),
    ("璟", "jing"),
    ("沣", "feng"),
    ("澜", "lan"),
    ("彦", "yan"),
    ("瑜", "yu"),
    ("驰", "chi"),
    ("越", "yue"),
    ("钦", "qin"),
    ("岱", "dai"),
    ("煦", "xu"),
    ("渝", "yu"),
    ("宸", "chen"),
    ("谷", "gu"),
)
TRADES = (
    ("化工", "Chemicals"),
    ("水务", "Water"),
    ("环保设备", "Environmental Equipment"),
    ("食品机械", "Food Machinery"),
    ("制药", "Pharma"),
    ("纸业", "Paper"),
    ("船舶工程", "Marine Engineering"),
    ("电力工程", "Power Engineering"),
    ("新材料", "New Materials"),
    ("印染", "Dyeing"),
    ("机电安装", "Installation"),
    ("钢结构", "Steelwork"),
    ("热能", "Heat"),
    ("给排水设备", "Plumbing Equipment"),
)
LEGAL_FORMS = ("有限公司", "有限公司", "有限公司", "股份有限公司")
STREETS = (
    "创业路",
    "工业大道",
    "科技一路",
    "港城路",
    "迎宾大道",
    "青枫路",
    "新兴路",
    "云杉路",
    "北环路",
    "望江路",
    "金桐路",
    "滨河西路",
)

SURNAMES = (
    ("陈", "chen"),
    ("林", "lin"),
    ("黄", "huang"),
    ("何", "he"),
    ("郭", "guo"),
    ("罗", "luo"),
    ("梁", "liang"),
    ("宋", "song"),
    ("许", "xu"),
    ("韩", "han"),
    ("冯", "feng"),
    ("邓", "deng"),
    ("曹", "cao"),
    ("彭", "peng"),
    ("蒋", "jiang"),
    ("沈", "shen"),
    ("余", "yu"),
    ("潘", "pan"),
)
GIVEN_NAMES = (
    ("柏川", "baichuan"),
    ("书恬", "shutian"),
    ("予安", "yuan"),
    ("景行", "jingxing"),
    ("知微", "zhiwei"),
    ("沐言", "muyan"),
    ("明澈", "mingche"),
    ("若溪", "ruoxi"),
    ("砚秋", "yanqiu"),
    ("子衿", "zijin"),
    ("云帆", "yunfan"),
    ("亦舟", "yizhou"),
    ("南乔", "nanqiao"),
    ("修远", "xiuyuan"),
    ("采薇", "caiwei"),
    ("思齐", "siqi"),
)
POSITIONS = (
    ("Purchasing Manager", "采购经理"),
    ("Equipment Manager", "设备经理"),
    ("Chief Engineer", "总工程师"),
    ("Plant Manager", "厂长"),
    ("Buyer", "采购员"),
)

FOREIGN = (
    ("Nordfeld Anlagentechnik GmbH", "DE", "Bremen", "28195", "Am Speicher 14", "+49 421 0000"),
    ("Kestrelbach Pumpenservice GmbH", "DE", "Kassel", "34117", "Werkstraße 3", "+49 561 0000"),
    ("Vaartzicht Procestechniek BV", "NL", "Dordrecht", "3311", "Havenkade 8", "+31 78 0000"),
    ("Ardenmoor Water Ltd", "GB", "Leeds", "LS1 4AP", "12 Mill Yard", "+44 113 0000"),
    ("Larkholm Process Systems Ltd", "GB", "Hull", "HU1 2AA", "5 Dock Lane", "+44 1482 0000"),
    ("Bluequarry Industrial Inc.", "US", "Toledo", "43604", "410 Canal St", "+1 419 555"),
    ("Redtern Fluid Handling LLC", "US", "Tulsa", "74103", "77 Elm Ave", "+1 918 555"),
    ("Hoshimori Kikai K.K.", "JP", "Nagoya", "450-0002", "2-7 Meieki", "+81 52 000"),
    ("Kazahara Engineering K.K.", "JP", "Osaka", "530-0001", "1-3 Umeda", "+81 6 0000"),
    ("Saebyeok Plant Co., Ltd.", "KR", "Busan", "48058", "21 Centum-ro", "+82 51 000"),
    ("Tembaga Utara Sdn Bhd", "MY", "Johor Bahru", "80000", "8 Jalan Bukit", "+60 7 000"),
    ("Angsana Marine Pte Ltd", "SG", "Singapore", "629000", "30 Tuas Link", "+65 6000"),
    ("Hoa Lam Water JSC", "VN", "Hai Phong", "04000", "19 Le Loi", "+84 225 000"),
    ("Wattlecreek Mining Services Pty Ltd", "AU", "Newcastle", "2300", "6 Hunter Rd", "+61 2 5550"),
    ("Sierra Verdena Riego SL", "ES", "Murcia", "30001", "Calle Noria 9", "+34 968 000"),
    ("Officine Valtorrida Srl", "IT", "Brescia", "25121", "Via Fonderia 22", "+39 030 0000"),
    ("Fjordkant Teknikk AS", "NO", "Bergen", "5003", "Bryggen 2", "+47 55 00"),
    ("Moulin du Ressac SAS", "FR", "Nantes", "44000", "4 quai des Forges", "+33 2 40 00"),
)
FOREIGN_PEOPLE = (
    "Anneke Vosbergen",
    "Tobias Rehfeld",
    "Maren Kolstad",
    "Elliot Harrowgate",
    "Priya Nandaval",
    "Luca Ferrandi",
    "Yuto Hoshimori",
    "Soo-ah Baekrim",
    "Clara Montreuge",
    "Nils Aakervik",
)


class Contact(NamedTuple):
    """A person at a customer."""

    name: str
    email: str
    phone: str
    function: str


class Customer(NamedTuple):
    """A customer with its contacts; ``region`` decides which team serves it."""

    name: str
    country: str
    state: str
    city: str
    zip: str
    street: str
    phone: str
    email: str
    website: str
    trade: str
    region: str
    lang: str
    contacts: tuple


def mobile(rng):
    """Return a mobile number whose middle block is 0000, as printed on samples."""
    prefix = rng.choice(("134", "138", "139", "150", "158", "186", "189"))
    return f"+86 {prefix} 0000 {rng.randrange(10000):04d}"


def landline(rng, city):
    """Return a landline number of ``city`` in a block that is not assigned."""
    return f"+86 {city.area[1:]} 0000 {rng.randrange(10000):04d}"


def chinese_contact(rng, domain):
    """Return one Chinese contact with an address below ``domain``."""
    (family, family_py), (given, given_py) = rng.choice(SURNAMES), rng.choice(GIVEN_NAMES)
    email = f"{family_py}.{given_py}@{domain}"
    return Contact(family + given, email, mobile(rng), rng.choice(POSITIONS)[0])


def chinese_customer(rng, brand):
    """Return a customer of one of the cities; ``brand`` is a pair of syllables."""
    city, (trade, trade_en) = rng.choice(CITIES), rng.choice(TRADES)
    (first, first_py), (second, second_py) = brand
    domain = f"{first_py}{second_py}-{city.pinyin}.example.com"
    contacts = {chinese_contact(rng, domain) for _n in range(rng.choice((1, 1, 2)))}
    return Customer(
        name=f"{city.name}{first}{second}{trade}{rng.choice(LEGAL_FORMS)}",
        country="CN",
        state=city.state,
        city=city.name,
        zip=city.zip,
        street=f"{rng.choice(STREETS)} {rng.randrange(1, 999)} 号",
        phone=landline(rng, city),
        email=f"info@{domain}",
        website=f"https://{domain}",
        trade=trade_en,
        region=city.region,
        lang="zh_CN",
        contacts=tuple(sorted(contacts)),
    )


def foreign_customer(rng, row):
    """Return a customer outside China from a row of ``FOREIGN``."""
    name, country, city, zip_code, street, phone = row
    slug = "".join(char for char in name.split()[0].lower() if char.isascii())
    domain = f"{slug}.example.com"
    person = rng.choice(FOREIGN_PEOPLE)
    contact = Contact(
        person,
        f"{person.split()[0].lower().replace('-', '')}@{domain}",
        f"{phone} {rng.randrange(1000, 9999)}",
        rng.choice(POSITIONS)[0],
    )
    return Customer(
        name=name,
        country=country,
        state="",
        city=city,
        zip=zip_code,
        street=street,
        phone=f"{phone} {rng.randrange(1000, 9999)}",
        email=f"office@{domain}",
        website=f"https://{domain}",
        trade=rng.choice(TRADES)[1],
        region=rng.choice(("east", "south")),
        lang="en_US",
        contacts=(contact,),
    )


def make_customers(rng, count):
    """Return ``count`` customers with distinct names, the foreign ones among them.

    >>> import random
    >>> first = make_customers(random.Random(1), 300)
    >>> len(first), len({customer.name for customer in first})
    (300, 300)
    >>> first == make_customers(random.Random(1), 300)
    True
    """
    brands = [(first, second) for first in BRAND_FIRST for second in BRAND_SECOND]
    rng.shuffle(brands)
    customers = [foreign_customer(rng, row) for row in FOREIGN]
    customers += [chinese_customer(rng, brand) for brand in brands[: count - len(FOREIGN)]]
    rng.shuffle(customers)
    return customers

"""Chinese and English customers with duplicates, from a fixed seed; the truth is known.

Four fifths of the records are customers of their own. They hold the traps: families on one phone
and
address, contacts who share their company's switchboard, street and info@ mailbox, people of the
same
name in the same city. One fifth are duplicates of others, with what really happens to them: typos,
sounds, pinyin in both orders, titles, traditional characters, full width, missing legal forms and
regions, moved phones, new mailboxes, shortened or new addresses.
"""

import random
from itertools import accumulate

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟"
    "姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤"
)
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰涛明超秀霞平刚桂英华玉兰萍红建国志文海云飞鹏辉斌宇浩凯俊峰波鑫龙亮东健晨阳雪梅琳"
    "莹洁婷颖慧佳欣怡思雨梦瑶子轩梓涵浩然雨桐诗嘉家豪天佑泽晓燕春生金凤永福德新成立安康宁立群振兴学义仁礼智信忠"
    "孝廉世昌荣光宗耀祖少卿景行若曦书瑾瑜瑞祥吉庆和顺達清源润泉湘沛森林栋梁松柏青竹菊兰芝荷莲月星辰"
)
HOMOPHONES = (
    "志智致至", "强墙蔷", "伟玮纬炜", "芳方坊", "静靖敬", "丽莉俐", "军君钧", "洋阳扬",
    "勇永咏", "杰洁捷",
    "涛韬滔", "明鸣铭", "辉晖惠", "斌彬宾", "宇雨羽", "浩昊皓", "峰锋枫", "建健剑", "国果",
    "文雯闻",
    "海亥", "云芸耘", "飞菲妃", "鹏朋彭", "梅玫", "琳林霖", "颖影", "慧惠卉", "佳嘉家",
    "欣新鑫", "婷亭",
)  # fmt: skip
FIRST = """James Robert John Michael David William Richard Joseph Thomas Christopher Charles Daniel
Matthew Anthony Mark Donald Steven Andrew Paul Joshua Kenneth Kevin Brian Timothy Ronald Jason
George
Edward Jeffrey Ryan Jacob Gary Nicholas Eric Jonathan Mary Patricia Jennifer Linda Elizabeth Barbara
Susan Jessica Karen Sarah Lisa Nancy Sandra Betty Ashley Emily Kimberly Margaret Donna Michelle
Carol
Amanda Melissa Deborah Stephanie Rebecca Sharon Laura Cynthia Dorothy Amy Kathleen Angela Shirley
Emma
Brenda Pamela Nicole Anna Samantha Katherine Christine Helen Debra Rachel Carolyn Janet Maria Olivia
Oliver Harry Alfred Oscar Hugo Felix Ingrid Astrid Sophie Claire""".split()
LAST = """Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez
Gonzalez Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez
Clark Ramirez Lewis Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill Flores Green
Adams
Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts Gomez Phillips Evans Turner Diaz Parker
Cruz
Edwards Collins Reyes Stewart Morris Morales Murphy Cook Rogers Gutierrez Ortiz Morgan Cooper
Peterson
Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks Chavez Wood James Bennett Gray
Mendoza Ruiz Hughes Price Alvarez Castillo Sanders Patel Myers Long Ross Foster Fitzgerald Lindqvist
Haraldsson Vandenberg Oconnor Abernathy Whitcombe Thistlewood Drummond Kowalski Novak
Petrov""".split()
NICKNAMES = {
    "Robert": "Bob", "William": "Bill", "Richard": "Rick", "James": "Jim", "Michael": "Mike",
    "Thomas": "Tom", "Elizabeth": "Liz", "Katherine": "Kate", "Jennifer": "Jenny", "David": "Dave",
}  # fmt: skip
CITIES = {
    "上海": "021", "北京": "010", "深圳": "0755", "广州": "020", "杭州": "0571", "苏州": "0512",
    "南京": "025", "成都": "028", "武汉": "027", "西安": "029", "重庆": "023", "天津": "022",
    "青岛": "0532", "大连": "0411", "宁波": "0574", "厦门": "0592", "长沙": "0731", "郑州": "0371",
    "无锡": "0510", "佛山": "0757", "东莞": "0769", "济南": "0531", "合肥": "0551", "福州": "0591",
}  # fmt: skip
DISTRICTS = (
    "东城 西湖 高新 江北 新华 南山 滨江 开发 城南 河西 朝阳 海淀 龙华 鼓楼 经开 金湖".split()
)
ROADS = (
    "中山 人民 解放 建设 和平 新华 长江 黄河 北京 南京 "
    "科技 创业 星湖 滨海 文化 体育 学院 工业 金桥 张江"
).split()
ROAD_TAILS = "路 东路 西路 南路 北路 大道 街 一路 二路 支路".split()
TOWNS = (
    "London Manchester Leeds Bristol Boston Denver Austin Seattle Sydney Perth Dublin Toronto"
).split()
STREETS = """Oak Maple Cedar High Church Park Victoria Station Mill Queen King Bridge London
Springfield
Chestnut Elm Washington Lake Hill Walnut Sunset Railroad Forest Highland Meadow River""".split()
STREET_TAILS = (
    ("Street", "St"),
    ("Road", "Rd"),
    ("Avenue", "Ave"),
    ("Lane", "Ln"),
    ("Drive", "Dr"),
)
BRANDS = (
    "宏泰华盛鑫源恒通永兴瑞金创新联合天成远大中科博众信"
    "达嘉禾德隆安捷思源凯诺百川明珠东方启明星辰锐智汇丰"
)
TRADES = (
    "机械 科技 贸易 电子 实业 化工 纺织 医疗器械 信息技术"
    " 物流 食品 建材 环保科技 自动化设备 精密仪器 服装 家具"
    " 网络科技 国际贸易 新材料 汽车配件 包装 印刷 照明 能源"
).split()
LEGAL = ("有限公司", "有限责任公司", "股份有限公司", "集团有限公司")
WORDS = """Apex Summit Vertex Horizon Pioneer Sterling Beacon Cascade Evergreen Granite Harbor
Ironwood
Keystone Lakeside Meridian Northgate Orion Paragon Quantum Redwood Silverline Titan Unity Vanguard
Westbrook Zenith Bluebird Copper Falcon Golden Hawthorne Juniper""".split()
ENGLISH_TRADES = """Trading Logistics Machinery Electronics Systems Foods Textiles Chemicals
Consulting
Software Industries Packaging Furniture Lighting Instruments Energy""".split()
ENGLISH_LEGAL = ("Ltd", "Inc.", "LLC", "Co., Ltd.", "GmbH", "Corp.")
#: as surnames
READINGS = {"曾": "zeng", "覃": "qin"}
FREE = ("qq.com", "163.com", "126.com", "gmail.com", "outlook.com", "sina.com", "foxmail.com")
HAN_TITLES = ("先生", "女士", "经理", "老师", "总经理")
FIELDS = ("name", "phone", "email", "address", "city", "vat")


def _zipf(count, shift):
    return list(accumulate(1 / (rank + shift) for rank in range(count)))


class Generator:
    """Draws customers and their duplicates; ``pinyin`` and ``traditional`` romanise and convert."""

    def __init__(self, seed=20261124):
        import opencc
        from pypinyin import Style, pinyin

        self.random = random.Random(seed)
        self._pinyin = {}
        self._style = lambda c: pinyin(c, style=Style.NORMAL)[0][0]
        self._traditional = opencc.OpenCC("s2t").convert
        self._surnames = _zipf(len(SURNAMES), 4)
        self._given = _zipf(len(GIVEN), 25)
        self._first, self._last = _zipf(len(FIRST), 15), _zipf(len(LAST), 25)
        self._homophones = {c: group for group in HOMOPHONES for c in group}

    def table(self, records, share=0.2):
        """Columns (field -> values), and for each record the number of its customer."""
        customers = []
        while len(customers) < round(records * (1 - share)):
            customers.extend(self.unit(customers))
        del customers[round(records * (1 - share)) :]
        rows = list(enumerate(customers))
        wanted = records - len(rows)
        while wanted > 0:
            owner = self.random.randrange(len(customers))
            times = min(self.random.choices((1, 2, 3), (70, 22, 8))[0], wanted)
            rows += [(owner, self.duplicate(customers[owner])) for _time in range(times)]
            wanted -= times
        self.random.shuffle(rows)
        columns = {field: [row[field] for _owner, row in rows] for field in FIELDS}
        return columns, [owner for owner, _row in rows]

    # -- customers -----------------------------------------------------------------------------

    def unit(self, others):
        """A person, a family, or a company with the contacts in its name."""
        draw = self.random.random()
        if draw < 0.62:
            person = self.person()
            if others and self.random.random() < 0.04:
                other = self.random.choice(others[-2000:])
                if other["kind"] == person["kind"]:
                    self._rename(person, other)
            return [person]
        if draw < 0.70:
            return self.family()
        return self.company_and_contacts()

    def person(self, english=None):
        english = self.random.random() < 0.25 if english is None else english
        row = {"kind": "en" if english else "zh", "vat": "", "firm": False}
        if english:
            row["given"] = self.random.choices(FIRST, cum_weights=self._first)[0]
            row["family"] = self.random.choices(LAST, cum_weights=self._last)[0]
        else:
            row["family"] = self.random.choices(SURNAMES, cum_weights=self._surnames)[0]
            size = 1 if self.random.random() < 0.2 else 2
            row["given"] = "".join(self.random.choices(GIVEN, cum_weights=self._given, k=size))
        self._place(row)
        row["phone"] = self._phone(row)
        row["email"] = self._mailbox(row) if self.random.random() < 0.7 else ""
        self._named(row)
        return row

    def _named(self, row):
        chinese = row["kind"] == "zh"
        row["name"] = row["family"] + row["given"] if chinese else f"{row['given']} {row['family']}"

    def _rename(self, row, other):
        if other["firm"]:
            return
        row.update(family=other["family"], given=other["given"], city=other["city"])
        row["address"] = self._address(row)
        self._named(row)
        row["email"] = self._mailbox(row) if row["email"] else ""

    def family(self):
        """Two to four people on one address, most of them on one phone."""
        head = self.person()
        members = [head]
        for number in range(self.random.choice((1, 1, 2, 3))):
            member = self.person(english=head["kind"] == "en")
            if number or member["kind"] == "en":
                member["family"] = head["family"]
            member.update(city=head["city"], address=head["address"])
            if self.random.random() < 0.6:
                member["phone"] = head["phone"]
            self._named(member)
            if member["name"] not in {other["name"] for other in members}:
                members.append(member)
        return members

    def company_and_contacts(self):
        firm = self.company()
        contacts = []
        for _number in range(self.random.choice((0, 0, 0, 1, 1, 2, 3))):
            contact = self.person(english=firm["kind"] == "en")
            contact.update(city=firm["city"], address=firm["address"])
            if self.random.random() < 0.5:
                contact["phone"] = firm["phone"]
            local = self._local(contact)
            contact["email"] = self.random.choice(
                (f"info@{firm['domain']}", f"{local}@{firm['domain']}", contact["email"])
            )
            contacts.append(contact)
        return [firm, *contacts]

    def company(self):
        english = self.random.random() < 0.25
        row = {"kind": "en" if english else "zh", "firm": True}
        self._place(row)
        if english:
            brand = " ".join(self.random.sample(WORDS, self.random.choice((1, 2))))
            if self.random.random() < 0.5:
                brand = f"{self.random.choice(LAST)} {brand.split()[0]}"
            row.update(brand=brand, trade=self.random.choice(ENGLISH_TRADES))
            row["legal"] = self.random.choice(ENGLISH_LEGAL)
            row["name"] = f"{brand} {row['trade']} {row['legal']}"
        else:
            brand = "".join(
                self.random.sample(BRANDS + GIVEN[:60], self.random.choice((2, 2, 2, 3)))
            )
            row.update(brand=brand, trade=self.random.choice(TRADES))
            row["legal"] = self.random.choices(LEGAL, (70, 10, 15, 5))[0]
            row["name"] = f"{row['city']}{brand}{row['trade']}{row['legal']}"
        row["phone"] = self._phone(row, landline=True)
        letters = "".join(self.letters(c) for c in brand).lower().replace(" ", "")
        row["domain"] = f"{letters}{self.random.randrange(100)}." + self.random.choice(
            ("com", "cn")
        )
        role = self.random.choice(("info", "sales", "contact", "office"))
        row["email"] = f"{role}@{row['domain']}" if self.random.random() < 0.6 else ""
        digits = "".join(self.random.choices("0123456789ABCDEFGHJKLMNPQRTUWXY", k=12))
        row["vat"] = f"913101{digits}" if self.random.random() < 0.5 else ""
        return row

    def letters(self, character):
        if character.isascii():
            return character
        if character not in self._pinyin:
            self._pinyin[character] = READINGS.get(character) or self._style(character)
        return self._pinyin[character]

    def _place(self, row):
        row["city"] = self.random.choice(TOWNS if row["kind"] == "en" else list(CITIES))
        row["address"] = self._address(row)

    def _address(self, row):
        number = self.random.randint(1, 999)
        if row["kind"] == "en":
            street = f"{self.random.choice(STREETS)} {self.random.choice(STREET_TAILS)[0]}"
            flat = f", Flat {self.random.randint(1, 60)}" if self.random.random() < 0.4 else ""
            return f"{number} {street}{flat}"
        road = self.random.choice(ROADS) + self.random.choice(ROAD_TAILS)
        room = f"{self.random.randint(1, 30)}幢{self.random.randint(1, 30) * 100 + 1}室"
        room = room if self.random.random() < 0.6 else ""
        return f"{row['city']}市{self.random.choice(DISTRICTS)}区{road}{number}号{room}"

    def _phone(self, row, landline=False):
        draw = self.random.randrange
        if row["kind"] == "en":
            return f"+44 7{draw(10**9):09d}" if draw(2) else f"+1 {draw(2, 9)}{draw(10**9):09d}"
        if landline:
            return f"{CITIES[row['city']]}-{draw(2, 9)}{draw(10**7):07d}"
        return f"1{self.random.choice('3578')}{draw(10**9):09d}"

    def _local(self, row):
        family = "".join(map(self.letters, row["family"])).lower()
        given = "".join(map(self.letters, row["given"])).lower()
        number = str(self.random.randrange(1000)) if self.random.random() < 0.6 else ""
        form = self.random.choice(("{f}{g}", "{g}.{f}", "{g}{f}", "{f}.{g}", "{i}{f}"))
        return form.format(f=family, g=given, i=given[:1]) + number

    def _mailbox(self, row):
        if self.random.random() < 0.35:
            letters = self.random.choices("abcdefghijklmnopqrstuvwxyz", k=5)
            local = "".join(letters) + str(self.random.randrange(10000))
        else:
            local = self._local(row) + str(self.random.randrange(100))
        return f"{local}@{self.random.choice(FREE)}"

    # -- duplicates ----------------------------------------------------------------------------

    def duplicate(self, row):
        """The same customer, entered a second time; at least one of three channels stays."""
        new = dict(row)
        new["name"] = self._company_again(row) if row["firm"] else self._person_again(row)
        channels = [self._phone_again, self._email_again, self._address_again]
        self.random.shuffle(channels)
        lost = 0
        for channel in channels:
            lost += channel(row, new, may_lose=lost < 2)
        if row["vat"] and self.random.random() < 0.3:
            new["vat"] = ""
        return new

    def _person_again(self, row):
        if row["kind"] == "en":
            return self._english_again(row)
        family, given = row["family"], row["given"]
        draw = self.random.random()
        if draw < 0.12:
            given = "".join(self._by_sound(c) for c in given)
        elif draw < 0.16:
            spot = self.random.randrange(len(given))
            given = given[:spot] + self.random.choice(GIVEN) + given[spot + 1 :]
        elif draw < 0.19:
            return family + self.random.choice(("先生", "女士", "总", "经理"))
        elif draw < 0.33:
            words = [self.letters(family), "".join(map(self.letters, given))]
            words = [word.capitalize() for word in words]
            return " ".join(words if self.random.random() < 0.5 else words[::-1])
        name = family + given
        draw = self.random.random()
        if draw < 0.15:
            return name + self.random.choice(HAN_TITLES)
        if draw < 0.25:
            return self._traditional(name)
        if draw < 0.32:
            return f"{family}\u3000{given}"
        return name

    def _by_sound(self, character):
        return self.random.choice(self._homophones.get(character, character))

    def _english_again(self, row):
        given, family = row["given"], row["family"]
        draw = self.random.random()
        if draw < 0.12:
            given = self.typo(given)
        elif draw < 0.22:
            family = self.typo(family)
        elif draw < 0.30:
            given = given[0] + "."
        elif draw < 0.38:
            given = NICKNAMES.get(given, given)
        draw = self.random.random()
        if draw < 0.15:
            return f"{family}, {given}"
        if draw < 0.30:
            return f"{self.random.choice(('Mr.', 'Ms', 'Dr.'))} {given} {family}"
        return f"{given} {family}".upper() if draw < 0.4 else f"{given} {family}"

    def _company_again(self, row):
        if row["kind"] == "en":
            brand = self.typo(row["brand"]) if self.random.random() < 0.12 else row["brand"]
            legal = self.random.choice(("", row["legal"], self.random.choice(ENGLISH_LEGAL)))
            trade = row["trade"] if self.random.random() < 0.94 else ""
            name = f"{brand} {trade} {legal}".strip()
            return name.upper() if self.random.random() < 0.2 else name
        brand, trade, legal, city = row["brand"], row["trade"], row["legal"], row["city"]
        draw = self.random.random()
        if draw < 0.08:
            brand = "".join(self._by_sound(c) for c in brand)
        elif draw < 0.12:
            trade = ""
        legal = self.random.choice(("", "公司", legal, self.random.choice(LEGAL)))
        draw = self.random.random()
        if draw < 0.25:
            return f"{brand}{trade}（{city}）{legal}"
        if draw < 0.35:
            return self._traditional(f"{city}{brand}{trade}{legal}")
        return f"{city if draw < 0.65 else ''}{brand}{trade}{legal}"

    def typo(self, text):
        """One letter lost, doubled, replaced or exchanged with the next."""
        spot = self.random.randrange(1, max(len(text) - 1, 2))
        kind = self.random.randrange(4)
        if kind == 0:
            return text[:spot] + text[spot + 1 :]
        if kind == 1:
            return text[:spot] + text[spot - 1] + text[spot:]
        if kind == 2:
            return text[:spot] + self.random.choice("aeiorstln") + text[spot + 1 :]
        return text[:spot] + text[spot : spot + 2][::-1] + text[spot + 2 :]

    def _phone_again(self, row, new, may_lose):
        draw = self.random.random()
        if may_lose and draw < 0.28:
            new["phone"] = "" if draw < 0.10 else self._phone(row, row["firm"])
            return True
        phone = row["phone"]
        if draw < 0.36 and draw >= 0.28:
            spot = self.random.randrange(5, len(phone))
            phone = phone[:spot] + self.random.choice("0123456789") + phone[spot + 1 :]
        if row["kind"] == "zh" and self.random.random() < 0.4:
            bare = phone.replace("-", "")
            if row["firm"]:
                phone = f"+86 {bare[1:]}" if bare.startswith("0") else bare
            else:
                phone = f"+86 {bare[:3]} {bare[3:7]} {bare[7:]}"
        elif self.random.random() < 0.3:
            phone = phone.replace(" ", "-")
        if self.random.random() < 0.08:
            phone = "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in phone)
        new["phone"] = phone
        return False

    def _email_again(self, row, new, may_lose):
        if not row["email"]:
            if not row["firm"] and self.random.random() < 0.3:
                new["email"] = self._mailbox(row)
            return True
        draw = self.random.random()
        if row["email"].startswith(("info@", "sales@", "contact@", "office@")):
            new["email"] = "" if draw < 0.3 else row["email"]
            return True
        if may_lose and draw < 0.35:
            new["email"] = "" if draw < 0.2 else self._mailbox(row) if draw < 0.3 else ""
            if 0.3 <= draw:
                local = row["email"].partition("@")[0]
                new["email"] = f"{local}@{self.random.choice(FREE)}"
            return True
        if draw > 0.95:
            local, _at, domain = row["email"].partition("@")
            new["email"] = f"{self.typo(local)}@{domain}"
        return False

    def _address_again(self, row, new, may_lose):
        draw = self.random.random()
        if may_lose and draw < 0.22:
            new["address"] = "" if draw < 0.10 else self._address(row)
            return True
        address = row["address"]
        if row["kind"] == "en":
            if self.random.random() < 0.4:
                for long, short in STREET_TAILS:
                    address = address.replace(f" {long}", f" {short}.")
            if self.random.random() < 0.15:
                address = address.split(",")[0]
            new["address"] = self.typo(address) if self.random.random() < 0.05 else address
            return False
        if self.random.random() < 0.35:
            address = address.partition("区")[2]
        if self.random.random() < 0.15 and "幢" in address:
            address = address.partition("号")[0] + "号"
        if self.random.random() < 0.1:
            address = "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in address)
        new["address"] = address
        return False


def scores(truth, cluster):
    """Precision, recall and F1 of clusters against the truth, over pairs and over records (B³).

    B³ (Bagga & Baldwin 1998): of each record, how much of its cluster belongs to it, and how
    much of
    its customer is in the cluster; ``exact`` is the share of records whose cluster is exactly
    right.
    """
    import numpy as np

    truth, cluster = (np.unique(x, return_inverse=True)[1] for x in (truth, cluster))
    both = np.unique(truth.astype(np.int64) * (len(truth) + 1) + cluster, return_inverse=True)[1]
    together, mine, found = (np.bincount(x) for x in (both, truth, cluster))

    def pairs(counts):
        return float((counts * (counts - 1) // 2).sum())

    hits = together[both]
    figures = {
        "pair": (pairs(together) / max(pairs(found), 1), pairs(together) / max(pairs(mine), 1)),
        "cluster": (float((hits / found[cluster]).mean()), float((hits / mine[truth]).mean())),
    }
    result = {}
    for name, (precision, recall) in figures.items():
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        result |= {f"{name}_precision": precision, f"{name}_recall": recall, f"{name}_f1": f1}
    result["exact"] = float(((hits == found[cluster]) & (hits == mine[truth])).mean())
    return result

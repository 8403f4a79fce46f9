"""Word lists of names, companies and addresses. Short on purpose: what is missing costs little."""

#: Provinces and larger cities, as they stand in company names and before addresses.
REGIONS = frozenset(
    """
    北京 上海 天津 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东
    海南 四川 贵州 云南 陕西 甘肃 青海 台湾 内蒙古 广西 西藏 宁夏 新疆 香港 澳门 中国 全国
    石家庄 唐山 保定 邯郸 太原 大同 沈阳 大连 鞍山 长春 哈尔滨 大庆 南京 苏州 无锡 常州 南通 徐州
    扬州
    镇江 盐城 泰州 昆山 杭州 宁波 温州 嘉兴 湖州 绍兴 金华 义乌 台州 合肥 芜湖 福州 厦门 泉州
    漳州 南昌
    赣州 济南 青岛 烟台 潍坊 临沂 淄博 威海 郑州 洛阳 南阳 武汉 宜昌 襄阳 长沙 株洲 湘潭 衡阳
    岳阳 广州
    深圳 珠海 佛山 东莞 中山 惠州 汕头 江门 湛江 南宁 柳州 桂林 海口 三亚 成都 绵阳 德阳 贵阳
    遵义 昆明
    拉萨 西安 咸阳 宝鸡 兰州 西宁 银川 乌鲁木齐 呼和浩特 包头 台北 高雄
    """.split()
)
LATIN_REGIONS = frozenset(
    """
    china shanghai beijing shenzhen guangzhou hongkong tianjin chongqing hangzhou suzhou nanjing
    chengdu wuhan asia europe apac emea uk usa
    """.split()
)
LEGAL = frozenset(
    """
    inc incorporated ltd limited llc llp lp plc corp corporation co company gmbh ag kg sa sas sarl
    bv nv pte pty oy ab as aps srl spa kk sdn bhd group holding holdings the
    """.split()
)
#: Words that make a Latin name a company's, besides the legal forms.
TRADE = frozenset(
    """
    university college school hospital bank hotel institute foundation association technologies
    technology solutions systems services industries logistics trading machinery electronics
    consulting partners software international enterprises products supply supplies foods textiles
    chemicals packaging furniture lighting instruments energy media studio studios design
    engineering
    construction motors pharma pharmaceuticals insurance capital ventures agency network networks
    restaurant cafe store shop club laboratory laboratories labs digital global manufacturing
    """.split()
)
FIRM_WORDS = LEGAL | TRADE
TITLES = frozenset(
    "mr mrs ms miss mx dr prof professor sir madam jr sr ii iii phd mba esq mister".split()
)
#: Forms of address behind a Chinese name, longest first.
HAN_TITLES = tuple(
    "董事长 副总经理 总经理 经理 先生 女士 小姐 太太 老师"
    " 博士 教授 主任 医生 律师 会计 主管 总监 同学 师傅"
    " 老板 总 工 董 局 处 姐 哥".split()
)
LONG_TITLES = tuple(title for title in HAN_TITLES if len(title) > 1)
COMPOUND_SURNAMES = frozenset(
    """
    欧阳 上官 司马 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 夏侯 端木 司徒 长孙 宇文 轩辕 南宫 独孤
    西门 百里
    """.split()
)
#: Readings as a surname that differ from the usual one.
SURNAME_READINGS = {
    "单": "shan", "曾": "zeng", "解": "xie", "仇": "qiu", "查": "zha", "区": "ou", "朴": "piao",
    "盖": "ge", "任": "ren", "华": "hua", "缪": "miao", "覃": "qin", "翟": "zhai", "乐": "yue",
    "员": "yun", "种": "chong", "冼": "xian", "万": "wan", "洗": "xian", "郝": "hao", "宁": "ning",
}  # fmt: skip
#: Romanised surnames, to tell "Wang Zhiqiang" from "Zhiqiang Wang".
ROMAN_SURNAMES = frozenset(
    """
    wang li zhang liu chen yang huang zhao wu zhou xu sun ma zhu hu guo he lin gao luo zheng liang
    xie song tang han feng deng cao peng zeng xiao tian dong pan yuan cai jiang yu du ye cheng
    wei su
    lu ding ren yao shen zhong cui tan fan wan shi liao jia xia fu fang zou xiong bai meng qin qiu
    hou yan xue lei long tao hao gu mao kong shao qian dai ou
    """.split()
)
NICKNAMES = {
    "bob": "robert", "rob": "robert", "bobby": "robert", "bill": "william", "will": "william",
    "billy": "william", "dick": "richard", "rick": "richard", "jim": "james", "jimmy": "james",
    "jack": "john", "johnny": "john", "mike": "michael", "mick": "michael", "dave": "david",
    "tom": "thomas", "tommy": "thomas", "tony": "anthony", "joe": "joseph", "steve": "stephen",
    "steven": "stephen", "chris": "christopher", "matt": "matthew", "dan": "daniel",
    "danny": "daniel", "andy": "andrew", "ed": "edward", "eddie": "edward", "ted": "edward",
    "liz": "elizabeth", "beth": "elizabeth", "betty": "elizabeth", "kate": "katherine",
    "kathy": "katherine", "catherine": "katherine", "katie": "katherine", "sue": "susan",
    "peggy": "margaret", "maggie": "margaret", "meg": "margaret", "jen": "jennifer",
    "jenny": "jennifer", "becky": "rebecca", "pat": "patricia", "patty": "patricia",
    "alex": "alexander", "sam": "samuel", "ben": "benjamin", "nick": "nicholas", "greg": "gregory",
    "ken": "kenneth", "ron": "ronald", "don": "donald", "tim": "timothy", "jeff": "jeffrey",
    "larry": "lawrence", "ray": "raymond", "debbie": "deborah", "cindy": "cynthia",
    "barb": "barbara", "chuck": "charles", "charlie": "charles",
}  # fmt: skip
FREE_MAIL = frozenset(
    """
    gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com icloud.com me.com
    aol.com gmx.de gmx.net web.de proton.me protonmail.com mail.com yandex.ru mail.ru qq.com
    foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com 139.com 189.cn 21cn.com
    aliyun.com
    tom.com vip.qq.com vip.163.com yahoo.co.uk yahoo.com.cn
    """.split()
)
ROLES = frozenset(
    """
    info sales contact office admin administrator support service services hello mail post webmaster
    hr jobs marketing team accounts accounting finance billing invoice invoices kontakt enquiries
    inquiry noreply no-reply donotreply postmaster reception help helpdesk order orders purchase
    purchasing buyer kefu xiaoshou caiwu shangwu bangong service1 sales1
    """.split()
)
STREET_WORDS = {
    "street": "st", "road": "rd", "avenue": "ave", "av": "ave", "boulevard": "blvd", "drive": "dr",
    "lane": "ln", "court": "ct", "place": "pl", "square": "sq", "terrace": "tce",
    "crescent": "cres",
    "circuit": "cct", "highway": "hwy", "parade": "pde", "close": "cl", "apartment": "apt",
    "suite": "ste", "building": "bldg", "floor": "fl", "north": "n", "south": "s", "east": "e",
    "west": "w", "strasse": "str", "straße": "str",
}  # fmt: skip
UNIT_WORDS = frozenset("flat apt unit ste room rm fl bldg no house".split())

"""Names of Chinese regions, made comparable. Pure Python.

Addresses come from ``wx.chooseAddress``, from people and from files, and write one
place in several ways: ``广东省`` and ``广东``, ``市辖区`` for the one city of Beijing,
``省直辖县级行政区划`` for the "city" of a county under its province.
"""

import re
from functools import lru_cache

_PROVINCE = re.compile(r"(?:(?:壮族|回族|维吾尔)?自治区|特别行政区|省|市)$")
_PEOPLES = (
    "蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|高山|"
    "拉祜|水|东乡|纳西|景颇|柯尔克孜|土|达斡尔|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|"
    "塔吉克|怒|乌孜别克|俄罗斯|鄂温克|德昂|保安|裕固|京|塔塔尔|独龙|鄂伦春|赫哲|门巴|珞巴|基诺"
)
_MIXED = r"(?:各族)?"
#: 恩施土家族苗族自治州, 博尔塔拉蒙古自治州, 长阳土家族自治县
_AUTONOMOUS = re.compile(
    rf"^(?P<stem>.{{2,}}?)(?:(?:{_PEOPLES})族|蒙古|哈萨克|柯尔克孜|塔吉克|锡伯)*"
    rf"{_MIXED}自治(?:州|县|旗)$"
)
_CITY = re.compile(r"^(?P<stem>.{2,}?)(?:市|地区|林区|盟)$")
_DISTRICT = re.compile(r"^(?P<stem>.{2,}?)(?:市|区|县|旗|林区)$")
#: what stands for "no city of its own" in a list of regions
_SAME_AS_PROVINCE = {"", "市辖区", "县", "市", "城区", "郊县"}
_UNDER_PROVINCE = re.compile(r"直辖(?:县|县级|行政|市)")


def province_name(name: str) -> str:
    """``广西壮族自治区`` → ``广西``; ``北京市`` → ``北京``."""
    name = name.strip()
    short = _PROVINCE.sub("", name)
    return short if len(short) >= 2 else name


def city_name(name: str) -> str:
    """``恩施土家族苗族自治州`` → ``恩施``; ``喀什地区`` → ``喀什``."""
    return _stem(name, _CITY)


def district_name(name: str) -> str:
    """``南山区`` → ``南山``; names of two characters (``城区``) stay."""
    return _stem(name, _DISTRICT)


def _stem(name, pattern):
    name = name.strip()
    found = _AUTONOMOUS.match(name) or pattern.match(name)
    return found["stem"] if found else name


@lru_cache(maxsize=8192)
def region_keys(province: str | None, city: str | None = "", district: str | None = ""):
    """Keys of a place, the most specific first, the whole country (``""``) last.

    ``("广东省", "深圳市", "南山区")`` gives
    ``("广东/深圳/南山", "广东/深圳", "广东", "")``.
    An unknown province gives ``("",)``.
    """
    top = province_name(province or "")
    if not top:
        return ("",)
    city, district = (city or "").strip(), (district or "").strip()
    if _UNDER_PROVINCE.search(city):
        city, district = district, ""
    elif city in _SAME_AS_PROVINCE:
        city = top if district else ""
    keys = ["", top]
    if city:
        keys.append(f"{top}/{city_name(city)}")
        if district:
            keys.append(f"{keys[-1]}/{district_name(district)}")
    return tuple(reversed(keys))


def region_key(province: str | None, city: str | None = "", district: str | None = ""):
    """The key of a place itself, see :func:`region_keys`."""
    return region_keys(province, city, district)[0]

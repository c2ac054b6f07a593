"""Addresses of the running processes, names, and small tools shared by the parts."""

import os
import sys
import threading
import time
from dataclasses import dataclass, field

from .. import apiclient
from ..rpc import Office
from ..sim import Sim
from .books import Books

NAMES = (
    "王小满", "李清和", "张立夏", "刘芒种", "陈白露", "杨寒露", "赵谷雨", "黄惊蛰",
    "周小暑", "吴处暑", "徐霜降", "孙立冬", "胡雨水", "朱清明", "高大雪", "林春分",
)  # fmt: skip
ADDRESSES = (
    ("浙江省", "杭州市", "西湖区", "文三路"),
    ("上海市", "上海市", "徐汇区", "漕溪北路"),
    ("广东省", "深圳市", "南山区", "科技园路"),
    ("四川省", "成都市", "武侯区", "人民南路"),
    ("北京市", "北京市", "海淀区", "中关村大街"),
    ("湖北省", "武汉市", "洪山区", "珞喻路"),
    ("江苏省", "南京市", "鼓楼区", "中山路"),
    ("陕西省", "西安市", "雁塔区", "小寨西路"),
)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@dataclass
class World:
    api_url: str
    office_url: str
    database: str
    appid: str
    mchid: str
    sim: Sim
    day: object
    books: Books
    seed: int = 7
    seconds: dict = field(default_factory=dict)
    _client: object = None
    _staff: dict = field(default_factory=dict)
    _shelf: dict = field(default_factory=dict)
    _carriers: dict = field(default_factory=dict)
    _lock: object = field(default_factory=threading.RLock)

    def client(self):
        """A fresh client, generated from the server's own OpenAPI document."""
        if self._client is None:
            self._client = apiclient.load(apiclient.fetch(self.api_url))
        return self._client(self.api_url)

    def office(self, login: str) -> Office:
        return Office(self.office_url, self.database, login, login)

    def staff(self, login: str) -> Office:
        """A session that stays open through the day, shared by the scenes."""
        with self._lock:
            if login not in self._staff:
                self._staff[login] = self.office(login)
            return self._staff[login]

    def carrier(self, name: str) -> int:
        """Id of a carrier."""
        with self._lock:
            if name not in self._carriers:
                [row] = self.staff("operator").search_read(
                    "delivery.carrier", [("name", "=", name)], ["id"]
                )
                self._carriers[name] = row["id"]
            return self._carriers[name]

    def listing(self, client, title: str) -> int:
        """Id of a listing by its title, as a shopper finds it in the shop window. A new
        shop fills its window while people look: what is missing is looked for again.

        :raises LookupError: not there after half a minute
        """
        with self._lock:
            until(lambda: title in self._shelf or self._look(client, title), 30, 1)
            if title not in self._shelf:
                raise LookupError(f"{title} is not on sale")
            return self._shelf[title]

    def _look(self, client, title):
        cursor = None
        while True:
            page = client.list_listings(limit=50, cursor=cursor)
            self._shelf |= {item["title"]: item["id"] for item in page["items"]}
            cursor = page["next_cursor"]
            if not cursor:
                return title in self._shelf

    def timed(self, name: str, title: str):
        return _Timed(self, name, title)


class _Timed:
    def __init__(self, world, name, title):
        self.world, self.name, self.title = world, name, title

    def __enter__(self):
        say(f"    {self.title}")
        self.start = time.monotonic()

    def __exit__(self, *exc):
        self.world.seconds[self.name] = round(time.monotonic() - self.start, 1)


def from_environment(day) -> World:
    env = os.environ
    return World(
        api_url=env["WX_API_URL"],
        office_url=env["WX_OFFICE_URL"],
        database=env["WX_DB"],
        appid=env["WX_APPID"],
        mchid=env["WX_MCHID"],
        sim=Sim(env["WX_SIM_URL"]),
        day=day,
        books=Books(env["WX_SIM_DB"], env["WX_PG_DSN"], env["WX_MCHID"]),
    )


def until(condition, seconds: float, pause: float = 0.5):
    """Polls until the condition gives something true; its last value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(pause)

"""The catalogue as a shopper sees it; pure Python. Amounts are integer fen, gross."""

from typing import Literal

from pydantic import Field

from odoo.addons.wx_base.schemas.base import PageQuery, WxOut, owned_id

Sort = Literal["default", "newest", "price_asc", "price_desc"]


class ListingQuery(PageQuery):
    """Page of the catalogue."""

    category_id: owned_id("category", "app") | None = None
    sort: Sort = "default"


class ListingItem(WxOut):
    """A listing in a list."""

    id: int
    title: str
    subtitle: str
    image: str | None = Field(description="Path on this host")
    price_fen: int = Field(description="Cheapest SKU")
    price_max_fen: int = Field(description="Dearest SKU")
    list_price_fen: int | None = Field(
        description="Ordinary price of the cheapest SKU when a rule lowers it"
    )
    sku_count: int


class ListingPage(WxOut):
    """A page; ``next_cursor`` is null on the last one."""

    items: list[ListingItem]
    next_cursor: str | None


class Picture(WxOut):
    """A picture of the listing."""

    url: str = Field(description="Path on this host")
    alt: str


class AxisValue(WxOut):
    """One choice of an axis."""

    id: int
    name: str
    color: str | None = Field(description="#rrggbb")


class Axis(WxOut):
    """What tells the SKUs apart, e.g. colour or size."""

    id: int
    name: str
    values: list[AxisValue]


class Tier(WxOut):
    """Unit price from a quantity on."""

    min_quantity: float
    price_fen: int


class Sku(WxOut):
    """A variant that can be bought."""

    id: int
    value_ids: list[int] = Field(description="One value of each axis")
    text: str = Field(description="Chosen values in words")
    price_fen: int
    list_price_fen: int | None
    tiers: list[Tier]
    image: str | None


class SkuStock(WxOut):
    """Stock of the moment."""

    state: Literal["in_stock", "low", "sold_out"]
    left: int | None = Field(description="Pieces left, told only when few")


class Listing(ListingItem):
    """A listing with everything its page shows."""

    description: str = Field(description="Cleaned HTML")
    images: list[Picture]
    category_ids: list[int]
    axes: list[Axis]
    skus: list[Sku]
    stock: dict[str, SkuStock] = Field(description="By SKU id")


class Category(WxOut):
    """A category and what is below it (three levels)."""

    id: int
    name: str
    image: str | None
    children: list["Category"]


class CategoryTree(WxOut):
    """The whole tree."""

    items: list[Category]

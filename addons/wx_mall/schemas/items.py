"""Lists of SKUs as a shopper sends them; pure Python."""

from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field

Item = TypeVar("Item")


def _each_sku_once(items):
    if len({item.sku_id for item in items}) != len(items):
        raise ValueError("each SKU only once; add up the quantities")
    return items


ItemList = Annotated[
    list[Item], Field(min_length=1, max_length=100), AfterValidator(_each_sku_once)
]

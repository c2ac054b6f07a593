"""Checks of JSON bodies: known fields, types, lengths, values.

All faults end in 400 PARAM_ERROR with the place of the first one. Lengths are
counted in characters.
"""

import re

from .errors import param_error

_INT64 = 2**63 - 1


class Field:
    """Base: ``required`` and a Chinese ``label`` for messages."""

    def __init__(self, label, required=False):
        self.label = label
        self.required = required

    def check(self, value, path):
        """Raise a PARAM_ERROR when the value does not fit."""
        raise NotImplementedError

    def fail(self, path, problem, value=None):
        """The error about this field."""
        shown = value if isinstance(value, (int, str)) else None
        text = f"输入源“{path}”映射到字段“{self.label}”规则校验失败，{problem}"
        return param_error(text, "body", path, shown)

    def wrong_type(self, path, wanted):
        """The error about a value of another type."""
        source = f"无法将JSON输入源“{path}”映射到目标字段“{self.label}”中"
        return param_error(f"{source}，此字段需要{wanted}", "body", path)


class Text(Field):
    """A string of ``low``..``high`` characters, of a pattern or of choices."""

    def __init__(self, label, high, low=1, required=False, pattern=None, choices=None):
        super().__init__(label, required)
        self.low, self.high = low, high
        self.pattern = re.compile(pattern) if pattern else None
        self.choices = choices

    def check(self, value, path):
        if not isinstance(value, str):
            raise self.wrong_type(path, "一个字符串")
        if len(value) < self.low:
            problem = f"字符串长度 {len(value)}，小于最小值 {self.low}"
            raise self.fail(path, problem, value)
        if len(value) > self.high:
            problem = f"字符串长度 {len(value)}，大于最大值 {self.high}"
            raise self.fail(path, problem)
        if self.pattern and not self.pattern.fullmatch(value):
            raise self.fail(path, "包含非法字符或格式错误", value)
        if self.choices and value not in self.choices:
            raise self.fail(path, f"取值须为{'、'.join(self.choices)}", value)


class Int(Field):
    """A whole number, not a string and not a boolean."""

    def __init__(self, label, low=None, high=_INT64, required=False):
        super().__init__(label, required)
        self.low, self.high = low, high

    def check(self, value, path):
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong_type(path, "一个合法的 64 位有符号整数")
        if self.low is not None and value < self.low:
            raise self.fail(path, f"值低于最小值 {self.low}", value)
        if value > self.high:
            raise self.fail(path, f"值高于最大值 {self.high}")


class Bool(Field):
    """true or false."""

    def check(self, value, path):
        if not isinstance(value, bool):
            raise self.wrong_type(path, "一个布尔值")


class Items(Field):
    """A list whose members fit one field; at most ``high`` of them."""

    def __init__(self, label, item, high=6000, required=False):
        super().__init__(label, required)
        self.item, self.high = item, high

    def check(self, value, path):
        if not isinstance(value, list):
            raise self.wrong_type(path, "一个数组")
        if len(value) > self.high:
            raise self.fail(path, f"数组长度大于最大值 {self.high}")
        for index, member in enumerate(value):
            self.item.check(member, f"{path}/{index}")


class Obj(Field):
    """An object of named fields; any other name is an error."""

    def __init__(self, label, fields, required=False):
        super().__init__(label, required)
        self.fields = fields

    def check(self, value, path):
        if not isinstance(value, dict):
            raise self.wrong_type(path or "/", "一个对象")
        for name in value:
            if name not in self.fields:
                error = param_error(
                    "参数中含有非法的额外参数", "body", f"{path}/{name}"
                )
                error.internal = 270924358
                raise error
        for name, field in self.fields.items():
            if name in value:
                field.check(value[name], f"{path}/{name}")
            elif field.required:
                raise param_error(
                    f"输入源“{path}/{name}”映射到字段“{field.label}”必填性规则校验失败，"
                    "此字段为必填项",
                    "body",
                    f"{path}/{name}",
                )


def check_body(request, schema):
    """The request's JSON object once it fits the schema."""
    body = request.json()
    if not request.body:
        raise param_error("请求体为空，请使用json格式")
    schema.check(body, "")
    return body

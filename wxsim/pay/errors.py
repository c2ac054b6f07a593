"""Errors of the pay platform: HTTP status, code, Chinese message."""


class PayError(Exception):
    """A business error; ``internal`` is the number at the end of Request-ID."""

    def __init__(self, status, code, message, detail=None, internal=268578704):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail
        self.internal = internal

    def document(self):
        """The JSON body."""
        out = {"code": self.code, "message": self.message}
        if self.detail is not None:
            out["detail"] = self.detail
        return out


class SignError(PayError):
    """The request's signature does not hold: 401, answer not signed."""

    def __init__(self, message="错误的签名，验签失败", detail=None):
        super().__init__(401, "SIGN_ERROR", message, detail, 268443699)


def param_error(message, location="body", field=None, value=None):
    """400 PARAM_ERROR about one field."""
    detail = {"location": location}
    if field:
        detail["field"] = field
    if value is not None:
        detail["value"] = value
    return PayError(400, "PARAM_ERROR", message, detail)


def invalid_request(message, internal=268578704):
    """400 INVALID_REQUEST: well-formed, against a rule."""
    return PayError(400, "INVALID_REQUEST", message, internal=internal)


def switched(sim, name, message, internal=268578704):
    """The error that a ``CODE_status`` switch stands for."""
    code, _, status = sim.settings.unsure(name).rpartition("_")
    return PayError(int(status), code, message, internal=internal)


def system_error():
    """500 SYSTEM_ERROR: repeat with the same parameters."""
    return PayError(500, "SYSTEM_ERROR", "系统繁忙，请稍后重试")

"""Routes of refunds: apply, query, handle an abnormal one."""

from ..core.app import route
from . import crypto, fields, merchants, refunds
from .errors import PayError, invalid_request, param_error
from .gateway import document, limited
from .signer import same_serial
from .validate import check_body

_REFUNDS = "/v3/refund/domestic/refunds"


@route("POST", _REFUNDS, area="pay")
@limited("refund")
def apply(sim, request):
    """Apply for a refund; 200 means accepted, usually PROCESSING."""
    body = check_body(request, fields.REFUND)
    merchant = request.ctx["merchant"]
    try:
        with sim.store.write() as db:
            row = refunds.apply(sim, db, merchant, body)
            answer = refunds.document(sim, db, row)
    except refunds.Refused:
        with sim.store.write() as db:
            refunds.plan(sim, db, merchant["mchid"], body["out_refund_no"], "SUCCESS")
        raise
    return document(answer)


@route("GET", _REFUNDS + "/{out_refund_no}", area="pay")
@limited("refund_query")
def query(sim, request, out_refund_no):
    """The refund by the merchant's number."""
    refunds.finish_due(sim)
    with sim.store.read() as db:
        row = refunds.by_number(db, request.ctx["merchant"]["mchid"], out_refund_no)
        if row is None:
            raise PayError(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
        return document(refunds.document(sim, db, row))


@route("POST", _REFUNDS + "/{refund_id}/apply-abnormal-refund", area="pay")
def abnormal(sim, request, refund_id):
    """Send an ABNORMAL refund to another card; it is PROCESSING again."""
    body = check_body(request, fields.ABNORMAL)
    merchant = request.ctx["merchant"]
    if body["type"] == "USER_BANK_CARD":
        for name in ("bank_type", "bank_account", "real_name"):
            if not body.get(name):
                raise param_error(f"缺少参数{name}", "body", f"/{name}")
    _decrypt(sim, request, merchant, body)
    with sim.store.write() as db:
        row = refunds.by_number(db, merchant["mchid"], body["out_refund_no"])
        if row is None or row["refund_id"] != refund_id:
            raise PayError(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
        if row["state"] != "ABNORMAL":
            raise invalid_request("退款单状态不是退款异常")
        receiver = "商户结算银行账户"
        if body["type"] == "USER_BANK_CARD":
            receiver = f"{body['bank_type']}银行卡"
        db.execute(
            "UPDATE refunds SET state='PROCESSING', outcome='SUCCESS', due=?, "
            "channel='OTHER_BANKCARD', receiver=? WHERE id=?",
            (
                sim.clock.now() + sim.settings.get("refund_delay"),
                receiver,
                row["id"],
            ),
        )
        return document(refunds.document(sim, db, refunds.by_id(db, row["id"])))


def _decrypt(sim, request, merchant, body):
    sealed = [body[n] for n in ("bank_account", "real_name") if body.get(n)]
    if sealed:
        key = key_of_serial(sim, request, merchant)
        for value in sealed:
            open_sealed(key, value)


def open_sealed(key, value):
    """The clear text of an encrypted field; PARAM_ERROR when it is not ours."""
    try:
        return crypto.oaep_decrypt(key["private_pem"], value)
    except ValueError:
        raise param_error("敏感信息解密失败，请检查加密使用的公钥或证书") from None


def key_of_serial(sim, request, merchant):
    """The platform key that ``Wechatpay-Serial`` names; PARAM_ERROR if none."""
    wanted = request.header("Wechatpay-Serial").strip()
    mode = merchant["trust_mode"]
    with sim.store.read() as db:
        found = []
        if mode != "certificate":
            found += merchants.keys(db, merchant["mchid"], "public_key")
        if mode != "public_key":
            now = sim.clock.now()
            found += merchants.valid_certificates(db, merchant["mchid"], now)
    for key in found:
        if wanted and same_serial(key["serial"], wanted):
            return key
    raise param_error(
        "平台证书序列号Wechatpay-Serial错误", "header", "Wechatpay-Serial"
    )

"""Baseline, Odoo shell: COPY of the 27 cleaned columns with the unique index."""
# ruff: noqa: F821  (``env`` and ``FILES`` are the shell's)

import time

cr = env.cr
cr.execute("DROP TABLE IF EXISTS bench_bill")
cr.execute("""CREATE TABLE bench_bill (
    trade_time timestamp, appid varchar, mchid varchar, sub_mchid varchar,
    device varchar, transaction_id varchar, out_trade_no varchar, openid varchar,
    trade_type varchar, trade_state varchar, bank varchar, currency varchar,
    settle_fen bigint, coupon_fen bigint, refund_id varchar, out_refund_no varchar,
    refund_fen bigint, coupon_refund_fen bigint, refund_type varchar,
    refund_state varchar, product_name varchar, attach varchar, fee_fen bigint,
    rate_ppm int, order_fen bigint, applied_refund_fen bigint, rate_note varchar)""")
cr.execute(
    "CREATE UNIQUE INDEX ON bench_bill (transaction_id, coalesce(refund_id, ''))"
)
cr.commit()
begun = time.perf_counter()
with open(FILES["clean"], "rb") as source:
    cr.copy_expert("COPY bench_bill FROM STDIN WITH (NULL '')", source, 1 << 16)
cr.commit()
print("seconds", time.perf_counter() - begun)

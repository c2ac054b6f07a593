"""Why a bill file was refused and what to do, in the user's language.

Keys are the codes of ``billparser.errors.MESSAGES``; each text ends with the next step,
because the one who reads it is an accountant with a file in hand.
"""


def of_file(env):
    """Reasons that concern the whole file."""
    original = env._(
        "Download the file again from WeChat Pay's merchant platform and upload it as "
        "it is, without opening it in a spreadsheet program."
    )
    return {
        **_of_form(env, original),
        **_of_kind(env, original),
        **_of_contents(env, original),
    }


def _of_form(env, original):
    """What lies there is no bill as WeChat gives it."""
    return {
        "empty": env._("The file is empty. %s", original),
        "html": env._(
            "This is a web page, not a bill: the login has expired or the address was "
            "saved instead of the file. %s",
            original,
        ),
        "spreadsheet": env._(
            "A spreadsheet program has saved this file: marks before the numbers are "
            "lost and long numbers are rounded. %s",
            original,
        ),
        "gbk": env._(
            "The file is encoded in GBK; WeChat's bills are UTF-8, so another program "
            "has saved it. %s",
            original,
        ),
        "encoding": env._("The text is not UTF-8. %s", original),
        "gzip": env._("The packed file is damaged. %s", original),
        "wrong_hash": env._(
            "The bytes are not those that WeChat announced: the file was damaged or "
            "changed on the way. It is fetched again; if this goes on, look for a "
            "proxy between this server and WeChat."
        ),
    }


def _of_kind(env, original):
    """It is another bill, or its columns are not those of a bill."""
    return {
        "unknown_header": env._(
            "This is not the header of a WeChat bill. Choose a trade bill or a "
            "fund-flow bill of WeChat Pay."
        ),
        "wrong_kind": env._(
            "This is the other kind of bill. Choose the trade bill for payments, the "
            "fund-flow bill for movements of money."
        ),
        "variant": env._(
            "The bill of all transactions is needed; this one holds a part of them. "
            "Download the bill with the type “all”."
        ),
        "legacy_layout": env._(
            "This is the bill layout of merchants from before 2018. Have the product "
            "“no-recharge coupon” switched on in the merchant platform: from then on "
            "bills have the present layout."
        ),
        "missing_column": env._(
            "The column is missing. Somebody has cut the file, or WeChat has changed "
            "its layout. %s",
            original,
        ),
        "double_column": env._("The column is there twice. %s", original),
    }


def _of_contents(env, original):
    """Lines are missing, or there are too many."""
    return {
        "truncated": env._("The file ends in the middle of a line. %s", original),
        "no_summary": env._(
            "The file ends before its summary, so lines may be missing. %s", original
        ),
        "trailing": env._(
            "There are lines after the summary: two bills in one file? Upload each by "
            "itself."
        ),
        "summary_count": env._(
            "The number of lines differs from the summary: lines are missing or were "
            "added. %s",
            original,
        ),
        "summary_total": env._(
            "The sum of the lines differs from the summary: an amount was changed or "
            "lines are missing. %s",
            original,
        ),
    }


def of_line(env):
    """Reasons that concern one line."""
    platform = env._(
        "Compare the line with the merchant platform and report it to WeChat Pay if it "
        "stands there too."
    )
    return {
        "bad_char": env._(
            "The line contains a character that no text may contain. %s", platform
        ),
        "cell_count": env._(
            "The number of cells differs from the header: the line was cut or edited. "
            "%s",
            platform,
        ),
        "bad_line": env._(
            "The line is neither a detail line nor the summary. %s", platform
        ),
        "bad_amount": env._(
            "This is not an amount in yuan and whole fen. %s", platform
        ),
        "bad_time": env._("This is not a time. %s", platform),
        "bad_rate": env._("This is not a percentage up to 100. %s", platform),
        "bad_direction": env._("This is neither income nor expense. %s", platform),
        "missing_value": env._("The cell is empty but must not be. %s", platform),
        "too_long": env._(
            "The number is longer than any that WeChat gives. %s", platform
        ),
        "formula": env._(
            "The cell holds a formula instead of a value: a spreadsheet program has "
            "been at the file, or somebody tries to smuggle one in. Do not open it in "
            "a spreadsheet program; download the bill again."
        ),
        "fee_too_large": env._(
            "The fee is larger than the amount, which cannot be. Nothing was loaded. "
            "%s",
            platform,
        ),
        "foreign_merchant": env._(
            "This belongs to another merchant. Choose that merchant, or download the "
            "bill of this one."
        ),
        "other_day": env._(
            "This belongs to another day than the bill. Choose the right day, or "
            "download the bill of one single day."
        ),
    }

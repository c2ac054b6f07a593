from . import account_statement_import
from . import wx_bill_fetch
from . import wx_bill_remedy
from . import wx_bill_upload
from . import wx_pay_accounting_setup

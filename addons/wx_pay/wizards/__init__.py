from . import wx_bill_fetch
from . import wx_bill_upload
from . import wx_pay_accounting_setup

from . import wx_pay_service
from . import wx_pay_facts
from . import wx_pay_refund
from . import wx_pay_sweep
from . import wx_pay_matching
from . import wx_pay_ledger
from . import wx_pay_story

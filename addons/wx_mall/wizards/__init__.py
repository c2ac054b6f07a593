from . import wx_consumer_setup
from . import wx_list_products
from . import wx_order_refund_settle
from . import wx_order_refund_wizard
from . import wx_order_refund_wizard_line
from . import wx_parcel_note
from . import wx_order_exception_accept

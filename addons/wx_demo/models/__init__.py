from . import wx_demo
from . import wx_demo_freight
from . import wx_demo_fulfilment

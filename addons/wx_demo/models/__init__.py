from . import wx_demo

from . import wx_reveal

from . import wx_session_service
from . import wx_user_service
from . import wx_push_service

from . import checkout
from . import notify
from . import portal

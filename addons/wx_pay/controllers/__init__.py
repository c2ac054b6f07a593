from . import notify
from . import portal

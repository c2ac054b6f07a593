from . import bare
from . import confirm

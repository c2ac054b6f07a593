from . import main
from . import nodb
from . import sessions
from . import users
from . import events
from . import push

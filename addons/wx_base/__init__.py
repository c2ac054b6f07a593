from . import models
from . import services
from . import controllers
from . import wizards

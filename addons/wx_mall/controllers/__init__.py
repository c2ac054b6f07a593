from . import catalogue
from . import addresses
from . import media
from . import cart
from . import orders
from . import parcels

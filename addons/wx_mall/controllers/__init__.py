from . import catalogue
from . import checkout
from . import addresses
from . import media
from . import cart
from . import orders
from . import parcels
from . import pickup

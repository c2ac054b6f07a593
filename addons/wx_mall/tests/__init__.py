from . import test_consumer_prices
from . import test_order_stock
from . import test_order_intake
from . import test_catalogue
from . import test_addresses
from . import test_listing
from . import test_order_posting
from . import test_listing_tour

"""Orders: the visits and the baskets they fill."""

from bookshop.orders.baskets import basket_of


def visit(visitor):
    basket = basket_of("visitor-%d" % visitor)
    basket.put("book %d" % (visitor % 10))
    return sorted(basket.lines)

# /// leak
# severity = "leak"
# kind = "container"
# names = ["carts", "Cart"]
# requires = ["flask"]
# advice = ["bound|remove|expire|evict|ttl|lru|dict|weak|delete|pop"]
# ///
"""A Flask application that keeps a cart for every visitor in app.extensions, driven by its test client."""

import time

import flask

app = flask.Flask("shop")
app.extensions["carts"] = {}


class Cart:
    def __init__(self, visitor):
        self.visitor = visitor
        self.articles = []
        self.recommended = ["article %d for %d" % (n, visitor) for n in range(60)]  # LEAK


@app.route("/visit/<int:visitor>")
def visit(visitor):
    carts = flask.current_app.extensions["carts"]
    cart = carts.setdefault(visitor, Cart(visitor))  # LEAK
    return flask.jsonify(articles=cart.articles, visitor=visitor)


def main():
    client = app.test_client()
    stop = time.monotonic() + 9
    visitor = 0
    while time.monotonic() < stop:
        assert client.get("/visit/%d" % visitor).json["visitor"] == visitor
        visitor += 1
        time.sleep(0.02)


main()

# /// not-leak
# requires = ["flask"]
# ///
"""A Flask application that keeps nothing between requests, driven by its test client."""

import time

import flask

app = flask.Flask("shop")


@app.route("/article/<int:number>")
def article(number):
    flask.g.lines = ["line %d of %d" % (n, number) for n in range(100)]
    return flask.render_template_string("<h1>{{ number }}</h1>{% for line in g.lines %}<p>{{ line }}</p>{% endfor %}", number=number)


def main():
    client = app.test_client()
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        assert client.get("/article/%d" % number).status_code == 200
        number += 1
        time.sleep(0.03)


main()

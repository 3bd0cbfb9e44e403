# /// leak
# severity = "leak"
# kind = "container"
# names = ["KNOWN", "type|class"]
# advice = ["class"]
# ///
"""A class made for each request, and remembered by the registry that its base class keeps."""

import time


class Form:
    KNOWN = []

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        Form.KNOWN.append(cls)  # LEAK


def form_for(request):
    fields = {"field_%d" % n: "label %d" % (request + n) for n in range(8)}

    class RequestForm(Form):  # LEAK
        number = request
        labels = fields

        def check(self):
            return self.number

    return RequestForm().check()


def main():
    stop = time.monotonic() + 9
    request = 0
    while time.monotonic() < stop:
        form_for(request)  # LEAK
        request += 1
        time.sleep(0.012)


main()

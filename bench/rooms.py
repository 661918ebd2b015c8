"""`make bench-rooms`: five hundred open rooms, a post a second, and what the pages beside them cost."""

import argparse
import http.client
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from bench.__main__ import PAGE, environment, say
from tests.servers import Postgres, free_port, wait_until

EACH = 10  # rooms that one person has open
BEGIN, END = "<!-- rooms -->", "<!-- /rooms -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", type=int, default=500)
    parser.add_argument("--posts", type=int, default=60)
    parser.add_argument("--requests", type=int, default=60, help="of each page, without and with the rooms")
    given = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="desk-bench-")
    server = Postgres(fsync=True).create()
    try:
        environment(server.url, folder)
        os.environ |= {"STREAM_CONNECTIONS": str(given.rooms + 10), "REQUIRE_SECOND_FACTOR": "0"}
        measure(given)
    finally:
        server.remove()
        shutil.rmtree(folder, ignore_errors=True)


def measure(given) -> None:
    import django

    django.setup()
    from bench import take, work
    from bench.server import Gunicorn

    take.prepare(is_loaded=False)
    take.load(max(given.rooms, 600))
    orders, sessions = open_rooms(given.rooms)
    web, (process, port) = Gunicorn(), stream()
    try:
        pages = {"my work": "/", "order's room": orders[0].get_absolute_url(), "orders": "/orders/"}
        cookie = take.cookie_of(work.manager())
        for url in pages.values():
            web.cost([url] * 4, cookie)
        say("the pages without rooms")
        before = {name: web.cost([url] * given.requests, cookie) for name, url in pages.items()}
        say(f"{given.rooms} rooms are opened")
        ears = Ears(port, orders, sessions)
        used = ears.processor(process.pid)
        say(f"{given.posts} posts, one a second, and the pages beside them")
        posting = threading.Thread(target=post_each_second, args=(orders, ears, given.posts))
        started = time.monotonic()
        posting.start()
        after = {name: web.cost([url] * given.requests, cookie) for name, url in pages.items()}
        posting.join()
        share = (ears.processor(process.pid) - used) / (time.monotonic() - started)
        text = table(given, before, after, ears.waits(), share)
    finally:
        web.stop()
        process.terminate()
        process.wait(20)
    print(text)
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(re.sub(f"{BEGIN}.*{END}", f"{BEGIN}\n{text}\n{END}", page, flags=re.DOTALL), encoding="utf-8")


def open_rooms(number):
    """Living orders, then closed ones where nobody writes, and so many people that each has ten of them open."""
    from bench.take import cookie_of
    from orders.models import UrgentOrder
    from people.models import Department, User

    orders = list(UrgentOrder.objects.submitted().filter(closed_at__isnull=True).order_by("pk")[:number])
    orders += list(UrgentOrder.objects.submitted().exclude(pk__in=[order.pk for order in orders])
                   .filter(closed_at__isnull=False).order_by("-closed_at")[: number - len(orders)])  # fmt: skip
    management = Department.objects.get(code="management")
    people = [User(username=f"room{n}", name=f"经理{n}", role="manager", department=management, password="!")
              for n in range(-(-number // EACH))]  # fmt: skip
    User.objects.bulk_create(people)
    return orders, [cookie_of(person) for person in people]


def stream():
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "config.stream", "--port", str(port)])

    def answers():
        connection = http.client.HTTPConnection("127.0.0.1", port)
        try:
            connection.request("GET", "/stream/")
            return connection.getresponse().status == 401
        except OSError:
            return False
        finally:
            connection.close()

    wait_until(answers, seconds=60)
    return process, port


class Ears:
    """Every room's page: what it heard, and when."""

    def __init__(self, port, orders, sessions):
        self.heard, self.posted = {}, {}
        threading.stack_size(256 * 1024)
        for place, order in enumerate(orders):
            connection = http.client.HTTPConnection("127.0.0.1", port)
            cookie = {"Cookie": f"sessionid={sessions[place // EACH]}"}
            connection.request("GET", f"/stream/?room={order.pk}", headers=cookie)
            answer = connection.getresponse()
            if answer.status != 200:
                raise RuntimeError(f"room {order.pk}: {answer.status}")
            threading.Thread(target=self.listen, args=(order.pk, answer, connection), daemon=True).start()

    def listen(self, order, answer, connection):
        for line in answer:
            if line == b"data: room\n" and order not in self.heard:
                self.heard[order] = time.monotonic()

    def waits(self) -> list[float]:
        wait_until(lambda: self.posted.keys() <= self.heard.keys(), seconds=30)
        return sorted(self.heard[order] - at for order, at in self.posted.items())

    @staticmethod
    def processor(pid) -> float:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def post_each_second(orders, ears, number) -> None:
    from django.db import connection

    from coordination.actions import post
    from people.models import User

    by = User.objects.get(username="chen")
    living = [order for order in orders if order.closed_at is None]
    for order in random.Random(3).sample(living, min(number, len(living))):
        began = time.monotonic()
        try:
            post(order_id=order.pk, by=by, text="板料今晚发车，运单已上传。")
        except Exception as refused:
            say(f"not posted: {refused}")
        else:
            ears.posted[order.pk] = time.monotonic()
        time.sleep(max(0, 1 - (time.monotonic() - began)))
    connection.close()


def table(given, before, after, waits, share) -> str:
    rows = "\n".join(
        f"| {name} | {before[name].milliseconds:.0f} ms | {after[name].milliseconds:.0f} ms |"
        f" {after[name].milliseconds / before[name].milliseconds:.2f} | {before[name].processor:.0f} ms |"
        f" {after[name].processor:.0f} ms |" for name in before
    )
    most = waits[int(len(waits) * 0.95)]
    load = os.getloadavg()[1]
    return (
        f"{given.rooms} rooms open in one stream process, {len(waits)} posts, one a second; {os.cpu_count()} processors"
        f", load {load:.1f}. From the post's commit to the news in its room: median {statistics.median(waits):.2f} s,"
        f" 95 % {most:.2f} s, longest {waits[-1]:.2f} s. The stream process used {share * 100:.0f} % of one"
        " processor.\n\n"
        "| page | without rooms | with them | ratio | processor without | processor with |\n"
        "|---|---|---|---|---|---|\n" + rows
    )


if __name__ == "__main__":
    main()

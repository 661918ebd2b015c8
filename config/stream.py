"""The stream: a small ASGI process of its own, `python -m config.stream --port 8001` (docs/adr/0009).

Pages stay with gunicorn. Any number of these may run; without one the pages ask every half minute.
"""

import argparse
import asyncio
import os
import signal
from urllib.parse import parse_qs

import django
import uvicorn

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.http import parse_cookie  # noqa: E402

from config.live import Hub  # noqa: E402

PATH = "/stream/"
PING_SECONDS = 15
RETRY_SECONDS = 30
REOPEN_MILLISECONDS = 3000
END_SECONDS = 5
# Each connection carries one answer, so that a front may choose by the first line (config/front.py).
ONE_ANSWER = [(b"connection", b"close"), (b"cache-control", b"no-store")]
EVENTS = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no"), *ONE_ANSWER]
hub = Hub()


async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        await live(receive, send)
    elif scope["type"] == "http":
        await answer(scope, receive, send)


async def live(receive, send):
    await receive()
    running = asyncio.create_task(hub.run())
    await send({"type": "lifespan.startup.complete"})
    await receive()
    running.cancel()
    hub.database.shutdown()
    await send({"type": "lifespan.shutdown.complete"})


async def answer(scope, receive, send):
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    if scope["path"] != PATH or scope["method"] != "GET":
        return await refuse(send, 404)
    if headers.get(b"sec-fetch-site", "same-origin") != "same-origin":
        return await refuse(send, 403)
    session = parse_cookie(headers.get(b"cookie", "")).get(settings.SESSION_COOKIE_NAME, "")
    if hub.is_full or hub.is_ending():
        return await refuse(send, 503)
    try:
        listener = await hub.admit(session, room_of(scope["query_string"]))
    except Exception:  # the database is away: the page tries again by itself
        return await refuse(send, 503)
    if listener is None:
        return await refuse(send, 401)
    try:
        if hub.is_full_for(listener.person):
            return await refuse(send, 503)
        await tell(listener, receive, send)
    finally:
        hub.listeners.discard(listener)


def room_of(query: bytes) -> int | None:
    """`room=12`: the order whose room the page shows."""
    asked = parse_qs(query.decode("latin-1")).get("room", [""])[0]
    return int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 19 else None


async def refuse(send, status):
    wait = [(b"retry-after", str(RETRY_SECONDS).encode())] if status == 503 else []
    await send({"type": "http.response.start", "status": status, "headers": [*wait, *ONE_ANSWER]})
    await send({"type": "http.response.body"})


async def tell(listener, receive, send):
    """Until the page goes, the session ends, or this process does."""
    await send({"type": "http.response.start", "status": 200, "headers": EVENTS})
    gone = asyncio.create_task(left(receive))
    try:
        await write(send, f"retry: {REOPEN_MILLISECONDS}\n\n")
        while not gone.done() and not listener.is_ended:
            await write(send, await news(listener, gone))
        await send({"type": "http.response.body"})
    finally:
        gone.cancel()


async def left(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


async def news(listener, gone) -> str:
    waiting = asyncio.create_task(listener.has_news.wait())
    await asyncio.wait({waiting, gone}, timeout=PING_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    listener.has_news.clear()
    told = "".join(f"event: news\ndata: {name}\n\n" for name in sorted(listener.news))
    listener.news.clear()
    return told or ": still here\n\n"


async def write(send, text):
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


def main():
    parser = argparse.ArgumentParser(description="Tell pages at once that something new waits.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001)
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn sends itself the signal again once it is done
        signal.signal(number, lambda *_: None)
    server = uvicorn.Server(uvicorn.Config(
        application, host=options.host, port=options.port, lifespan="on", log_config=None, access_log=False,
        server_header=False, timeout_graceful_shutdown=END_SECONDS,
    ))  # fmt: skip
    hub.is_ending = lambda: server.should_exit
    server.run()


if __name__ == "__main__":
    main()

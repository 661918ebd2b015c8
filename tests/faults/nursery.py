"""A process that has the desk loaded and forks the others from it: one that is killed is at work again in no time.

Each line of its input is a JSON object, what to become; the answer is the number of the new process. A child runs what
`manage.py`, `celery` or `gunicorn` would run, with its own connections; only the seconds of the imports are saved, so
that a random kill meets work. `trap` and `skew` change that child alone: the product knows of neither.
"""

import json
import os
import random
import signal
import sys
from contextlib import suppress
from datetime import timedelta

import django
from celery.__main__ import main as celery_main
from django.core.management import execute_from_command_line
from django.utils import timezone
from django.utils.module_loading import import_string
from gunicorn.app.wsgiapp import run as gunicorn_main

from tests.faults.trap import Trap

PROGRAMS = {"celery": celery_main, "gunicorn": gunicorn_main}
children = set()


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    import_string("config.celery.app")
    import_string("config.management.commands.run_sla.Command")
    signal.signal(signal.SIGCHLD, reap)
    print("ready", flush=True)
    for line in sys.stdin:
        print(fork(**json.loads(line)), flush=True)
    for pid in children:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def reap(_number, _frame) -> None:
    with suppress(ChildProcessError):
        while (pid := os.waitpid(-1, os.WNOHANG)[0]):
            children.discard(pid)


def fork(*, command, log, trap=None, skew=0) -> int:
    """`trap`: the point and the signal (Trap); `skew`: by how many seconds its wall clock is wrong."""
    pid = os.fork()
    if pid:
        children.add(pid)
        return pid
    status = 1
    try:
        settle(log)
        if skew:
            right = timezone.now
            timezone.now = lambda: right() + timedelta(seconds=skew)
        if trap:
            Trap(*trap).set()
        become(*command)
        status = 0
    except SystemExit as ended:
        status = ended.code or 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 1)


def settle(log) -> None:
    """A session, a log and chances of its own."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with open(log, "a") as output, open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    random.seed()


def become(program, *arguments) -> None:
    if program == "manage":
        execute_from_command_line(["manage.py", *arguments])
    elif program in PROGRAMS:
        sys.argv = [program, *arguments]
        PROGRAMS[program]()
    else:
        import_string(program)(*arguments)


if __name__ == "__main__":
    main()

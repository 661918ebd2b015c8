"""Two people at the same moment, each on a connection of their own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connections

from desk.refusals import Refusal


def at_once(*deeds):
    """Let them go together; what each gave, or the refusal it met, in their order."""
    start = Barrier(len(deeds))

    def run(deed):
        try:
            start.wait(30)
            return deed()
        except Refusal as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def refusals(answers) -> list:
    return [answer for answer in answers if isinstance(answer, Refusal)]

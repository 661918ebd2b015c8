"""gunicorn with two sync workers, what its workers used of the processor, and a client that keeps its connection."""

import http.client
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.servers import free_port, wait_until

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    milliseconds: float  # the median request, with the wire
    processor: float  # milliseconds of the workers' processors, each


class Gunicorn:
    def __init__(self, **environment):
        self.port = free_port()
        command = ["-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{self.port}", "--workers", "2",
                   "--worker-class", "sync", "--log-level", "error", "--no-control-socket"]  # fmt: skip
        self.process = subprocess.Popen([sys.executable, *command], env=os.environ | environment)
        wait_until(self.answers, seconds=60)

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status < 600
        except OSError:
            return False
        finally:
            connection.close()

    def workers(self) -> list[str]:
        return Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()

    def used_seconds(self) -> float:
        stats = [Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split() for pid in self.workers()]
        return sum(int(fields[11]) + int(fields[12]) for fields in stats) / TICKS

    def ask(self, url: str, cookie: str) -> float:
        """Seconds of one request; a refusal is a fault of the bench."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        started = time.perf_counter()
        connection.request("GET", url, headers={"Cookie": f"sessionid={cookie}"})
        response = connection.getresponse()
        response.read()
        seconds = time.perf_counter() - started
        connection.close()
        if response.status != 200:
            raise RuntimeError(f"{url}: {response.status}")
        return seconds

    def cost(self, urls, cookie) -> Cost:
        used, seconds = self.used_seconds(), [self.ask(url, cookie) for url in urls]
        spent = self.used_seconds() - used
        return Cost(statistics.median(seconds) * 1000, spent * 1000 / len(seconds))

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)

"""One line a record: plain for a person at the terminal, JSON for a machine that collects.

Who and which request are bound by the request's middleware; names, addresses and what was typed stay out.
"""

import structlog

SHARED = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(allow=["status_code"]),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
PLAIN = [structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)]
JSON = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]


def logging_config(form: str, *, level: str) -> dict:
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(), wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )  # fmt: skip
    last = JSON if form == "json" else PLAIN
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter, "foreign_pre_chain": SHARED,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    }  # fmt: skip
    return {
        "version": 1, "disable_existing_loggers": False, "formatters": {"chosen": formatter},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "chosen"}},
        # These would write the addresses of group robots, which are keys; what failed is said by the desk itself.
        "loggers": {"apprise": {"level": "CRITICAL"}, "urllib3": {"level": "CRITICAL"}},
        "root": {"handlers": ["console"], "level": level},
    }  # fmt: skip

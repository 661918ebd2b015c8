"""Figures for Prometheus: those of the requests (django-prometheus, all processes together) and our own.

Ours are asked of the database when somebody scrapes, so every web server gives the same.
"""

import os
from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from notifications.reports import backlog
from orders.models import UrgentOrder
from sla.models import Heartbeat, WorkItem


class Desk:
    """What an alarm can be set on; docs/operations.md says what each means."""

    def collect(self):
        now = timezone.now()
        due = WorkItem.objects.due(now).in_earnest().values_list("next_fire_at", flat=True).first()
        yield gauge("desk_due_unfired_seconds", "Age of the oldest call that is due and not made",
                    (now - due).total_seconds() if due else 0)  # fmt: skip
        post = backlog(now)
        yield gauge("desk_outbox_waiting", "Letters not sent yet", post.waiting)
        yield gauge("desk_outbox_oldest_seconds", "Since when the oldest letter should be out", post.oldest_seconds)
        yield gauge("desk_outbox_dead", "Letters given up", post.dead)
        orders = UrgentOrder.objects.submitted().open().order_by()
        late = orders.filter(stage_item__due_at__lt=now)
        yield by("stage", "desk_orders_open", "Open orders by stage", counts(orders))
        yield by("stage", "desk_orders_late", "Open orders past their stage's limit", counts(late))
        beats = {beat.name: (now - beat.ok_at).total_seconds() for beat in Heartbeat.objects.all()}
        yield by("job", "desk_heartbeat_age_seconds", "Since a periodic job last went through", beats)


def gauge(name, text, value):
    return GaugeMetricFamily(name, text, value=value)


def by(label, name, text, values: dict):
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def counts(orders) -> dict:
    return dict(orders.values_list("stage").annotate(Count("pk")))


@login_not_required
@never_cache
def metrics(request):
    if not may_read(request):
        raise Http404
    requests, ours = REGISTRY, CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        requests = CollectorRegistry()
        MultiProcessCollector(requests)
    ours.register(Desk())
    return HttpResponse(generate_latest(requests) + generate_latest(ours), content_type=CONTENT_TYPE_LATEST)


def may_read(request) -> bool:
    """Who brings the token; without a token set, this machine itself and nobody through a proxy."""
    if settings.METRICS_TOKEN:
        return constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}")
    return is_local(request.META.get("REMOTE_ADDR", "")) and "X-Forwarded-For" not in request.headers


def is_local(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False

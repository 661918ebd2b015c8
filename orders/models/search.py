from django.db import models
from django.db.models import F, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from desk.folding import grams, words
from desk.gram_index import Holds
from orders.models.order import UrgentOrder
from orders.search_index import INDEX

MANY = 3000


class SearchTextQuerySet(models.QuerySet):
    def saying(self, query):
        """Every word of the query stands in the text."""
        for word in words(query):
            self = self.filter(text__contains=word)
        return self

    def by_index(self, query):
        """The same, led by the index of grams; one or two letters have none."""
        pieces = set().union(*map(grams, words(query)))
        found = self.saying(query)
        return found.filter(Holds(F("grams"), Value(" ".join(sorted(pieces))), **INDEX)) if pieces else found

    def are_many(self) -> bool:
        """Too many to be fetched before they are sorted."""
        return self.order_by()[MANY : MANY + 1].exists()


class SearchText(models.Model):
    """What an order can be found by, folded. Written by orders.search within the act that changed it."""

    order = models.OneToOneField(UrgentOrder, models.CASCADE, primary_key=True, related_name="search_text")
    text = models.TextField()
    grams = models.TextField()
    order_version = models.PositiveIntegerField()
    checked_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = SearchTextQuerySet.as_manager()

    class Meta:
        verbose_name = _("search text")

    def __str__(self):
        return self.text[:60]

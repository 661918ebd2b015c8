from django.db import models
from django.db.models import BooleanField, F, Func, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from desk.folding import grams, words
from orders.models.order import UrgentOrder

MANY = 3000


class Holds(Func):
    """The index of grams, asked in each database's own words (orders.guards makes it)."""

    output_field = BooleanField()

    def as_postgresql(self, compiler, connection, **context):
        template = "string_to_array(%(expressions)s, ' ')"
        return self.as_sql(compiler, connection, template=template, arg_joiner=", ' ') @> string_to_array(", **context)

    def as_sqlite(self, compiler, connection, **context):
        column, pieces = self.source_expressions
        sql, params = compiler.compile(pieces)
        match = f"SELECT rowid FROM orders_searchindex WHERE orders_searchindex MATCH {sql}"
        return f"{connection.ops.quote_name(column.alias)}.order_id IN ({match})", params


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
        return found.filter(Holds(F("grams"), Value(" ".join(sorted(pieces))))) if pieces else found

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

"""The order's room: what people say there, to whom, and how far each has read."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.utils.translation import gettext_lazy as _

from coordination.room_index import INDEX
from desk.folding import grams, words
from desk.gram_index import Holds
from orders.models import Issue, OrderStep, UrgentOrder
from people.models import Department
from records.models import StoredFile

PERSON = settings.AUTH_USER_MODEL
LONGEST = 2000
MANY = 3000


class PostQuerySet(models.QuerySet):
    def living(self):
        return self.filter(withdrawn_at__isnull=True)

    def seen_by(self, user):
        return self.filter(order__in=UrgentOrder.objects.visible_to(user).order_by().values("pk"))

    def newest_of_rooms(self):
        """One for each room, walked by an index from the newest on: no room is written but by its posts."""
        later = Post.objects.living().filter(order=models.OuterRef("order"), pk__gt=models.OuterRef("pk"))
        return self.living().filter(~models.Exists(later))

    def unread_by(self, user):
        """What others said since this person looked into the room."""
        read = RoomRead.objects.filter(
            order=models.OuterRef("order"), person=user, number__gte=models.OuterRef("number")
        )
        return self.living().exclude(author=user).filter(~models.Exists(read))

    def saying(self, query):
        """Every word of the query. Few hits are led by the index of grams; many are met soon on any way through."""
        said = self
        for word in words(query):
            said = said.filter(folded__contains=word)
        pieces = set().union(*map(grams, words(query)))
        if not pieces:
            return said
        found = Post.objects.filter(Holds(F("grams"), Value(" ".join(sorted(pieces))), **INDEX))
        return said if found.order_by()[MANY : MANY + 1].exists() else said.filter(pk__in=found.values("pk"))

    def without_index(self):
        return self.defer("folded", "grams")


class Post(models.Model):
    """Said once; taken back within seconds or never. Its place among the order's events is the event's number."""

    class Kind(models.TextChoices):
        PROGRESS = "progress", _("Progress")
        PROBLEM = "problem", _("Problem")
        SOLUTION = "solution", _("Solution")

    order = models.ForeignKey(UrgentOrder, models.PROTECT, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.PROGRESS)
    text = models.CharField(_("text"), max_length=LONGEST)
    language = models.CharField(max_length=10)
    author = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    posted_at = models.DateTimeField()
    is_confidential = models.BooleanField(_("stays in the house"), default=False)
    step = models.ForeignKey(OrderStep, models.PROTECT, null=True, blank=True, related_name="+")
    issue = models.ForeignKey(Issue, models.PROTECT, null=True, blank=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    folded = models.TextField()  # what search compares
    grams = models.TextField()

    objects = PostQuerySet.as_manager()

    class Meta:
        verbose_name = _("post")
        verbose_name_plural = _("posts")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["order", "number"], name="a_post_has_its_own_event"),
            models.CheckConstraint(condition=~Q(text=""), name="a_post_says_something"),
            models.CheckConstraint(
                condition=Q(kind__in=["progress", "problem", "solution"]), name="a_post_is_of_a_known_kind"
            ),
            models.CheckConstraint(
                condition=~Q(kind="problem") | Q(issue__isnull=False), name="a_post_of_a_problem_raises_it"
            ),
        ]
        indexes = [
            models.Index(fields=["order", "id"], condition=Q(withdrawn_at__isnull=True), name="posts_of_a_room"),
            models.Index(fields=["-posted_at"], name="posts_by_time"),
        ]

    def __str__(self):
        return self.text[:60]

    @property
    def is_problem(self):
        return self.kind == self.Kind.PROBLEM

    @property
    def acts_on_problem(self):
        """It raised or solved one: that is not taken back with the words."""
        return self.issue_id is not None and self.kind != self.Kind.PROGRESS


class Mention(models.Model):
    """A person or a department called by name in a post."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="mentions")
    person = models.ForeignKey(PERSON, models.PROTECT, null=True, blank=True, related_name="+")
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("mention")
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=True, department__isnull=False)
                | Q(person__isnull=False, department__isnull=True),
                name="a_mention_calls_a_person_or_a_department",
            ),
            models.UniqueConstraint(
                fields=["post", "person"], condition=Q(person__isnull=False), name="a_person_is_called_once_in_a_post"
            ),
            models.UniqueConstraint(
                fields=["post", "department"], condition=Q(department__isnull=False),
                name="a_department_is_called_once_in_a_post",
            ),
        ]

    def __str__(self):
        return str(self.person or self.department)


class PostFile(models.Model):
    """A file or photo that came with a post."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="files")
    file = models.OneToOneField(StoredFile, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("file of a post")

    def __str__(self):
        return str(self.file)


class RoomRead(models.Model):
    """How far somebody has read: the last event's number that was on their page. Only goes on."""

    order = models.ForeignKey(UrgentOrder, models.CASCADE, related_name="+", db_index=False)
    person = models.ForeignKey(PERSON, models.CASCADE, related_name="+")
    number = models.PositiveIntegerField()
    read_at = models.DateTimeField()

    class Meta:
        verbose_name = _("read mark")
        constraints = [models.UniqueConstraint(fields=["order", "person"], name="a_person_has_one_mark_in_a_room")]

    def __str__(self):
        return f"{self.order_id}: {self.number}"

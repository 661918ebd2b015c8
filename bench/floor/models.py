from django.db import models


class Note(models.Model):
    """What the least page of a Django desk writes and lists."""

    text = models.CharField(max_length=200)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "floor"

    def __str__(self):
        return self.text

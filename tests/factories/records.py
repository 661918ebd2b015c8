from datetime import timedelta

import factory
from django.utils import timezone

from tests.factories.people import UserFactory


class StoredFileFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = "records.StoredFile"

    subject = "order:1"
    name = "drawing.pdf"
    content_type = "application/pdf"
    size = 9
    sha256 = "0" * 64
    file = factory.django.FileField(filename="drawing.pdf", data=b"%PDF-1.7\n")
    uploaded_by = factory.SubFactory(UserFactory)


class AccessLinkFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = "records.AccessLink"

    token_sha256 = factory.Sequence(lambda n: f"{n:064x}")
    subject = "order:1"
    purpose = "tracking"
    issued_by = factory.SubFactory(UserFactory)
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=90))

import factory


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = "people.User"

    username = factory.Sequence(lambda n: f"person{n}")
    name = factory.Sequence(lambda n: f"Person {n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")
    password = "!"  # nobody signs in with it: tests use force_login


class AbsenceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = "people.Absence"

    person = factory.SubFactory(UserFactory)

"""The demo company's departments and one sign-in for each role, with passwords of this database alone."""

import os
import secrets
from pathlib import Path

from django.conf import settings
from django.db import transaction

from config.demo.cast import CAST, Person
from people.models import Department, User

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def sign_ins_file() -> Path:
    return settings.VAR_DIR / "sign-ins.txt"


def new_password() -> str:
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(5)) for _ in range(3))


@transaction.atomic
def seed() -> None:
    """Adds who is missing; passwords are made new only where the file with them is gone."""
    departments = {department.code: department for department in Department.objects.all()}
    passwords = {person.username: new_password() for person in CAST.values() if needs_password(person)}
    for person in CAST.values():
        user = enter(person, departments.get(person.department), passwords.get(person.username))
        appoint(user, person)
    if passwords:
        write_sign_ins(passwords)


def needs_password(person: Person) -> bool:
    return not sign_ins_file().exists() or not User.objects.filter(username=person.username).exists()


def enter(person: Person, department: Department | None, password: str | None) -> User:
    user = User.objects.filter(username=person.username).first()
    if user is None:
        is_admin = person.role == "administrator"
        user = User(
            username=person.username, name=person.name, latin_name=person.latin_name, role=person.role,
            department=department, email=f"{person.username}@demo.example", is_staff=is_admin, is_superuser=is_admin,
        )  # fmt: skip
    if password:
        user.set_password(password)
        user.save()
    return user


def appoint(user: User, person: Person) -> None:
    """A head, and the first other member as the duty person of the day, where nobody is yet."""
    if person.department is None:
        return
    post = "head" if person.is_head else "duty_person"
    Department.objects.filter(code=person.department, **{f"{post}__isnull": True}).update(**{post: user})


def write_sign_ins(passwords: dict) -> None:
    """Kept apart from the log, readable by the owner of the process only."""
    lines = [f"{person.username:<10} {passwords[person.username]}  {person.name} {person.latin_name}"
             f" · {person.role}{' (head)' if person.is_head else ''}\n"
             for person in CAST.values() if person.username in passwords]  # fmt: skip
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    with open(os.open(sign_ins_file(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w", encoding="utf-8") as file:
        file.writelines(lines)

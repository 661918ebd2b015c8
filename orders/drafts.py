"""Which draft a page has saved of itself: the page is known by its once-key, so no script has to answer."""

from dataclasses import dataclass

from records.models import OnceKey


@dataclass(frozen=True)
class PageDraft:
    pk: int
    version: int


def page_draft(user, once, *, is_locked=False) -> PageDraft | None:
    if not once:
        return None
    keys = OnceKey.objects.select_for_update() if is_locked else OnceKey.objects
    known = keys.filter(user=user, key=_key(once)).first()
    return PageDraft(*map(int, known.result_url.split("/"))) if known else None


def remember(user, once, order) -> None:
    if once:
        OnceKey.objects.update_or_create(
            user=user, key=_key(once), defaults={"result_url": f"{order.pk}/{order.version}"}
        )


def _key(once) -> str:
    return f"draft:{once}"[:64]

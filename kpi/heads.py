"""Who speaks for a department about its scores."""


def is_head_of(user, department) -> bool:
    """Heads the department now: its head, a deputy, or who stands in for the head."""
    if user.department_id == department.pk and user.is_head:
        return True
    return department.head_id is not None and department.head_id in user.absent_people

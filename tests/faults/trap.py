"""Where a worker is killed or stopped to the statement."""

import os
import re
import signal
import smtplib

from django.db.backends.signals import connection_created

CLAIM = re.compile(r'^SELECT.*"sla_workitem".*"next_fire_at"\s*<=', re.DOTALL)
WRITE = re.compile(r'^INSERT (?:OR IGNORE )?INTO "(sla_escalation|notifications_outbox)"')
POINTS = (
    "after claim", "after escalation", "after outbox", "before commit", "after commit", "after lease", "before letter",
    "after letter", "before mark", "after mark",
)  # fmt: skip
# Where the mail server has the letter and the database does not know it yet.
IN_HAND = ("after letter", "before mark")


def name_of(sql, params) -> str:
    """What a statement of a sweep or of a dispatcher does."""
    if CLAIM.match(sql):
        return "claim"
    if found := WRITE.match(sql):
        return {"sla_escalation": "escalation", "notifications_outbox": "outbox"}[found[1]]
    if sql.startswith('UPDATE "notifications_outbox" SET') and '"state" =' in sql.split(" WHERE ")[0]:
        return "mark" if "sent" in params else "lease" if "leased" in params else "other"
    return "other"


class Trap:
    """The first time that the work comes to the point, in whichever thread, the process gets the signal."""

    def __init__(self, point, number=signal.SIGKILL):
        self.point, self.number = point, number

    def set(self) -> None:
        connection_created.connect(self.watch)
        sendmail = smtplib.SMTP.sendmail

        def sending(*arguments, **options):
            self.at("before letter")
            answer = sendmail(*arguments, **options)
            self.at("after letter")
            return answer

        smtplib.SMTP.sendmail = sending

    def watch(self, connection, **_rest) -> None:
        if self.statement in connection.execute_wrappers:
            return  # connected again
        connection.execute_wrappers.append(self.statement)
        connection.has_written, commit = False, connection.commit

        def committing():
            if not connection.has_written:
                return commit()
            self.at("before commit")
            commit()
            self.at("after commit")

        connection.commit = committing

    def statement(self, execute, sql, params, many, context):
        name = name_of(sql, params or ())
        self.at(f"before {name}")
        result = execute(sql, params, many, context)
        context["connection"].has_written |= name == "escalation"
        self.at(f"after {name}")
        return result

    def at(self, point) -> None:
        if point == self.point:
            self.point = None
            os.write(1, f"trapped {point}\n".encode())
            os.kill(os.getpid(), self.number)

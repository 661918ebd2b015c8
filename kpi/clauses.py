"""What the policy says of rewards and penalties; each proposal names its clause."""

from django.utils.translation import gettext_lazy as _

REWARD, PENALTY = "6.2.1", "6.2.2"
SENTENCES = {
    REWARD: _("Who does well is commended and rewarded: bonus, certificate of honour, chance of promotion."),
    PENALTY: _("Who makes a mistake or causes a delay is punished: warning, fine, demotion."),
}


def clause_of(kind: str) -> str:
    return PENALTY if kind == "penalty" else REWARD

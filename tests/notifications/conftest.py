import pytest

from tests.wire import Messengers

KEY = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
ADDRESSES = {
    "wecom": f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}",
    "dingtalk": "https://oapi.dingtalk.com/robot/send?access_token=566cc69da782ec33d6cf61fe0b9d6ee2",
    "feishu": "https://open.feishu.cn/open-apis/bot/v2/hook/7f0bd0f1-5f72-44ff-9c44-31d6a3fb21a9",
    "slack": "https://hooks.slack.com/services/T1JJ3T3L2/B1BRTD4JD/TIiajkdnlazkcOXrIdevi7",
}


@pytest.fixture
def messengers(monkeypatch, tmp_path):
    servers = Messengers(tmp_path)
    for name, value in servers.environ.items():
        monkeypatch.setenv(name, value)
    yield servers
    servers.close()


@pytest.fixture
def make_robot(admin):
    """`make_robot("wecom", department=…)`: as an administrator adds it."""
    from notifications.actions import add_robot  # the models are not loaded yet above

    def make(kind="wecom", **values):
        defaults = {"name": kind, "address": ADDRESSES[kind], "language": "en"}
        return add_robot(by=admin, kind=kind, **(defaults | values))

    return make

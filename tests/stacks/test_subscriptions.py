"""The subscriptions that a deployment makes, from `notify` in cdk.json."""

import json
import re
from typing import Any

import pytest

from pam.policy.compiler import load
from stacks.config import ConfigError, load_config
from stacks.subscriptions import check_values
from stacks.synthesis import ROOT, build, new_app
from tests.stacks.conftest import EVERYTHING_ON
from tests.stacks.template import Deployment

WITNESS = {"region": "eu-west-1", "witness": "none: a test, on whose trail nobody relies"}
DUTY = {"topic": "tier1", "endpoint": "duty@bank.example"}
CORE = {"topic": "approvers", "endpoint": "core@bank.example", "filter": {"domain": ["bank-core"]}}


def _config(*notify: Any) -> Any:
    return {"prod": WITNESS | {"notify": list(notify)}}


def test_each_entry_is_a_subscription_of_its_topic_with_its_filter(
    everything_on: Deployment,
) -> None:
    made = {
        each["Properties"]["Endpoint"]: each["Properties"]
        for each in everything_on.of_type("AWS::SNS::Subscription").values()
    }
    assert set(made) == {each["endpoint"] for each in EVERYTHING_ON["notify"]}
    mail = made["core-approvers@bank.example"]
    assert mail["Protocol"] == "email"
    assert mail["FilterPolicy"] == {"domain": ["bank-core"], "environment": ["prod", "uat"]}
    duty = made["https://calls.bank.example/pam"]
    assert (duty["Protocol"], "FilterPolicy" in duty) == ("https", False)
    topics = {
        name: everything_on.text(topic["Properties"]["DisplayName"])
        for name, topic in everything_on.of_type("AWS::SNS::Topic").items()
    }
    assert topics[mail["TopicArn"]["Ref"]].endswith("approval wanted")
    assert topics[duty["TopicArn"]["Ref"]].endswith("Tier-1 alert")


def test_without_any_entry_there_is_no_subscription(prod: Deployment) -> None:
    assert prod.of_type("AWS::SNS::Subscription") == {}


@pytest.mark.parametrize(
    ("endpoint", "protocol"),
    [
        ("a@bank.example", "email"),
        ("https://calls.bank.example/x", "https"),
        ("arn:aws:sqs:eu-west-1:111122223333:inbox", "sqs"),
        ("arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:page", "lambda"),
    ],
)
def test_the_protocol_follows_from_the_endpoint(endpoint: str, protocol: str) -> None:
    config = load_config("prod", _config({"topic": "approvers", "endpoint": endpoint}))
    (subscription,) = config.notify
    assert subscription.protocol == protocol


WRONG: dict[str, tuple[Any, str]] = {
    "no topic": ({"endpoint": "a@bank.example"}, "an object with topic and endpoint"),
    "no object": ("a@bank.example", "an object with topic and endpoint"),
    "a topic that there is not": (DUTY | {"topic": "tier2"}, "topic must be one of approvers, re"),
    "a misspelt key": (DUTY | {"filtre": {}}, "unknown key 'filtre'"),
    "plain http": (DUTY | {"endpoint": "http://bank.example"}, "endpoint must be a mail address"),
    "a telephone": (DUTY | {"endpoint": "+441632960001"}, "endpoint must be a mail address"),
    "an endpoint that is no text": (DUTY | {"endpoint": 7}, "endpoint must be a mail address"),
    "a stream": (
        DUTY | {"endpoint": "arn:aws:firehose:eu-west-1:111122223333:deliverystream/x"},
        "endpoint must be a mail address",
    ),
    "an attribute that no message has": (CORE | {"filter": {"team": ["x"]}}, "no message has 'te"),
    "a filter that is one text": (CORE | {"filter": {"domain": "bank-core"}}, "lists of texts"),
    "a filter that lets nothing through": (CORE | {"filter": {"domain": []}}, "lists of texts"),
    "a filter that is a list": (CORE | {"filter": ["domain"]}, "lists of texts"),
    "alarms that nobody would hear": (
        DUTY | {"filter": {"domain": ["x"]}},
        "nobody hears an alarm",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_entry_that_cannot_work_is_told_in_one_line(case: str) -> None:
    entry, says = WRONG[case]
    with pytest.raises(ConfigError) as fault:
        load_config("prod", _config(entry))
    assert re.match(r"cdk\.json: environments\.prod\.notify: ", str(fault.value))
    assert says in str(fault.value)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("domain", "bank-cor"),
        ("environment", "production"),
        ("resource", "core-ledger"),
        ("kind", "role"),
        ("occasion", "breakglass"),
    ],
)
def test_a_filter_for_what_is_in_no_message_stops_the_synthesis(name: str, value: str) -> None:
    entry = CORE | {"filter": {name: [value]}}
    with pytest.raises(ConfigError, match=f"filter: {name} '{value}' is in no message"):
        build(new_app("prod", environments=_config(entry)))


def test_a_filter_for_a_person_is_not_held_to_a_list() -> None:
    """Most people stand in no file: Identity Center knows them."""
    _check({"topic": "requesters", "endpoint": "a@bank.example", "filter": {"requester": ["zoe"]}})


def test_what_the_page_shows_is_taken() -> None:
    page = (ROOT / "docs" / "notices.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r'```json\n("notify": .*?)\n```', page, re.DOTALL)
    notify = json.loads(f"{{{shown}}}")["notify"]
    assert {each["topic"] for each in notify} == {"approvers", "requesters", "tier1"}
    _check(*notify)


def _check(*notify: Any) -> None:
    """As the synthesis does, before it makes anything."""
    resources = load(ROOT / "policy", ROOT / "policy" / "identities.yaml").resources
    check_values(load_config("prod", _config(*notify)).notify, resources)

"""Tells people by SNS what a picture shows."""

import json
from dataclasses import asdict
from typing import Any

from pam.domain.notice_forms import forms
from pam.domain.pictures import Picture

_FOR_MACHINES = ("sqs", "https", "lambda")


class SnsNotifier:
    """Implements `ports.people.Notifier`, for one topic of the deployment `env_name`."""

    def __init__(self, client: Any, topic_arn: str, env_name: str) -> None:
        self._client = client
        self._topic = topic_arn
        self._env_name = env_name

    def show(self, picture: Picture) -> None:
        """To each subscription in its own form: by mail a text that is laid out, to queues, URLs
        and functions JSON, to all others a text.

        With attributes: what it is about, by which subscriptions are filtered; and which session
        it shows with which number, so that an older one takes no newer one's place.

        What is about no session has the occasion alone: SNS takes no empty attribute.
        """
        attributes = {"occasion": _text(picture.occasion.value)}
        if picture.about is not None:
            attributes |= {name: _text(value) for name, value in asdict(picture.about).items()}
            attributes["session_id"] = _text(picture.session_id)
            attributes["sequence"] = {
                "DataType": "Number",
                "StringValue": str(picture.sequence),
            }
        made = forms(picture, self._env_name)
        by_protocol = {"default": made.text, "email": made.email}
        by_protocol |= dict.fromkeys(_FOR_MACHINES, made.data)
        self._client.publish(
            TopicArn=self._topic,
            Subject=made.subject,
            MessageStructure="json",
            Message=json.dumps(by_protocol, ensure_ascii=False),
            MessageAttributes=attributes,
        )


def _text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}

"""Tells people by SNS what a picture shows."""

from dataclasses import asdict
from typing import Any

from pam.domain.notice_forms import forms
from pam.domain.pictures import Picture


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
        self._client.publish(
            TopicArn=self._topic,
            Subject=made.subject,
            MessageStructure="json",
            Message=made.by_protocol,
            MessageAttributes=attributes,
        )


def _text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}

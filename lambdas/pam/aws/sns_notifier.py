"""Tells people by SNS what a picture shows."""

from dataclasses import asdict
from typing import Any

from pam.domain.pictures import Picture

_SUBJECT_LIMIT = 100


class SnsNotifier:
    """Implements `ports.people.Notifier`, for one topic."""

    def __init__(self, client: Any, topic_arn: str) -> None:
        self._client = client
        self._topic = topic_arn

    def show(self, picture: Picture) -> None:
        """With attributes: what it is about, by which subscriptions are filtered; and which session
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
        self._client.publish(
            TopicArn=self._topic,
            Subject=picture.subject[:_SUBJECT_LIMIT],
            Message=picture.text,
            MessageAttributes=attributes,
        )


def _text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}

"""Tells people by SNS what a picture shows."""

from typing import Any

from pam.domain.pictures import Picture

_SUBJECT_LIMIT = 100


class SnsNotifier:
    """Implements `ports.people.Notifier`, for one topic."""

    def __init__(self, client: Any, topic_arn: str) -> None:
        self._client = client
        self._topic = topic_arn

    def show(self, picture: Picture) -> None:
        """With attributes: whom it is for, so that each can subscribe to their own; and which
        session it shows with which number, so that an older one takes no newer one's place.
        """
        attributes = {
            "requester": _text(picture.to),
            "session_id": _text(picture.session_id),
            "sequence": {"DataType": "Number", "StringValue": str(picture.sequence)},
        }
        if not picture.to:
            del attributes["requester"]
        if not picture.session_id:
            del attributes["session_id"], attributes["sequence"]
        self._client.publish(
            TopicArn=self._topic,
            Subject=picture.subject[:_SUBJECT_LIMIT],
            Message=picture.text,
            MessageAttributes=attributes,
        )


def _text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}

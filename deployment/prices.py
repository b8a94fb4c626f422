"""AWS's list prices, dated: everything that `make cost` multiplies with, and nothing else.

On demand, US dollars, `us-east-1`, no free tier, no discount, no tax. `eu-west-1` costs 5 to 12 %
more for most of them. Read in the middle of 2026 from copies of AWS's price pages, and not from the
live price list: AWS's pages are named so that anybody can look.
"""

from dataclasses import dataclass
from types import MappingProxyType

AS_OF = "2026-06"
REGION = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    usd: float
    per: int
    unit: str
    page: str
    """Below https://aws.amazon.com/."""

    def of(self, quantity: float) -> float:
        return quantity * self.usd / self.per


_DYNAMODB = "dynamodb/pricing/on-demand/"
_CLOUDWATCH = "cloudwatch/pricing/"
PRICES = MappingProxyType(
    {
        "kms-key": Price(usd=1.0, per=1, unit="key and month", page="kms/pricing/"),
        "kms-request": Price(usd=0.03, per=10_000, unit="request", page="kms/pricing/"),
        "kms-ecc": Price(usd=0.15, per=10_000, unit="ECC signature", page="kms/pricing/"),
        "alarm": Price(usd=0.10, per=1, unit="metric of an alarm and month", page=_CLOUDWATCH),
        "metric": Price(usd=0.30, per=1, unit="custom metric and month", page=_CLOUDWATCH),
        "dashboard": Price(usd=3.0, per=1, unit="dashboard and month", page=_CLOUDWATCH),
        "log-gb": Price(usd=0.50, per=1, unit="GB of logs taken in", page=_CLOUDWATCH),
        "trace": Price(usd=5.0, per=1_000_000, unit="trace", page="xray/pricing/"),
        "lambda-call": Price(usd=0.20, per=1_000_000, unit="call", page="lambda/pricing/"),
        "lambda-gb-s": Price(
            usd=0.0000133334, per=1, unit="GB-second (arm)", page="lambda/pricing/"
        ),
        "fargate-cpu": Price(
            usd=0.03238, per=1, unit="vCPU-hour of a task (arm)", page="fargate/pricing/"
        ),
        "fargate-gb": Price(
            usd=0.00356, per=1, unit="GB-hour of a task (arm)", page="fargate/pricing/"
        ),
        "sqs": Price(usd=0.40, per=1_000_000, unit="request", page="sqs/pricing/"),
        "wru": Price(usd=0.625, per=1_000_000, unit="write request unit", page=_DYNAMODB),
        "rru": Price(usd=0.125, per=1_000_000, unit="read request unit", page=_DYNAMODB),
        "s3-put": Price(usd=0.005, per=1_000, unit="PUT", page="s3/pricing/"),
        "s3-get": Price(usd=0.0004, per=1_000, unit="GET", page="s3/pricing/"),
        "secret": Price(usd=0.40, per=1, unit="secret and month", page="secrets-manager/pricing/"),
        "secret-call": Price(
            usd=0.05, per=10_000, unit="API call", page="secrets-manager/pricing/"
        ),
        "transition": Price(
            usd=0.025, per=1_000, unit="state transition", page="step-functions/pricing/"
        ),
        "api-call": Price(usd=3.50, per=1_000_000, unit="REST call", page="api-gateway/pricing/"),
        "event": Price(
            usd=1.0, per=1_000_000, unit="event of one's own", page="eventbridge/pricing/"
        ),
        "sns": Price(usd=0.50, per=1_000_000, unit="publish", page="sns/pricing/"),
        "mail": Price(usd=2.0, per=100_000, unit="mail sent by SNS", page="sns/pricing/"),
    }
)

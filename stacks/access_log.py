"""What API Gateway writes of each call, of whichever API."""

import json

from aws_cdk import aws_apigateway as apigateway


def access_log_format() -> apigateway.AccessLogFormat:
    """Who called what and what came of it; never a header or a body.

    Calls that doors handled are found again in it, so it holds nothing that a caller could write
    freely: of all of it only the path, which is encoded, and the request id are theirs. The
    extended one is the gateway's own.
    """
    return apigateway.AccessLogFormat.custom(
        json.dumps(
            {
                "request_id": "$context.requestId",
                "extended_request_id": "$context.extendedRequestId",
                "at": "$context.requestTime",
                "principal": "$context.identity.userArn",
                "source_ip": "$context.identity.sourceIp",
                "method": "$context.httpMethod",
                "path": "$context.path",
                "status": "$context.status",
                "response_length": "$context.responseLength",
                "latency_ms": "$context.responseLatency",
                "gateway_error": "$context.error.responseType",
                "trace_id": "$context.xrayTraceId",
            }
        )
    )

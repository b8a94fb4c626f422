"""The addresses of APIs, as they are reached from this machine.

AWS resolves `{api}.execute-api.{region}.amazonaws.com`. The emulator serves the same API under a
path of its own, so the parameter that callers find it by is given that address.
"""

from local.aws import root_client
from pam.names import Parameter, SlackParameter, parameter_path


def publish(endpoint: str, parameter: Parameter | SlackParameter) -> str:
    """The parameter's value from here on, without a slash at its end."""
    ssm = root_client("ssm", endpoint)
    name = parameter_path("local", parameter)
    published = str(ssm.get_parameter(Name=name)["Parameter"]["Value"])
    if published.startswith(endpoint):
        return published
    host, _, rest = published.removeprefix("https://").partition("/")
    stage, _, path = rest.partition("/")
    api = f"{endpoint}/restapis/{host.partition('.')[0]}/{stage}/_user_request_"
    found = f"{api}/{path}".rstrip("/")
    ssm.put_parameter(Name=name, Value=found, Type="String", Overwrite=True)
    return found

"""Prints, a line each, the request that boto3 would send for operations of AWS, as JSON. Nothing is sent: it stops where it would be.

Usage: aws_requests.py SERVICE[:COUNT]...   every operation of the service, or the first COUNT of an even choice
Parameters are made from the service's own model: what is required, filled with texts that are valid there.
"""

import base64
import datetime
import json
import sys

import boto3
from botocore.config import Config


class Sent(Exception):
    """The request as it would have gone out."""

    def __init__(self, request):
        super().__init__("sent")
        self.request = request


def stop(request, **_):
    raise Sent(request)


def filled(shape, depth=0):
    kind = shape.type_name
    if kind == "structure":
        if getattr(shape, "is_tagged_union", False) and shape.members:
            name = next(iter(shape.members))
            return {name: filled(shape.members[name], depth + 1)}
        return {name: filled(shape.members[name], depth + 1) for name in shape.required_members} if depth < 8 else {}
    if kind == "list":
        return [filled(shape.member, depth + 1)] * max(1, shape.metadata.get("min", 1))
    if kind == "map":
        return {str(filled(shape.key)): filled(shape.value, depth + 1)}
    if kind == "string":
        if shape.enum:
            return shape.enum[0]
        least = shape.metadata.get("min", 0)
        return "name-x" + "0" * max(0, least - 6)
    if kind in ("integer", "long"):
        return max(1, shape.metadata.get("min", 1))
    if kind in ("float", "double"):
        return 1.0
    if kind == "boolean":
        return True
    if kind == "timestamp":
        return datetime.datetime(2026, 1, 1)
    return b"content"


def told(service, operation, request):
    body = request.body
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        body = body.encode()
    headers = [(name, value.decode() if isinstance(value, bytes) else str(value)) for name, value in request.headers.items()]
    body = base64.b64encode(body or b"").decode()
    return {"api": service, "operation": operation, "method": request.method, "url": request.url, "headers": headers, "body": body}


config = Config(region_name="eu-central-1", retries={"max_attempts": 0}, parameter_validation=False)
for wanted in sys.argv[1:]:
    service, _, count = wanted.partition(":")
    client = boto3.client(service, aws_access_key_id="AKIDPLACEHOLDER", aws_secret_access_key="placeholder", config=config)
    client.meta.events.register("before-send.*", stop)
    names = list(client.meta.service_model.operation_names)
    step = max(1, len(names) // int(count)) if count else 1
    for name in names[::step]:
        model = client.meta.service_model.operation_model(name)
        parameters = filled(model.input_shape) if model.input_shape else {}
        if "AccountId" in parameters:
            parameters["AccountId"] = "123456789012"
        try:
            client._make_api_call(name, parameters)
            print(json.dumps({"api": service, "operation": name, "problem": "nothing was sent"}))
        except Sent as sent:
            print(json.dumps(told(service, name, sent.request)))
        except Exception as error:  # what boto3 itself refuses to send
            print(json.dumps({"api": service, "operation": name, "problem": f"{type(error).__name__}: {error}"}))

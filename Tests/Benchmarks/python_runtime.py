"""The start of a Python runtime that makes the scanner's six boto3 clients, as its handler module would at import."""

import http.client
import os

import boto3

session = boto3.session.Session(region_name=os.environ["AWS_REGION"])
clients = [session.client(name) for name in ("lambda", "dynamodb", "s3", "sns", "secretsmanager", "sts")]

connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
connection.request("GET", "/2018-06-01/runtime/invocation/next")
connection.getresponse()

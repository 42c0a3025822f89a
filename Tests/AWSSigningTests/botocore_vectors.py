"""Random requests, signed by botocore: one JSON object a line.

usage: botocore_vectors.py SEED COUNT
"""

import base64
import datetime
import json
import random
import sys

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
REGIONS = ["us-east-1", "eu-central-2", "cn-north-1", "us-gov-west-1", "us-isob-east-1", "ap-southeast-5"]
SERVICES = ["s3", "s3", "lambda", "dynamodb", "sns", "secretsmanager", "sts", "sqs"]

# What may stand in a path or a query as it is (RFC 3986, section 3.3); everything else is percent-encoded.
PLAIN = "ABCXYZabcxyz0189-._~!$'()*,;:@"
UNSIGNED = botocore.auth.SIGNED_HEADERS_BLACKLIST
HEADERS = [
    "Content-Type", "content-md5", "X-Amz-Target", "x-amz-meta-Name", "X-AMZ-META-name", "Range", "If-Match",
    "accept", "Zebra", "a", "X-Custom_1", "x-amz-acl", "Cookie", "X-Amz-Tagging",
]  # fmt: skip


def encoded_byte(rng):
    byte = rng.randrange(256)
    return f"%{byte:02x}" if rng.random() < 0.3 else f"%{byte:02X}"


def token(rng, plain=PLAIN, longest=8):
    return "".join(
        rng.choice(plain) if rng.random() < 0.6 else encoded_byte(rng) for _ in range(rng.randrange(longest))
    )


def random_path(rng):
    segments = [
        rng.choice(["", ".", "..", "...", "%2E%2E", token(rng), token(rng), token(rng), token(rng)])
        for _ in range(rng.randrange(6))
    ]
    return "/" + "/".join(segments) + rng.choice(["", "", "/"])


def random_query(rng):
    names = [token(rng, PLAIN + "+/?", 5) for _ in range(1 + rng.randrange(4))]
    parameters = []
    for _ in range(rng.choice([0, 0, 1, 2, 3, 8])):
        name = rng.choice(names)
        value = token(rng, PLAIN + "+/?=", 6)
        parameters.append(rng.choice([f"{name}={value}", f"{name}={value}", f"{name}=", name]))
    return "&".join(parameters)


def random_value(rng):
    words = [
        rng.choice(["v", "value", '"a  b"', "1;2", "x,y", "é", "日本", "=", "%20", ""]) for _ in range(rng.randrange(5))
    ]
    blank = rng.choice([" ", "  ", "\t", " \t  "])
    return rng.choice(["", " ", "\t "]) + blank.join(words) + rng.choice(["", "  ", "\t"])


def random_case(rng, name):
    return "".join(rng.choice([letter.upper(), letter.lower()]) for letter in name)


def random_headers(rng):
    headers = [(rng.choice(HEADERS), random_value(rng)) for _ in range(rng.randrange(7))]
    if rng.random() < 0.5:
        headers.append((random_case(rng, rng.choice(UNSIGNED)), random_value(rng)))
    rng.shuffle(headers)
    return headers


def random_time(rng):
    return datetime.datetime(2000, 1, 1) + datetime.timedelta(seconds=rng.randrange(3_000_000_000))


def vector(rng):
    service, region = rng.choice(SERVICES), rng.choice(REGIONS)
    is_unsigned = service == "s3" and rng.random() < 0.3
    payload = rng.choice([b"", rng.randbytes(rng.randrange(300)), b'{"a": 1}', "é".encode()])
    path, query = random_path(rng), random_query(rng)
    host = rng.choice(["example.com", "Bucket.S3.Example.com", "127.0.0.1:4566", "[::1]:8000", "example.com:443"])
    url = f"https://{host}{path}" + (f"?{query}" if query else "")
    headers = random_headers(rng)
    moment = random_time(rng)
    credentials = Credentials(
        "AKID" + token(rng, "ABC123", 12).replace("%", ""),
        "".join(rng.choice("abcXYZ019/+é") for _ in range(rng.randrange(1, 60))),
        rng.choice([None, "".join(rng.choice("abcXYZ019/+==") for _ in range(rng.choice([16, 900])))]),
    )

    request = AWSRequest(method=rng.choice(METHODS), url=url, data=payload)
    for name, value in headers:
        request.headers[name] = value
    if service == "s3":
        s3 = {"payload_signing_enabled": not is_unsigned}
        request.context["client_config"] = Config(s3=s3)
    signer_class = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    canonical = []

    class Signer(signer_class):
        def canonical_request(self, request):
            canonical.append(super().canonical_request(request))
            return canonical[-1]

    botocore.auth.get_current_datetime = lambda *_, **__: moment
    Signer(credentials, service, region).add_auth(request)
    return {
        "method": request.method,
        "path": path,
        "query": query,
        "headers": [*headers, ("Host", botocore.auth._host_from_url(url))],
        "payload": None if is_unsigned else base64.b64encode(payload).decode(),
        "service": service,
        "region": region,
        "time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "access_key_id": credentials.access_key,
        "secret_access_key": credentials.secret_key,
        "session_token": credentials.token,
        "canonical_request": canonical[-1],
        "authorization": request.headers["Authorization"],
    }


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    rng = random.Random(seed)
    for _ in range(count):
        print(json.dumps(vector(rng)))


if __name__ == "__main__":
    main()

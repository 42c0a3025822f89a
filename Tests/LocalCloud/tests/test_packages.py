"""Function packages are served the way Lambda's presigned addresses do it."""

from __future__ import annotations

import base64
import hashlib
import http.client
import urllib.error
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest

from localcloud.client import LocalCloud
from localcloud.packages import Packages
from localcloud.resources import zip_bytes
from localcloud.wire import Request


def get(address: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(
            urllib.request.Request(address, headers=headers or {})
        ) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


def location(cloud: LocalCloud, name: str) -> str:
    return str(cloud.boto("lambda").get_function(FunctionName=name)["Code"]["Location"])


def test_the_package_is_served_as_it_was_uploaded(cloud: LocalCloud) -> None:
    files = {"package.json": "{}", "data.bin": bytes(range(256))}
    cloud.create_function("app", files)
    answer = cloud.boto("lambda").get_function(FunctionName="app")
    status, body = get(answer["Code"]["Location"])
    assert (status, body) == (200, zip_bytes(files))
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    assert answer["Configuration"]["CodeSha256"] == digest
    assert answer["Configuration"]["State"] == "Active"
    assert answer["Configuration"]["FunctionArn"].endswith(":function:app")


def test_a_large_package_is_served_whole(cloud: LocalCloud) -> None:
    cloud.create_function("big", size_bytes=45_000_000)
    status, body = get(location(cloud, "big"))
    assert status == 200 and len(body) > 45_000_000


def test_the_address_looks_presigned(cloud: LocalCloud) -> None:
    cloud.create_function("app")
    query = parse_qs(urlsplit(location(cloud, "app")).query)
    assert query["X-Amz-Expires"] == ["600"] and query["X-Amz-SignedHeaders"] == ["host"]
    assert {"X-Amz-Security-Token", "X-Amz-Signature", "X-Amz-Credential"} <= set(query)


def test_credentials_and_wrong_signatures_are_refused(cloud: LocalCloud) -> None:
    cloud.create_function("app")
    address = location(cloud, "app")
    status, body = get(address, {"Authorization": "AWS4-HMAC-SHA256 Credential=x"})
    assert status == 400 and b"InvalidArgument" in body
    status, body = get(address[:-4] + "0000")
    assert status == 403 and b"SignatureDoesNotMatch" in body


def test_an_address_runs_out_after_ten_minutes() -> None:
    now = [1000.0]
    packages = Packages(clock=lambda: now[0])
    target = packages.hand_out("h", "012345678912", "us-east-1", "f", b"zip").removeprefix(
        "http://h"
    )
    request = Request("GET", target, [], b"", {})
    now[0] += 599
    assert packages.serve(request).status == 200
    now[0] += 1
    answer = packages.serve(request)
    assert answer.status == 403 and b"Request has expired" in answer.body


def test_a_range_can_be_asked_for(cloud: LocalCloud) -> None:
    cloud.create_function("app")
    address = location(cloud, "app")
    whole = get(address)[1]
    assert get(address, {"Range": "bytes=5-"}) == (206, whole[5:])


def test_connections_are_kept_alive(cloud: LocalCloud) -> None:
    cloud.create_function("app")
    parts = urlsplit(location(cloud, "app"))
    connection = http.client.HTTPConnection(parts.netloc)
    for _ in range(3):
        connection.request("GET", f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        assert answer.status == 200 and answer.read() and not answer.will_close
    connection.close()


def test_an_image_function_has_no_package(cloud: LocalCloud) -> None:
    cloud.create_image_function("image", "012345678912.dkr.ecr.us-east-1.amazonaws.com/a:1")
    answer = cloud.boto("lambda").get_function(FunctionName="image")
    assert answer["Code"]["RepositoryType"] == "ECR" and "Location" not in answer["Code"]
    assert answer["Code"]["ImageUri"].endswith("/a:1")
    assert len(answer["Configuration"]["CodeSha256"]) == 64
    assert "Runtime" not in answer["Configuration"]


def test_layers_are_listed_and_updates_change_the_hash(cloud: LocalCloud) -> None:
    layer = cloud.create_layer("libs", {"lib.txt": "1"})
    cloud.create_function("app", layers=[layer])
    client = cloud.boto("lambda")
    before = client.get_function(FunctionName="app")["Configuration"]
    assert before["Layers"][0]["Arn"] == layer
    cloud.update_function("app", {"new.py": "1"})
    after = client.get_function(FunctionName="app")["Configuration"]
    assert before["CodeSha256"] != after["CodeSha256"]
    assert before["LastModified"] < after["LastModified"]


@pytest.mark.parametrize("value", ["x" * 257, "what?", "a;b"])
def test_tags_that_aws_forbids_are_refused(cloud: LocalCloud, value: str) -> None:
    arn = cloud.create_function("app")
    client = cloud.boto("lambda")
    client.tag_resource(Resource=arn, Tags={"Qualys": "2024-01-01T00:00:00Z", "a": "b_c.d:/=+-@ e"})
    with pytest.raises(client.exceptions.ClientError, match="failed to satisfy constraint"):
        client.tag_resource(Resource=arn, Tags={"Qualys": value})
    assert client.list_tags(Resource=arn)["Tags"]["Qualys"] == "2024-01-01T00:00:00Z"


def test_tags_belong_to_functions_not_to_versions(cloud: LocalCloud) -> None:
    arn = cloud.create_function("app")
    client = cloud.boto("lambda")
    version = client.publish_version(FunctionName="app")["FunctionArn"]
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="not supported"):
        client.tag_resource(Resource=version, Tags={"a": "b"})
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="limit of 50"):
        client.tag_resource(Resource=arn, Tags={str(n): "x" for n in range(51)})


@pytest.mark.parametrize("name", ["app", "012345678912:function:app"])
def test_functions_have_several_names(cloud: LocalCloud, name: str) -> None:
    cloud.create_function("app")
    answer = cloud.boto("lambda").get_function(FunctionName=name)
    assert answer["Configuration"]["FunctionName"] == "app" and answer["Code"]["Location"]

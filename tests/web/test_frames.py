"""No page may be framed but those below /embed: every route of the whole product is asked."""

import re

from litestar.testing import TestClient

from stammgast.web.app import make_app, make_litestar
from stammgast.web.embeds import PREFIX

FILLED = {"str": "x", "int": "987654", "path": "x", "uuid": "00000000-0000-0000-0000-000000000000"}


def test_every_route_refuses_frames_but_those_that_are_embedded(runtime):
    litestar = make_litestar(runtime)
    paths = sorted({route.path for route in litestar.routes})
    assert len(paths) > 100
    with TestClient(make_app(runtime), base_url="http://inn.example") as client:
        for written in paths:
            path = re.sub(r"\{\w+:(\w+)\}", lambda part: FILLED[part[1]], written)
            headers = client.get(path, follow_redirects=False).headers
            policies = headers.get_list("content-security-policy")
            assert any("frame-ancestors 'none'" in one for one in policies), path
            assert headers["x-frame-options"] == "DENY", path


def test_what_is_embedded_comes_from_the_manifests_embeds_only(runtime):
    embedded = {route.path for route in make_litestar(runtime).routes if (route.path + "/").startswith(PREFIX)}
    brought = {path for one in runtime.manifests for handler in one.embeds for path in getattr(handler, "paths", ())}
    assert len(embedded) == len(brought)

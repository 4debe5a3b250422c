"""Home: what the modules have to say today, or how to begin."""

from __future__ import annotations

from litestar import Response, get

from stammgast.web.guards import person_of, requires
from stammgast.web.pages import PageMaker, access_of, render, runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.workspace import api


@get("/", guards=[requires("viewer", bound="own")], sync_to_thread=True)
def show_home(request: AnyRequest) -> Response[str]:
    """Lay out the panels of all modules; without a source, say how to connect the first one."""
    runtime = runtime_of(request)
    return render(
        request,
        "workspace/home.html",
        panels=runtime.service(PageMaker).panels_for(person_of(request), access_of(request)),
        has_sources=any(one.is_active for one in api.list_sources(runtime)),
        first_name=person_of(request).name.partition(" ")[0],
    )


ROUTES = (show_home,)

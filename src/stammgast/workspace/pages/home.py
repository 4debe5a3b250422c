"""Home: what the modules have to say today, or how to begin."""

from __future__ import annotations

from litestar import Response, get

from stammgast.kernel.runtime import Runtime
from stammgast.web.guards import person_of, requires
from stammgast.web.pages import PageMaker, access_of, render, runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.workspace import api
from stammgast.workspace.contracts import SourceWatch


@get("/", guards=[requires("viewer", bound="own")], sync_to_thread=True)
def show_home(request: AnyRequest) -> Response[str]:
    """Lay out the panels of all modules; before anything came in, say how to connect the first source."""
    runtime = runtime_of(request)
    has_events = _has_events(runtime)
    return render(
        request,
        "workspace/home.html",
        panels=runtime.service(PageMaker).panels_for(person_of(request), access_of(request)) if has_events else (),
        sources=[one for one in api.list_sources(runtime) if one.is_active],
        has_events=has_events,
        first_name=person_of(request).name.partition(" ")[0],
    )


def _has_events(runtime: Runtime) -> bool:
    """Say whether anything ever came in: before that, panels would be so many empty frames."""
    try:
        return bool(runtime.service(SourceWatch).health())
    except KeyError:
        return True


ROUTES = (show_home,)

"""Pages for people: the landing page and the phone."""

from ..core.app import area


@area("web")
def around_web(sim, request, call, fault):
    """Pages have neither latency nor faults."""
    return call()


from . import landing, phone

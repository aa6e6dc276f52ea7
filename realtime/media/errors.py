"""What the media process refuses, in one family.

MediaError            status, code, detail; passed on by the server as it is
└── SdpError          whatever is wrong with an offer or an SDP fragment
"""

from __future__ import annotations

CLOSED_RETRY_S = 5


class MediaError(Exception):
    """A refusal with a stable code for programs, a sentence for people and the HTTP status to pass on."""

    def __init__(self, *, status: int, code: str, detail: str, retry_after_s: int | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s


class SdpError(MediaError):
    """The only exception that parsing an offer may raise, whatever its bytes."""


def malformed(detail: str) -> SdpError:
    return SdpError(status=400, code="sdp.malformed", detail=detail)


def too_large(detail: str) -> SdpError:
    return SdpError(status=413, code="sdp.too_large", detail=detail)


def unacceptable(detail: str, *, code: str = "sdp.unacceptable") -> SdpError:
    return SdpError(status=422, code=code, detail=detail)


UNKNOWN_PEER = "peer.unknown"


def not_found() -> MediaError:
    return MediaError(status=404, code=UNKNOWN_PEER, detail="There is no such publisher or viewer here.")


def known_already() -> MediaError:
    return MediaError(status=409, code="peer.known", detail="There is a publisher or viewer of this id.")


def stage_closed() -> MediaError:
    detail = "The stage of this session is not open."
    return MediaError(status=409, code="stage.closed", detail=detail, retry_after_s=CLOSED_RETRY_S)


def stage_full() -> MediaError:
    return MediaError(status=409, code="stage.full", detail="This stage has as many publishers as it can take.")


def too_many() -> MediaError:
    return MediaError(status=409, code="stage.too_many", detail="This person has too many connections open here.")


def use_hls(retry_after_s: int) -> MediaError:
    return MediaError(
        status=503,
        code="stage.use_hls",
        detail="The line is full; watch by HLS.",
        retry_after_s=retry_after_s,
    )


def busy(retry_after_s: int) -> MediaError:
    return MediaError(
        status=503,
        code="media.busy",
        detail="Too many people are joining at this moment.",
        retry_after_s=retry_after_s,
    )

"""The example's halls, tracks and speakers, with pictures drawn here: nobody's face is borrowed."""

from __future__ import annotations

import io
from collections.abc import Iterator

from PIL import Image, ImageDraw
from sqlmodel import Session

from models.programme import Bookmark, Hall, SpeakerProfile, Track
from server.demo.people import CONFERENCE, CROWD, LIVE_SESSION, NEXT_SESSION, ON_AIR, PERSONAS, Someone

HALLS = ("القاعة الكبرى", "قاعة الورش", "قاعة النقاش")
TRACKS = (("القيادة", "teal"), ("التواصل", "amber"), ("العافية", "violet"))
SPEAKERS: tuple[tuple[Someone, str, str, str, str], ...] = (
    (
        ON_AIR,
        "باحث في إدارة الفرق التطوّعية",
        "يعمل منذ خمسة عشر عامًا مع فرق تطوّع موزّعة بين المدن، وكتب «دليل الأسبوع الأول».",
        "Researcher of volunteer teams",
        "Has worked with volunteer teams spread over many cities for fifteen years.",
    ),
    (
        PERSONAS["speaker"],
        "كاتبة محتوى ومدرّبة",
        "تدرّب المنظّمات الصغيرة على أن تقول ما تريد بجملة واحدة.",
        "Writer and trainer",
        "Teaches small organisations to say what they mean in one sentence.",
    ),
    (
        PERSONAS["organiser"],
        "منسّقة الملتقى",
        "بدأت متطوّعة في مكتبة الحي، وتنسّق الملتقى منذ دورته الأولى.",
        "Coordinator of the gathering",
        "Began as a volunteer in a neighbourhood library.",
    ),
    (CROWD[3], "Community health nurse", "Looks after those who look after others.", "", ""),
)
LINKS = {
    ON_AIR: ["https://example.org/teams", "https://www.linkedin.com/in/example"],
    PERSONAS["speaker"]: ["https://example.org/one-sentence"],
}
# Two colours each: a calm ground, and the figure on it.
PAINTS = (("#dff4f2", "#005e5e"), ("#fcefd9", "#955905"), ("#efe3f5", "#6a3d7c"), ("#e2ecf7", "#2a5c8f"))
SIDE = 512


def lay_out(db: Session) -> None:
    for rank, name in enumerate(HALLS):
        db.add(Hall(conference_id=CONFERENCE, name=name, rank=rank))
    for rank, (name, colour) in enumerate(TRACKS):
        db.add(Track(conference_id=CONFERENCE, name=name, colour=colour, rank=rank))
    for someone, headline, bio, english, about in SPEAKERS:
        told = {"en": {"headline": english, "bio": about}} if english else {}
        db.add(
            SpeakerProfile(
                conference_id=CONFERENCE,
                person_id=someone.id,
                headline=headline,
                bio=bio,
                translations=told,
                links=LINKS.get(someone, []),
            )
        )
    for someone, session in ((PERSONAS["attendee"], LIVE_SESSION), (PERSONAS["attendee"], NEXT_SESSION)):
        db.add(Bookmark(session_id=session, person_id=someone.id))
    db.add_all(Bookmark(session_id=NEXT_SESSION, person_id=one.id) for one in CROWD[:4])
    db.flush()


def pictures() -> Iterator[tuple[Someone, bytes]]:
    """A drawn figure for each speaker, as the bytes somebody might upload."""
    for (someone, *_), (ground, figure) in zip(SPEAKERS, PAINTS, strict=True):
        image = Image.new("RGB", (SIDE, SIDE), ground)
        draw = ImageDraw.Draw(image)
        draw.ellipse((156, 96, 356, 296), fill=figure)
        draw.ellipse((66, 330, 446, 710), fill=figure)
        out = io.BytesIO()
        image.save(out, "PNG")
        yield someone, out.getvalue()


def hang(db: Session, names: dict[Someone, str]) -> None:
    """Give speakers their stored pictures."""
    for someone, name in names.items():
        profile = db.get(SpeakerProfile, (CONFERENCE, someone.id))
        if profile is not None:
            profile.picture = name

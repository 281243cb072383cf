"""Uploading pictures and documents over REST."""

from __future__ import annotations

import errno
import io
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from pytest_django import Settings

from accounts.actions import make_visitor
from accounts.models import User
from sessions_app import actions, documents, file_types, pictures, tasks
from sessions_app.models import Attachment, ChatSession, Message
from tests import cast
from tests.kernel import Rest, code
from tests.sessions_app import samples
from tests.sessions_app.samples import body_of, fetch, opened, picture, send, upload

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning"),
]

LARGE, TYPE = (413, "UPLOAD_TOO_LARGE"), (415, "UPLOAD_TYPE_REJECTED")
INVALID, LIMITED = (400, "VALIDATION_FAILED"), (429, "RATE_LIMITED")


def stored(answer: Any) -> bytes:
    """What is kept of an upload."""
    item = Attachment.objects.get(pk=answer.json()["id"])
    with item.file.open("rb") as file:
        return bytes(file.read())


def files_on_disk(settings: Settings) -> set[Path]:
    return {path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}


@pytest.fixture
def own_disk(settings: Settings, tmp_path: Path) -> Settings:
    """An empty place for the files of one test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings


# --- It works ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "mime"), [(kind, mime) for kind, (mime, _) in
                                            file_types.PICTURES.items()])  # fmt: skip
def test_a_picture_is_kept(kind: str, mime: str) -> None:
    answer = upload(cast.vic(), "image", "Torn seam.JFIF", picture(kind))
    assert answer.status_code == 201
    made = answer.json()
    assert set(made) == {"id", "url", "kind", "name", "mime", "size", "width", "height"}
    assert (made["kind"], made["mime"]) == ("image", mime)
    assert (made["width"], made["height"]) == (40, 30)
    assert made["name"] == f"Torn seam{file_types.PICTURES[kind][1]}"
    kept = stored(answer)
    assert made["size"] == len(kept)
    assert opened(kept).format == kind


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("invoice.pdf", samples.PDF),
        ("list.CSV", b"name,price\r\n\xbc\xd2\xb8\xf1,5\r\n"),
        ("words.txt", "\ufeffGrüße, 您好".encode()),
        ("letter.docx", samples.office()),
        ("sums.xlsx", samples.office("xl/workbook.xml")),
        ("talk.pptx", samples.office("ppt/presentation.xml")),
    ],
)
def test_a_document_is_kept_as_it_came(name: str, content: bytes) -> None:
    answer = upload(cast.vic(), "file", name, content, content_type="text/html")
    assert answer.status_code == 201, answer.content
    made = answer.json()
    suffix = Path(name).suffix.lower()
    assert (made["kind"], made["mime"]) == ("file", file_types.DOCUMENTS[suffix])
    assert made["size"] == len(content)
    assert stored(answer) == content


def test_a_visitor_may_upload() -> None:
    assert upload(make_visitor(), "image", "a.png", picture()).status_code == 201


def test_a_large_upload_passes_through_a_file_of_its_own(own_disk: Settings) -> None:
    content = b"x" * 3_000_000
    answer = upload(cast.vic(), "file", "a.txt", content)
    assert answer.status_code == 201
    (path,) = files_on_disk(own_disk)
    assert path.stat().st_mode & 0o077 == 0
    assert path.read_bytes() == content


def test_an_upload_is_sent_with_a_message(chat: ChatSession) -> None:
    made = upload(cast.vic(), "image", "a.png", picture()).json()
    path = f"/chat/sessions/{chat.id}/messages"
    body = {"kind": "image", "attachment_ids": [made["id"]]}
    sent = Rest(cast.vic()).post(path, body)
    assert sent.status_code == 201
    seen = Rest(cast.ben()).get(path).json()["results"][-1]["attachments"]
    assert seen == sent.json()["attachments"] == [made]
    again = Rest(cast.vic()).post(path, body)
    assert code(again) == INVALID, "an upload is sent once"


def test_files_keep_the_order_their_sender_gave_them(chat: ChatSession) -> None:
    vic, ben = Rest(cast.vic()), Rest(cast.ben())
    made = [upload(cast.vic(), "file", f"{n}.txt", b"x").json()["id"] for n in range(4)]
    wanted = [made[at] for at in (2, 0, 3, 1)]
    path = f"/chat/sessions/{chat.id}/messages"
    body = {"kind": "file", "client_msg_id": "four", "attachment_ids": wanted}
    first, again = vic.post(path, body), vic.post(path, body)
    seen = ben.get(path).json()["results"][-1]
    listed = ben.get("/chat/sessions").json()["results"][0]["last_message"]
    changes = ben.get(f"/chat/sessions/{chat.id}/changes?after_version=0").json()["results"][-1]
    for message in (first.json(), again.json(), seen, listed, changes):
        assert [file["id"] for file in message["attachments"]] == wanted
    text = ben.get(f"/chat/sessions/{chat.id}/transcript?format=txt").content.decode()
    assert [text.index(f"{n}.txt") for n in (2, 0, 3, 1)] == sorted(
        text.index(f"{n}.txt") for n in range(4)
    )
    other = {**body, "attachment_ids": made}
    assert code(vic.post(path, other)) == (409, "CONFLICT"), "another order is another message"


def test_only_its_uploader_may_send_it(chat: ChatSession) -> None:
    made = upload(cast.eve(), "image", "a.png", picture()).json()
    path = f"/chat/sessions/{chat.id}/messages"
    body = {"content": "mine now", "attachment_ids": [made["id"]]}
    assert code(Rest(cast.vic()).post(path, body)) == INVALID
    assert Attachment.objects.get().message is None


# --- Bad requests --------------------------------------------------------------------------------


def test_nobody_gets_401() -> None:
    for kind in ("image", "file"):
        assert code(upload(None, kind, "a.png", picture())) == (401, "AUTH_TOKEN_INVALID")


def test_exactly_one_file_is_expected() -> None:
    vic = cast.vic()
    one, two = (SimpleUploadedFile(f"{n}.png", picture()) for n in "ab")
    for form in ({}, {"file": "words"}, {"picture": one}, {"file": [one, two]},
                 {"file": one, "other": two}):  # fmt: skip
        answer = send(vic, "image", form)
        assert code(answer) == INVALID
        assert answer.json()["errors"][0]["field"] == "file"
    assert code(upload(vic, "image", "a.png", b"")) == INVALID
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("media_type", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("multipart/form-data", b"--x\r\n", 400),
        ("multipart/form-data; boundary=", b"--\r\n", 400),
        ("multipart/form-data; boundary=" + "x" * 300, b"", 400),
        ("multipart/form-data; boundary=x", b"--y\r\n\r\n", 400),
        ("multipart/form-data; boundary=x", b"\xff" * 5000, 400),
        ("multipart/form-data; boundary=x; charset=nonsense", b"--x--\r\n", 400),
        ("multipart/form-data; boundary=x",
         b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n'
         b"Content-Transfer-Encoding: base64\r\n\r\n!!!\r\n--x--\r\n", 400),
    ],
)  # fmt: skip
def test_what_is_no_form_is_refused(media_type: str, body: bytes, status: int) -> None:
    from django.test import Client

    from accounts.tokens import issue_access

    answer = Client(raise_request_exception=False).generic(
        "POST", "/api/v1/upload/image", body, media_type,
        headers={"Authorization": f"Bearer {issue_access(cast.vic())}"},
    )  # fmt: skip
    assert answer.status_code == status, answer.content


def test_a_form_of_ten_thousand_parts_is_refused() -> None:
    many = {f"f{number}": SimpleUploadedFile("a", b"x") for number in range(10_000)}
    assert code(send(cast.vic(), "image", many)) == INVALID
    fields = {f"f{number}": "x" for number in range(10_000)}
    assert code(send(cast.vic(), "file", fields)) == INVALID


# --- Hostile content -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (samples.HTML, TYPE),
        (samples.SVG, TYPE),
        (samples.PDF, TYPE),
        (b"<?xml version='1.0'?>" + samples.SVG, TYPE),
        (b"\x89PNG\r\n\x1a\n", TYPE),
        (b"\x89PNG\r\n\x1a\n" + samples.HTML, TYPE),
        (b"GIF89a/*" + samples.HTML, LARGE),
        (b"GIF89a\x01\0\x01\0" + samples.HTML, TYPE),
        (b"RIFF\x24\0\0\0WEBPVP8 ", TYPE),
        (b"RIFF\x24\0\0\0WEBPJUNK" + bytes(40), TYPE),
        (b"RIFF\x24\0\0\0WAVEfmt ", TYPE),
        (b"\xff\xd8\xff\xe0" + bytes(500), TYPE),
        (b"SIMPLE  =                    T" + bytes(2900), TYPE),
        (b"8BPS\0\x01" + bytes(100), TYPE),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", TYPE),
        (b"icns" + bytes(100), TYPE),
        (samples.saved(samples.opened(picture()), "TIFF"), TYPE),
        (samples.saved(samples.opened(picture()), "BMP"), TYPE),
        (samples.saved(samples.opened(picture()), "ICO"), TYPE),
        (picture("PNG")[:-30], TYPE),
        (picture("JPEG", (400, 300))[:-200], TYPE),
        (samples.bomb_png(), LARGE),
        (samples.gif(301), LARGE),
        (samples.gif(100_000), LARGE),
        (samples.gif(250, side=2000), LARGE),
        (samples.gif(2, at=60_000), LARGE),
        (samples.gif(0), TYPE),
        (samples.wide_webp(16_383, 16_383), LARGE),
        (samples.wide_webp(2**24, 2**24), LARGE),
        (samples.wide_webp(100, 100), TYPE),
        (picture("PNG", (16_001, 1)), LARGE),
        (b"\x89PNG\r\n\x1a\n" + bytes(10 * 1024 * 1024), LARGE),
    ],
)
def test_what_is_no_picture_is_refused_from_its_header(
    content: bytes, expected: tuple[int, str]
) -> None:
    began = time.process_time()
    assert code(upload(cast.vic(), "image", "a.png", content)) == expected
    assert time.process_time() - began < 2
    assert not Attachment.objects.exists()


def test_no_decoder_runs_for_a_picture_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", fail)
    monkeypatch.setattr("PIL.WebPImagePlugin.WebPImageFile._open", fail)
    monkeypatch.setattr("PIL.GifImagePlugin.GifImageFile._open", fail)
    for content in (samples.bomb_png(), samples.gif(301), samples.wide_webp(9999, 9999)):
        assert code(upload(cast.vic(), "image", "a.png", content)) == LARGE


@pytest.mark.parametrize("kind", list(file_types.PICTURES))
@pytest.mark.parametrize("tail", [samples.HTML, samples.office(), samples.PDF])
def test_of_a_polyglot_only_the_picture_is_left(kind: str, tail: bytes) -> None:
    answer = upload(cast.vic(), "image", "a.html", picture(kind) + tail)
    assert answer.status_code == 201
    kept = stored(answer)
    assert tail not in kept
    assert not zipfile.is_zipfile(io.BytesIO(kept))
    assert answer.json()["name"] == f"a{file_types.PICTURES[kind][1]}"


def test_a_photo_loses_its_metadata_and_stands_upright() -> None:
    sent = samples.photo()
    assert sent.count(samples.SECRET) > 1
    answer = upload(cast.vic(), "image", "IMG_0001.jpg", sent)
    assert (answer.json()["width"], answer.json()["height"]) == (30, 40)
    kept = stored(answer)
    assert samples.SECRET not in kept
    assert b"Exif" not in kept
    image = opened(kept).convert("RGB")
    top, bottom = image.getpixel((15, 5)), image.getpixel((15, 35))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 200
    assert bottom[2] > 200


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_no_kind_keeps_what_is_not_pixels(kind: str) -> None:
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_text("Comment", samples.SECRET.decode())
    text.add_itxt("XML:com.adobe.xmp", samples.SECRET.decode())
    options: dict[str, dict[str, Any]] = {
        "PNG": {"pnginfo": text, "exif": b"Exif\0\0" + samples.SECRET,
                "icc_profile": samples.SECRET * 9},
        "WEBP": {"exif": b"Exif\0\0" + samples.SECRET, "xmp": samples.SECRET,
                 "icc_profile": samples.SECRET * 9},
        "GIF": {"comment": samples.SECRET},
    }  # fmt: skip
    sent = picture(kind, **options[kind])
    assert samples.SECRET in sent
    answer = upload(cast.vic(), "image", "a.png", sent)
    assert answer.status_code == 201
    assert samples.SECRET not in stored(answer)


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_a_short_animation_still_moves(kind: str) -> None:
    kept = opened(stored(upload(cast.vic(), "image", "a.gif", samples.moving(kind))))
    assert getattr(kept, "n_frames", 1) == 5
    assert kept.info["loop"] == 0
    kept.seek(1)
    kept.load()
    assert kept.info["duration"] == 70


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_every_way_to_store_colours_is_drawn(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    image = samples.opened(picture()).convert("L" if mode == "I;16" else mode)
    sent = samples.saved(image.convert("I;16") if mode == "I;16" else image, kind)
    answer = upload(cast.vic(), "image", "a.png", sent)
    assert answer.status_code == 201
    opened(stored(answer)).load()


def renamed(content: bytes, **changes: Any) -> bytes:
    """An archive whose only file has these odd properties."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            new.writestr(entry, old.read(entry))
        odd = zipfile.ZipInfo(changes.pop("name", "odd"))
        for name, value in changes.items():
            setattr(odd, name, value)
        new.writestr(odd, "x")
    return out.getvalue()


DOCX = samples.office()
SLIP = renamed(DOCX, name="../../etc/passwd")
LINK = renamed(DOCX, external_attr=0o120777 << 16)
MACRO = samples.office(parts={"word/vbaProject.bin": b"x"})
INDEX = samples.office(parts={f"word/{number}": b"" for number in range(6000)})


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.html", samples.HTML, TYPE),
        ("a.svg", samples.SVG, TYPE),
        ("a.exe", b"MZ", TYPE),
        ("a.zip", DOCX, TYPE),
        ("a.docm", DOCX, TYPE),
        ("a", b"words", TYPE),
        ("a.pdf.html", samples.PDF, TYPE),
        (".pdf", samples.PDF, TYPE),
        ("a.txt", samples.HTML, TYPE),
        ("a.txt", b"\xef\xbb\xbf \n" + samples.SVG, TYPE),
        ("a.csv", b"GIF89a,=1", TYPE),
        ("a.txt", samples.PDF, TYPE),
        ("a.txt", b"a\0b", TYPE),
        ("a.txt", b"words " * 1000 + b"\x01", TYPE),
        ("a.txt", picture(), TYPE),
        ("a.pdf", samples.HTML, TYPE),
        ("a.pdf", samples.HTML + samples.PDF, TYPE),
        ("a.pdf", b"%PDF-1.4 without an end", TYPE),
        ("a.docx", samples.PDF, TYPE),
        ("a.docx", samples.office("xl/workbook.xml"), TYPE),
        ("a.docx", b"PK\x03\x04" + bytes(100), TYPE),
        ("a.docx", picture("JPEG") + DOCX, TYPE),
        ("a.docx", DOCX[:-10], TYPE),
        ("a.docx", SLIP, TYPE),
        ("a.docx", LINK, TYPE),
        ("a.docx", MACRO, TYPE),
        ("a.docx", INDEX, TYPE),
        ("a.docx", samples.office(parts={"word/x": bytes(101 * 1024 * 1024)}), LARGE),
        ("a.txt", b"x" * (20 * 1024 * 1024 + 1), LARGE),
    ],
)
def test_a_document_must_be_what_its_name_says(
    name: str, content: bytes, expected: tuple[int, str]
) -> None:
    began = time.process_time()
    assert code(upload(cast.vic(), "file", name, content)) == expected
    assert time.process_time() - began < 2
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\vic\\notes.txt", "notes.txt"),
        ("x" * 300 + ".txt", "x" * 100 + ".txt"),
        ("invoice\u202etxt.exe.txt", "invoicetxt.exe.txt"),
        ('quo"te.txt', "quo_te.txt"),
        ("new\r\nSet-Cookie: a=b.txt", "newSet-Cookie_ a=b.txt"),
        ("...txt", "file.txt"),
        ("a\0b.txt", "ab.txt"),
        ("发票 2026.txt", "发票 2026.txt"),
        ("con<>:|?*.txt", "con______.txt"),
    ],
)
def test_odd_names_are_only_shown(own_disk: Settings, sent: str, shown: str) -> None:
    assert documents.display_name(sent, ".txt", "file") == shown
    answer = upload(cast.vic(), "file", sent, b"words")
    if "\r\n" in sent:  # breaks the form of a client that does not escape it
        assert answer.status_code in {201, 415}
        return
    assert answer.status_code == 201, answer.content
    (path,) = files_on_disk(own_disk)
    assert path.stem == Attachment.objects.get().id.hex
    download = fetch(answer.json()["url"])
    assert "\n" not in download["Content-Disposition"]
    assert download["Content-Disposition"].startswith("attachment; filename")
    assert body_of(download) == b"words"


# --- Bounds --------------------------------------------------------------------------------------


def test_uploads_of_a_user_are_counted(settings: Settings) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "upload_user": (2, 3600)}
    vic = cast.vic()
    assert [upload(vic, "file", "a.txt", b"x").status_code for _ in range(2)] == [201, 201]
    refused = upload(vic, "file", "a.txt", b"x")
    assert code(refused) == LIMITED
    assert int(refused["Retry-After"]) > 0
    assert upload(cast.mia(), "file", "a.txt", b"x").status_code == 201


@pytest.mark.parametrize(
    ("limit", "most"),
    [("UPLOAD_PENDING_FILES", 2), ("UPLOAD_PENDING_BYTES", 250), ("UPLOAD_DAY_BYTES", 250)],
)
def test_what_waits_to_be_sent_is_bounded(
    settings: Settings, chat: ChatSession, limit: str, most: int
) -> None:
    setattr(settings, limit, most)
    vic = cast.vic()
    made = [upload(vic, "file", "a.txt", b"x" * 100) for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 201]
    assert code(upload(vic, "file", "a.txt", b"x" * 100)) == LIMITED
    ids = [answer.json()["id"] for answer in made]
    path = f"/chat/sessions/{chat.id}/messages"
    assert Rest(vic).post(path, {"kind": "file", "attachment_ids": ids}).status_code == 201
    after = upload(vic, "file", "a.txt", b"x" * 100)
    assert after.status_code == (429 if limit == "UPLOAD_DAY_BYTES" else 201)


@pytest.mark.django_db(transaction=True)
def test_parallel_uploads_share_one_quota(settings: Settings) -> None:
    settings.UPLOAD_PENDING_FILES = 3
    vic = cast.vic()

    def one(number: int) -> int:
        try:
            return int(upload(vic, "file", "a.txt", b"x").status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(one, range(12)))
    assert statuses == [201] * 3 + [429] * 9
    assert Attachment.objects.count() == 3


def disk_full(*args: object, **kwargs: object) -> str:
    raise OSError(errno.ENOSPC, "No space left on device")


def disk_ill(*args: object, **kwargs: object) -> str:
    raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize(
    ("fault", "expected"), [(disk_full, LARGE), (disk_ill, (503, "SERVICE_UNAVAILABLE"))]
)
def test_without_a_disk_nothing_is_left_and_the_chat_goes_on(
    monkeypatch: pytest.MonkeyPatch,
    chat: ChatSession,
    fault: Callable[..., str],
    expected: tuple[int, str],
) -> None:
    monkeypatch.setattr(FileSystemStorage, "save", fault)
    assert code(upload(cast.vic(), "file", "a.txt", b"words")) == expected
    assert not Attachment.objects.exists()
    said = Rest(cast.vic()).post(f"/chat/sessions/{chat.id}/messages", {"content": "hello"})
    assert said.status_code == 201


def test_the_database_keeps_its_share_of_the_disk(own_disk: Settings) -> None:
    own_disk.UPLOAD_SPARE_DISK_BYTES = 2**60
    assert code(upload(cast.vic(), "file", "a.txt", b"words")) == LARGE


def test_when_too_many_pictures_come_at_once_some_are_asked_to_wait(settings: Settings) -> None:
    settings.UPLOAD_IMAGE_WAIT_S = 0.01
    with pictures._slot():
        refused = upload(cast.vic(), "image", "a.png", picture())
    assert code(refused) == (503, "SERVICE_UNAVAILABLE")
    assert refused["Retry-After"]
    assert upload(cast.vic(), "image", "a.png", picture()).status_code == 201


# --- Tidying up ----------------------------------------------------------------------------------


def aged(**fields: Any) -> None:
    """Let everything have happened two days ago."""
    for field in fields.values():
        field.all().update(created_at=field.first().created_at - timedelta(days=2))


def send_file(user: User, chat: ChatSession) -> Message:
    made = upload(user, "file", "a.txt", b"words").json()
    body = {"kind": "file", "attachment_ids": [made["id"]]}
    sent = Rest(user).post(f"/chat/sessions/{chat.id}/messages", body)
    return Message.objects.get(pk=sent.json()["id"])


def test_what_nobody_sent_goes_after_a_day(own_disk: Settings, chat: ChatSession) -> None:
    send_file(cast.vic(), chat)
    upload(cast.vic(), "file", "b.txt", b"never sent")
    assert actions.discard_uploads() == 0
    aged(files=Attachment.objects)
    tasks.sweep_uploads()
    assert Attachment.objects.get().name == "a.txt"
    assert len(files_on_disk(own_disk)) == 1
    assert actions.discard_uploads() == 0


def test_what_hung_on_a_deleted_message_goes_after_a_day(
    own_disk: Settings, chat: ChatSession
) -> None:
    message = send_file(cast.vic(), chat)
    actions.delete_message(
        viewer=_viewer(cast.vic()), session_id=message.session_id, message_id=message.id
    )
    assert actions.discard_uploads() == 0
    message.refresh_from_db()
    assert message.deleted_at is not None
    Message.objects.update(deleted_at=message.deleted_at - timedelta(days=2))
    assert actions.discard_uploads() == 1
    assert not files_on_disk(own_disk)
    seen = Rest(cast.vic()).get(f"/chat/sessions/{chat.id}/messages").json()["results"]
    assert seen[-1]["attachments"] == []


def test_a_row_whose_file_was_never_written_goes_too(own_disk: Settings) -> None:
    upload(cast.vic(), "file", "a.txt", b"words")
    for path in files_on_disk(own_disk):
        path.unlink()
    aged(files=Attachment.objects)
    assert actions.discard_uploads() == 1


def test_the_sweep_is_scheduled(settings: Settings) -> None:
    assert "sessions_app.tasks.sweep_uploads" in {
        entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()
    }
    assert tasks.sweep_uploads.name == "sessions_app.tasks.sweep_uploads"


def _viewer(user: User) -> Any:
    from accounts.viewer import Viewer

    return Viewer.of(user)

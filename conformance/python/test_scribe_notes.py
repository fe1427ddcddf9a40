# SPDX-License-Identifier: Apache-2.0
"""Recordings on the command line: who speaks on one channel is guessed, names of drugs are corrected, and the page of the note works in a browser."""

import asyncio
import base64
import json
import pathlib
import shutil
import subprocess
import urllib.request
import wave

import pytest
import websockets

from house import BINARY

VISIT = [
    ("doctor", "So Ms. Thompson is a 43 year old female here for right knee pain. Tell me what happened."),
    ("patient", "I twisted my right knee on a ladder two weeks ago, and it still hurts when I walk up the stairs."),
    ("doctor", "Have you had any fever or chills?"),
    ("patient", "No."),
    ("doctor", "Do you have any numbness or tingling?"),
    ("patient", "Yes, sometimes in my foot at night."),
    ("doctor", "Any allergies to medications?"),
    ("patient", "I'm allergic to penicillin, and I take met for men 500 milligrams twice a day."),
    ("doctor", "On exam, you have tenderness over the medial meniscus of the right knee. There is no swelling. The x-ray shows no fracture."),
    ("doctor", "So for your first problem, your knee pain. I think you have a medial meniscus sprain."),
    ("doctor", "I'm going to prescribe May lotsicum fifteen milligrams once a day. I want you to wear a brace for the next two weeks."),
    ("doctor", "For your next problem, your diabetes. We will order a hemoglobin a1c. Please come back in two weeks."),
]


@pytest.fixture(scope="module")
def notes(tmp_path_factory):
    """The folder of a visit's documents."""
    folder = tmp_path_factory.mktemp("visit")
    turns, at = [], 1.0
    for _, text in VISIT:
        length = len(text) / 15
        turns.append({"channel": 0, "start": at, "end": at + length, "text": text})
        at += length + 0.7
    (folder / "script.json").write_text(json.dumps({"turns": turns}))
    with wave.open(str(folder / "visit.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        sound.writeframes(bytes(2 * int(16000 * (at + 1))))
    done = subprocess.run([BINARY, "scribe", folder / "visit.wav", "--recogniser", f"replay:{folder}/script.json", "--data", folder / "data", "--out", folder / "notes"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return folder / "notes"


def test_one_channel(notes):
    """Roles are guesses with a confidence; what was corrected is told with what was heard."""
    said = json.loads((notes / "transcript.json").read_text())["Conversation"]
    segments = said["TranscriptSegments"]
    roles = [s["ParticipantDetails"]["ParticipantRole"] for s in segments]
    assert roles == [{"doctor": "CLINICIAN_0", "patient": "PATIENT_0"}[who] for who, _ in VISIT]
    assert all(s["ParticipantDetails"]["RoleSource"] == "TEXT" and 0.5 <= s["ParticipantDetails"]["Confidence"] <= 1 for s in segments)
    mended = [(c["Content"], c["Heard"]) for s in segments for c in s.get("Corrections", [])]
    assert mended == [("metformin", "met for men"), ("meloxicam", "May lotsicum")]
    note = (notes / "note.md").read_text()
    assert 'meloxicam (heard: "May lotsicum")' in note and "guess" in note
    assert "- For her knee pain: we will prescribe meloxicam 15 milligrams once a day." in note
    after = [s["SummarizedSegment"] for s in json.loads((notes / "afterVisitSummary.json").read_text())["AfterVisitSummary"]["SummarizedSegments"]]
    assert after[0] == "You came in for: right knee pain." and any(s.startswith("When to come back or call: ") for s in after)


class Browser:
    """A page in Chromium, by its DevTools protocol."""

    def __init__(self, socket):
        self.socket, self.last = socket, 0

    async def ask(self, method, **params):
        self.last += 1
        await self.socket.send(json.dumps({"id": self.last, "method": method, "params": params}))
        while True:
            answer = json.loads(await self.socket.recv())
            if answer.get("id") == self.last:
                assert "error" not in answer, answer
                return answer["result"]

    async def value(self, expression):
        return (await self.ask("Runtime.evaluate", expression=expression, returnByValue=True))["result"].get("value")

    async def press(self, key):
        text = {"Enter": "\r"}.get(key, "")
        for kind in ("keyDown", "keyUp"):
            await self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, text=text if kind == "keyDown" else "",
                           windowsVirtualKeyCode={"Tab": 9, "Enter": 13}[key])


@pytest.fixture
def chromium(tmp_path):
    """Chromium without a window; its DevTools port."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if not program:
        pytest.skip("there is no Chromium")
    process = subprocess.Popen([program, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", f"--user-data-dir={tmp_path}", "about:blank"],
                               stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr:
            if "DevTools listening on" in line:
                break
        else:
            pytest.skip("Chromium does not start here")
        yield int(line.split("127.0.0.1:")[1].split("/")[0])
    finally:
        process.terminate()
        process.wait(30)


def test_the_page_in_a_browser(notes, chromium, tmp_path):
    asyncio.run(asyncio.wait_for(look(notes / "note.html", chromium, tmp_path), 60))


async def look(page: pathlib.Path, port: int, folder: pathlib.Path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=10) as answer:
        target = next(t for t in json.load(answer) if t["type"] == "page")
    async with websockets.connect(target["webSocketDebuggerUrl"], max_size=None) as socket:
        b = Browser(socket)
        await b.ask("Emulation.setDeviceMetricsOverride", width=1200, height=1000, deviceScaleFactor=1, mobile=False)
        await b.ask("Page.navigate", url=page.as_uri())
        while await b.value("document.readyState") != "complete" or await b.value("location.protocol") != "file:":
            await asyncio.sleep(0.05)
        assert await b.value("document.querySelectorAll('details').length") >= 10
        assert await b.value("performance.getEntriesByType('resource').length") == 0, "the page loads something"

        # Each sentence is reached and opened with the keyboard, and shows what was said.
        await b.press("Tab")
        assert await b.value("document.activeElement.textContent") == "Right knee pain."
        assert await b.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        await b.press("Enter")
        assert await b.value("document.activeElement.parentElement.open")
        assert "43 year old female here for right knee pain" in await b.value("document.querySelector('details[open] li').innerText")
        await b.press("Enter")
        assert await b.value("document.querySelectorAll('details[open]').length") == 0
        await b.press("Tab")
        assert await b.value("document.activeElement.tagName") == "SUMMARY"
        assert await b.value("[...document.querySelectorAll('mark')].some(m => m.textContent === 'meloxicam')")

        # Nothing is wider than a telephone or a sheet of paper.
        await b.ask("Emulation.setDeviceMetricsOverride", width=360, height=800, deviceScaleFactor=1, mobile=True)
        assert await b.value("document.documentElement.scrollWidth") <= 360
        await b.ask("Emulation.setEmulatedMedia", media="print")
        assert await b.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        sheet = base64.b64decode((await b.ask("Page.printToPDF"))["data"])
        assert sheet.startswith(b"%PDF") and sheet.count(b"/Type /Page\n") <= 3
        await b.ask("Emulation.setEmulatedMedia", media="")
        await b.ask("Emulation.setDeviceMetricsOverride", width=1200, height=1000, deviceScaleFactor=1, mobile=False)
        await b.value("[...document.querySelectorAll('details')].find(d => d.innerText.includes('meloxicam')).open = true")
        picture = base64.b64decode((await b.ask("Page.captureScreenshot", format="png"))["data"])
        (folder / "note.png").write_bytes(picture)
        assert len(picture) > 20_000


def test_names_of_rxnorm(tmp_path):
    """RxNorm's ingredients and brands, once imported, are names that drugs are corrected to."""
    row = "{0}|ENG|P|||||{0}||||RXNORM|{1}|{0}|{2}||N|4096|\n"
    (tmp_path / "RXNCONSO.RRF").write_text(row.format(1, "IN", "vonoprazan") + row.format(2, "SCD", "vonoprazan 20 MG Oral Tablet") + row.format(3, "BN", "Zomexa"))
    (tmp_path / "script.json").write_text(json.dumps({"turns": [{"channel": 0, "start": 0, "end": 1, "text": "We will start you on vonaprazan twenty milligrams."}]}))
    with wave.open(str(tmp_path / "visit.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        sound.writeframes(bytes(2 * 16000 * 2))

    def said():
        done = subprocess.run([BINARY, "scribe", tmp_path / "visit.wav", "--recogniser", f"replay:{tmp_path}/script.json", "--data", tmp_path / "data", "--out", tmp_path / "out"],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads((tmp_path / "out" / "transcript.json").read_text())["Conversation"]["TranscriptSegments"][0]["Content"]

    assert "vonaprazan" in said()
    done = subprocess.run([BINARY, "terminology", "add", "rxnorm", tmp_path / "RXNCONSO.RRF", "--version", "2026-03", "--data", tmp_path / "data"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "vonoprazan twenty" in said()

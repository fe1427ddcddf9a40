# SPDX-License-Identifier: Apache-2.0
"""The commands as a person meets them: help that teaches, mistakes that say what to do, insights from files and a server."""

import gzip
import json
import re
import resource
import subprocess
import wave

import pytest

import bulk
from house import BINARY


def run(*args, cwd=None, stdin=None):
    return subprocess.run([BINARY, *args], capture_output=True, text=True, timeout=120, cwd=cwd, input=stdin)


def commands(*path):
    """Every command that --help lists, and those below it."""
    listed = re.search(r"Available Commands:\n((?:  \S.*\n)+)", run(*path, "--help").stdout)
    for line in listed.group(1).splitlines() if listed else []:
        name = line.split()[0]
        if name not in ("help", "completion"):
            yield (*path, name)
            yield from commands(*path, name)


def test_every_command_has_help():
    all_of_them = list(commands())
    assert len(all_of_them) >= 20, all_of_them
    for path in all_of_them:
        shown = run(*path, "--help")
        assert shown.returncode == 0, path
        assert f"Usage:\n  galen {' '.join(path)}" in shown.stdout, path
        assert not shown.stderr, path


@pytest.mark.parametrize("args, says", [
    (["bogus"], 'no command or argument "bogus"'),
    (["fhirpath"], "such as: galen fhirpath"),
    (["fhirpath", "a", "b", "c"], '"c" is one too many'),
    (["fhir", "GET"], "such as: galen fhir GET Patient"),
    (["insights"], "such as: galen insights"),
    (["insights", "x", "--as-of", "tomorrow"], "2026-03-01"),
    (["models", "pull"], "such as: galen models pull"),
    (["models", "pull", "nope"], "galen models list"),
    (["package", "add"], "such as: galen package add"),
    (["terminology", "add", "loinc"], "such as: galen terminology add"),
    (["terminology", "add", "nope", "x"], "one of loinc"),
    (["validate"], "such as: galen validate"),
    (["synth"], "--out is needed"),
    (["synth", "--bogus"], "unknown flag: --bogus"),
    (["scribe"], "wants a file"),
    (["scribe", "x.wav", "--mic"], "wants a file, or --mic"),
    (["scribe", "x.wav", "--template", "SOAP"], "PHYSICAL_SOAP"),
    (["scribe", "x.wav", "--channels", "x"], "clinician,patient"),
    (["scribe", "x.wav", "--recogniser", "x"], "pocketsphinx"),
    (["serve", "x"], 'no command or argument "x"'),
])
def test_a_mistake_says_what_to_do(args, says, tmp_path):
    done = run(*args, cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert re.search(r"\nRun galen.* --help to see what there is\.\n$", done.stderr)
    assert not done.stdout
    assert not list(tmp_path.iterdir()), "a mistake leaves nothing behind"


def test_a_wrong_expression_needs_no_resource():
    done = run("fhirpath", "Patient.(name")
    assert done.returncode == 1
    assert "Patient.(name\n        ^" in done.stderr


def test_lists_say_that_they_are_empty_and_make_no_folder(tmp_path):
    for what in ("package", "terminology"):
        done = run(what, "list", cwd=tmp_path)
        assert done.returncode == 0
        assert f"galen {what} add" in done.stdout
    assert not list(tmp_path.iterdir())


def test_fhir_takes_addresses_as_people_write_them(galen, bench):
    bench.fhir("PUT", "Patient/jo", body={"resourceType": "Patient", "id": "jo", "name": [{"family": "O'Brien Sørensen"}]})
    call = ["fhir", "--url", galen.url, "--data", galen.data, "--datastore", bench.store, "GET"]
    found = run(*call, 'Patient?_filter=family co "brien sø" and not (active eq true)&_elements=name')
    assert found.returncode == 0 and [e["resource"]["id"] for e in json.loads(found.stdout)["entry"]] == ["jo"], found
    refused = run(*call, "Patient?birthdate=soon")
    assert refused.returncode == 1 and refused.stderr == "galen: the server answered 400 Bad Request\n"
    assert json.loads(refused.stdout)["issue"][0]["expression"] == ["birthdate"]


def test_a_data_folder_is_of_one_server(galen):
    second = run("serve", "--listen", "127.0.0.1:0", "--data", galen.data)
    assert second.returncode == 1 and second.stderr.endswith("the data folder is in use by another process: stop that one, or use another folder\n"), second


def test_validate_reads_folders_lines_and_packed_files(tmp_path):
    good = '{"resourceType":"Patient","active":true}'
    bundle = '{"resourceType":"Bundle","type":"collection",\n"entry":[{"fullUrl":"http://x/1","resource":\n{"resourceType":"Patient",\n "gender":"mail"}}]}'
    records = tmp_path / "records"
    (records / "deeper").mkdir(parents=True)
    (records / "lines.ndjson").write_text(f'{good}\n\n{good}\n{{"resourceType":"Patient","active":"yes"}}\n{{"resourceType":')
    (records / "deeper" / "bundle.json.gz").write_bytes(gzip.compress(bundle.encode()))
    (records / "notes.txt").write_text("not a resource")
    (tmp_path / "empty.jsonl").write_text("\n")

    done = run("validate", records, tmp_path / "empty.jsonl", cwd=tmp_path)
    assert done.returncode == 1 and done.stderr == "galen: 3 errors\n"
    places = re.findall(r"^(\S+):(\d+):(\d+): (\w+): (.*)$", done.stdout, re.M)
    assert [(name.removeprefix(f"{tmp_path}/"), int(line), int(column), severity) for name, line, column, severity, _ in places] == [
        ("records/deeper/bundle.json.gz", 4, 11, "error"), ("records/lines.ndjson", 4, 36, "error"), ("records/lines.ndjson", 5, 17, "fatal")]
    assert "use male, female, other or unknown" in places[0][4]
    assert f"{tmp_path}/empty.jsonl: no findings\n3 files, 5 resources: 3 errors, 0 warnings, 0 notes\n" in done.stdout

    listed = json.loads(run("validate", "--json", records, cwd=tmp_path).stdout)
    assert [(f["line"], f["column"], f.get("expression")) for f in listed] == [(4, 11, "Bundle.entry[0].resource.gender"), (4, 36, "Patient.active"), (5, 17, None)]
    assert json.loads(run("validate", "--json", tmp_path / "empty.jsonl", cwd=tmp_path).stdout) == []

    assert "1 file, 1 resource: 0 errors" in run("validate", "-", cwd=tmp_path, stdin=good).stdout
    (tmp_path / "named.json").write_text('{"resourceType":"Patient","meta":{"profile":["http://x/patient"]}}')
    left = run("validate", "named.json", cwd=tmp_path)
    assert left.returncode == 0 and "\n1 resource with profiles in meta.profile, which were not checked: no package is installed" in left.stdout
    asked = run("validate", "named.json", "--profile", "http://x/patient", cwd=tmp_path)
    assert asked.returncode == 1 and "the profile http://x/patient is not installed" in asked.stderr and not asked.stdout
    assert "is for Observation" in run("validate", "named.json", "--profile", "bodyweight", cwd=tmp_path).stdout, "R4's own profiles need no package, and their end names them"
    assert "0 errors" in run("validate", "named.json", "--profile", "Patient", cwd=tmp_path).stdout
    (tmp_path / "nothing").mkdir()
    assert "no files of resources" in run("validate", tmp_path / "nothing", cwd=tmp_path).stderr


def test_validate_keeps_no_file_in_memory(tmp_path):
    """A file of 1.2 GB, packed, a third of its lines wrong: 300 MB of memory hold neither it nor what is found."""
    name = tmp_path / "many.ndjson.gz"
    line = b'{"resourceType":"Basic","code":{"text":"' + b"x" * 6000 + b'"}}\n'
    with gzip.open(name, "wb", compresslevel=1) as f:
        for _ in range(1000):
            f.write((line * 2 + b'{"resourceType":"Basic","code":1,"text":"' + b"y" * 6000 + b'"}\n') * 66)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    done = subprocess.run([BINARY, "validate", name], stdout=subprocess.PIPE, timeout=120, cwd=tmp_path)
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert done.stdout.endswith(b"1 file, 198,000 resources: 132,000 errors, 0 warnings, 0 notes\n"), done.stdout[-300:]
    assert most <= max(before, 300 << 10), most


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder of made-up records, and the id of one of its patients."""
    folder = tmp_path_factory.mktemp("record")
    done = run("synth", "--out", folder, "--patients", "3")
    assert done.returncode == 0, done.stderr
    line = next(open(next(folder.glob("Patient*.ndjson")), encoding="utf-8"))
    return folder, json.loads(line)["id"]


def test_insights_from_files(made, tmp_path):
    folder, patient = made
    page = tmp_path / "summary.html"
    done = run("insights", patient, "--file", folder, "--reason", "follow-up of blood pressure", "--html", page, "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    cited = set(re.findall(r'"(?:Patient|Condition|Observation|Encounter|MedicationRequest)/[^"]+"', done.stdout))
    assert summary and cited
    held = {f'"{r["resourceType"]}/{r["id"]}"' for f in folder.glob("*.ndjson") for r in map(json.loads, open(f, encoding="utf-8"))}
    assert cited <= held, cited - held
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>") and page.stat().st_mode & 0o777 == 0o600
    assert "default-src 'none'" in text and not re.search(r'(src|href)="(?!#)', text), "the page loads nothing"


def test_insights_of_nobody(made):
    done = run("insights", "nobody", "--file", made[0])
    assert done.returncode == 1
    assert "patient is not among the resources" in done.stderr and not done.stdout


def test_insights_from_a_server(galen, healthlake, made):
    folder, patient = made
    bench = bulk.Bench(galen, "commands insights")
    for f in folder.glob("*.ndjson"):
        bench.s3.upload_file(str(f), bench.bucket, f"in/{f.name}")
    bench.load()
    there = run("insights", patient, "--url", galen.url, "--data", galen.data, "--datastore", bench.store, "--as-of", "2026-03-01", "--all")
    here = run("insights", patient, "--file", folder, "--as-of", "2026-03-01", "--all")
    assert there.returncode == here.returncode == 0, there.stderr + here.stderr
    assert there.stdout == here.stdout, "the same record gives the same summary, wherever it is kept"


def test_models_are_listed(tmp_path):
    shown = run("models", "list", "--data", tmp_path)
    assert shown.returncode == 0 and re.search(r"^moonshine-tiny-en +no +88 MB +MIT ", shown.stdout, re.M), shown.stdout
    listed = {m["name"]: m for m in json.loads(run("models", "list", "--json", "--data", tmp_path).stdout)}
    assert not listed["silero-vad"]["here"] and listed["silero-vad"]["url"].startswith("https://") and len(listed["silero-vad"]["sha256"]) == 64
    refused = run("models", "pull", "sherpa-onnx-whisper-base.en", "--data", tmp_path)
    assert refused.returncode == 1 and "--sha256" in refused.stderr and "Fetching" not in refused.stderr
    (tmp_path / "wheel").write_text("something else")
    refused = run("models", "pull", "silero-vad", "--from", tmp_path / "wheel", "--data", tmp_path)
    assert refused.returncode == 1 and "SHA-256" in refused.stderr and not (tmp_path / "models" / "silero-vad").exists()


def test_a_recording_of_nothing(tmp_path):
    script, sound = tmp_path / "script.json", tmp_path / "silence.wav"
    script.write_text('{"turns": []}')
    with wave.open(str(sound), "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(8000)
        w.writeframes(bytes(16000))
    done = run("scribe", sound, "--recogniser", f"replay:{script}", "--json", "--out", tmp_path / "notes")
    assert done.returncode == 0 and "Nothing was said." in done.stderr
    note = json.loads(done.stdout)
    assert "Nothing was said in this session." in note["Notice"] and not any(s["Summary"] for s in note["ClinicalDocumentation"]["Sections"])
    assert json.loads((tmp_path / "notes" / "clinicalDoc.json").read_text()) == note
    sound.write_bytes(b"RIFF\0\0\0\0WAVE")
    refused = run("scribe", sound, "--recogniser", f"replay:{script}")
    assert refused.returncode == 1 and "silence.wav" in refused.stderr and not refused.stdout

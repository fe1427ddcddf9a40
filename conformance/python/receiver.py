# SPDX-License-Identifier: Apache-2.0
"""A receiver of notifications: an HTTP server that keeps what it was sent, and behaves as it is told."""

import http.server
import json
import threading

from house import until


class Receiver:
    """Its behave is called with the handler and the notification, and answers; without it the answer is 200."""

    def __init__(self, behave=None):
        self.taken, self.refused, self.behave = [], [], behave
        self.closing = threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                note = Note(body, dict(self.headers))
                status = receiver.behave(self, note) if receiver.behave else 200
                if status is None:  # it has answered, or never will
                    self.close_connection = True
                    return
                (receiver.taken if status == 200 else receiver.refused).append(note)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()

    def events(self):
        """The events that were taken, as they came: number and focus."""
        return [e for n in list(self.taken) for e in n.events]

    def until_events(self, count):
        until(lambda: len(set(self.events())) >= count, f"{count} events")
        return self.events()

    def kinds(self):
        return [n.kind for n in list(self.taken)]


class Note:
    """A notification, either a Bundle of the guide or an EventBridge event about one."""

    def __init__(self, body, headers=None):
        self.body, self.headers = body, headers or {}
        self.events, self.kind = [], None
        first = body["entry"][0]["resource"] if body.get("resourceType") == "Bundle" else None
        if first is None:
            return
        assert body["type"] == "history" and first["resourceType"] == "Parameters", body
        for p in first["parameter"]:
            if p["name"] == "type":
                self.kind = p["valueCode"]
            if p["name"] == "notification-event":
                part = {q["name"]: q for q in p["part"]}
                focus = part.get("focus", {}).get("valueReference", {}).get("reference", "")
                self.events.append((int(part["event-number"]["valueString"]), "/".join(focus.split("/")[-2:])))

# SPDX-License-Identifier: Apache-2.0
"""A proxy that signs, for FHIR clients that cannot."""

import contextlib
import http.client
import http.server
import threading
import urllib.parse

import botocore.auth
import botocore.awsrequest

from house import REGION, query

# What belongs to one connection, and what the proxy sets itself.
OWN = {"connection", "keep-alive", "transfer-encoding", "host", "content-length", "accept-encoding", "authorization"}


@contextlib.contextmanager
def signing(galen):
    """Serves at the URL it gives; requests go on to the server, signed. Links in answers lead to the proxy again, as Host is kept."""
    target = urllib.parse.urlsplit(galen.url)
    keys = galen.keys()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self):
            path, _, text = self.path.partition("?")
            if text:  # in the strict encoding that signatures use
                path += "?" + query(urllib.parse.parse_qsl(text, keep_blank_values=True))
            body = self.body()
            headers = {k: v for k, v in self.headers.items() if k.lower() not in OWN}
            signed = botocore.awsrequest.AWSRequest(self.command, f"http://{self.headers['Host']}{path}", data=body)
            botocore.auth.SigV4Auth(keys, "healthlake", REGION).add_auth(signed)
            headers.update(dict(signed.headers.items()), Host=self.headers["Host"])
            connection = http.client.HTTPConnection(target.hostname, target.port, timeout=60)
            try:
                connection.request(self.command, path, body, headers)
                answer = connection.getresponse()
                content = answer.read()
            finally:
                connection.close()
            self.send_response_only(answer.status, answer.reason)
            for k, v in answer.getheaders():
                if k.lower() not in OWN:
                    self.send_header(k, v)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def body(self):
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():  # trailers
                pass
            return b"".join(parts)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = forward

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()

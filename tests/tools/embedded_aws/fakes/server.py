"""A fake of `python -m tools.embedded_aws.server`: an embedded AWS that holds nothing."""

import argparse
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NO_STACKS = b"<DescribeStacksResponse><DescribeStacksResult><Stacks/></DescribeStacksResult></DescribeStacksResponse>"  # noqa: E501


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of a deploy."""

    def do_GET(self) -> None:
        """Answer a request under /_local/."""
        mode = {"docker": False, "kubernetes": "schemas", "control_plane_only": False}
        answers = {
            "/_local/mode": {**mode, "certificate": "", "missing": [], "errors": errors},
        }
        self._answer(json.dumps(answers.get(self.path, [])).encode())

    def do_POST(self) -> None:
        """Answer a call of CloudFormation."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(NO_STACKS)

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Log nothing."""


parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int)
parser.add_argument("--ready-file", type=Path)
parser.add_argument("--endpoint")
parser.add_argument("--error", default="")
parser.add_argument("--control-plane-only", action="store_true")
parser.add_argument("--fails", action="store_true")
options = parser.parse_args()
errors = [options.error] if options.error else []
if options.fails:
    sys.exit("the fake server fails")
options.ready_file.with_name("server.environment.json").write_text(json.dumps(dict(os.environ)))
server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
port = server.server_address[1]
endpoint = options.endpoint or f"http://127.0.0.1:{port}"
draft = options.ready_file.with_suffix(".draft")
draft.write_text(json.dumps({"pid": os.getpid(), "port": port, "endpoint": endpoint}))
draft.replace(options.ready_file)
server.serve_forever()

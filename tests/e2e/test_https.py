"""The HTTPS client against a server with real certificates, through tests/fakes/http_get. Under Wine Schannel accepts
what Windows refuses, so:
# runs: native
"""
import http.server
import os
import ssl
import subprocess
import threading
import harness
import test_tls as tls
from harness import check, equal


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *arguments):
        pass


class Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, request, address):
        pass  # a client that does not trust us goes away in the handshake


_certificates = []


def get(certificate, ca):
    """What http_get says of https://NAME:PORT/, where NAME is this machine."""
    if not _certificates:
        _certificates.append(tls.Certificates())
    made = _certificates[0]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*made.made[certificate])
    server = Quiet(("127.0.0.1", 0), Answer)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    hosts = os.path.join(harness.temp_dir("etc"), "hosts")
    with open(hosts, "w") as f:
        f.write("127.0.0.1 localhost\n127.0.0.1 %s\n" % tls.NAME)
    try:
        argv = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts,
                os.path.join(harness.NATIVE, "fakes/http_get"), "https://%s:%d/" % (tls.NAME, server.server_port)]
        env = {k: v for k, v in harness.clean_env().items() if not k.lower().endswith("_proxy")}
        done = subprocess.run(argv + ([{"ours": made.ca, "another": made.other_ca}[ca]] if ca else []), env=env,
                              capture_output=True, timeout=60 * harness.SCALE)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    return done.returncode, done.stdout.decode().strip(), done.stderr.decode().strip()


def refused(result):
    code, out, err = result
    equal((code, out), (5, ""), "exit code and output (%s)" % err)
    check(err.startswith("no safe connection to %s could be made" % tls.NAME), err)
    check("Check the date and time of this computer" in err, err)


def test_right_certificate(program):
    equal(get("good", "ours"), (0, "200 hello", ""), "the answer")


def test_unknown_authority(program):
    refused(get("good", "another"))


def test_the_systems_roots(program):
    refused(get("good", None))


def test_wrong_name(program):
    refused(get("wrong name", "ours"))


def test_expired(program):
    refused(get("expired", "ours"))


harness.main(__name__)

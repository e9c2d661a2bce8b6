"""The HTTPS client against a server with real certificates, through tests/fakes/http_get. Under Wine Schannel accepts
what Windows refuses, so:
# runs: native
"""
import http.server
import os
import ssl
import subprocess
import threading
import graph_sim
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
_heads = []  # what the last proxy was asked


def get(certificate, ca, proxy=None, variable="CMMS_PROXY", hidden=False, more=None):
    """What http_get says of https://NAME:PORT/, where NAME is this machine; hidden: where nobody knows it. proxy: hosts
    that it leads to, and what it answers else."""
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
        f.write("127.0.0.1 localhost\n" + ("" if hidden else "127.0.0.1 %s\n" % tls.NAME))
    through = graph_sim.Proxy(proxy[0], server.server_port, proxy[1]) if proxy else None
    try:
        argv = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts,
                os.path.join(harness.NATIVE, "fakes/http_get"), "https://%s:%d/" % (tls.NAME, server.server_port)]
        env = {k: v for k, v in harness.clean_env().items() if not k.lower().endswith("_proxy")}
        if through:
            env[variable] = (through.url if "_proxy" in variable else through.url[len("http://"):]) + (more or "")
        done = subprocess.run(argv + ([{"ours": made.ca, "another": made.other_ca}[ca]] if ca else []), env=env,
                              capture_output=True, timeout=60 * harness.SCALE)
    finally:
        if through:
            _heads[:] = through.heads
            through.listener.close()
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


def test_through_a_proxy(program):
    """The one that the system names, or the environment; it alone knows the name, and is told nothing but that."""
    for variable in ("CMMS_PROXY", "https_proxy"):
        equal(get("good", "ours", ((tls.NAME,), None), variable, hidden=True), (0, "200 hello", ""), variable)
        equal(len(_heads), 1, "connections through it")
        check(_heads[0].startswith("CONNECT %s:" % tls.NAME) and "authorization" not in _heads[0].lower(), _heads[0])
        refused(get("wrong name", "ours", ((tls.NAME,), None), variable, hidden=True))


def test_past_the_proxy(program):
    """What the system's settings leave out goes straight."""
    for bypass in ("|<local>;" + tls.NAME, "|*" + tls.NAME[3:].upper()):
        equal(get("good", "ours", ((), None), more=bypass), (0, "200 hello", ""), bypass)
        equal(_heads, [], "what the proxy was asked")


def test_a_proxy_that_refuses(program):
    """In one sentence of ours, whatever it says itself; no password was sent."""
    for variable in ("CMMS_PROXY", "https_proxy"):
        for status, words in ((407, "the proxy of this network asks for a password: status 407"),
                              (403, "the proxy of this network does not let this program through to %s: status 403" %
                               tls.NAME), (511, "through to %s: status 511" % tls.NAME), (302, "status 302")):
            code, out, err = get("good", "ours", ((tls.NAME,), status), variable)
            equal((code, out), (5, ""), "exit code and output at %d (%s)" % (status, err))
            check(words in err and "Ask your IT administrator" in err and "SECRET" not in err, err)
            check(all("proxy-authorization" not in head.lower() for head in _heads), repr(_heads))


def test_wrong_name(program):
    refused(get("wrong name", "ours"))


def test_expired(program):
    refused(get("expired", "ours"))


harness.main(__name__)

"""A strict simulator of what is used of Microsoft Graph, SharePoint's upload sessions and the sign-in.

It refuses what the real one refuses, and does on command (Fault) what the real one does at times: lose answers, keep
half a fragment, throttle, forget sessions, tell a hash late. Data is kept in memory. What it is said to know:

  sim.faults.append(Fault("fragment", status=503, headers={"Retry-After": "1"}, times=2))

kinds: token, authorize, devicecode, site, drives, drive, share, folder, item, find, children, put, create, fragment,
status, end, rename, delete, mkdir, download, mail, checkin.
"""
import base64
import hashlib
import http.server
import itertools
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import urllib.parse

UNIT = 327680
BAD_NAME = re.compile(r'["*:<>?/\\|\x00-\x1f]|^\s|[\s.]$|^~\$|_vti_|^$', re.S)
RESERVED = {".lock", "con", "prn", "aux", "nul", "desktop.ini"} | {d + i for d in ("com", "lpt") for i in "0123456789"}


class Hollow:
    """So many zeros, of which only the number is kept."""

    def __init__(self, size=0):
        self.size = size

    def __len__(self):
        return self.size

    def __iadd__(self, data):
        if data != bytes(len(data)):
            raise ValueError("not only zeros")
        self.size += len(data)
        return self


def quickxor(data):
    if isinstance(data, Hollow):
        return base64.b64encode((len(data) << 96).to_bytes(20, "little")).decode()
    cells = 0
    for at in range(0, len(data), 1760):
        cells ^= int.from_bytes(data[at:at + 1760].ljust(1760, b"\0"), "little")
    bits = 0
    for i, byte in enumerate(cells.to_bytes(1760, "little")):
        shifted = byte << (i * 11 % 160)
        bits ^= (shifted | shifted >> 160) & ((1 << 160) - 1)
    bits ^= len(data) << 96
    return base64.b64encode(bits.to_bytes(20, "little")).decode()


def certificate(folder, hosts=()):
    """((certificate, key), authority) for 127.0.0.1, localhost and other hosts."""
    ca_key, ca, key, csr, crt, san = (os.path.join(folder, n) for n in (
        "ca.key", "ca.crt", "server.key", "server.csr", "server.crt", "san"))
    run = lambda *a: subprocess.run(["openssl"] + list(a), check=True, capture_output=True)
    run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
        "/CN=Simulator CA", "-keyout", ca_key, "-out", ca)
    run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-keyout",
        key, "-out", csr)
    with open(san, "w") as f:
        f.write("subjectAltName=DNS:localhost,IP:127.0.0.1%s\n" % "".join(",DNS:" + h for h in hosts))
    run("x509", "-req", "-in", csr, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "30", "-extfile", san,
        "-out", crt)
    return (crt, key), ca


class Fault:
    """What happens to the requests of a kind: `times` of them, after `skip` others (of name, where that is given).

    status: the answer, instead of doing it; 0: the connection is reset. done: it is done before. keep: of a fragment,
    so many bytes are kept before; of a download, so many are sent before the connection ends. body, headers: of the
    answer. call: is called with the simulator, before."""

    def __init__(self, kind, status=None, times=1, skip=0, done=False, keep=None, code=None, inner=None, body=None,
                 headers=None, call=None, spelling="innerError"):
        self.kind, self.status, self.times, self.skip, self.done, self.keep = kind, status, times, skip, done, keep
        self.headers, self.call = headers or {}, call
        self.body = body
        if body is None and code:
            error = {"code": code, "message": "SECRET words of the server, not to be told"}
            if inner:
                error[spelling] = {"code": inner, "date": "2026-11-30T06:00:00.1234567", "request-id": "x"}
            self.body = {"error": error}


class Session:
    def __init__(self, parent, name, drive, behaviour, blind):
        self.parent, self.name, self.drive, self.behaviour = parent, name, drive, behaviour
        self.data, self.total, self.touched = Hollow() if blind else bytearray(), None, None


class Reset(Exception):
    pass


class Answer(Exception):
    def __init__(self, status, body=None, headers=None):
        super().__init__(status)
        self.status, self.body, self.headers, self.cut = status, body, headers or {}, None


def problem(status, code, inner=None, spelling="innerError"):
    error = {"code": code, "message": "SECRET words of the server, not to be told"}
    error[spelling] = {"request-id": "0f8f", "date": "2026-11-30T06:00:00"}
    if inner:
        error[spelling]["code"] = inner
    return Answer(status, {"error": error})


class Simulator:
    HOST = "contoso.sharepoint.com"

    def __init__(self, certificate=None):
        self.lock = threading.RLock()
        self.numbers = itertools.count(1)
        self.tokens, self.faults, self.log, self.complaints = {"token-1", "token-2"}, [], [], []
        self.sessions, self.drives, self.items, self.sites = {}, {}, {}, {}
        self.closed_until, self.hash_late, self.wrong_hash, self.retry_early = 0, 0, 0, 0
        self.before = self.after = None  # called with the number of each request, before it is looked at, and done
        self.page = 200
        self.download_key, self.ignore_range, self.ranges = 1, False, []  # another key: addresses have run out
        self.etags = True  # items tell their version
        self.checkout = set()  # libraries that want check-out: a new file is its uploader's until it is checked in
        self.recycled = []  # the names of what was removed
        self.clock = 0  # seconds that the server's is ahead
        self.quota = 1 << 40
        self.client_id, self.tenant = "client", "contoso.onmicrosoft.com"
        self.refresh_tokens, self.codes, self.device = set(), {}, {}
        self.expires_in = 3599
        self.consent = True
        self.scopes = set()  # that were asked for
        self.app_certificate, self.app_secret = None, None  # with which the program itself signs in: a PEM file; a text
        self.blind = False  # what comes is zeros, and is counted, not kept
        self.round_trip = self.commit_time = 0  # seconds: of each request; more of one that brings a file or a fragment
        self.cap = 0  # bytes a second that a connection brings at the most; 0: no limit
        self.rclone = False  # what rclone does otherwise than we is taken: see other_client
        self.pace = []  # of each body: method, bytes, seconds since the answer before it until all of it had come
        self.answered = None  # when that was
        self.assertions = []  # headers and payloads
        self.device_waits = False  # nobody has typed the code yet
        self.granted = set()  # the sites that a token for Sites.Selected reaches
        self.selected = set()  # those tokens
        self.granted_lists = set()  # the libraries that a token for Lists.SelectedOperations.Selected reaches
        self.listed = set()  # those tokens
        self.mail_allowed = True  # IT has approved Mail.Send
        self.mailers, self.mails = set(), []  # tokens for it; what was sent
        sim = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                time.sleep(sim.round_trip * (2 if sim.tls else 1))  # the connection, and TLS
                super().setup()

            def handle_any(self):
                sim.handle(self)

            def date_time_string(self, timestamp=None):
                return super().date_time_string(time.time() + sim.clock if timestamp is None else timestamp)

            do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, address):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.tls = certificate is not None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        self.url = "%s://127.0.0.1:%d" % ("https" if certificate else "http", self.server.server_port)
        self.next_host = self.url  # of the addresses of next pages
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        self.drive = self.add_drive("Dokumente", "/sites/Maintenance/Shared Documents")
        self.folder = self.add_item(self.drive, self.drives[self.drive]["root"], "Backups", folder=True)["id"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    # --- what is there

    def add_drive(self, name, path):
        drive = "b!drive%d" % next(self.numbers)
        root = {"id": "root%d" % next(self.numbers), "name": "root", "folder": {}, "parent": None, "drive": drive}
        self.items[root["id"]] = root
        self.drives[drive] = {"name": name, "path": path, "root": root["id"]}
        site = path.rsplit("/", 1)[0]
        self.sites.setdefault(site, {"id": "%s,guid%d,web" % (self.HOST, len(self.sites)), "drives": []})
        self.sites[site]["drives"].append(drive)
        return drive

    def add_item(self, drive, parent, name, data=None, folder=False):
        item = {"id": "item%d" % next(self.numbers), "name": name, "parent": parent, "drive": drive,
                "modified": time.time() + self.clock, "version": 1}
        if folder:
            item["folder"] = {}
        else:
            item["data"], item["late"] = data if isinstance(data, Hollow) else bytes(data), self.hash_late
            if self.wrong_hash:
                self.wrong_hash -= 1
                item["wrong"] = True
        item["out"] = not folder and drive in self.checkout
        self.items[item["id"]] = item
        return item

    def child(self, parent, name):
        for item in self.items.values():
            if item["parent"] == parent and item["name"].lower() == name.lower():
                return item
        return None

    def names(self, folder=None):
        return sorted(i["name"] for i in self.items.values() if i["parent"] == (folder or self.folder))

    def data(self, name):
        return self.child(self.folder, name)["data"]

    def hidden(self, folder=None):
        """What only its uploader sees."""
        return sorted(i["name"] for i in self.items.values() if i["parent"] == (folder or self.folder) and i.get("out"))

    def kinds(self):
        return [kind for kind, _ in self.log]

    def path_of(self, item):
        if item["parent"] is None:
            return self.drives[item["drive"]]["path"]
        return self.path_of(self.items[item["parent"]]) + "/" + item["name"]

    def etag(self, item):
        return '"{%s},%d"' % (hashlib.md5(item["id"].encode()).hexdigest().upper(), item["version"])

    def replaced(self, name, data):
        """Somebody else puts another version there."""
        item = self.child(self.folder, name)
        item["data"], item["version"] = bytes(data), item["version"] + 1

    def web_url(self, path):
        return "https://%s%s" % (self.HOST, urllib.parse.quote(path))

    def describe(self, item):
        told = {"id": item["id"], "name": item["name"], "webUrl": self.web_url(self.path_of(item)),
                "parentReference": {"driveId": item["drive"], "id": item["parent"]}}
        if item["parent"] and self.etags:
            told["eTag"] = self.etag(item)
        if "folder" in item:
            told["folder"], told["size"] = {"childCount": 0}, 0
        else:
            hashes = {}
            if item["late"] > 0:
                item["late"] -= 1
            elif item["late"] == 0:
                hashes["quickXorHash"] = quickxor(item["data"][:-1] if item.get("wrong") else item["data"])
            if item.get("touched"):
                told["fileSystemInfo"] = {"lastModifiedDateTime": item["touched"]}
            told["size"] = len(item["data"])
            told["lastModifiedDateTime"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(item["modified"]))
            told["file"] = {"mimeType": "application/octet-stream", "hashes": hashes}
        return told

    # --- the requests

    def complain(self, what):
        self.complaints.append(what)

    def handle(self, request):
        with self.lock:
            number = len(self.log) + 1
        if self.before:
            self.before(number)
        try:
            body = self.read(request)
        except (OSError, ValueError):
            request.close_connection = True
            return
        time.sleep(self.round_trip)
        try:
            with self.lock:
                try:
                    answer = self.answer(request, body)
                except Answer as given:
                    answer = given
                kind = self.log[-1][0]
                if answer.status == 429 or (answer.status == 503 and "Retry-After" in answer.headers):
                    self.closed_until = time.monotonic() + float(answer.headers.get("Retry-After", 0))
                self.log[-1] = (kind, answer.status)
                number = len(self.log)
            if self.after:
                self.after(number)
            if kind in ("fragment", "put"):
                time.sleep(self.commit_time)
            self.answered = time.monotonic()
            self.send(request, answer)
        except Reset:
            with self.lock:
                self.log[-1] = (self.log[-1][0], 0)
            request.close_connection = True
            try:
                request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                request.connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        except OSError:
            request.close_connection = True

    def read(self, request):
        if request.headers.get("Transfer-Encoding"):
            request.close_connection = True
            return None
        left = int(request.headers.get("Content-Length", 0))
        pieces, begun, came = [], time.monotonic(), 0
        while left > 0:
            piece = request.rfile.read(min(left, 1 << 20))
            if not piece:
                raise OSError("the client went")
            pieces.append(piece)
            left -= len(piece)
            came += len(piece)
            if self.cap:
                time.sleep(max(0, begun + came / self.cap - time.monotonic()))
        if came:
            self.pace.append((request.command, came, time.monotonic() - (self.answered or begun)))
        return b"".join(pieces)

    def send(self, request, answer):
        content = b"" if answer.body is None else answer.body if isinstance(answer.body, bytes) else \
            json.dumps(answer.body).encode()
        request.send_response(answer.status)
        if content and not isinstance(answer.body, bytes):
            request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(content)))
        request.send_header("request-id", "0f8fad5b-d9cb-469f-a165-70867728950e")
        for name, value in answer.headers.items():
            request.send_header(name, value)
        request.end_headers()
        if content:
            request.wfile.write(content[:answer.cut])
        if answer.cut is not None:
            request.close_connection = True

    def fault(self, kind):
        for fault in self.faults:
            if fault.kind != kind or fault.times <= 0:
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            return fault
        return None

    def answer(self, request, body):
        parts = urllib.parse.urlsplit(request.path)
        kind, act = self.route(request, parts, body)
        self.log.append((kind, None))
        if body is None:
            self.complain("chunked transfer encoding of a " + kind)
            raise problem(400, "invalidRequest")
        agent = request.headers.get("User-Agent", "")
        if kind != "authorize" and not self.rclone and not re.match(r"(NONISV|ISV)\|[^|]+\|[^|]+/\d", agent):
            self.complain("User-Agent %r" % request.headers.get("User-Agent"))
        if not parts.path.startswith("/login/") and time.monotonic() < self.closed_until - 0.02:
            self.complain("a %s %.2f s before the end of Retry-After" % (kind, self.closed_until - time.monotonic()))
            raise Answer(429, None, {"Retry-After": "3"})
        if parts.path.startswith("/v1.0/"):
            self.check_grant(self.check_token(request), urllib.parse.unquote(parts.path[len("/v1.0"):]))
        fault = self.fault(kind)
        if fault is None:
            return act()
        if fault.call:
            fault.call(self)
        if fault.keep is not None and kind == "download":
            made = act()
            made.cut = fault.keep
            return made
        if fault.keep is not None:
            self.keep(request, body, fault.keep)
        made = act() if fault.done or fault.status is None else None
        if fault.status == 0:
            raise Reset()
        if fault.status is None and fault.body is None:
            return made
        return Answer(fault.status or made.status, fault.body, fault.headers)

    def check_token(self, request):
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self.tokens:
            raise problem(401, "InvalidAuthenticationToken", "unauthenticated", "innererror")
        return token

    def check_grant(self, token, path):
        """What is not granted is refused, whether it is there or not."""
        if token in self.listed and not self.is_granted_list(path):
            raise problem(403, "accessDenied")
        if token not in self.selected:
            return
        found = re.match(r"/sites/[^/:]+:(/.*)|/sites/([^/:]+)/|/drives/([^/]+)", path)
        at, number, drive = found.groups() if found else (None, None, None)
        site = at.rstrip("/") if at else self.drives[drive]["path"].rsplit("/", 1)[0] if drive in self.drives else \
            next((p for p, s in self.sites.items() if s["id"] == number), None)
        if site not in self.granted:
            raise problem(403, "accessDenied")

    def is_granted_list(self, path):
        """A library that was granted alone, by its number or by a link; its site is none of it."""
        found = re.match(r"/drives/([^/]+)|/shares/(u![A-Za-z0-9_-]+)/", path)
        drive, share = found.groups() if found else (None, None)
        item = self.shared(share) if share else None
        return (item["drive"] if item else drive) in self.granted_lists

    def route(self, request, parts, body):
        method, path = request.command, parts.path
        query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        if re.search(r"[ #'&+\x80-\xff]", path) and not self.rclone:
            self.complain("the path is not escaped: " + path)
        if path.startswith("/login/"):
            return self.route_login(method, path[len("/login"):], query, body)
        if path.startswith("/upload/"):
            return self.route_upload(request, method, path[len("/upload/"):], query, body)
        if path.startswith("/plain/") and method == "PUT":  # for the bench: bytes, and nothing else
            return "plain", lambda: Answer(201)
        if path.startswith("/download/") and method == "GET":
            return "download", lambda: self.download(request, path[len("/download/"):], query)
        if not path.startswith("/v1.0/"):
            return "nothing", lambda: problem(404, "itemNotFound")
        return self.route_graph(request, method, path[len("/v1.0"):], query, body)

    def route_graph(self, request, method, path, query, body):
        decode = urllib.parse.unquote
        document = None
        if body and method in ("POST", "PATCH"):
            try:
                document = json.loads(body)
            except ValueError:
                return "nothing", lambda: problem(400, "BadRequest")
        found = re.fullmatch(r"/sites/([^/:]+):(/.*)|/sites/root", path)
        if found and method == "GET":
            return "site", lambda: self.get_site(found.group(1), decode(found.group(2) or "").rstrip("/"))
        if path == "/me/sendMail" and method == "POST":
            return "mail", lambda: self.send_mail(request, document)
        found = re.fullmatch(r"/sites/([^/]+)/drives", path)
        if found and method == "GET":
            return "drives", lambda: self.get_drives(decode(found.group(1)), query)
        found = re.fullmatch(r"/shares/(u![A-Za-z0-9_-]+)/driveItem", path)
        if found and method == "GET":
            return "share", lambda: self.get_share(found.group(1))
        found = re.fullmatch(r"/drives/([^/]+)", path)
        if found and method == "GET":
            return "drive", lambda: Answer(200, self.describe_drive(self.drive_of(decode(found.group(1)))))
        found = re.fullmatch(r"/drives/([^/]+)/root(?::(/.*))?", path)
        if found and method == "GET":
            return "folder", lambda: self.get_path(decode(found.group(1)), decode(found.group(2) or ""))
        found = re.fullmatch(r"/drives/([^/]+)/items/([^/:]+):/([^/:]+):(?:/(content|createUploadSession))?", path)
        if found:
            drive, parent, name, action = [g and decode(g) for g in found.groups()]
            if action == "content" and method == "PUT":
                return "put", lambda: self.put(drive, parent, name, query, body)
            if action == "createUploadSession" and method == "POST":
                return "create", lambda: self.create(request, drive, parent, name, document)
            if action is None and method == "GET":
                return "find", lambda: self.find(drive, parent, name, query)
        found = re.fullmatch(r"/drives/([^/]+)/items/([^/:]+)/checkin", path)
        if found and method == "POST":
            return "checkin", lambda: self.check_in(decode(found.group(1)), decode(found.group(2)), document)
        found = re.fullmatch(r"/drives/([^/]+)/items/([^/:]+)(/children)?", path)
        if found:
            drive, number, children = [g and decode(g) for g in found.groups()]
            if children:
                if method == "POST":
                    return "mkdir", lambda: self.mkdir(drive, number, document)
                return "children", lambda: self.children(drive, number, query)
            act = {"GET": ("item", lambda: self.get_item(drive, number, query)),
                   "PATCH": ("rename", lambda: self.rename(drive, number, document, request.headers.get("If-Match"))),
                   "DELETE": ("delete", lambda: self.delete(drive, number, request.headers.get("If-Match"))),
                   }.get(method)
            if act:
                return act
        return self.other_client(request, method, path, query, document, body) if self.rclone else \
            ("nothing", lambda: problem(404, "itemNotFound"))

    def other_client(self, request, method, path, query, document, body):
        """What rclone does and we do not: whole paths, also from the root on; no conflictBehavior (1.60 has it as
        @name.conflictBehavior in the query); times set by a PATCH; Authorization to an upload session (rclone#7405)."""
        found = re.fullmatch(r"/drives/([^/]+)/(?:root|items/([^/:]+)):/(.+?):?(?:/(content|createUploadSession))?",
                             path)
        if not found:
            return "nothing", lambda: problem(404, "itemNotFound")
        drive, number, names, action = [g and urllib.parse.unquote(g) for g in found.groups()]

        def parent():
            item = self.items[number or self.drives[self.drive_of(drive)]["root"]]
            for name in names.split("/")[:-1]:
                item = self.child(item["id"], name)
                if item is None:
                    raise problem(404, "itemNotFound")
            return item["id"]
        leaf = names.split("/")[-1]
        acts = {("GET", None): ("find", lambda: self.find(drive, parent(), leaf)),
                ("PATCH", None): ("touch", lambda: self.touch(drive, self.child(parent(), leaf)["id"], document)),
                ("PUT", "content"): ("put", lambda: self.put(drive, parent(), leaf, query, body)),
                ("POST", "createUploadSession"): ("create", lambda: self.create(request, drive, parent(), leaf,
                                                                                document))}
        return acts.get((method, action), ("nothing", lambda: problem(404, "itemNotFound")))

    def touch(self, drive, number, document):
        item = self.item_of(drive, number)
        item["touched"], item["version"] = document["fileSystemInfo"]["lastModifiedDateTime"], item["version"] + 1
        return Answer(200, self.describe(item))

    def send_mail(self, request, document):
        if self.check_token(request) not in self.mailers:
            raise problem(403, "ErrorAccessDenied")
        document = document or {}
        mail = document.get("message") or {}
        if not mail.get("toRecipients") or not mail.get("subject") or document.get("saveToSentItems") is not False:
            raise problem(400, "ErrorInvalidRecipients")
        self.mails.append(mail)
        return Answer(202)

    # --- sites, libraries, folders

    def get_site(self, host, path):
        if host not in (None, self.HOST) and not host.startswith("127.0.0.1"):
            raise problem(400, "invalidRequest", "invalidHostname")
        site = self.sites.get(path)
        if site is None:
            raise problem(404, "itemNotFound")
        return Answer(200, {"id": site["id"], "displayName": path.rsplit("/", 1)[-1], "name": path.rsplit("/", 1)[-1],
                            "webUrl": self.web_url(path)})

    def get_drives(self, number, query):
        for site in self.sites.values():
            if site["id"] == number:
                return self.paged(site["drives"], self.describe_drive, query,
                                  "/sites/%s/drives" % urllib.parse.quote(number))
        raise problem(404, "itemNotFound")

    def paged(self, things, describe, query, path):
        """One page, and where the next one is: an address to be asked for as it stands, with what it has of its own."""
        token = query.get("$skiptoken", "Paged=TRUE&p=0")
        found = re.fullmatch(r"Paged=TRUE&p=(\d+)", token)
        if not found:
            self.complain("a next page that we did not tell: %r" % token)
            raise problem(400, "invalidRequest")
        at = int(found.group(1))
        answer = {"value": [describe(t) for t in things[at:at + self.page]]}
        if at + self.page < len(things):
            answer["@odata.nextLink"] = self.next_host + "/v1.0%s?$skiptoken=%s" % (
                path, urllib.parse.quote("Paged=TRUE&p=%d" % (at + self.page), safe=""))
        return Answer(200, answer)

    def describe_drive(self, drive):
        used = sum(len(i["data"]) for i in self.items.values() if i["drive"] == drive and "data" in i)
        return {"id": drive, "name": self.drives[drive]["name"], "driveType": "documentLibrary",
                "webUrl": self.web_url(self.drives[drive]["path"]),
                "quota": {"total": self.quota, "used": used, "remaining": max(0, self.quota - used), "deleted": 0,
                          "state": "normal"}}

    def get_share(self, token):
        item = self.shared(token)
        if item is None:
            raise problem(404, "itemNotFound")
        return Answer(200, self.describe(item))

    def shared(self, token):
        url = base64.urlsafe_b64decode(token[2:] + "=" * (-len(token[2:]) % 4)).decode()
        path = urllib.parse.unquote(urllib.parse.urlsplit(url).path)
        if path.startswith("/:f:/s/"):
            return self.items[self.folder]
        return next((item for item in self.items.values() if self.path_of(item) == path), None)

    def drive_of(self, drive):
        if drive not in self.drives:
            raise problem(404, "itemNotFound")
        return drive

    def item_of(self, drive, number):
        item = self.items.get(number)
        if item is None or item["drive"] != drive:
            raise problem(404, "itemNotFound")
        return item

    def get_item(self, drive, number, query):
        item = self.item_of(drive, number)
        told = self.with_level(item, self.describe(item), query)
        if "data" in item and "$select" not in query:  # who selects must name it
            told["@microsoft.graph.downloadUrl"] = "%s/download/%s?tempauth=eySECRET%d" % (self.url, number,
                                                                                          self.download_key)
        return Answer(200, told)

    def download(self, request, number, query):
        """The bytes, from where they are asked for; without a token, for as long as the address is good."""
        if request.headers.get("Authorization"):
            self.complain("Authorization to a download")
            raise problem(401, "unauthenticated")
        item = self.items.get(number)
        if query.get("tempauth") != "eySECRET%d" % self.download_key or item is None:
            raise problem(401, "unauthenticated", "expiredToken")
        data = item.get("served", item["data"])
        wanted = request.headers.get("Range")
        self.ranges.append(wanted)
        if wanted is None or self.ignore_range:
            return Answer(200, data)
        found = re.fullmatch(r"bytes=(\d+)-", wanted)
        if not found:
            self.complain("Range %r" % wanted)
            raise problem(400, "invalidRequest")
        first = int(found.group(1))
        if first >= len(data):
            return Answer(416, None, {"Content-Range": "bytes */%d" % len(data)})
        return Answer(206, data[first:], {"Content-Range": "bytes %d-%d/%d" % (first, len(data) - 1, len(data))})

    def get_path(self, drive, path):
        item = self.items[self.drives[self.drive_of(drive)]["root"]]
        for name in filter(None, path.split("/")):
            item = self.child(item["id"], name)
            if item is None:
                raise problem(404, "itemNotFound")
        return Answer(200, self.describe(item))

    def children(self, drive, number, query):
        self.item_of(drive, number)
        inside = sorted((i for i in self.items.values() if i["parent"] == number), key=lambda i: i["name"])
        return self.paged(inside, self.describe, query,
                          "/drives/%s/items/%s/children" % (urllib.parse.quote(drive, safe=""), number))

    def check_name(self, name):
        if BAD_NAME.search(name) or name.lower() in RESERVED:
            raise problem(400, "invalidRequest", "nameContainsInvalidCharacters")

    def mkdir(self, drive, parent, document):
        self.item_of(drive, parent)
        self.check_name(document["name"])
        if self.child(parent, document["name"]):
            raise problem(409, "nameAlreadyExists")
        return Answer(201, self.describe(self.add_item(drive, parent, document["name"], folder=True)))

    def find(self, drive, parent, name, query=None):
        self.item_of(drive, parent)
        item = self.child(parent, name)
        if item is None:
            raise problem(404, "itemNotFound")
        return Answer(200, self.with_level(item, self.describe(item), query or {}))

    def with_level(self, item, told, query):
        """Whether it is checked in is told to those who ask."""
        if "data" in item and "publication" in query.get("$select", ""):
            told["publication"] = {"level": "checkout" if item.get("out") else "published", "versionId": "1.0"}
        return told

    def check_in(self, drive, number, document):
        item = self.item_of(drive, number)
        if not item.get("out"):
            raise problem(409, "invalidRequest")
        if (document or {}).get("checkInAs") != "published":
            self.complain("a check-in as %r" % document)
        item["out"] = False
        return Answer(204)

    def rename(self, drive, number, document, version=None):
        item = self.item_of(drive, number)
        if version is not None and version != self.etag(item):
            raise problem(412, "resourceModified")
        if self.rclone and "name" not in document:
            return self.touch(drive, number, document)
        self.check_name(document["name"])
        if document.get("@microsoft.graph.conflictBehavior") != "fail":
            self.complain("a rename that may replace")
        other = self.child(item["parent"], document["name"])
        if other and other is not item:
            raise problem(409, "nameAlreadyExists")
        item["name"], item["version"] = document["name"], item["version"] + 1
        return Answer(200, self.describe(item))

    def delete(self, drive, number, version):
        item = self.item_of(drive, number)
        if version is not None and version != self.etag(item):
            raise problem(412, "resourceModified")
        self.recycled.append(item["name"])
        del self.items[number]
        return Answer(204)

    # --- uploading

    def commit(self, drive, parent, name, behaviour, data):
        there = self.child(parent, name)
        if there and behaviour == "fail":
            raise problem(409, "nameAlreadyExists")
        if there and behaviour == "replace":
            there["data"] = data if isinstance(data, Hollow) else bytes(data)
            there["late"] = self.hash_late
            there["modified"], there["version"] = time.time() + self.clock, there["version"] + 1
            return there, False
        return self.add_item(drive, parent, name, data), True

    def room_for(self, drive, size):
        if size > self.describe_drive(drive)["quota"]["remaining"]:
            raise problem(507, "quotaLimitReached")

    def put(self, drive, parent, name, query, body):
        self.item_of(drive, parent)
        self.check_name(name)
        behaviour = query.get("@microsoft.graph.conflictBehavior") or ("replace" if self.rclone else None)
        if behaviour not in ("fail", "replace", "rename"):
            self.complain("a PUT without conflictBehavior")
        if len(body) > 250 * 1000 * 1000:
            raise problem(413, "invalidRequest")
        self.room_for(drive, len(body))
        if any(s.parent == parent and s.name == name for s in self.sessions.values()):
            raise problem(409, "nameAlreadyExists")
        blind = self.blind and body == bytes(len(body))
        item, new = self.commit(drive, parent, name, behaviour, Hollow(len(body)) if blind else body)
        return Answer(201 if new else 200, self.describe(item))

    def create(self, request, drive, parent, name, document):
        self.item_of(drive, parent)
        self.check_name(name)
        item = (document or {}).get("item", {})
        for wrong in ("fileSize", "description", "size", "@odata.type"):
            if wrong in item or wrong in document:
                raise problem(400, "invalidRequest")
        if item.get("name", name) != name:
            raise problem(400, "invalidRequest")
        behaviour = item.get("@microsoft.graph.conflictBehavior") or ("replace" if self.rclone else None)
        if behaviour is None:
            self.complain("a session without conflictBehavior")
        if behaviour == "fail" and self.child(parent, name):
            raise problem(409, "nameAlreadyExists")
        if any(s.parent == parent and s.name == name for s in self.sessions.values()):
            raise problem(409, "nameAlreadyExists", "uploadSessionIncomplete", "innererror")
        number = hashlib.sha256(b"session%d" % next(self.numbers)).hexdigest()[:20]
        self.sessions[number] = Session(parent, name, drive, behaviour, self.blind)
        self.sessions[number].touched = item.get("fileSystemInfo", {}).get("lastModifiedDateTime")
        return Answer(200, {"uploadUrl": "%s/upload/%s?tempauth=eySECRET%s" % (self.url, number, number),
                            "expirationDateTime": self.expiry(), "nextExpectedRanges": ["0-"]})

    def expiry(self):
        digits = ["", ".1", ".123", ".1234567"][next(self.numbers) % 4]
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 900)) + digits + "Z"

    def route_upload(self, request, method, number, query, body):
        kind, act = {"PUT": ("fragment", self.fragment), "GET": ("status", self.status),
                     "DELETE": ("end", self.end)}.get(method, ("nothing", None))
        return kind, lambda: self.in_session(request, number, query, body, act)

    def in_session(self, request, number, query, body, act):
        if request.headers.get("Authorization") and not self.rclone:
            self.complain("Authorization to an upload session")
            raise problem(401, "unauthenticated")
        session = self.sessions.get(number)
        if session is None:
            raise problem(404, "itemNotFound")
        if query.get("tempauth") != "eySECRET" + number:
            raise problem(401, "unauthenticated", "expiredToken")
        return act(request, number, session, body)

    def standing(self, session):
        return {"expirationDateTime": self.expiry(), "nextExpectedRanges": ["%d-" % len(session.data)]}

    def status(self, request, number, session, body):
        return Answer(200, self.standing(session))

    def end(self, request, number, session, body):
        del self.sessions[number]
        return Answer(204)

    def keep(self, request, body, count):
        """Of a fragment that is then lost: a part of it is kept."""
        number = urllib.parse.urlsplit(request.path).path[len("/upload/"):]
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", request.headers.get("Content-Range", ""))
        session = self.sessions.get(number)
        if session and found and int(found.group(1)) == len(session.data):
            session.total = int(found.group(3))
            session.data += body[:count]

    def fragment(self, request, number, session, body):
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", request.headers.get("Content-Range", ""))
        if not found:
            self.complain("Content-Range %r" % request.headers.get("Content-Range"))
            raise problem(400, "invalidRequest")
        first, last, total = map(int, found.groups())
        if last - first + 1 != len(body) or last >= total or (session.total or total) != total:
            self.complain("a range that does not fit: %s" % found.group(0))
            raise problem(400, "invalidRequest")
        if len(body) >= 60 * 1024 * 1024:
            raise problem(413, "maxFragmentLengthExceeded")
        if last + 1 < total and len(body) % UNIT:
            self.complain("a fragment of %d bytes" % len(body))
            raise problem(400, "invalidRequest")
        if first != len(session.data):
            raise problem(416, "invalidRange", "fragmentOverlap" if first < len(session.data) else
                          "fragmentOutOfOrder", "innererror")
        self.room_for(session.drive, total)
        session.total = total
        session.data += body
        if len(session.data) < total:
            return Answer(202, self.standing(session))
        del self.sessions[number]
        item, new = self.commit(session.drive, session.parent, session.name, session.behaviour, session.data)
        item["touched"] = session.touched
        return Answer(201 if new else 200, self.describe(item))

    # --- signing in

    def route_login(self, method, path, query, body):
        found = re.fullmatch(r"/([^/]+)/oauth2/v2\.0/(authorize|token|devicecode)", path)
        if not found:
            return "nothing", lambda: Answer(404, b"<html>no such page</html>")
        tenant, what = found.groups()
        form = dict(urllib.parse.parse_qsl((body or b"").decode("ascii", "replace"), keep_blank_values=True))
        return what, lambda: getattr(self, "do_" + what)(tenant, query if what == "authorize" else form)

    def refuse(self, code, error, status=400):
        return Answer(status, {"error": error, "error_codes": [code], "correlation_id": "0f8f",
                               "error_description": "AADSTS%d: SECRET words of the server. Trace ID: 1" % code})

    def check_app(self, tenant, form):
        if tenant not in (self.tenant, "organizations"):
            raise self.refuse(90002, "invalid_request")
        if form.get("client_id") != self.client_id:
            raise self.refuse(700016, "unauthorized_client")

    def do_authorize(self, tenant, query):
        """Where the browser is sent; a test's browser follows."""
        self.check_app(tenant, query)
        back = urllib.parse.urlsplit(query["redirect_uri"])
        if back.scheme != "http" or back.hostname not in ("localhost", "127.0.0.1") or back.path not in ("", "/"):
            raise self.refuse(50011, "invalid_request")
        if query.get("code_challenge_method") != "S256" or query.get("response_type") != "code" or \
                not query.get("code_challenge") or "offline_access" not in query.get("scope", ""):
            self.complain("authorize with %r" % query)
        answer = {"state": query.get("state", "")}
        if self.consent is True:
            code = "code%d" % next(self.numbers)
            self.codes[code] = query
            answer["code"] = code
        else:
            answer.update(error="access_denied", error_description="AADSTS%d: SECRET words" % self.consent)
        return Answer(302, None, {"Location": query["redirect_uri"] + "/?" + urllib.parse.urlencode(answer)
                                  if not back.path else query["redirect_uri"] + "?" + urllib.parse.urlencode(answer)})

    def give_tokens(self, scope):
        number = next(self.numbers)
        self.tokens.add("access%d" % number)
        if "Sites.Selected" in scope:
            self.selected.add("access%d" % number)
        if "Lists.SelectedOperations.Selected" in scope:
            self.listed.add("access%d" % number)
        if "Mail.Send" in scope:
            self.mailers.add("access%d" % number)
        refresh = "refresh%d" % number + "x" * 3000  # longer than Credential Manager takes
        self.refresh_tokens.add(refresh)
        return Answer(200, {"token_type": "Bearer", "scope": scope, "expires_in": self.expires_in,
                            "access_token": "access%d" % number, "refresh_token": refresh})

    def do_devicecode(self, tenant, form):
        self.check_app(tenant, form)
        self.device = {"polls": 0, "code": "device%d" % next(self.numbers), "scope": form.get("scope", "")}
        return Answer(200, {"device_code": self.device["code"], "user_code": "ABCD-EFGH", "expires_in": 900,
                            "verification_uri": "https://login.microsoft.com/device", "interval": 1})

    def as_itself(self, tenant, form):
        """The program signs in without a person."""
        if form.get("scope") != self.url + "/.default":
            self.complain("the scope of client credentials: %r" % form.get("scope"))
            raise self.refuse(1002012, "invalid_scope")
        if "client_assertion" in form:
            self.check_assertion(tenant, form)
        elif self.app_secret is None or form.get("client_secret") != self.app_secret:
            raise self.refuse(7000215, "invalid_client", 401)
        number = next(self.numbers)
        self.tokens.add("access%d" % number)
        self.selected.add("access%d" % number)
        return Answer(200, {"token_type": "Bearer", "expires_in": self.expires_in,
                            "access_token": "access%d" % number})

    def check_assertion(self, tenant, form):
        """RFC 7523, as Entra takes it: signed with PS256 or RS256 by the certificate that is registered, young, for
        this address, and never twice."""
        decode = lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if form.get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer":
            self.complain("client_assertion_type %r" % form.get("client_assertion_type"))
        signed, _, signature = form["client_assertion"].rpartition(".")
        header, payload = [json.loads(decode(part)) for part in signed.split(".")]
        self.assertions.append((header, payload))
        if self.app_certificate is None:
            raise self.refuse(700027, "invalid_client", 401)
        run = lambda *a, **k: subprocess.run(["openssl"] + list(a), check=True, capture_output=True, **k).stdout
        der = run("x509", "-in", self.app_certificate, "-outform", "der")
        if decode(header.get("x5t#S256", "")) != hashlib.sha256(der).digest():
            raise self.refuse(700027, "invalid_client", 401)
        with tempfile.TemporaryDirectory() as folder:
            files = {"key": run("x509", "-in", self.app_certificate, "-noout", "-pubkey"), "sig": decode(signature),
                     "text": signed.encode()}
            for name, content in files.items():
                with open(os.path.join(folder, name), "wb") as f:
                    f.write(content)
            pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"]
            done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", "key", "-signature", "sig",
                                   *(pss if header["alg"] == "PS256" else []), "text"],
                                  cwd=folder, capture_output=True)
        if header["alg"] not in ("PS256", "RS256") or done.returncode:
            raise self.refuse(700027, "invalid_client", 401)
        now = time.time() + self.clock
        if not payload["nbf"] <= now < payload["exp"] or payload["exp"] - payload["nbf"] > 900:
            raise self.refuse(700024, "invalid_client", 401)
        if payload["aud"] != "%s/login/%s/oauth2/v2.0/token" % (self.url, tenant) or \
                (payload["iss"], payload["sub"]) != (self.client_id, self.client_id):
            self.complain("an assertion for another: %r" % payload)
            raise self.refuse(700023, "invalid_client", 401)
        if payload["jti"] in [p["jti"] for _, p in self.assertions[:-1]]:
            self.complain("an assertion twice")

    def do_token(self, tenant, form):
        self.check_app(tenant, form)
        grant = form.get("grant_type")
        if "scope" in form:
            self.scopes.add(form["scope"])
        if "client_secret" in form and self.app_secret is None:
            self.complain("a secret of a public client")
        if grant == "client_credentials":
            return self.as_itself(tenant, form)
        if grant == "authorization_code":
            asked = self.codes.pop(form.get("code"), None)
            verifier = form.get("code_verifier", "")
            challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
            if not asked or asked["code_challenge"] != challenge or len(verifier) < 43 or \
                    asked["redirect_uri"] != form.get("redirect_uri"):
                raise self.refuse(9002313, "invalid_grant")
            return self.give_tokens(asked["scope"])
        if grant == "refresh_token":
            if form.get("refresh_token") not in self.refresh_tokens:
                raise self.refuse(700082, "invalid_grant")
            if "Mail.Send" in form.get("scope", "") and not self.mail_allowed:
                raise self.refuse(65001, "invalid_grant")
            return self.give_tokens(form.get("scope", ""))
        if grant == "urn:ietf:params:oauth:grant-type:device_code":
            if form.get("device_code") != self.device.get("code"):
                raise self.refuse(70019, "expired_token")
            self.device["polls"] += 1
            if self.device["polls"] < 3 or self.device_waits:
                raise self.refuse(70016, "authorization_pending")
            return self.give_tokens(self.device["scope"])
        raise self.refuse(70003, "unsupported_grant_type")


class Proxy:
    """An HTTP proxy that leads some hosts to the simulator and refuses all others: for a client whose hosts are built
    in. Its address is for HTTPS_PROXY. status: what it answers to all of them, as one that wants a password (407)."""

    def __init__(self, hosts, port, status=None):
        self.hosts, self.port, self.refused, self.status, self.heads = hosts, port, [], status, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.lead, args=(client,), daemon=True).start()

    def lead(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(4096)
            if not piece:
                return client.close()
            head += piece
        self.heads.append(head.decode("latin-1"))
        host = head.split()[1].decode().rsplit(":", 1)[0]
        if self.status:
            client.sendall(b"HTTP/1.1 %d No\r\nProxy-Authenticate: Basic realm=\"SECRET words\"\r\n"
                           b"Content-Length: 0\r\nConnection: close\r\n\r\n" % self.status)
            return client.close()
        if not head.startswith(b"CONNECT ") or host not in self.hosts:
            self.refused.append(host)
            client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return client.close()
        server = socket.create_connection(("127.0.0.1", self.port))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(target=self.carry, args=(server, client), daemon=True).start()
        self.carry(client, server)

    @staticmethod
    def carry(source, sink):
        try:
            while True:
                piece = source.recv(1 << 18)
                if not piece:
                    break
                sink.sendall(piece)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


GRAPH_HOSTS = ("graph.microsoft.com", "login.microsoftonline.com")


def rclone_environment(folder, sim, proxy, authority):
    """rclone, as it is, with its hosts at the simulator; "sp:" is the library."""
    config = os.path.join(folder, "rclone.conf")
    token = {"access_token": "token-1", "token_type": "Bearer", "refresh_token": "none",
             "expiry": "2099-01-01T00:00:00Z"}
    with open(config, "w") as f:
        f.write("[sp]\ntype = onedrive\nregion = global\ndrive_id = %s\ndrive_type = documentLibrary\ntoken = %s\n" %
                (sim.drive, json.dumps(token)))
    return {"PATH": os.environ.get("PATH", ""), "HOME": folder, "RCLONE_CONFIG": config, "SSL_CERT_FILE": authority,
            "HTTPS_PROXY": proxy.url, "LC_ALL": "C.UTF-8"}

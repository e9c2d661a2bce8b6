"""What the system around the program can do to it. Scripts stand in for tools and a resolver, so:
# runs: native
"""
import os
import random
import signal
import socket
import subprocess
import harness
import test_tls as tls
from harness import check, equal, PASSWORD


def test_the_tools_get_the_same(program):
    """pg_dump's whole PG* environment is what the connection says, and nothing of the caller's."""
    server, certificates = tls.world()
    tls.present(server, certificates, "good")
    tools, seen = harness.temp_dir("tools"), os.path.join(harness.temp_dir("seen"), "env")
    for name in ("pg_dump", "pg_restore"):
        with open(os.path.join(tools, name), "w") as f:
            f.write("#!/bin/sh\necho \"$@\" >>%s.arguments\n"
                    "case \"$*\" in *--dbname*) env >%s ;; esac\nexec %s/%s \"$@\"\n"
                    % (seen, seen, harness.PG_BIN, name))
        os.chmod(os.path.join(tools, name), 0o755)
    done, _ = tls.backup(program, server, ca=certificates.ca,
                              env={"CMMS_BACKUP_TOOLS": tools,
                                   "PGTZ": "nowhere", "PGOPTIONS": "-c jit=off",
                                   "CMMS_SHAREPOINT_SECRET": "client", "CMMS_BACKUP_PASSPHRASE": "words",
                                   "CMMS_BACKUP_WINDOWS_PASSWORD": "account"})
    equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
    with open(seen) as f:
        all_of_it = f.read()
    for name in ("CMMS_SHAREPOINT_SECRET", "CMMS_BACKUP_PASSPHRASE", "CMMS_BACKUP_WINDOWS_PASSWORD"):
        check(name not in all_of_it, "a secret of others: " + name)
    with open(seen) as f:
        got = dict(line.rstrip("\n").split("=", 1) for line in f if line.startswith("PG"))
    got.pop("PGAPPNAME")
    with open(seen + ".arguments") as f:
        arguments = f.read()
    check("--format=custom" in arguments and "--list" in arguments and PASSWORD not in arguments, arguments)
    equal(got, {"PGHOST": tls.NAME, "PGPORT": str(server.port), "PGUSER": "postgres", "PGDATABASE": "cmms",
                "PGSSLMODE": "verify-full", "PGREQUIREAUTH": "scram-sha-256,md5,gss,sspi",
                "PGSSLROOTCERT": certificates.ca, "PGOPTIONS": "-c jit=off",
                "PGCONNECT_TIMEOUT": "15", "PGPASSWORD": PASSWORD}, "the tool's environment")


def test_stopped_while_a_name_is_looked_up(program):
    """The resolver asks a server that never answers, for minutes; Ctrl+C ends the program all the same."""
    folder, etc = harness.temp_dir("b"), harness.temp_dir("etc")
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    address = "127.%d.77.53" % random.randint(2, 254)  # systems have resolvers of their own at 127.0.0.53
    silent.bind((address, 53))
    with open(os.path.join(etc, "resolv.conf"), "w") as f:
        f.write("nameserver %s\noptions timeout:30 attempts:5\n" % address)
    argv = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"',
            os.path.join(etc, "resolv.conf")] + program.argv
    process = subprocess.Popen(argv + ["backup", "--json", "--folder", folder, "-h", "never.cmms.test", "-U", "x", "-d",
                                       "x", "-w"], env=program.env(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    silent.settimeout(60 * harness.SCALE)
    silent.recvfrom(512)  # the question has come: the program waits for the answer
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60 * harness.SCALE)  # a lookup that is given up ends with another exit code
    equal(process.returncode, 130, "exit code: %s %s" % (out, err))
    equal(harness.log_entries(folder)[-1]["status"], "failed", "the log")


harness.main(__name__)

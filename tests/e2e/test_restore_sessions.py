"""A load by several sessions side by side: all of it comes back as by one, and what ends one ends all.

Between holds a statement until another of its kind comes by another session, which by one session never would.
"""
# runs: native
import itertools
import json
import os
import re
import signal
import subprocess
import threading
import harness
from harness import check, equal
from test_prove import Prover, switches
from test_restore import databases, definitions, restored
from test_restore_hostile import Between, Cut, OPEN, drop_all, good, start

ROWS, KEYS, INDEXES = r"^COPY .* FROM stdin", r"ADD CONSTRAINT \w+ (PRIMARY KEY|UNIQUE)", r"^CREATE (UNIQUE )?INDEX"
REFERENCES = r"ADD CONSTRAINT \w+ FOREIGN KEY"
# What depends on what, in each way that pg_dump knows: a view and a function by a key, an index by that function, parts
# of a whole, rows that go through the whole, a trigger and references that would refuse the rows in another order.
SHOP = """
CREATE TABLE big_a (id int PRIMARY KEY, t text, n numeric, twice int GENERATED ALWAYS AS (id * 2) STORED);
INSERT INTO big_a SELECT g, 'text ' || g, g / 7.0 FROM generate_series(1, 8000) g;
CREATE TABLE big_b (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int NOT NULL REFERENCES big_a, t text UNIQUE);
INSERT INTO big_b (a, t) SELECT 1 + g % 8000, 'other ' || g FROM generate_series(1, 9000) g;
CREATE TABLE aaa_first (a int REFERENCES big_a, b int REFERENCES big_b); INSERT INTO aaa_first SELECT g, g FROM
generate_series(1, 500) g;
CREATE INDEX a_by_text ON big_a (lower(t)); CREATE INDEX b_by_a ON big_b (a);
CREATE UNIQUE INDEX b_pair ON big_b (a, id); ALTER TABLE big_b REPLICA IDENTITY USING INDEX b_pair;
CREATE INDEX a_by_n ON big_a (n); ALTER TABLE big_a CLUSTER ON a_by_n; CREATE UNIQUE INDEX z_one ON big_b (lower(t));
COMMENT ON INDEX a_by_text IS 'of the texts'; ALTER INDEX b_by_a SET (fillfactor = 70);
CREATE TABLE split (a int, t text, PRIMARY KEY (a)) PARTITION BY RANGE (a);
CREATE TABLE split_1 PARTITION OF split FOR VALUES FROM (0) TO (500);
CREATE TABLE split_2 PARTITION OF split FOR VALUES FROM (500) TO (2000);
INSERT INTO split SELECT g, 'x' || g FROM generate_series(1, 1500) g; CREATE INDEX split_by_t ON split (t);
CREATE TYPE kind AS ENUM ('pump', 'fan', 'belt'); CREATE TABLE hashed (k kind, n int) PARTITION BY HASH (k);
CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO hashed SELECT (ARRAY['pump', 'fan', 'belt']::kind[])[1 + i % 3], i FROM generate_series(1, 300) i;
CREATE TABLE mother (a int PRIMARY KEY, CHECK (a > 0)); CREATE TABLE child (b text, PRIMARY KEY (a)) INHERITS (mother);
INSERT INTO mother VALUES (1); INSERT INTO child VALUES (2, 'two');
CREATE TABLE small (id int, EXCLUDE USING btree (id WITH =)); INSERT INTO small SELECT generate_series(1, 50);
CREATE MATERIALIZED VIEW by_key AS SELECT a.id, a.t, count(*) AS n FROM big_a a JOIN big_b b ON b.a = a.id
GROUP BY a.id;
CREATE UNIQUE INDEX of_the_view ON by_key (id);
CREATE FUNCTION late(i int) RETURNS text IMMUTABLE LANGUAGE sql
BEGIN ATOMIC SELECT a.t FROM public.big_a a WHERE a.id = i GROUP BY a.id; END;
CREATE INDEX by_late ON small (late(id));
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no more rows''; END';
CREATE TRIGGER refuse BEFORE INSERT ON big_a FOR EACH ROW EXECUTE FUNCTION refuse();
SELECT lo_from_bytea(4711, decode(repeat('00ff5c', 50000), 'hex')); COMMENT ON LARGE OBJECT 4711 IS 'a picture';
"""
# Two tables of which one session each has its share, and nothing that takes time.
PAIR = """
CREATE TABLE one (id int PRIMARY KEY, t text); INSERT INTO one SELECT g, 'x' || g FROM generate_series(1, 3000) g;
CREATE TABLE two (id int PRIMARY KEY, of int REFERENCES one);
INSERT INTO two SELECT g, g FROM generate_series(1, 3000) g;
CREATE INDEX one_t ON one (t); CREATE INDEX two_of ON two (of);
"""
LEFT = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'cmms-load-%'"


class Pairs:
    """Holds the first statement of each kind until a second one has come."""

    def __init__(self, *kinds):
        self.second, self.seen = {kind: threading.Event() for kind in kinds}, {kind: [] for kind in kinds}
        self.lock, self.missed = threading.Lock(), []

    def __call__(self, sql):
        for kind, second in self.second.items():
            if re.search(kind, sql):
                with self.lock:
                    self.seen[kind].append(sql)
                    first = len(self.seen[kind]) == 1
                if not first:
                    second.set()
                elif not second.wait(60 * harness.SCALE):
                    self.missed.append(sql)


class Plant:
    """A database with a backup, of whose folder the settings say how many sessions load; it has changed since."""

    def __init__(self, program, server, name, sql, sessions=2):
        self.program, self.server, self.name, self.folder = program, server, name, harness.temp_dir("r")
        drop_all(server, name)
        server.psql('CREATE DATABASE "%s"' % name)
        server.psql(sql, name)
        self.path = program.path(program.good_backup(server, name, self.folder)["unix_path"])
        with open(os.path.join(self.folder, "backup_config.json"), "w") as f:
            json.dump({"restore_sessions": sessions}, f)
        self.saved = (server.checksums(name), definitions(server, name))
        server.psql("CREATE TABLE since (a int); INSERT INTO since VALUES (1)", name)
        self.changed = server.checksums(name)

    def start(self, port, *more):
        return start(self.program, port, self.name, "restore", "--no-safety-backup", *more, self.path,
                     folder=self.folder)

    def run(self, port, *more):
        return harness.finish(self.start(port, *more))

    def as_it_was(self, what):
        """Nothing of the restore is left, and the live one was not touched."""
        harness.wait_for(lambda: self.server.psql(LEFT) == "0", 30, what + ": the end of its sessions")
        equal(databases(self.server, self.name), [self.name], what + ": databases")
        harness.same_sums(self.server.checksums(self.name), self.changed, what + ": the live one")


def test_side_by_side(program):
    """Rows, keys and indexes by two at once; what comes back is what one session would have brought."""
    server = harness.shared_server()
    plant = Plant(program, server, "sided", SHOP)
    pairs = Pairs(ROWS, KEYS, INDEXES)
    with Between(server) as between:
        between.before = pairs
        told = restored(plant.run(between.port))
    equal(pairs.missed, [], "what was not done side by side")
    equal(told["notes"], [], "what is different")
    sums, saved = server.checksums("sided"), dict(plant.saved[0])
    for one in (sums, saved): # rows of an enum's hash lie elsewhere: the oid of each value is another one
        one.pop("public.hashed_0"), one.pop("public.hashed_1")
    harness.same_sums(sums, saved, "what was restored")
    equal(server.psql("SELECT count(*), sum(n) FROM hashed", "sided"), "300|45150", "the partitions together")
    equal(definitions(server, "sided"), plant.saved[1], "what it is made of")
    equal(server.psql("SELECT count(*) FROM by_key", "sided"), "8000", "the view")
    check("z_one" in " ".join(pairs.seen[INDEXES][:2]), "a unique one comes first: %s" % pairs.seen[INDEXES])
    said = [sql for seen in pairs.seen.values() for sql in seen if "public.hashed " not in sql]
    equal(len(said), len(set(said)), "each once: %s" % said)
    harness.no_locks_left(server)


class Most:
    """How many COPYs are under way at once."""

    def __init__(self, between):
        self.now = self.most = 0
        self.lock = threading.Lock()
        between.before, between.after = (lambda sql: self.add(sql, 1)), (lambda sql: self.add(sql, -1))

    def add(self, sql, count):
        if re.search(ROWS, sql):
            with self.lock:
                self.now += count
                self.most = max(self.most, self.now)


def test_one_session_where_it_is_said(program):
    """restore_sessions=1, and a small backup of which nothing is said."""
    server = harness.shared_server()
    for sessions in (1, 0):
        plant = Plant(program, server, "single", PAIR, sessions)
        with Between(server) as between:
            copies = Most(between)
            restored(plant.run(between.port))
        equal(copies.most, 1, "of %d: at once" % sessions)
        harness.same_sums(server.checksums("single"), plant.saved[0], "what was restored")


def test_one_is_lost(program):
    """One session is ended by the server, or its connection is: the other one ends too, and nothing is changed."""
    server = harness.shared_server()
    plant = Plant(program, server, "halved", PAIR)
    for kind in (ROWS, KEYS, INDEXES):
        for how in harness.a_share(("ended", "cut"), 2):
            what = "%s, %s" % (kind, how)
            numbers, second, missed = itertools.count(1), threading.Event(), []
            with Between(server) as between:
                def before(sql):
                    number = next(numbers) if re.search(kind, sql) else 0
                    if number == 1 and not second.wait(60 * harness.SCALE):
                        missed.append(sql)
                    if number == 2:
                        if how == "ended":
                            server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name"
                                        " LIKE 'cmms-load-%' ORDER BY pid LIMIT 1")
                        second.set()
                        if how == "cut":
                            raise Cut
                between.before = before
                done = plant.run(between.port)
            check(done.code not in (0, 130), "%s: exit code %d: %s" % (what, done.code, done.out))
            message = done.json()["error"]["message"]
            check("could not be restored: " in message or "the server was lost" in message, "%s: %s" % (what, message))
            equal(missed, [], what + ": what was not done side by side")
            plant.as_it_was(what)
    restored(plant.run(server.port))
    harness.same_sums(server.checksums("halved"), plant.saved[0], "what is restored afterwards")


def test_killed(program):
    """Before a statement of each kind, while another session is at work: the next start clears away what is left."""
    server = harness.shared_server()
    plant = Plant(program, server, "shot", PAIR)
    steps = ((ROWS, 1), (ROWS, 2), (KEYS, 2), (INDEXES, 1), (INDEXES, 2), (REFERENCES, 1))
    for kind, number in harness.a_share(steps, 2):
        what = "killed before %s %d" % (kind, number)
        reached, killed, numbers = threading.Event(), threading.Event(), itertools.count(1)
        with Between(server) as between:
            def before(sql):
                if re.search(kind, sql) and next(numbers) == number:
                    reached.set()
                    killed.wait(60 * harness.SCALE)
                    raise Cut
            between.before = before
            process = plant.start(between.port)
            harness.wait_for(lambda: reached.is_set() or process.poll() is not None, 60, what)
            check(reached.is_set(), what + ": it never came to that")
            program.kill(process)
            killed.set()
        harness.wait_for(lambda: server.psql(LEFT) == "0", 30, what + ": the end of its sessions")
        harness.no_locks_left(server)
        good(harness.finish(start(program, server.port, plant.name, "undo", "--list", folder=plant.folder)), what)
        plant.as_it_was(what)
    restored(plant.run(server.port))
    harness.same_sums(server.checksums("shot"), plant.saved[0], "what is restored afterwards")


def test_stopped(program):
    """Ctrl+C while both are at work, and neither is answered: nothing is left of either."""
    server = harness.shared_server()
    plant = Plant(program, server, "stayed", PAIR)
    for kind in harness.a_share((ROWS, INDEXES), 2):
        both, free, numbers, late = threading.Event(), threading.Event(), itertools.count(1), []
        with Between(server) as between:
            def before(sql):
                if re.search(kind, sql):
                    if next(numbers) == 2:
                        both.set()
                    if not free.wait(60 * harness.SCALE):
                        late.append(sql)
            between.before = before
            process = plant.start(between.port)
            harness.wait_for(lambda: both.is_set() or process.poll() is not None, 60, "two at work")
            check(both.is_set(), "two at work")
            process.send_signal(signal.SIGINT)
            done = harness.finish(process)
            free.set()
        equal((done.code, late), (130, []), "exit code, and what it waited for: " + done.out)
        plant.as_it_was("stopped at " + kind)


def test_what_is_cleared_away(program):
    """A rule that refuses its own old rows is put off in the session that meets it, and the other one goes on."""
    server = harness.shared_server()
    plant = Plant(program, server, "cleared", PAIR + """
        CREATE TABLE due (d date CONSTRAINT not_over CHECK (d >= current_date), t text);
        ALTER TABLE due DROP CONSTRAINT not_over;
        INSERT INTO due SELECT '2020-02-02', 'x' || g FROM generate_series(1, 6000) g;
        ALTER TABLE due ADD CONSTRAINT not_over CHECK (d >= current_date) NOT VALID;
        UPDATE pg_constraint SET convalidated = true WHERE conname = 'not_over'""")
    pairs = Pairs(ROWS)
    with Between(server) as between:
        between.before = pairs
        told = restored(plant.run(between.port))
    equal(pairs.missed, [], "what was not done side by side")
    equal(told["notes"], ["The rule public.due.not_over refuses rows that the table holds: it is there for rows to "
                          "come (NOT VALID)"], "what is different")
    harness.same_sums(server.checksums("cleared"), plant.saved[0], "what was restored")
    equal(len([sql for sql in pairs.seen[ROWS] if "public.due " in sql]), 2, "so often its rows were tried")
    equal(len(pairs.seen[ROWS]), 4, "and the others once: %s" % pairs.seen[ROWS])


def test_two_meet_the_same_rule(program):
    """A rule of the whole refuses rows of two parts at once: it is put off once, and both begin anew."""
    server = harness.shared_server()
    plant = Plant(program, server, "twice", """
        CREATE TABLE due (d date, t text) PARTITION BY LIST (t);
        CREATE TABLE due_1 PARTITION OF due FOR VALUES IN ('1');
        CREATE TABLE due_2 PARTITION OF due FOR VALUES IN ('2');
        INSERT INTO due SELECT '2020-02-02', (1 + g % 2)::text FROM generate_series(1, 2000) g;
        ALTER TABLE due ADD CONSTRAINT not_over CHECK (d >= current_date) NOT VALID;
        UPDATE pg_constraint SET convalidated = true WHERE conname = 'not_over'""")
    pairs, ended, both, late = Pairs(ROWS), itertools.count(1), threading.Event(), []
    with Between(server) as between:
        def before(sql):
            pairs(sql)
            if "DROP CONSTRAINT not_over" in sql and not both.wait(60 * harness.SCALE):
                late.append(sql)

        def after(sql):
            if re.search(ROWS, sql) and next(ended) == 2:
                both.set()
        between.before, between.after = before, after
        told = restored(plant.run(between.port))
    equal((pairs.missed, late), ([], []), "what was not refused side by side")
    equal(told["notes"], ["The rule public.due.not_over refuses rows that the table holds: it is there for rows to "
                          "come (NOT VALID)"], "what is different")
    equal(sorted(re.search(r"due_\d", sql).group() for sql in pairs.seen[ROWS]), ["due_1", "due_1", "due_2", "due_2"],
          "so often the rows of each were tried")
    harness.same_sums(server.checksums("twice"), plant.saved[0], "what was restored")


def test_order_that_counts(program):
    """Where a rule looks into another table rows come one after the other, as pg_dump has them: the rule holds."""
    server = harness.shared_server()
    rules = {"check": "CREATE TABLE z_last (n int CHECK (n <= public.most()))",
             "domain": "CREATE DOMAIN few AS int CHECK (VALUE <= public.most()); CREATE TABLE z_last (n few)",
             "operator": "CREATE FUNCTION less(int, int) RETURNS bool LANGUAGE sql AS 'SELECT $1 <= public.most()';"
                         "CREATE OPERATOR <<<= (FUNCTION = less, LEFTARG = int, RIGHTARG = int);"
                         "CREATE TABLE z_last (n int CHECK (n <<<= 1))",
             "column": "CREATE FUNCTION over(int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 > public.most()';"
                       "CREATE TABLE z_last (n int, o bool GENERATED ALWAYS AS (public.over(n)) STORED)"}
    for what, rule in rules.items():
        plant = Plant(program, server, "ordered", """
            CREATE TABLE limits (most int); INSERT INTO limits VALUES (100000);
            CREATE FUNCTION most() RETURNS int LANGUAGE sql STABLE AS 'SELECT max(most) FROM public.limits';
            %s; INSERT INTO z_last SELECT generate_series(1, 20000)""" % rule)
        with Between(server) as between:
            copies = Most(between)
            told = restored(plant.run(between.port))
        equal((copies.most, told["notes"]), (1, []), what + ": at once, and what is different")
        harness.same_sums(server.checksums("ordered"), plant.saved[0], what)


def modest(program, server, most):
    """Of a role that may have so many sessions. Three are at work beside the pg_restores: in another database, in the
    live one, in the new one."""
    if not server.psql("SELECT 1 FROM pg_roles WHERE rolname = 'modest'"):
        server.psql("CREATE ROLE modest LOGIN CREATEDB PASSWORD '%s'" % harness.PASSWORD.replace("'", "''"))
    plant = Plant(program, server, "modest", PAIR)
    server.psql("ALTER DATABASE modest OWNER TO modest; ALTER ROLE modest CONNECTION LIMIT %d" % most)
    return plant


def restore_modestly(plant, port):
    restored(harness.finish(start(plant.program, port, "modest", "restore", "--no-safety-backup", plant.path,
                                  folder=plant.folder, user="modest")))
    harness.same_sums(plant.server.checksums("modest"), plant.saved[0], "what was restored")


def test_no_room(program):
    """It takes no more sessions than a restore by one did."""
    server = harness.shared_server()
    plant = modest(program, server, 4)
    with Between(server) as between:
        copies = Most(between)
        restore_modestly(plant, between.port)
    equal(copies.most, 1, "at once")


def test_one_is_refused(program):
    """Somebody came meanwhile, and the server lets one of two in: what that one had to do is done afterwards."""
    server = harness.shared_server()
    plant, strangers = modest(program, server, 5), []
    try:
        with Between(server) as between:
            def before(sql):
                if sql.startswith("CREATE TABLE public.one ") and not strangers:
                    strangers.append(subprocess.Popen(
                        [harness.PG_BIN + "/psql", "-X", "-q"], stdin=subprocess.PIPE,
                        env={**harness.clean_env(), **server.env(PGUSER="modest", PGPASSWORD=harness.PASSWORD)}))
                    harness.wait_for(lambda: server.psql("SELECT 1 FROM pg_stat_activity WHERE usename = 'modest' AND"
                                                         " application_name = 'psql'"), 30, "the stranger")

            def after(sql):
                if re.search(ROWS, sql): # and leaves, or the next pg_restore might come before the last has left
                    for one in strangers:
                        one.kill()
            between.before, between.after = before, after
            restore_modestly(plant, between.port)
        equal(len(strangers), 1, "strangers")
    finally:
        for one in strangers:
            one.kill()
            one.wait()


def test_prove(program):
    """The same core proves: on the engine, and on a server, with two sessions."""
    server = harness.shared_server()
    plant = Plant(program, server, "proved", SHOP)
    prover = Prover(program)
    pairs = Pairs(ROWS, KEYS, INDEXES)
    with Between(server) as between:
        between.before = pairs
        arguments = [str(between.port) if a == str(server.port) else a for a in switches(server)]
        done = prover.run(plant.folder, arguments, OPEN)
    equal((done.code, done.json().get("proven")), (0, True), "on a server: %s %s" % (done.out, done.err))
    equal(pairs.missed, [], "what was not done side by side")
    done = prover.run(plant.folder)
    equal((done.code, done.json().get("proven")), (0, True), "on the engine: %s %s" % (done.out, done.err))


harness.main(__name__)

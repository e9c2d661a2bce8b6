"""A network of our own before a server: a proxy on loopback that goes silent, resets or slows down on command.

Silent means what a dead network behind a VPN or another proxy is: nobody closes anything, nothing comes through, and
whoever asks the next hop (TCP keep-alives) is told that all is well.
"""
import contextlib
import select
import socket
import struct
import threading


class Pair:
    """One connection through the proxy."""

    def __init__(self, client, number):
        self.client, self.server, self.number, self.silent, self.passed = client, None, number, False, 0
        self.port = client.getpeername()[1]


class Network:
    def __init__(self, port, rule=None, rate=0):
        """rule(network, pair): called before each piece that a server sent is handed on, and for a new connection
        (pair.passed is 0 then). rate: bytes a second from the server, 0: as fast as it goes."""
        self.port, self.rule, self.rate = port, rule or (lambda network, pair: None), rate
        self.pairs, self.new_silent, self.ended = [], False, threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.own_port = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def env(self, server, database):
        return {**server.env(database), "PGPORT": str(self.own_port)}

    def accept(self):
        while not self.ended.is_set():
            if not select.select([self.listener], [], [], 0.1)[0]:
                continue
            pair = Pair(self.listener.accept()[0], len(self.pairs) + 1)
            self.pairs.append(pair)
            pair.silent = self.new_silent
            self.rule(self, pair)
            thread = threading.Thread(target=self.carry, args=(pair,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def carry(self, pair):
        try:
            while pair.silent and not self.ended.wait(0.05):
                pass
            if self.ended.is_set():
                return
            pair.server = socket.create_connection(("127.0.0.1", self.port))
            while not self.ended.is_set():
                if pair.silent: # nothing is read, so nothing is acknowledged beyond what the system buffers
                    self.ended.wait(0.05)
                    continue
                for source in select.select([pair.client, pair.server], [], [], 0.1)[0]:
                    if pair.silent: # meanwhile
                        break
                    data = source.recv(4096 if self.rate else 65536)
                    if not data:
                        return
                    if source is pair.server:
                        pair.passed += len(data)
                        self.rule(self, pair)
                        if self.rate:
                            self.ended.wait(len(data) / self.rate)
                    while pair.silent and not self.ended.wait(0.05):
                        pass
                    (pair.client if source is pair.server else pair.server).sendall(data)
        except OSError:
            pass
        finally:
            for s in (pair.client, pair.server):
                if s:
                    s.close()

    def die(self):
        """All connections, and those to come."""
        self.new_silent = True
        self.forget()

    def forget(self):
        """The connections that there are: as a router that has restarted."""
        for pair in self.pairs:
            pair.silent = True

    def heal(self):
        self.new_silent, self.rule = False, lambda network, pair: None
        for pair in self.pairs:
            pair.silent = False

    def reset(self):
        for pair in self.pairs:
            for s in (pair.client, pair.server):
                with contextlib.suppress(OSError, AttributeError):
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    s.shutdown(socket.SHUT_RD)
                    s.close()

    def close(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()
        self.listener.close()

"""CPython's multiprocessing.managers.BaseManager: server, producer, worker.

Frozen: changes would make new results incomparable with earlier ones. Follows
https://docs.python.org/3/library/multiprocessing.html#using-a-remote-manager
with one queue for tasks and one for results. A proxy makes one call at a time on
its thread's connection, so each call in flight needs a thread; more than a few
threads only wait for the interpreter's lock. Takes the same orders as the processes
in harness/: a JSON line in, a JSON line out. The end of stdin ends the process.
"""
import json
import math
import queue
import sys
import threading
import time
from multiprocessing.managers import BaseManager

AUTHKEY = b'bench'
PUTTERS = 4
GET_TIMEOUT_S = 0.2
RUNS_PER_MARK = 1_000
BETWEEN_MAX_MS = 50_000
PAYLOAD = {
    'a': 1,
    'name': 'resize',
    'url': 'https://example.org/a/b/c.png',
    'width': 640,
    'height': 480,
}


class Manager(BaseManager):
    pass


def shared_clock_ms():
    return time.monotonic_ns() / 1e6


def latency_figures(latencies_ms):
    ordered = sorted(latencies_ms)

    def quantile(at):
        if not ordered:
            return 0
        return ordered[min(len(ordered) - 1, math.floor(len(ordered) * at))]

    return {'p50Ms': quantile(0.5), 'p99Ms': quantile(0.99), 'p999Ms': quantile(0.999)}


def take_orders(orders):
    print('ready', flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = orders[order['order']](order)
        except Exception as error:  # the parent reports every kind of error
            answer = {'error': repr(error)}
        print(json.dumps(answer), flush=True)


def connect(port):
    Manager.register('tasks')
    Manager.register('results')
    manager = Manager(address=('127.0.0.1', int(port)), authkey=AUTHKEY)
    manager.connect()
    return manager.tasks(), manager.results()


def serve():
    tasks, results = queue.Queue(), queue.Queue()
    Manager.register('tasks', callable=lambda: tasks)
    Manager.register('results', callable=lambda: results)
    server = Manager(address=('127.0.0.1', 0), authkey=AUTHKEY).get_server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.address[1], flush=True)
    sys.stdin.read()


def in_threads(count, target):
    threads = [threading.Thread(target=target) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Window:
    """The measured time, after the warm-up."""

    def __init__(self, order):
        self.measure_ms = order['measureMs']
        self.from_ms = shared_clock_ms() + order['warmUpMs']
        self.until_ms = self.from_ms + self.measure_ms
        self.calls = 0
        self.latencies_ms = []

    def is_open(self):
        return shared_clock_ms() < self.until_ms

    def ended(self, started_ms):
        now_ms = shared_clock_ms()
        self.calls += 1
        if self.from_ms <= now_ms < self.until_ms:
            self.latencies_ms.append(now_ms - started_ms)

    def figures(self):
        per_second = len(self.latencies_ms) / self.measure_ms * 1_000
        return {'calls': self.calls, 'perSecond': per_second, **latency_figures(self.latencies_ms)}


def produce(port):
    tasks, results = connect(port)

    def drive_enqueue(window, in_flight):
        def putter():
            while window.is_open():
                started_ms = shared_clock_ms()
                tasks.put((False, PAYLOAD))
                window.ended(started_ms)

        in_threads(min(in_flight, PUTTERS), putter)

    def call_one_by_one(window):
        while window.is_open():
            started_ms = shared_clock_ms()
            tasks.put((True, PAYLOAD))
            results.get()
            window.ended(started_ms)

    def call_many(window, in_flight):
        """One thread puts, one gets. Results arrive in the order of their tasks."""
        room = threading.Semaphore(in_flight)
        started = queue.SimpleQueue()

        def putter():
            while window.is_open():
                room.acquire()
                started.put(shared_clock_ms())
                tasks.put((True, PAYLOAD))
            started.put(None)

        def getter():
            for started_ms in iter(started.get, None):
                results.get()
                window.ended(started_ms)
                room.release()

        threads = [threading.Thread(target=each) for each in (putter, getter)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def drive(order):
        window = Window(order)
        if order['kind'] == 'enqueue':
            drive_enqueue(window, order['inFlight'])
        elif order['inFlight'] == 1:
            call_one_by_one(window)
        else:
            call_many(window, order['inFlight'])
        return window.figures()

    def pace(order):
        started_ms = shared_clock_ms()
        until_ms = started_ms + order['forMs']
        calls = 0
        now_ms = started_ms
        while now_ms < until_ms:
            due = (now_ms - started_ms) / 1_000 * order['perSecond']
            while calls < due:
                tasks.put((False, {**PAYLOAD, 'a': shared_clock_ms()}))
                calls += 1
            time.sleep(0.001)
            now_ms = shared_clock_ms()
        return {'calls': calls, 'perSecond': calls / (now_ms - started_ms) * 1_000}

    def fill(order):
        left = threading.Semaphore(order['count'])
        until_ms = shared_clock_ms() + order.get('maxMs', math.inf)
        added = []

        def putter():
            count = 0
            while shared_clock_ms() < until_ms and left.acquire(blocking=False):
                tasks.put((False, PAYLOAD))
                count += 1
            added.append(count)

        in_threads(PUTTERS, putter)
        return {'count': sum(added)}

    take_orders({'drive': drive, 'pace': pace, 'fill': fill})


class Recorder:
    """The handler. It does nothing but count its runs and record when they began."""

    def __init__(self):
        self.runs = 0
        self.marks_ms = []
        self.latencies_ms = None

    def handle(self, payload):
        if self.latencies_ms is not None:
            self.latencies_ms.append(shared_clock_ms() - payload['a'])
        self.runs += 1
        if self.runs % RUNS_PER_MARK == 0:
            self.marks_ms.append(shared_clock_ms())
        return None

    def until(self, runs, max_ms=math.inf):
        until_ms = shared_clock_ms() + max_ms
        while self.runs < runs and shared_clock_ms() < until_ms:
            time.sleep(0.001)


def work(port):
    tasks, results = connect(port)
    recorder = Recorder()

    stopping = threading.Event()

    # A `get` without a timeout would outlive its process in the server and consume a task.
    def loop():
        while not stopping.is_set():
            try:
                wants_result, payload = tasks.get(True, GET_TIMEOUT_S)
            except queue.Empty:
                continue
            result = recorder.handle(payload)
            if wants_result:
                results.put(result)

    thread = threading.Thread(target=loop)

    def start(_order):
        thread.start()
        return {}

    def until(order):
        recorder.until(order['runs'])
        return {}

    def between(order):
        first = order['from'] // RUNS_PER_MARK
        recorder.until(order['from'])
        recorder.until(order['to'], order.get('maxMs', BETWEEN_MAX_MS))
        last = min(order['to'] // RUNS_PER_MARK, len(recorder.marks_ms))
        passed_ms = recorder.marks_ms[last - 1] - recorder.marks_ms[first - 1]
        return {'runs': (last - first) * RUNS_PER_MARK, 'seconds': passed_ms / 1_000}

    def watch(_order):
        recorder.latencies_ms = []
        return {}

    take_orders({
        'work': start,
        'count': lambda _order: {'runs': recorder.runs, 'atMs': shared_clock_ms()},
        'until': until,
        'between': between,
        'watch': watch,
        'latencies': lambda _order: {
            'runs': len(recorder.latencies_ms), **latency_figures(recorder.latencies_ms)},
    })
    stopping.set()
    thread.join()


if __name__ == '__main__':
    role = sys.argv[1]
    if role == 'server':
        serve()
    elif role == 'producer':
        produce(sys.argv[2])
    else:
        work(sys.argv[2])

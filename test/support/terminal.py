"""terminal.py PROGRAM ARGS... runs a program in its own terminal.

Prints each screen that the program draws, line by line and without escape
sequences. When the program ends, prints `last` with the last characters of its
output as JSON. Reads orders from stdin: `resize COLUMNS ROWS`, answered with the
size of a later screen, and `keys TEXT`.

`terminal.py --lines PROGRAM ARGS...` prints each line as it comes instead, and takes
the orders `keys TEXT` and `hang-up`, which closes the terminal. When the program has
ended it prints `ended` with its exit code, negative for a signal.
"""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios

ESCAPE = re.compile(r'\x1b\[[?0-9;]*[A-Za-z]')
HOME = '\x1b[H'
LAST_CHARS = 14

by_lines = sys.argv[1] == '--lines'
command = sys.argv[2 if by_lines else 1:]
program, terminal = pty.fork()
if program == 0:
    os.execvp(command[0], command)


def resize(columns, rows):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))


def say(line):
    print(line, flush=True)


resize(160, 40)
written = ''
shown = 0
wants_size = 0


def show():
    """Prints the complete screens: all but the last one that was begun."""
    global shown, wants_size
    screens = written.split(HOME)
    for screen in screens[shown:-1]:
        lines = [ESCAPE.sub('', line).rstrip('\r') for line in screen.split('\n')]
        if shown == 0:
            say(json.dumps(screen)[1:-1])
        for line in lines:
            say(line)
        shown += 1
        if wants_size:
            wants_size -= 1
            if wants_size == 0:
                say(f'rows {len(lines)} widest {max(map(len, lines))}')


def run_by_lines():
    """Passes the lines of the program on until it ends or the terminal is closed."""
    rest = ''
    while True:
        ready, _, _ = select.select([terminal, sys.stdin], [], [])
        if terminal in ready:
            try:
                data = os.read(terminal, 65536).decode(errors='replace')
            except OSError:
                data = ''
            if not data:
                break
            *lines, rest = (rest + data).split('\n')
            for line in lines:
                say(ESCAPE.sub('', line).rstrip('\r'))
        if sys.stdin in ready:
            order, _, text = sys.stdin.readline().rstrip('\n').partition(' ')
            if order != 'keys':
                break
            os.write(terminal, text.encode())
    os.close(terminal)
    _, status = os.waitpid(program, 0)
    say(f'ended {os.waitstatus_to_exitcode(status)}')


if by_lines:
    run_by_lines()
    sys.exit(0)

while True:
    ready, _, _ = select.select([terminal, sys.stdin], [], [])
    if sys.stdin in ready:
        order, _, rest = sys.stdin.readline().rstrip('\n').partition(' ')
        if order == 'resize':
            resize(*map(int, rest.split()))
            # The next screens may have been drawn before the resize.
            wants_size = 3
        elif order == 'keys':
            os.write(terminal, rest.encode())
        else:
            os.kill(program, signal.SIGHUP)
    if terminal in ready:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            data = b''
        if not data:
            break
        written += data.decode(errors='replace')
        show()

_, status = os.waitpid(program, 0)
say(f'last {json.dumps(written[-LAST_CHARS:])}')
sys.exit(os.waitstatus_to_exitcode(status))

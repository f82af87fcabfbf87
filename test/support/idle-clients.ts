import { type Client, connect } from '@millrace/client';

/**
 * `idle-clients.ts COUNT` connects that many clients to MILLRACE_URL and says so. For
 * each message of its parent, `{ from, to }`, it lets these clients make a request each, and
 * says how many were answered, and how soon.
 */
const [count = '0'] = process.argv.slice(2);
const IN_FLIGHT = 50;
/** Clients between two lines about progress. */
const PROGRESS = 1_000;

/** Runs `each` for numbers below `most`, some at a time. */
const inTurns = async (most: number, each: (n: number) => Promise<void>): Promise<void> => {
  let next = 0;
  const walk = async (): Promise<void> => {
    while (next < most) {
      const n = next;
      next += 1;
      await each(n);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, walk));
};

const clients: Client[] = [];
await inTurns(Number(count), async () => {
  clients.push(await connect());
  if (clients.length % PROGRESS === 0) {
    console.log(`${clients.length} of them`);
  }
});
console.log(`${clients.length} clients are connected`);

process.on('message', ({ from, to }: { readonly from: number; readonly to: number }) => {
  const some = clients.slice(from, to);
  const tookMs: number[] = [];
  void inTurns(some.length, async (n) => {
    const startedMs = performance.now();
    await some[n]?.queue('default').size();
    tookMs.push(performance.now() - startedMs);
  }).then(() => {
    const sorted = tookMs.toSorted((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
    const worst = sorted[sorted.length - 1] ?? 0;
    console.log(
      `${sorted.length} answered, half within ${median.toFixed(1)} ms, all within ${worst.toFixed(1)} ms`,
    );
  });
});

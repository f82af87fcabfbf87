import { expect, test } from 'vitest';
import { SimProcess } from './sim-process.ts';
import { SimWire } from './sim-wire.ts';
import { World } from './world.ts';

const LATENCY_MS = 10;

const host = { address: 'here', wallOffsetMs: 0 };

const wireIn = (world: World): SimWire =>
  new SimWire(world, {
    name: 'wire',
    port: 1,
    dialler: new SimProcess(world, 'dialler', host),
    manager: new SimProcess(world, 'manager', host),
    delayMs: () => LATENCY_MS,
    random: world.random('wire'),
    bytesPerMs: () => 0,
    ended() {},
  });

test('a stall keeps the order of frames that were sent before and during it', async () => {
  const world = new World(1, false);
  const wire = wireIn(world);
  const arrived: (number | undefined)[] = [];
  wire.manager.listen({
    frame: ([first]) => void arrived.push(first),
    drained() {},
    closed() {},
  });
  wire.dialler.send(Uint8Array.of(1));
  await world.run(LATENCY_MS / 2);
  wire.stall(100, 'both');
  wire.dialler.send(Uint8Array.of(2));
  wire.dialler.send(Uint8Array.of(3));
  await world.run(1_000);
  expect(arrived).toEqual([1, 2, 3]);
});

test('a frame that a stall holds up arrives when the wire is healed', async () => {
  const world = new World(1, false);
  const wire = wireIn(world);
  const arrivedAtMs: number[] = [];
  wire.manager.listen({
    frame: () => void arrivedAtMs.push(world.nowMs),
    drained() {},
    closed() {},
  });
  wire.stall(10_000, 'both');
  wire.dialler.send(Uint8Array.of(1));
  await world.run(100);
  wire.heal();
  wire.dialler.send(Uint8Array.of(2));
  await world.run(20_000);
  expect(arrivedAtMs).toEqual([100, 100 + LATENCY_MS]);
});

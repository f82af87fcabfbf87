/** A fresh server of one system with its producers and workers, all removed at the end. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../harness/child.ts';
import { anonymousBytes, cpuSeconds } from '../harness/kernel.ts';
import type { Ability, Server, System } from '../systems/system.ts';

type Role = 'producer' | 'worker';

export class Stage {
  readonly system: System;
  #server: Server;
  readonly directory: string;
  readonly #children: Child[] = [];

  private constructor(system: System, server: Server, directory: string) {
    this.system = system;
    this.#server = server;
    this.directory = directory;
  }

  /** Runs `use` on a fresh stage. */
  static async with<T>(system: System, use: (stage: Stage) => Promise<T>): Promise<T> {
    const directory = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
    try {
      const stage = new Stage(system, await system.startServer(directory), directory);
      try {
        return await use(stage);
      } finally {
        await stage.#close();
      }
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  can(ability: Ability): boolean {
    return this.system.abilities.includes(ability);
  }

  start(role: Role): Promise<Child> {
    return this.startProcess(this.system.end(role));
  }

  /** Starts a process whose last argument is the server's address. */
  async startProcess(command: readonly string[]): Promise<Child> {
    const child = await Child.start([...command, this.#server.address]);
    this.#children.push(child);
    return child;
  }

  /** Stops the server and starts it again on its data. Only processes started later know its new address. */
  async restartServer(): Promise<void> {
    await this.#server.stop();
    this.#server = await this.system.startServer(this.directory);
  }

  /** Resident anonymous memory of all processes of the server. */
  serverBytes(): number {
    return this.#server.pids().reduce((sum, pid) => sum + anonymousBytes(pid), 0);
  }

  /** CPU seconds that the server has used so far. */
  serverCpuSeconds(): number {
    return this.#server.pids().reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  }

  async #close(): Promise<void> {
    for (const child of this.#children.toReversed()) {
      await child.stop();
    }
    await this.#server.stop();
  }
}

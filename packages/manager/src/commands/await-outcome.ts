import type { Command } from './command.ts';

export const awaitOutcome: Command<'awaitOutcome'> = (services, peer, requests) =>
  services.results.wait(peer, requests);

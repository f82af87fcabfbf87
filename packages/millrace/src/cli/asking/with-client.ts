import { type Client, connect, findConnection } from '@millrace/client';
import type { Command } from 'commander';
import { type Configuration, configure } from '../../config/configuration.ts';
import { present } from '../../config/present.ts';

export interface ConnectFlags {
  readonly url?: string;
  readonly config?: string;
}

/** Adds the options of every command that connects to a manager. */
export const connectOptions = (command: Command): Command =>
  command
    .option('--url <url>', 'manager to connect to')
    .option('--config <file>', 'configuration file (default: millrace.toml)');

/** URL and key of the manager: as configured, or else from the nearest `.millrace/`. */
export const connectionOf = (
  configuration: Configuration,
): { readonly url: string; readonly authkey: Uint8Array } => {
  const { secret, url } = findConnection(
    present({ url: configuration.get('connection.url'), authkey: configuration.authkey() }),
  );
  return { url, authkey: secret };
};

/** Connects, calls `use`, and closes the connection. */
export const withClient = async <T>(
  flags: ConnectFlags,
  use: (client: Client) => Promise<T>,
): Promise<T> => {
  const configuration = configure({ 'connection.url': flags.url }, flags.config);
  const client = await connect(connectionOf(configuration));
  try {
    return await use(client);
  } finally {
    await client.close();
  }
};

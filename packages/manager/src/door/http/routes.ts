import { timingSafeEqual } from 'node:crypto';
import type { Status } from '@millrace/protocol';
import { Hono, type MiddlewareHandler } from 'hono';
import { Metrics } from './metrics.ts';

/** The manager, as far as the routes ask it. */
export interface HttpSource {
  status(): Status;
  /** The reason why the manager cannot serve now; undefined when it can. */
  notReady(): string | undefined;
}

const UNAUTHORIZED = 401;
const MISDIRECTED = 421;
const UNAVAILABLE = 503;

/** Refuses DNS rebinding: a page of another site could reach this listener by a name of that site. */
const requireLocalHost: MiddlewareHandler = async (context, next) => {
  const { hostname } = new URL(context.req.url);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return isLocal ? next() : context.text('only requests to localhost are answered\n', MISDIRECTED);
};

const requireToken = (token: string): MiddlewareHandler => {
  const expected = Buffer.from(`Bearer ${token}`);
  return async (context, next) => {
    const given = Buffer.from(context.req.header('authorization') ?? '');
    const isRight = given.length === expected.length && timingSafeEqual(given, expected);
    return isRight
      ? next()
      : context.text('the header Authorization: Bearer TOKEN is missing or wrong\n', UNAUTHORIZED);
  };
};

/**
 * Health, metrics and status. Without a token, only requests to a loopback name are
 * answered. `/livez` and `/readyz` never need the token.
 */
export const routesOf = (source: HttpSource, token: string | undefined): Hono => {
  const metrics = new Metrics();
  const guard = token === undefined ? requireLocalHost : requireToken(token);
  return new Hono()
    .get('/livez', (context) => context.text('ok\n'))
    .get('/readyz', (context) => {
      const reason = source.notReady();
      return reason === undefined ? context.text('ok\n') : context.text(`${reason}\n`, UNAVAILABLE);
    })
    .get('/metrics', guard, async (context) =>
      context.body(await metrics.text(source.status()), {
        headers: { 'content-type': metrics.contentType },
      }),
    )
    .get('/status', guard, (context) => context.json(source.status()))
    .notFound((context) => context.text('there are /livez, /readyz, /metrics and /status\n', 404));
};

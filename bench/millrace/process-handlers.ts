import { handler } from 'millrace';
import { noop } from './tasks.ts';

export default [handler(noop, () => null, { runner: 'process' })];

import type { Hono } from 'hono';
import { commandRoutes } from './commands/routes.ts';
import type { RestParts } from './context.ts';

export function applicationRoutes(parts: RestParts): Hono {
  return commandRoutes(parts);
}

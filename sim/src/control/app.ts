import { type Context, Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { z } from 'zod';
import { ClientRefusal } from '../interactions/refusal.ts';
import { ApiError } from '../rest/errors.ts';
import { WorldError } from '../world/errors.ts';
import { type Operation, operations } from './contract.ts';
import { ControlError } from './errors.ts';
import type { LoggedEvent } from './event-log.ts';
import { type ControlParts, controlHandlers } from './handlers.ts';

/** The control server: `POST /control/<operation>` with JSON, `GET /events?since=N` as server-sent events. */
export function controlApp(parts: ControlParts): Hono {
  const handlers = controlHandlers(parts);
  const app = new Hono();

  app.post('/control/:operation', async (context) => {
    const name = context.req.param('operation');
    if (!isOperation(name))
      throw new ControlError(
        'unknown_operation',
        `no operation "${name}"; known: ${Object.keys(operations).join(', ')}`,
        404,
      );
    const input = operations[name].input.safeParse(await jsonBody(context));
    if (!input.success) throw new ControlError('invalid_input', `${name}: ${z.prettifyError(input.error)}`);
    // The table pairs each name with its own input type, which TypeScript cannot follow through a variable name.
    const handler = handlers[name] as (input: unknown) => unknown;
    return context.json((await handler(input.data)) as object);
  });

  app.get('/events', (context) => {
    const since = z.coerce
      .number()
      .int()
      .nonnegative()
      .safeParse(context.req.query('since') ?? parts.log.lastId);
    if (!since.success)
      throw new ControlError('invalid_input', 'since must be the number of an event; leave it out for new ones');
    return streamSSE(context, async (stream) => {
      const queue: LoggedEvent[] = [];
      let wake: (() => void) | undefined;
      const stop = parts.log.follow(since.data, (event) => {
        queue.push(event);
        wake?.();
      });
      let open = true;
      stream.onAbort(() => {
        open = false;
        wake?.();
      });
      await stream.writeSSE({ event: 'open', data: '{}' });
      while (open) {
        const next = queue.shift();
        if (next) await stream.writeSSE({ id: String(next.id), data: JSON.stringify(next.event) });
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
      stop();
    });
  });

  app.notFound((context) =>
    context.json({ code: 'not_found', message: 'use POST /control/<operation> or GET /events' }, 404),
  );
  app.onError((error, context) => {
    const answer = (status: 400 | 404 | 409 | 500 | 504, code: string) =>
      context.json({ code, message: error.message }, status);
    if (error instanceof ControlError) return answer(error.status, error.code);
    if (error instanceof ClientRefusal) return answer(409, error.code);
    if (error instanceof WorldError) return answer(error.code.startsWith('unknown_') ? 404 : 409, error.code);
    if (error instanceof ApiError) return answer(400, 'discord_refuses');
    process.stderr.write(`control ${context.req.path}: ${error.stack ?? error.message}\n`);
    return answer(500, 'internal');
  });
  return app;
}

function isOperation(name: string): name is Operation {
  return Object.hasOwn(operations, name);
}

async function jsonBody(context: Context): Promise<unknown> {
  const text = await context.req.text();
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new ControlError('invalid_json', 'the body is no JSON; send an object');
  }
}

/** The control side of a stand-in: `POST /control/<operation>` with JSON, each operation checked by its own schema. */
import { Hono } from 'hono';
import { z } from 'zod';

/** What each operation takes and gives. */
export type Contract = Record<string, { input: z.ZodType; output: z.ZodType }>;
export type Handlers<Operations extends Contract> = {
  [Name in keyof Operations]: (
    input: z.output<Operations[Name]['input']>,
  ) => z.output<Operations[Name]['output']> | Promise<z.output<Operations[Name]['output']>>;
};

/** A refusal by a handler. `code` is stable; `message` says what to do. */
export class ControlRefusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'ControlRefusal';
    this.code = code;
  }
}

/** Routes for all operations of a contract. Refusals are `{ code, message }` with status 400 or 404. */
export function controlRoute<Operations extends Contract>(
  operations: Operations,
  handlers: Handlers<Operations>,
): Hono {
  const app = new Hono();
  app.post('/control/:operation', async (context) => {
    const name = context.req.param('operation');
    const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
    if (!operation) {
      const message = `no operation "${name}"; known: ${Object.keys(operations).join(', ')}`;
      return context.json({ code: 'unknown_operation', message }, 404);
    }
    const text = await context.req.text();
    const input = operation.input.safeParse(parseJson(text === '' ? '{}' : text));
    if (!input.success) {
      return context.json({ code: 'invalid_input', message: `${name}: ${z.prettifyError(input.error)}` }, 400);
    }
    // The table pairs each name with its own input type, which TypeScript cannot follow through a variable name.
    const handler = handlers[name] as (input: unknown) => unknown;
    return context.json((await handler(input.data)) as object);
  });
  app.onError((error, context) => {
    if (error instanceof ControlRefusal) return context.json({ code: error.code, message: error.message }, 400);
    process.stderr.write(`control ${context.req.path}: ${error.stack ?? error.message}\n`);
    return context.json({ code: 'internal', message: error.message }, 500);
  });
  return app;
}

/** No JSON reads as `undefined`, which no input schema takes. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

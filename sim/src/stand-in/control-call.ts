/** The client side of a stand-in's control. Needs nothing but `fetch`. */
import { z } from 'zod';
import type { Contract } from './control-route.ts';

/** What a stand-in refused. */
export class StandInError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'StandInError';
    this.code = code;
  }
}

const refusal = z.object({ code: z.string(), message: z.string() });

/** Calls operations of `contract` at `url`: `await call('accounting', {})`. */
export function controlCaller<Operations extends Contract>(
  contract: Operations,
  url: string,
): <Name extends keyof Operations & string>(
  name: Name,
  input: z.input<Operations[Name]['input']>,
) => Promise<z.output<Operations[Name]['output']>> {
  return async (name, input) => {
    const response = await fetch(`${url.replace(/\/$/, '')}/control/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(input),
    });
    const answer: unknown = await response.json();
    if (!response.ok) {
      const { code, message } = refusal.parse(answer);
      throw new StandInError(code, `${name}: ${message}`);
    }
    return (contract[name] as Operations[typeof name]).output.parse(answer) as z.output<
      Operations[typeof name]['output']
    >;
  };
}

/** Which route a request is for, told before its handler runs: the bucket, 404 or 405, and wrong ids hang on it. */
import type { Hono } from 'hono';

export interface Route {
  method: string;
  /** As registered: `/channels/:channel/messages`. */
  pattern: string;
}

export interface Match extends Route {
  params: Record<string, string>;
}

interface Entry extends Route {
  names: string[];
  expression: RegExp;
  /** Literal segments: the more, the better it fits (`/users/@me` before `/users/:user`). */
  literals: number;
}

/** Every route that is registered on an app, for looking up by path. */
export class RouteTable {
  readonly #entries: Entry[];

  constructor(app: Hono) {
    this.#entries = app.routes.filter(({ method, path }) => method !== 'ALL' && !path.includes('*')).map(entryOf);
  }

  /** The route of a request, `'wrong method'` for a path that only has others, undefined for an unknown path. */
  find(method: string, path: string): Match | 'wrong method' | undefined {
    const fitting = this.#entries.filter(({ expression }) => expression.test(path));
    const most = Math.max(...fitting.map(({ literals }) => literals));
    const best = fitting.filter(({ literals }) => literals === most);
    const found = best.find((entry) => entry.method === method) ?? fitting.find((entry) => entry.method === method);
    if (!found) return fitting.length > 0 ? 'wrong method' : undefined;
    const [, ...values] = found.expression.exec(path) ?? [];
    const params = Object.fromEntries(found.names.map((name, index) => [name, values[index] ?? '']));
    return { method: found.method, pattern: found.pattern, params };
  }
}

function entryOf({ method, path }: { method: string; path: string }): Entry {
  const segments = path.split('/');
  const names = segments.filter((segment) => segment.startsWith(':')).map((segment) => segment.slice(1));
  const source = segments.map((segment) => (segment.startsWith(':') ? '([^/]+)' : literally(segment))).join('/');
  const literals = segments.length - names.length;
  return { method, pattern: path, names, expression: new RegExp(`^${source}$`), literals };
}

/** The text as a regular expression that fits nothing else. */
export function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

const notSnowflakes = new Set(['token', 'emoji', 'code', 'scope']);

/** The first id in the path that is none; Discord answers 50035 / NUMBER_TYPE_COERCE to it. */
export function wrongSnowflake(params: Record<string, string>): { name: string; value: string } | undefined {
  const wrong = Object.entries(params).find(
    ([name, value]) => !notSnowflakes.has(name) && !/^(\d{1,20}|@me|@original)$/.test(value),
  );
  return wrong && { name: `${wrong[0]}_id`, value: wrong[1] };
}

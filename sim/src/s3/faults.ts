/** What goes wrong on purpose, decided by method, key and count. Nothing is left to chance. No I/O. */
import { z } from 'zod';

const scope = {
  /** HTTP methods; all when empty. */
  methods: z.array(z.enum(['GET', 'HEAD', 'PUT', 'POST', 'DELETE'])).default([]),
  /** Keys: `*` stands for anything but a slash, `**` for anything. Requests about a bucket have the key ``. */
  keys: z.string().default('**'),
  /** So many requests that fit; `null`: until the rule is taken away. */
  count: z.number().int().positive().nullable().default(1),
};
const bytes = z.number().int().nonnegative();

/** The refusals that a rule can give, with their status. S3 itself is never full: MinIO's code stands for it. */
export const errorStatus = {
  SlowDown: 503,
  ServiceUnavailable: 503,
  InternalError: 500,
  XMinioStorageFull: 507,
} as const;

export const faultRuleSchema = z.discriminatedUnion('kind', [
  /** Answers with an error; nothing is done. */
  z.object({
    kind: z.literal('error'),
    code: z.enum(['SlowDown', 'ServiceUnavailable', 'InternalError', 'XMinioStorageFull']),
    ...scope,
  }),
  /** Waits before the answer, and sends its body no faster than so many bytes a second. */
  z.object({
    kind: z.literal('slow'),
    delayMs: z.number().nonnegative().default(0),
    bytesPerSecond: z.number().int().positive().optional(),
    ...scope,
  }),
  /** Resets the connection when so much of the request's body has come; nothing is stored. */
  z.object({ kind: z.literal('resetUpload'), afterBytes: bytes.default(0), ...scope }),
  /** Resets the connection when so much of the answer's body has been sent. */
  z.object({ kind: z.literal('resetDownload'), afterBytes: bytes.default(0), ...scope }),
  /** Stores rightly, and says a wrong ETag. */
  z.object({ kind: z.literal('wrongEtag'), ...scope }),
  /** Stores with one byte changed, and answers as if nothing had happened. */
  z.object({ kind: z.literal('damage'), ...scope }),
]);
export type FaultRule = z.output<typeof faultRuleSchema>;
export type FaultRuleInput = z.input<typeof faultRuleSchema>;
export type FaultKind = FaultRule['kind'];
export type RuleOf<Kind extends FaultKind> = Extract<FaultRule, { kind: Kind }>;
/** A rule with its number; `count` is what is left of it. */
export type StandingRule = FaultRule & { id: number };

/** A glob as a regular expression over whole keys. */
export function globToRegExp(glob: string): RegExp {
  const source = glob.replace(/\*\*|[*?]|[\\^$.+()[\]{}|]/g, (token) => {
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    return token === '?' ? '[^/]' : `\\${token}`;
  });
  return new RegExp(`^${source}$`, 's');
}

export class Faults {
  readonly #rules = new Map<number, StandingRule>();
  #lastId = 0;

  add(input: FaultRuleInput): number {
    this.#lastId += 1;
    this.#rules.set(this.#lastId, { ...faultRuleSchema.parse(input), id: this.#lastId });
    return this.#lastId;
  }

  /** Whether there was such a rule. */
  remove(id: number): boolean {
    return this.#rules.delete(id);
  }

  clear(): void {
    this.#rules.clear();
  }

  /** The rules that still stand, oldest first. */
  list(): StandingRule[] {
    return [...this.#rules.values()];
  }

  /** The oldest rule of this kind that fits the request; one less is left of it then. */
  take<Kind extends FaultKind>(kind: Kind, request: { method: string; key: string }): RuleOf<Kind> | undefined {
    for (const rule of this.#rules.values()) {
      if (!isOfKind(rule, kind) || !fits(rule, request)) continue;
      if (rule.count === 1) this.#rules.delete(rule.id);
      else if (rule.count !== null) this.#rules.set(rule.id, { ...rule, count: rule.count - 1 });
      return rule;
    }
    return undefined;
  }
}

function isOfKind<Kind extends FaultKind>(rule: StandingRule, kind: Kind): rule is StandingRule & RuleOf<Kind> {
  return rule.kind === kind;
}

function fits({ methods, keys }: FaultRule, { method, key }: { method: string; key: string }): boolean {
  return (methods.length === 0 || methods.some((each) => each === method)) && globToRegExp(keys).test(key);
}

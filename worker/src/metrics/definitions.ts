/**
 * Every figure that code of the Worker counts. Labels are of few values, known beforehand: never an id, an address or a name.
 * A new one is a line here and a {@link count} or {@link observe} where it happens.
 */
export interface Definition {
  kind: 'counter' | 'histogram';
  help: string;
  labels: readonly string[];
  /** Upper bounds of a histogram's buckets, ascending. */
  buckets?: readonly number[];
}

export const definitions = {
  patchbay_sign_ins_total: {
    kind: 'counter',
    help: 'Sign-ins to the dashboard, by way (discord, code) and result.',
    labels: ['way', 'result'],
  },
  patchbay_refreshes_total: { kind: 'counter', help: 'Renewals of a sign-in, by result.', labels: ['result'] },
  patchbay_token_refusals_total: { kind: 'counter', help: 'Refused tokens, by reason.', labels: ['reason'] },
  patchbay_origin_refusals_total: {
    kind: 'counter',
    help: 'Requests of pages of another origin that were refused.',
    labels: [],
  },
  patchbay_rejoins_total: { kind: 'counter', help: 'Requests to get back into voice, by result.', labels: ['result'] },
  patchbay_discord_requests_total: {
    kind: 'counter',
    help: "Calls of Discord's REST; status `none`: no answer in time.",
    labels: ['method', 'route', 'status'],
  },
} as const satisfies Record<string, Definition>;

type Definitions = typeof definitions;
export type MetricName = keyof Definitions;
export type CounterName = { [N in MetricName]: Definitions[N]['kind'] extends 'counter' ? N : never }[MetricName];
export type HistogramName = Exclude<MetricName, CounterName>;
export type LabelsOf<N extends MetricName> = Record<Definitions[N]['labels'][number], string>;

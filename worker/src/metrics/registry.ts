/**
 * What was counted in this isolate and has not been handed over yet. Pure, so that any code may count; `flush.ts` takes it to the
 * `Metrics` object.
 */
import {
  type CounterName,
  type Definition,
  definitions,
  type HistogramName,
  type LabelsOf,
  type MetricName,
} from './definitions.ts';

/** A name with labels as Prometheus writes it, and what to add to it. */
export interface Delta {
  series: string;
  value: number;
}

const pending = new Map<string, number>();
let announce: () => void = () => undefined;

/** @example count('patchbay_rejoins_total', { result: 'moved' }) */
export function count<N extends CounterName>(name: N, labels: LabelsOf<N>, by = 1): void {
  add(seriesOf(name, labels), by);
  announce();
}

/** Notes one value of a histogram. */
export function observe<N extends HistogramName>(name: N, labels: LabelsOf<N>, value: number): void {
  const { buckets = [] }: Definition = definitions[name as MetricName];
  for (const bound of buckets) {
    if (value <= bound) add(seriesOf(`${name as string}_bucket`, { ...labels, le: String(bound) }), 1);
  }
  add(seriesOf(`${name as string}_bucket`, { ...labels, le: '+Inf' }), 1);
  add(seriesOf(`${name as string}_sum`, labels), value);
  add(seriesOf(`${name as string}_count`, labels), 1);
  announce();
}

/** Takes what was counted since the last time. */
export function take(): Delta[] {
  const deltas = Array.from(pending, ([series, value]) => ({ series, value }));
  pending.clear();
  return deltas;
}

/** Takes back what could not be handed over. */
export function putBack(deltas: readonly Delta[]): void {
  for (const { series, value } of deltas) add(series, value);
}

/** Who is told that there is something to hand over. */
export function onCount(listener: () => void): void {
  announce = listener;
}

/** The text of Prometheus' exposition format, with help and type before each metric; unknown series (of older versions) are left out. */
export function exposition(totals: Readonly<Record<string, number>>): string {
  const lines: string[] = [];
  for (const [name, { kind, help }] of Object.entries<Definition>(definitions)) {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`);
    const own = new RegExp(`^${name}${kind === 'histogram' ? '_(?:bucket|sum|count)' : ''}(?:\\{|$)`);
    for (const [series, value] of Object.entries(totals)) if (own.test(series)) lines.push(`${series} ${value}`);
  }
  return `${lines.join('\n')}\n`;
}

function add(series: string, value: number): void {
  pending.set(series, (pending.get(series) ?? 0) + value);
}

function seriesOf(name: string, labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([key, value]) => `${key}="${value.replaceAll(/["\\\n]/g, '_')}"`);
  return parts.length === 0 ? name : `${name}{${parts.join(',')}}`;
}

/** The figures of `/metrics`, in Prometheus' text format. Pure. */

/** Every counter, with what it counts. */
export const counters = {
  hub_opened_total: 'Sockets opened by browsers.',
  hub_closed_total: 'Sockets closed, by close code.',
  hub_refused_total: 'Upgrades, tokens and messages refused, by error code.',
  hub_pictures_total:
    'How clients got their picture: first = a snapshot, resumed = replay of what was missed, resync = a snapshot after a gap, access = other channels may be seen.',
  hub_frames_total: 'Frames sent to browsers.',
  hub_bytes_total: 'Bytes sent to browsers.',
  voice_left_total: 'People who left voice, by the cause that was told at once.',
  voice_cause_total: 'Causes of leaves and moves that were found out later.',
  event_delay_seconds_bucket: 'Time from where an event happened to its fan-out.',
  event_delay_seconds_sum: '',
  event_delay_seconds_count: '',
} as const;
export type CounterName = keyof typeof counters;

/** Upper bounds in seconds. */
export const delayBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** A counter with its labels, as it is written. */
export function metricName(name: CounterName, labels: Record<string, string | number> = {}): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escaped(String(value))}"`);
  return `patchbay_${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''}`;
}

const escaped = (value: string) => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** The hubs' part of the page: gauges as given, then every counter of theirs with its type; one that never counted is left out. */
export function metricsText(gauges: Record<string, number>, counted: Record<string, number>): string {
  const lines = Object.entries(gauges).flatMap(([name, value]) => [
    `# TYPE patchbay_${name} gauge`,
    `patchbay_${name} ${value}`,
  ]);
  const family = (key: string) => (/^[^{]+/.exec(key)?.[0] ?? key).replace(/_(bucket|sum|count)$/, '');
  const own = Object.entries(counted).filter(([key]) =>
    Object.keys(counters).some((name) => key.startsWith(`patchbay_${name}`)),
  );
  const families = Map.groupBy(own, ([key]) => family(key));
  for (const [name, entries] of families) {
    const [first] = entries;
    const help = Object.entries(counters).find(([each, text]) => first?.[0].startsWith(`patchbay_${each}`) && text);
    if (help) lines.push(`# HELP ${name} ${help[1]}`);
    lines.push(`# TYPE ${name} ${name.endsWith('_seconds') ? 'histogram' : 'counter'}`);
    for (const [key, value] of entries) lines.push(`${key} ${value}`);
  }
  return `${lines.join('\n')}\n`;
}

/** One line of a bench: our figure beside one baseline's, from the same run. */
export interface BenchRow {
  /** `bench/figure`. */
  name: string;
  /** null: could not be measured here, for the reason in `why`. */
  ours: number | null;
  baselineName: string;
  baseline: number | null;
  /** How many times better ours is; above 1 is better. */
  ratio: number | null;
  unit: string;
  why?: string;
}

/** A row of a figure of which less is better, such as a delay. A figure that is a text says why there is none. */
export function lessIsBetter(
  name: string,
  unit: string,
  ours: number | string,
  baselineName: string,
  baseline: number | string,
): BenchRow {
  const why = [ours, baseline].find((figure) => typeof figure === 'string');
  const [left, right] = [ours, baseline].map((figure) => (typeof figure === 'number' ? figure : null));
  return {
    name,
    ours: left ?? null,
    baselineName,
    baseline: right ?? null,
    ratio: typeof ours === 'number' && typeof baseline === 'number' ? baseline / ours : null,
    unit,
    ...(typeof why === 'string' ? { why } : {}),
  };
}

/**
 * The value below which a share of all lies (nearest rank).
 *
 * @throws {RangeError} without values
 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('There is nothing to take a percentile of.');
  return value;
}

const figure = (value: number | null) => (value === null ? 'null' : value.toPrecision(3));

/** The rows as a table of text. */
export function benchTable(rows: readonly BenchRow[]): string {
  const lines = [
    ['', 'ours', 'baseline', 'ratio', 'unit', ''],
    ...rows.map(({ name, ours, baseline, ratio, unit, baselineName, why }) => [
      name,
      figure(ours),
      figure(baseline),
      ratio === null ? 'null' : `${figure(ratio)} ×`,
      unit,
      `against ${baselineName}${why === undefined ? '' : `: ${why}`}`,
    ]),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((text, column) => {
          const width = widths[column] ?? 0;
          return column === 0 || column > 3 ? text.padEnd(width) : text.padStart(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

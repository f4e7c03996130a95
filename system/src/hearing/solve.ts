/**
 * Least squares by the normal equations, solved with Cholesky. Fit for tens of columns and hundreds of thousands of rows; the
 * columns are given as spans, so that a short clip on a long timeline costs only its own length.
 */

/** One column of the design: zero everywhere but from `start` on. */
export interface Column {
  /** Index of the first row that is not zero. */
  start: number;
  values: Float64Array;
}

function dot(left: Column, right: Column): number {
  const from = Math.max(left.start, right.start);
  const to = Math.min(left.start + left.values.length, right.start + right.values.length);
  let sum = 0;
  for (let row = from; row < to; row += 1) {
    sum += (left.values[row - left.start] ?? 0) * (right.values[row - right.start] ?? 0);
  }
  return sum;
}

/**
 * The weights that bring the sum of the weighted columns closest to `observed`.
 *
 * @throws {RangeError} when columns depend on each other: the question has no single answer.
 */
export function leastSquares(columns: readonly Column[], observed: Float32Array): number[] {
  const size = columns.length;
  const target: Column = { start: 0, values: Float64Array.from(observed) };
  // Symmetric, and zero for columns that do not overlap.
  const normal = columns.map((left, row) => columns.slice(0, row + 1).map((right) => dot(left, right)));
  const right = columns.map((column) => dot(column, target));
  const lower = columns.map(() => new Float64Array(size));
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let sum = normal[row]?.[column] ?? 0;
      for (let k = 0; k < column; k += 1) sum -= (lower[row]?.[k] ?? 0) * (lower[column]?.[k] ?? 0);
      if (row === column) {
        if (sum <= 1e-9 * (normal[row]?.[row] ?? 0)) throw new RangeError('two clips cannot be told apart');
        (lower[row] as Float64Array)[row] = Math.sqrt(sum);
      } else {
        (lower[row] as Float64Array)[column] = sum / (lower[column]?.[column] ?? 1);
      }
    }
  }
  const middle = new Float64Array(size);
  for (let row = 0; row < size; row += 1) {
    let sum = right[row] ?? 0;
    for (let k = 0; k < row; k += 1) sum -= (lower[row]?.[k] ?? 0) * (middle[k] ?? 0);
    middle[row] = sum / (lower[row]?.[row] ?? 1);
  }
  const weights = new Float64Array(size);
  for (let row = size - 1; row >= 0; row -= 1) {
    let sum = middle[row] ?? 0;
    for (let k = row + 1; k < size; k += 1) sum -= (lower[k]?.[row] ?? 0) * (weights[k] ?? 0);
    weights[row] = sum / (lower[row]?.[row] ?? 1);
  }
  return [...weights];
}

/** Four in a row: seven columns of six. Pure. */
export const COLUMNS = 7;
export const ROWS = 6;
export type Side = 'player' | 'house';
/** Cells by column, from the left, and row, from the bottom. */
export type Board = readonly (readonly (Side | null)[])[];

export const emptyBoard: Board = Array.from({ length: COLUMNS }, () => Array.from({ length: ROWS }, () => null));

/** The board after a disc fell into a column; `undefined` when the column is full. */
export function drop(board: Board, column: number, side: Side): Board | undefined {
  const row = board[column]?.indexOf(null) ?? -1;
  if (row === -1) return undefined;
  return board.map((cells, index) => (index === column ? cells.with(row, side) : cells));
}

/** The four cells that won, as `column,row`; `undefined` while nobody has. */
export function winningLine(board: Board): string[] | undefined {
  for (let column = 0; column < COLUMNS; column += 1) {
    for (let row = 0; row < ROWS; row += 1) {
      const side = board[column]?.[row];
      if (!side) continue;
      for (const [right, up] of [
        [1, 0],
        [0, 1],
        [1, 1],
        [1, -1],
      ] as const) {
        const cells = [0, 1, 2, 3].map((step) => [column + right * step, row + up * step] as const);
        if (cells.every(([x, y]) => board[x]?.[y] === side)) return cells.map(([x, y]) => `${x},${y}`);
      }
    }
  }
  return undefined;
}

export const isFull = (board: Board): boolean => board.every((cells) => !cells.includes(null));

const wins = (board: Board | undefined) => board !== undefined && winningLine(board) !== undefined;

/** Where the house plays: it wins if it can, blocks if it must, does not help the player, and likes the middle. */
export function houseMove(board: Board): number {
  const open = [3, 2, 4, 1, 5, 0, 6].filter((column) => drop(board, column, 'house'));
  const winning = open.find((column) => wins(drop(board, column, 'house')));
  const blocking = open.find((column) => wins(drop(board, column, 'player')));
  const harmless = open.find((column) => {
    const after = drop(board, column, 'house');
    return after && !wins(drop(after, column, 'player'));
  });
  return winning ?? blocking ?? harmless ?? open[0] ?? 0;
}

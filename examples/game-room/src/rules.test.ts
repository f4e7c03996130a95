import { expect, test } from 'vitest';
import { type Board, COLUMNS, drop, emptyBoard, houseMove, isFull, ROWS, type Side, winningLine } from './rules.ts';

/** Discs by column; every second one is the house's, or all are of one side. */
function play(columns: number[], side?: Side): Board {
  return columns.reduce((board, column, index) => {
    const next = drop(board, column, side ?? (index % 2 === 0 ? 'player' : 'house'));
    if (!next) throw new Error(`column ${column} is full`);
    return next;
  }, emptyBoard);
}

test('four in a row win: level, upright and both slopes; three do not', () => {
  expect(winningLine(play([0, 1, 2], 'player'))).toBeUndefined();
  expect(winningLine(play([3, 4, 5, 6], 'player'))).toEqual(['3,0', '4,0', '5,0', '6,0']);
  expect(winningLine(play([2, 2, 2, 2], 'house'))).toEqual(['2,0', '2,1', '2,2', '2,3']);
  expect(winningLine(play([0, 1, 1, 2, 2, 3, 2, 3, 3, 5, 3]))).toEqual(['0,0', '1,1', '2,2', '3,3']);
  expect(winningLine(play([6, 5, 5, 4, 4, 3, 4, 3, 3, 1, 3]))).toEqual(['3,3', '4,2', '5,1', '6,0']);
});

test('a full column takes no disc, and a full board is known', () => {
  const column = play([0, 0, 0, 0, 0, 0]);
  expect(drop(column, 0, 'player')).toBeUndefined();
  expect(isFull(column)).toBe(false);
  expect(isFull(emptyBoard.map((cells) => cells.map(() => 'player' as const)))).toBe(true);
});

test('the house wins if it can, blocks if it must, and never plays a full column', () => {
  expect(houseMove(play([0, 6, 0, 6, 0, 6]))).toBe(6);
  expect(houseMove(play([0, 5, 0, 6, 0]))).toBe(0);
  expect(houseMove(emptyBoard)).toBe(3);
  let board: Board = emptyBoard;
  for (let disc = 0; disc < COLUMNS * ROWS; disc += 1) {
    const next = drop(board, houseMove(board), disc % 2 === 0 ? 'player' : 'house');
    if (!next) throw new Error('a full column was played');
    board = next;
  }
  expect(isFull(board)).toBe(true);
});

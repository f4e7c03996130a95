import { useState } from 'react';
import { type Board, drop, emptyBoard, houseMove, isFull, type Side, winningLine } from './rules.ts';

/** The opening that is on the table when one sits down: an empty board looks dull. */
const opening = [3, 2, 3, 3, 2].reduce<Board>(
  (board, column, index) => drop(board, column, index % 2 === 0 ? 'house' : 'player') ?? board,
  emptyBoard,
);

const words = { player: 'yours', house: 'the house’s' } satisfies Record<Side, string>;

/** Four in a row against the house. */
export function GameBoard() {
  const [board, setBoard] = useState<Board>(opening);
  const line = winningLine(board);
  const over = line !== undefined || isFull(board);
  const winner = line && board[Number(line[0]?.[0])]?.[Number(line[0]?.[2])];
  const play = (column: number) => {
    const mine = over ? undefined : drop(board, column, 'player');
    if (!mine) return;
    setBoard(winningLine(mine) || isFull(mine) ? mine : (drop(mine, houseMove(mine), 'house') ?? mine));
  };
  return (
    <section className="table" aria-label="Board">
      <div className="board">
        {board.map((cells, column) => (
          <button
            // biome-ignore lint/suspicious/noArrayIndexKey: a column is its place.
            key={column}
            type="button"
            className="column"
            aria-label={`Column ${column + 1}: ${
              cells
                .map((cell) => (cell ? words[cell] : ''))
                .join(' ')
                .trim() || 'empty'
            }`}
            onClick={() => play(column)}
          >
            {cells
              .map((cell, row) => {
                const key = `${column},${row}`;
                const won = line?.includes(key) ? ' won' : '';
                return <span key={key} className={`cell ${cell ?? 'open'}${won}`} />;
              })
              .reverse()}
          </button>
        ))}
      </div>
      <p className="turn" role="status">
        {!over && 'Your turn: choose a column.'}
        {over && (winner === 'player' ? 'Four in a row: you win!' : winner === 'house' ? 'The house wins.' : 'A draw.')}
        {over && (
          <button type="button" onClick={() => setBoard(emptyBoard)}>
            Again
          </button>
        )}
      </p>
    </section>
  );
}

import type { Stack } from '../stack/stack.ts';

/** What a bench is given. */
export interface BenchContext {
  /** An empty folder, removed afterwards. */
  directory: string;
  /** Tells how it goes. */
  say: (text: string) => void;
  /** Told of a stack that was started: it is stopped whatever happens. */
  onStack: (stack: Stack) => void;
}

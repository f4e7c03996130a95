/** Starts the voice node as a process and reads what it says. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

export class NodeProcess {
  readonly #child: ChildProcess;
  readonly log: string[] = [];

  constructor(environment: Record<string, string>) {
    const { PATH = '' } = process.env;
    this.#child = spawn(process.execPath, [main], {
      env: { PATH, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (this.#child.stderr) createInterface(this.#child.stderr).on('line', (line) => this.log.push(line));
  }

  /** The line on stdout that says that the node is ready; throws with the log when it ends before. */
  async ready(): Promise<{ ready: true; healthUrl: string }> {
    const { stdout } = this.#child;
    if (!stdout) throw new Error('the process has no stdout');
    const ended = once(this.#child, 'exit').then(([code]) => {
      throw new Error(`the voice node ended with ${code}:\n${this.log.join('\n')}`);
    });
    const [line] = (await Promise.race([once(createInterface(stdout), 'line'), ended])) as [string];
    ended.catch(() => undefined);
    return JSON.parse(line);
  }

  /** Sends a signal and waits for the exit code. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    const exit = once(this.#child, 'exit');
    this.#child.kill(signal);
    const [code] = (await exit) as [number | null];
    return code;
  }
}

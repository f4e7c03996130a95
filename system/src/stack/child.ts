/** Starts a program as a child process, waits until it says that it is ready, keeps its last words, and ends it for sure. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

export interface ChildOptions {
  name: string;
  /** Another program than Node; `script` is then its first argument. */
  program?: string;
  script: string;
  args?: string[];
  env: Record<string, string>;
  cwd?: string;
  /** Entered here by its name as soon as it runs, so that it can be ended before it is ready. */
  children?: Map<string, Child>;
  /** Everything that the program prints goes here. */
  logFile: string;
  /** How long it may take to become ready, ms. */
  timeoutMs?: number;
}

/** The last lines kept for an error message. */
const LAST_LINES = 30;

export class Child {
  readonly name: string;
  readonly process: ChildProcess;
  readonly exited: Promise<number | null>;
  #stopping = false;

  private constructor(name: string, process: ChildProcess) {
    this.name = name;
    this.process = process;
    this.exited = new Promise((resolve) => process.once('exit', (code) => resolve(code)));
  }

  /** Was the end asked for? Any other end is a crash. */
  get stopping(): boolean {
    return this.#stopping;
  }

  /**
   * Starts it and resolves with what `ready` found.
   *
   * @throws {Error} with its last words, when it ends or says nothing in time.
   */
  static async start<T>(
    options: ChildOptions & {
      /** Looks at each line of standard output; what it returns, when not undefined, is the readiness. */
      ready: (line: string) => T | undefined;
    },
  ): Promise<{ child: Child; ready: T }> {
    const log = createWriteStream(options.logFile, { flags: 'a' });
    const spawned = spawn(options.program ?? process.execPath, [options.script, ...(options.args ?? [])], {
      cwd: options.cwd,
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: Ctrl-C reaches the parent alone, which ends the children in order.
      detached: true,
    });
    const child = new Child(options.name, spawned);
    options.children?.set(options.name, child);
    const lines: string[] = [];
    const remember = (line: string) => {
      log.write(`${line}\n`);
      lines.push(line);
      if (lines.length > LAST_LINES) lines.shift();
    };
    createInterface({ input: spawned.stderr as NodeJS.ReadableStream }).on('line', remember);
    const output = createInterface({ input: spawned.stdout as NodeJS.ReadableStream });
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        clearTimeout(timer);
        child.kill('SIGKILL');
        reject(new Error(`${options.name} ${why}. Its last words:\n${lines.join('\n')}`));
      };
      const timeoutMs = options.timeoutMs ?? 60_000;
      const timer = setTimeout(() => fail(`was not ready after ${timeoutMs / 1000} s`), timeoutMs);
      child.exited.then((code) => fail(`ended with code ${code} before it was ready`));
      output.on('line', (line) => {
        remember(line);
        const ready = options.ready(line);
        if (ready === undefined) return;
        clearTimeout(timer);
        resolve({ child, ready });
      });
    });
  }

  /** Sends a signal to the program and, with SIGKILL, to whatever it started. */
  kill(signal: NodeJS.Signals): void {
    this.#stopping = true;
    if (this.process.exitCode !== null || this.process.signalCode !== null || this.process.pid === undefined) return;
    process.kill(signal === 'SIGKILL' ? -this.process.pid : this.process.pid, signal);
  }

  /** Asks it to end, as Ctrl-C would, and makes it end when it does not within the time. Returns its exit code. */
  async stop(graceMs = 10_000): Promise<number | null> {
    this.kill('SIGINT');
    const timer = setTimeout(() => this.kill('SIGKILL'), graceMs);
    const code = await this.exited;
    clearTimeout(timer);
    return code;
  }
}

/** Reads a line such as `{"ready":true,…}`. */
export function readyJson(line: string): Record<string, string> | undefined {
  if (!line.startsWith('{"ready":true')) return undefined;
  return JSON.parse(line) as Record<string, string>;
}

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

type Answer = { ready: true } | { opened: number } | { expecting: number } | { done: number } | { closed: number };
type AnswerKey = 'ready' | 'opened' | 'expecting' | 'done';

/** The many browsers of `hub-clients.ts`. */
export class Crowd {
  readonly #process: ChildProcess;
  readonly #waiting: { key: AnswerKey; resolve: (value: number) => void; reject: (error: Error) => void }[] = [];

  private constructor(process: ChildProcess) {
    this.#process = process;
    createInterface({ input: process.stdout as NodeJS.ReadableStream }).on('line', (line) => this.#take(line));
    process.stdin?.on('error', () => this.#fail('The crowd of clients takes no commands'));
    process.once('exit', () => this.#fail('The crowd of clients ended'));
  }

  /** Opens `count` sockets; each gets a picture first where there are tokens. */
  static async open(url: string, count: number, tokens?: string[]): Promise<Crowd> {
    const script = fileURLToPath(new URL('hub-clients.ts', import.meta.url));
    const crowd = new Crowd(spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] }));
    await crowd.#answer('ready');
    crowd.#say({ command: 'open', url, count, ...(tokens ? { tokens } : {}) });
    await crowd.#answer('opened');
    return crowd;
  }

  /** Publishes, and answers how long it took until the last client had the last of so many frames. Milliseconds. */
  async time(frames: number, publish: () => Promise<void>): Promise<number> {
    const ready = this.#answer('expecting');
    this.#say({ command: 'expect', frames });
    await ready;
    const done = this.#answer('done');
    const began = performance.timeOrigin + performance.now();
    const [at] = await Promise.all([done, publish()]);
    return at - began;
  }

  close(): void {
    this.#process.removeAllListeners('exit');
    this.#process.kill('SIGKILL');
  }

  #say(command: object): void {
    this.#process.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  #answer(key: AnswerKey): Promise<number> {
    return new Promise((resolve, reject) => this.#waiting.push({ key, resolve, reject }));
  }

  #take(line: string): void {
    const answer = JSON.parse(line) as Answer;
    if ('closed' in answer) {
      this.#fail(`A socket was closed with ${answer.closed}`);
      return;
    }
    const index = this.#waiting.findIndex(({ key }) => key in answer);
    const [waiting] = index < 0 ? [] : this.#waiting.splice(index, 1);
    waiting?.resolve(Number(Object.values(answer)[0]));
  }

  #fail(why: string): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new Error(`${why} during the bench.`));
  }
}

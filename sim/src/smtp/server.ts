/** A mail server that keeps what it gets, for one user or for anybody; with faults on demand. */
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer as Protocol, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { type Clock, realClock } from '../time/clock.ts';
import { type FaultSettings, noFaults } from './faults.ts';
import { type Mail, readMail } from './mail.ts';

export interface SmtpServerOptions {
  /** Who may send; anybody without signing in when absent. */
  credentials?: { user: string; password: string };
  clock?: Clock;
}

/** Codes of errors that say no more than that the other side is gone. */
const BROKEN_OFF = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

/** A refusal with SMTP's own code (RFC 5321 §4.2). */
function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}

export class SmtpServer {
  readonly #credentials: SmtpServerOptions['credentials'];
  readonly #clock: Clock;
  readonly #protocol: Protocol;
  /** Sockets by the client's port, which is how a session can be led back to its socket. */
  readonly #sockets = new Map<number, Socket>();
  #mails: Mail[] = [];
  #faults: FaultSettings = noFaults;
  readonly #waiting = new Set<(mail: Mail) => void>();

  constructor({ credentials, clock = realClock }: SmtpServerOptions = {}) {
    this.#credentials = credentials;
    this.#clock = clock;
    this.#protocol = new Protocol({
      authOptional: credentials === undefined,
      // On the loopback there is nothing to hide, and no certificate that anybody would trust.
      disabledCommands: credentials === undefined ? ['STARTTLS', 'AUTH'] : ['STARTTLS'],
      allowInsecureAuth: true,
      closeTimeout: 1,
      onAuth: ({ username, password }, _session, done) => {
        if (username === credentials?.user && password === credentials?.password) done(null, { user: username });
        else done(refusal(535, 'Wrong user or password.'));
      },
      onMailFrom: (_address, _session, done) => {
        const { refuseMails } = this.#faults;
        if (refuseMails === 0) return done();
        this.setFaults({ refuseMails: refuseMails - 1 });
        done(refusal(451, 'Try again later.'));
      },
      onRcptTo: ({ address }, _session, done) => {
        if (!this.#faults.unknownRecipients.includes(address)) return done();
        done(refusal(550, `There is no ${address} here.`));
      },
      onData: (stream, session, done) => {
        this.#receive(stream, session).then(() => done(), done);
      },
    });
    this.#protocol.server.on('connection', (socket: Socket) => {
      const { remotePort = 0 } = socket;
      this.#sockets.set(remotePort, socket);
      socket.once('close', () => this.#sockets.delete(remotePort));
    });
    // A client that breaks off is no matter of the server's.
    this.#protocol.on('error', (error: NodeJS.ErrnoException) => {
      if (!BROKEN_OFF.has(error.code ?? '')) process.stderr.write(`smtp: ${error.stack ?? error.message}\n`);
    });
  }

  /** Listens on the loopback; returns the address with user and password, as mail clients take it. */
  async listen(port = 0): Promise<string> {
    const server = this.#protocol.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const user = this.#credentials
      ? `${encodeURIComponent(this.#credentials.user)}:${encodeURIComponent(this.#credentials.password)}@`
      : '';
    return `smtp://${user}127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#protocol.close(() => resolve()));
    for (const socket of this.#sockets.values()) socket.destroy();
    await closed;
  }

  /** All mails, oldest first. */
  mails(): Mail[] {
    return [...this.#mails];
  }

  clear(): void {
    this.#mails = [];
  }

  faults(): FaultSettings {
    return this.#faults;
  }

  /** Changes the faults that are named. */
  setFaults(changes: Partial<FaultSettings>): FaultSettings {
    this.#faults = { ...this.#faults, ...changes };
    return this.#faults;
  }

  clearFaults(): FaultSettings {
    return this.setFaults(noFaults);
  }

  /** The first mail that fits: one that is there, or one to come. Rejects with the reason of `signal`, if that comes first. */
  waitFor(fits: (mail: Mail) => boolean, signal?: AbortSignal): Promise<Mail> {
    const there = this.#mails.find(fits);
    if (there) return Promise.resolve(there);
    return new Promise((resolve, reject) => {
      const look = (mail: Mail) => {
        if (!fits(mail)) return;
        stop();
        resolve(mail);
      };
      const abort = () => {
        stop();
        reject(signal?.reason);
      };
      const stop = () => {
        this.#waiting.delete(look);
        signal?.removeEventListener('abort', abort);
      };
      this.#waiting.add(look);
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort);
    });
  }

  async #receive(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<void> {
    const { dropAtData } = this.#faults;
    if (dropAtData > 0) {
      this.setFaults({ dropAtData: dropAtData - 1 });
      this.#sockets.get(session.remotePort)?.resetAndDestroy();
      throw refusal(421, 'The connection was broken on purpose.');
    }
    const pieces: Buffer[] = [];
    for await (const piece of stream) pieces.push(piece as Buffer);
    const mail = await readMail(Buffer.concat(pieces), session);
    const { delayMs } = this.#faults;
    if (delayMs > 0) await new Promise<void>((resolve) => void this.#clock.after(delayMs, resolve));
    this.#mails.push(mail);
    for (const look of [...this.#waiting]) look(mail);
  }
}

/** The notice that a channel is being recorded, as a nickname: that of the bot begins with `[REC]`. */
import { PatchbayError } from '@patchbay/shared/errors';

const MARK = '[REC] ';
/** Discord's limit for nicknames, in characters. */
const NICK_LIMIT = 32;

/** The nickname with the mark. */
export function markedNick(name: string): string {
  return (MARK + unmarkedNick(name)).slice(0, NICK_LIMIT);
}

/** The nickname without any mark: one may be left over from a process that was killed. */
export function unmarkedNick(name: string): string {
  let plain = name;
  while (plain.startsWith(MARK.trim())) plain = plain.slice(MARK.trim().length).trimStart();
  return plain;
}

export interface NickPort {
  /** The identity's nickname in the guild (null = none) and its account's name. */
  names(guildId: string, identityId: string): { nick: string | null; userName: string };
  setNick(guildId: string, identityId: string, nick: string | null): Promise<void>;
}

interface Shown {
  users: number;
  original: string | null;
  shown: Promise<void>;
}

export class RecordingNotice {
  readonly #port: NickPort;
  readonly #shown = new Map<string, Shown>();
  /** Changes of one nickname go out one after the other. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(port: NickPort) {
    this.#port = port;
  }

  /**
   * Resolves when the notice is visible; only then may recording start.
   *
   * @throws {PatchbayError} `notice_refused`
   */
  async show(guildId: string, identityId: string): Promise<void> {
    const key = `${guildId}/${identityId}`;
    let entry = this.#shown.get(key);
    if (!entry) {
      const { nick, userName } = this.#port.names(guildId, identityId);
      const plain = nick === null ? null : unmarkedNick(nick);
      const original = plain === '' || plain === userName ? null : plain;
      const shown = this.#queue(key, () => this.#port.setNick(guildId, identityId, markedNick(original ?? userName)));
      entry = { users: 0, original, shown };
      this.#shown.set(key, entry);
    }
    entry.users += 1;
    try {
      await entry.shown;
    } catch (cause) {
      if (this.#shown.get(key) === entry) this.#shown.delete(key);
      throw new PatchbayError(
        'notice_refused',
        'The bot may not change its nickname, so nobody would see that it records. Give it the permission Change Nickname.',
        { cause },
      );
    }
  }

  /** One recording fewer; with the last one the nickname is as it was. */
  async hide(guildId: string, identityId: string): Promise<void> {
    const key = `${guildId}/${identityId}`;
    const entry = this.#shown.get(key);
    if (!entry) return;
    entry.users -= 1;
    if (entry.users > 0) return;
    this.#shown.delete(key);
    await this.#queue(key, () => this.#port.setNick(guildId, identityId, entry.original));
  }

  #queue(key: string, work: () => Promise<void>): Promise<void> {
    const done = (this.#last.get(key) ?? Promise.resolve()).then(work, work);
    this.#last.set(key, done);
    const clean = (): void => {
      if (this.#last.get(key) === done) this.#last.delete(key);
    };
    done.then(clean, clean);
    return done;
  }
}

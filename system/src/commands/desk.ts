/** Three servers with people in a running stack, who type commands and read the answers. */
import { join } from 'node:path';
import type { ChannelState } from '@patchbay/shared/hub-protocol';
import { loadClips } from '@patchbay/sim/clips';
import type { ControlInteraction } from '@patchbay/sim/control-client';
import { ChannelType } from 'discord-api-types/v10';
import { decodePackets } from '../hearing/timeline.ts';
import { type Spoken, spokenAt } from '../scenario/play.ts';
import { makeWorld } from '../scenario/world.ts';
import { Child } from '../stack/child.ts';
import { exchangeCode, HubWatcher, mintCode } from '../stack/hub.ts';
import { root, Stack, type StackOptions } from '../stack/stack.ts';

/** An option as people give it; its type is told from the registered command, or from the value. */
export interface Given {
  name: string;
  type?: number;
  value: string | number | boolean;
}
export const channelOf = (channelId: string): Given => ({ name: 'channel', type: 7, value: channelId });

export interface Place {
  guildId: string;
  guildName: string;
  ownerId: string;
  channelId: string;
  textChannelId: string;
  people: [string, string];
  watcher: HubWatcher;
}

export class Desk {
  readonly stack: Stack;
  readonly places: [Place, Place];

  private constructor(stack: Stack, places: [Place, Place]) {
    this.stack = stack;
    this.places = places;
  }

  static async open(directory: string, more: Pick<StackOptions, 'workerSettings'> = {}): Promise<Desk> {
    const stack = await Stack.start({ directory, ...more });
    const sides = await makeWorld(stack.sim, stack.application);
    await stack.startNode();
    const places: Place[] = [];
    for (const { guildId, guildName, ownerId, channelId, textChannelId, members } of sides) {
      const code = await mintCode(stack.workerUrl, stack.hubSecret, ownerId, [guildId]);
      const watcher = await HubWatcher.connect(stack.workerUrl, guildId, await exchangeCode(stack.workerUrl, code));
      const people = members.map(({ userId }) => userId) as [string, string];
      places.push({ guildId, guildName, ownerId, channelId, textChannelId, people, watcher });
    }
    return new Desk(stack, places as [Place, Place]);
  }

  async close(): Promise<void> {
    for (const { watcher } of this.places) watcher.close();
    await this.stack.stop();
  }

  /** `npm run commands:register`; resolves with what it said. */
  async register(): Promise<string> {
    const { applicationId, token } = this.stack.application;
    const { child, ready } = await Child.start({
      name: 'register',
      script: join(root, 'worker/scripts/register-commands.ts'),
      env: { ...this.stack.simEnvironment, DISCORD_APPLICATION_ID: applicationId, DISCORD_TOKENS: token },
      logFile: join(this.stack.directory, 'logs', 'register.log'),
      ready: (line) => (line.includes('commands') ? line : undefined),
    });
    await child.exited;
    return ready;
  }

  /** A category, made by the bot: the simulator's control makes channels alone. */
  async makeCategory({ guildId }: Place, name: string): Promise<{ channelId: string }> {
    const { sim, application, simEnvironment } = this.stack;
    await sim.grant(guildId, application.botUserId, ['ManageChannels']);
    const response = await fetch(`${simEnvironment.DISCORD_API_URL}/v10/guilds/${guildId}/channels`, {
      method: 'POST',
      headers: { authorization: `Bot ${application.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name, type: ChannelType.GuildCategory }),
    });
    if (!response.ok) throw new Error(`The category was not made: ${await response.text()}`);
    return { channelId: ((await response.json()) as { id: string }).id };
  }

  /** A command as the simulator takes it. */
  request(place: Pick<Place, 'guildId' | 'textChannelId'>, userId: string, words: string, options: readonly Given[]) {
    const [name = '', ...subs] = words.split(' ');
    const [group, sub] = subs.length > 1 ? subs : [undefined, subs[0]];
    const inner = sub ? [{ name: sub, type: 1, options: [...options] }] : [...options];
    return {
      applicationId: this.stack.application.applicationId,
      guildId: place.guildId,
      channelId: place.textChannelId,
      userId,
      name,
      options: group ? [{ name: group, type: 2, options: inner }] : inner,
    };
  }

  /** Types a command in the server's text channel; the answer as it stands in the end. */
  async ask(
    place: Pick<Place, 'guildId' | 'textChannelId'>,
    userId: string,
    words: string,
    ...options: Given[]
  ): Promise<string> {
    return this.answer(await this.stack.sim.command(this.request(place, userId, words, options)));
  }

  /** The text of an answer; a busy machine may have deferred it. */
  async answer(interaction: ControlInteraction): Promise<string> {
    const text = ({ message }: ControlInteraction) => (message && !(message.flags & 128) ? message.content : undefined);
    const { sim } = this.stack;
    return sim.until(async () => text(await sim.interaction(interaction.interactionId)), { what: 'the answer' });
  }

  /** The names and values that are offered while `focused` is typed. */
  async offered(place: Place, words: string, focused: string, ...options: Given[]) {
    const request = this.request(place, place.ownerId, words, options);
    const { choices } = await this.stack.sim.autocomplete({ ...request, focused });
    return choices ?? [];
  }

  /** What the page shows of a channel now. */
  static stateOf({ watcher }: Place, channelId: string): ChannelState | undefined {
    let state: ChannelState | undefined;
    for (const { event, payload } of watcher.events) {
      const known =
        event === 'presence.snapshot'
          ? payload.channels.find((channel) => channel.channelId === channelId)
          : event === 'channel.state' && payload.channelId === channelId
            ? payload
            : undefined;
      if (known) state = known.state;
    }
    return state;
  }

  /** A person joins a voice channel; resolves when the page shows them there. */
  async join(place: Place, userId: string, channelId = place.channelId): Promise<void> {
    await this.stack.sim.join(userId, channelId);
    const { watcher } = place;
    await watcher.until('the person to be seen', () => {
      const last = watcher.events.findLast(
        ({ event, payload }) =>
          ((event === 'voice.joined' || event === 'voice.moved') && payload.member.userId === userId) ||
          (event === 'voice.left' && payload.userId === userId),
      );
      return last?.event !== 'voice.left' && last !== undefined && 'member' in last.payload
        ? last.payload.member.channelId === channelId
        : false;
    });
  }

  /** Waits until a channel does this. */
  async until(place: Place, kind: ChannelState['kind'], channelId = place.channelId): Promise<void> {
    await place.watcher.until(`${place.guildName} to be ${kind}`, () => Desk.stateOf(place, channelId)?.kind === kind);
  }

  /** One person of each server joins; resolves with the id of the call that is active then. */
  async call(): Promise<string> {
    const known = new Set(this.places.flatMap(({ watcher }) => watcher.sessions().map(({ sessionId }) => sessionId)));
    for (const { people, channelId } of this.places) await this.stack.sim.join(people[0], channelId);
    return this.active(known);
  }

  /** Waits for a call that is not among the known ones to be active on both sides. */
  async active(known: ReadonlySet<string>): Promise<string> {
    const [session] = await Promise.all(
      this.places.map(({ watcher }) =>
        watcher.until('a call to be active', () =>
          watcher.sessions().find(({ sessionId, state }) => !known.has(sessionId) && state === 'active'),
        ),
      ),
    );
    return session?.sessionId ?? '';
  }

  /** Waits until the panel of a server says this. */
  async panelSays({ textChannelId, guildName }: Place, words: string): Promise<void> {
    const { sim } = this.stack;
    await sim.until(
      async () =>
        (await sim.messages(textChannelId)).some(({ components }) => JSON.stringify(components).includes(words)),
      { what: `a panel of ${guildName} that says “${words}”`, timeoutMs: 30_000 },
    );
  }

  /** These people say these clips at once; resolves when all of it is out, with when it was said. */
  async speak(lines: readonly { userId: string; clip: string }[]): Promise<Spoken[]> {
    const { sim } = this.stack;
    const clips = await loadClips();
    for (const { userId } of lines) await sim.ready(userId);
    const begun = await Promise.all(
      lines.map(async (line) => ({ ...line, ...(await sim.speak(line.userId, { clip: line.clip })) })),
    );
    await Promise.all(lines.map(({ userId }) => sim.waitUntilSilent(userId)));
    return Promise.all(
      begun.map(async ({ userId, clip: label, firstTimestamp }) => {
        const clip = clips.get(label);
        if (!clip) throw new Error(`There is no clip ${label}`);
        const { voice, toneHz } = clip;
        const samples = decodePackets(clip.packets);
        const startedAt = await spokenAt(sim, { userId, firstTimestamp, samples });
        return { label, userId, voice, toneHz, startedAt, samples };
      }),
    );
  }

  /** Waits for the end of a call; resolves with its reason. */
  async ended(sessionId: string): Promise<string | undefined> {
    const [view] = await Promise.all(
      this.places.map(({ watcher }) =>
        watcher.until('the call to end', () =>
          watcher.sessions().find((each) => each.sessionId === sessionId && each.state === 'ended'),
        ),
      ),
    );
    return view?.endReason;
  }

  /** Everybody leaves, and both channels are idle. */
  async clear(): Promise<void> {
    for (const { guildId, people } of this.places) {
      const present = new Set((await this.stack.sim.voiceStates(guildId)).map(({ userId }) => userId));
      for (const userId of people) if (present.has(userId)) await this.stack.sim.leave(userId);
    }
    for (const place of this.places) await this.until(place, 'idle');
  }
}

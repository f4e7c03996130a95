/** A simulator with one guild, two channels and a bot in it, and an unmodified @discordjs/rest client of that bot. */
import { DiscordAPIError, REST } from '@discordjs/rest';
import type { RestOptions } from '../rest/app.ts';
import { type Simulator, startSimulator } from '../simulator.ts';
import type { Application, Channel, Guild } from '../world/model.ts';
import { type PermissionName, parsePermissions } from '../world/permissions.ts';
import type { World } from '../world/world.ts';
import { SilentVoice } from './silent-voice.ts';

export interface RestScene {
  simulator: Simulator;
  world: World;
  application: Application;
  guild: Guild;
  text: Channel;
  talk: Channel;
  rest: REST;
  grant(...names: PermissionName[]): void;
  member(name: string): string;
}

/** `rest`: rate limits are off unless asked for. */
export async function startRestScene(rest: RestOptions = { rateLimits: 'off' }): Promise<RestScene> {
  const simulator = await startSimulator({ voiceServer: new SilentVoice(), clips: new Map(), rest });
  const { world } = simulator;
  const application = world.createApplication({ name: 'bot' });
  const guild = world.createGuild('guild');
  const text = world.createChannel(guild.id, 'text', { name: 'chat' });
  const talk = world.createChannel(guild.id, 'voice', { name: 'talk' });
  world.addBot(guild.id, application.botUserId);
  return {
    simulator,
    world,
    application,
    guild,
    text,
    talk,
    rest: new REST({ version: '10', api: simulator.apiUrl, retries: 0 }).setToken(application.token),
    grant: (...names) => void world.grant(guild.id, application.botUserId, parsePermissions(names)),
    member: (name) => world.addMember(guild.id, world.createUser(name).id).userId,
  };
}

/** `status code` of a refusal by Discord; `accepted` when there was none. */
export function refusal(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'accepted',
    (error: unknown) => {
      if (!(error instanceof DiscordAPIError)) throw error;
      return `${error.status} ${error.code}`;
    },
  );
}

/** The `errors` tree of a 50035, flat: `embeds.0.title BASE_TYPE_MAX_LENGTH`. */
export async function formErrors(promise: Promise<unknown>): Promise<string[]> {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof DiscordAPIError)) throw error;
    const { errors } = error.rawError as { errors?: unknown };
    return errors === undefined ? [`${error.status} ${error.code}`] : flat(errors, '');
  }
  return ['accepted'];
}

function flat(tree: unknown, path: string): string[] {
  return Object.entries(tree as Record<string, unknown>).flatMap(([key, value]) =>
    key === '_errors'
      ? (value as { code: string }[]).map(({ code }) => `${path} ${code}`)
      : flat(value, path === '' ? key : `${path}.${key}`),
  );
}

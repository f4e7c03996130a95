/** The registered commands of an application, global or of one guild. */
import { type APIApplicationCommand, ApplicationCommandType as Type } from 'discord-api-types/v10';
import type { Application } from '../../world/model.ts';
import type { World } from '../../world/world.ts';
import { ApiError, formError } from '../errors.ts';
import type { CommandBody } from './command.ts';

/** How many of each type a scope holds. */
const limits: Record<number, number> = {
  [Type.ChatInput]: 100,
  [Type.User]: 15,
  [Type.Message]: 15,
  [Type.PrimaryEntryPoint]: 1,
};

export class CommandStore {
  readonly #world: World;
  readonly #application: Application;
  readonly #scope: string;

  /** `scope`: a guild id, or `global`. */
  constructor(world: World, application: Application, scope: string) {
    this.#world = world;
    this.#application = application;
    this.#scope = scope;
  }

  get list(): APIApplicationCommand[] {
    return this.#application.commands.get(this.#scope) ?? [];
  }

  get(id: string): APIApplicationCommand {
    const found = this.list.find((command) => command.id === id);
    if (!found) throw new ApiError(404, 10063, 'Unknown application command');
    return found;
  }

  /** Replaces all. Commands that keep their name and type keep their id. */
  replace(bodies: readonly CommandBody[]): APIApplicationCommand[] {
    const list = bodies.map((body) => this.#shape(body, this.#named(body)?.id));
    return this.#set(list);
  }

  /** A command of the same name and type is overwritten. */
  upsert(body: CommandBody): { command: APIApplicationCommand; created: boolean } {
    const old = this.#named(body);
    const command = this.#shape(body, old?.id);
    this.#set(old ? this.list.map((entry) => (entry === old ? command : entry)) : [...this.list, command]);
    return { command, created: !old };
  }

  update(id: string, body: CommandBody): APIApplicationCommand {
    const old = this.get(id);
    const same = this.#named(body);
    if (same && same !== old)
      throw formError(['name'], 'APPLICATION_COMMANDS_DUPLICATE_NAME', 'Application command names must be unique');
    const command = this.#shape(body, id);
    this.#set(this.list.map((entry) => (entry === old ? command : entry)));
    return command;
  }

  delete(id: string): void {
    const old = this.get(id);
    this.#set(this.list.filter((entry) => entry !== old));
  }

  #named({ type, name }: { type: number; name: string }): APIApplicationCommand | undefined {
    return this.list.find((command) => command.type === type && command.name === name);
  }

  #set(list: APIApplicationCommand[]): APIApplicationCommand[] {
    for (const [type, limit] of Object.entries(limits)) {
      if (list.filter((command) => command.type === Number(type)).length > limit)
        throw new ApiError(400, 30032, `Maximum number of application commands reached (${limit}).`);
    }
    this.#application.commands.set(this.#scope, list);
    return list;
  }

  #shape(body: CommandBody, id: string | undefined): APIApplicationCommand {
    const { nsfw, contexts, integration_types, dm_permission, default_member_permissions, ...rest } = body;
    const guild = this.#scope !== 'global';
    return {
      id: id ?? this.#world.snowflakes.next(),
      application_id: this.#application.id,
      version: this.#world.snowflakes.next(),
      default_member_permissions: default_member_permissions ?? null,
      ...rest,
      ...(guild ? { guild_id: this.#scope } : { dm_permission: dm_permission ?? true }),
      // Only global commands have contexts; the old switch is told as the new field.
      contexts: guild ? null : (contexts ?? (dm_permission === false ? [0] : null)),
      integration_types: integration_types ?? [0],
      nsfw,
    } as unknown as APIApplicationCommand;
  }
}

/** Without translations, as lists come unless `with_localizations` is asked for. */
export function withoutLocalizations(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutLocalizations);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => !key.endsWith('_localizations'));
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutLocalizations(inner)]));
}

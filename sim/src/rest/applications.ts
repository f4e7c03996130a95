import type { APIApplicationCommand } from 'discord-api-types/v10';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { Application } from '../world/model.ts';
import type { World } from '../world/world.ts';
import { authorized, bodyOf, guildOf, type RestParts } from './context.ts';
import { ApiError } from './errors.ts';

/** https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-naming */
const name = z.string().regex(/^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u, 'Command name is invalid');

interface Option {
  type: number;
  name: string;
  description: string;
  required?: boolean | undefined;
  options?: Option[] | undefined;
}
const option: z.ZodType<Option> = z.looseObject({
  type: z.number().int().min(1).max(11),
  name: name.refine((value) => value === value.toLowerCase(), 'Command name is invalid'),
  description: z.string().min(1).max(100),
  required: z.boolean().optional(),
  get options() {
    return z.array(option).max(25).refine(requiredFirst, requiredFirstMessage).optional();
  },
});
const requiredFirstMessage = 'Required options must be placed before non-required options';

function requiredFirst(options: Option[]): boolean {
  const firstOptional = options.findIndex(({ required }) => !required);
  return firstOptional === -1 || options.slice(firstOptional).every(({ required }) => !required);
}

const command = z
  .looseObject({
    type: z.number().int().min(1).max(4).default(1),
    name,
    description: z.string().max(100).default(''),
    options: z.array(option).max(25).refine(requiredFirst, requiredFirstMessage).optional(),
    default_member_permissions: z.string().nullish(),
  })
  .refine(({ type, description }) => type !== 1 || description !== '', {
    path: ['description'],
    message: 'This field is required',
  });

const commands = z
  .array(command)
  .max(110)
  .refine((list) => new Set(list.map(({ type, name }) => `${type} ${name}`)).size === list.length, {
    message: 'Application command names must be unique',
  });

export function applicationRoutes({ world }: RestParts): Hono {
  const app = new Hono();
  const own = (context: Context): Application => {
    const application = authorized(world, context);
    if (application.id !== context.req.param('application'))
      throw new ApiError(403, 20012, 'You are not authorized to perform this action on this application');
    return application;
  };
  const scopeOf = (context: Context, application: Application): string => {
    const guild = context.req.param('guild');
    return guild === undefined ? 'global' : guildOf(world, application, guild).id;
  };
  for (const path of ['/applications/:application/commands', '/applications/:application/guilds/:guild/commands']) {
    app.get(path, (context) => {
      const application = own(context);
      return context.json(application.commands.get(scopeOf(context, application)) ?? []);
    });
    app.put(path, async (context) => {
      const application = own(context);
      const scope = scopeOf(context, application);
      const list = await bodyOf(context, commands);
      application.commands.set(scope, register(world, application, scope, list));
      return context.json(application.commands.get(scope));
    });
  }
  return app;
}

/** Commands that keep their name and type keep their id, as on Discord. */
function register(world: World, application: Application, scope: string, list: z.infer<typeof commands>) {
  const old = application.commands.get(scope) ?? [];
  return list.map((entry) => {
    const id = old.find(({ name, type }) => name === entry.name && type === entry.type)?.id ?? world.snowflakes.next();
    return {
      default_member_permissions: null,
      nsfw: false,
      contexts: null,
      integration_types: [0],
      ...entry,
      id,
      application_id: application.id,
      version: world.snowflakes.next(),
      ...(scope === 'global' ? {} : { guild_id: scope }),
    } as unknown as APIApplicationCommand;
  });
}

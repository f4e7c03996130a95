/** https://discord.com/developers/docs/interactions/application-commands#endpoints */
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { authorized, bodyOf, type RestParts } from '../context.ts';
import { ApiError, missingAccess } from '../errors.ts';
import { commandListSchema, commandSchema } from './command.ts';
import { parseForm } from './form.ts';
import { CommandStore, withoutLocalizations } from './store.ts';

export function commandRoutes({ world }: RestParts): Hono {
  const app = new Hono();
  const store = (context: Context): CommandStore => {
    const application = authorized(world, context);
    if (application.id !== context.req.param('application'))
      throw new ApiError(403, 20012, 'You are not authorized to perform this action on this application');
    const guild = context.req.param('guild');
    if (guild !== undefined && !world.guilds.get(guild)?.members.has(application.botUserId)) throw missingAccess();
    return new CommandStore(world, application, guild ?? 'global');
  };
  const commandId = (context: Context) => context.req.param('command') ?? '';

  const ofGuild = '/applications/:application/guilds/:guild/commands';
  // Nobody has overridden who may use which command.
  app.get(`${ofGuild}/permissions`, (context) => {
    store(context);
    return context.json([]);
  });
  app.get(`${ofGuild}/:command/permissions`, () => {
    throw new ApiError(404, 10066, 'Unknown application command permissions');
  });

  for (const path of ['/applications/:application/commands', ofGuild]) {
    app.get(path, (context) => {
      const { list } = store(context);
      const whole = context.req.query('with_localizations') === 'true';
      return context.json((whole ? list : withoutLocalizations(list)) as object);
    });
    app.put(path, async (context) => {
      const commands = store(context);
      const bodies = parseForm(commandListSchema, await bodyOf(context, z.unknown()));
      return context.json(commands.replace(bodies));
    });
    app.post(path, async (context) => {
      const commands = store(context);
      const body = parseForm(commandSchema, await bodyOf(context, z.unknown()));
      const { command, created } = commands.upsert(body);
      return context.json(command, created ? 201 : 200);
    });
    app.get(`${path}/:command`, (context) => context.json(store(context).get(commandId(context))));
    app.patch(`${path}/:command`, async (context) => {
      const commands = store(context);
      const old = commands.get(commandId(context));
      const change = await bodyOf(context, z.looseObject({}));
      // The type of a command cannot be changed.
      const body = parseForm(commandSchema, { ...old, ...change, type: old.type });
      return context.json(commands.update(old.id, body));
    });
    app.delete(`${path}/:command`, (context) => {
      store(context).delete(commandId(context));
      return context.body(null, 204);
    });
  }
  return app;
}

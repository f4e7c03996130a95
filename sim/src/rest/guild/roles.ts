/** https://discord.com/developers/docs/resources/guild#create-guild-role */
import { AuditLogEvent, PermissionFlagsBits } from 'discord-api-types/v10';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { RoleOptions } from '../../world/roles.ts';
import { roleShape } from '../../world/shapes.ts';
import { changesBetween, recorder } from '../audit.ts';
import { snowflake } from '../channel-body.ts';
import { authorized, bodyOf, guildOf, needGuildPermission, type RestParts } from '../context.ts';
import { ApiError } from '../errors.ts';
import { needAboveRole, needOwn, needUnmanaged } from './hierarchy.ts';

const { ManageRoles } = PermissionFlagsBits;
const maxRoles = 250;

const roleSchema = z.object({
  name: z.string().max(100).nullish(),
  permissions: z.string().regex(/^\d+$/, 'Value is not a permission bit field.').transform(BigInt).nullish(),
  color: z.number().int().min(0).max(0xffffff).nullish(),
  hoist: z.boolean().nullish(),
  mentionable: z.boolean().nullish(),
});
const reorderSchema = z.array(z.object({ id: snowflake, position: z.number().int().min(0).nullish() }));

/** Only what the body names. */
function optionsOf(body: z.infer<typeof roleSchema>): RoleOptions {
  const given = Object.entries(body).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(given);
}

export function roleRoutes({ world }: RestParts): Hono {
  const app = new Hono();
  const find = (context: Context) => {
    const application = authorized(world, context);
    const guild = guildOf(world, application, context.req.param('guild') ?? '');
    return { application, guild, record: recorder(world, context, application, guild.id) };
  };
  const manage = (context: Context) => {
    const found = find(context);
    needGuildPermission(world, found.application, found.guild.id, ManageRoles);
    return found;
  };
  app.get('/guilds/:guild/roles', (context) => context.json([...find(context).guild.roles.values()].map(roleShape)));
  app.get('/guilds/:guild/roles/:role', (context) =>
    context.json(roleShape(world.roles.get(find(context).guild, context.req.param('role')))),
  );
  app.post('/guilds/:guild/roles', async (context) => {
    const { application, guild, record } = manage(context);
    const options = optionsOf(await bodyOf(context, roleSchema));
    needOwn(world, application, guild, options.permissions ?? 0n);
    if (guild.roles.size >= maxRoles)
      throw new ApiError(400, 30005, `Maximum number of guild roles reached (${maxRoles})`);
    // New roles begin at the bottom, so that whoever makes one stands above it.
    const role = world.roles.create(guild.id, { ...options, position: 1 });
    record(AuditLogEvent.RoleCreate, role.id, { changes: [{ key: 'name', new_value: role.name }] });
    return context.json(roleShape(role));
  });
  app.patch('/guilds/:guild/roles', async (context) => {
    const { application, guild } = manage(context);
    const moves = await bodyOf(context, reorderSchema);
    for (const { id } of moves) needAboveRole(world, application, guild, world.roles.get(guild, id));
    for (const { id, position } of moves)
      if (typeof position === 'number') world.roles.update(guild.id, id, { position });
    return context.json([...guild.roles.values()].map(roleShape));
  });
  app.patch('/guilds/:guild/roles/:role', async (context) => {
    const { application, guild, record } = manage(context);
    const role = world.roles.get(guild, context.req.param('role'));
    needAboveRole(world, application, guild, role);
    const options = optionsOf(await bodyOf(context, roleSchema));
    needOwn(world, application, guild, (options.permissions ?? 0n) & ~role.permissions);
    const before = roleShape(role);
    world.roles.update(guild.id, role.id, options);
    record(AuditLogEvent.RoleUpdate, role.id, { changes: changesBetween(before, roleShape(role)) });
    return context.json(roleShape(role));
  });
  app.delete('/guilds/:guild/roles/:role', (context) => {
    const { application, guild, record } = manage(context);
    const role = world.roles.get(guild, context.req.param('role'));
    needUnmanaged(guild, role);
    needAboveRole(world, application, guild, role);
    world.roles.delete(guild.id, role.id);
    record(AuditLogEvent.RoleDelete, role.id, { changes: [{ key: 'name', old_value: role.name }] });
    return context.body(null, 204);
  });
  for (const method of ['PUT', 'DELETE'] as const) {
    app.on(method, '/guilds/:guild/members/:user/roles/:role', (context) => {
      const { application, guild, record } = manage(context);
      const member = world.member(guild.id, context.req.param('user') ?? '');
      const role = world.roles.get(guild, context.req.param('role') ?? '');
      needUnmanaged(guild, role);
      needAboveRole(world, application, guild, role);
      const others = member.roleIds.filter((id) => id !== role.id);
      const roleIds = method === 'PUT' ? [...others, role.id] : others;
      if (roleIds.length !== member.roleIds.length) {
        world.updateMember(guild.id, member.userId, { roleIds });
        const key = method === 'PUT' ? '$add' : '$remove';
        const changes = [{ key, new_value: [{ id: role.id, name: role.name }] }];
        record(AuditLogEvent.MemberRoleUpdate, member.userId, { changes });
      }
      return context.body(null, 204);
    });
  }
  return app;
}

/** https://discord.com/developers/docs/resources/voice */
import { PermissionFlagsBits } from 'discord-api-types/v10';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { voiceStateShape } from '../../world/shapes.ts';
import { snowflake } from '../channel-body.ts';
import { authorized, bodyOf, guildOf, needChannelPermission, type RestParts } from '../context.ts';
import { ApiError } from '../errors.ts';

const stateSchema = z.object({
  channel_id: snowflake.optional(),
  suppress: z.boolean().optional(),
  request_to_speak_timestamp: z.iso
    .datetime({ offset: true, error: 'Value is not a valid ISO8601 timestamp.' })
    .nullish(),
});

export function voiceStateRoutes({ world }: RestParts): Hono {
  const app = new Hono();
  const find = (context: Context) => {
    const application = authorized(world, context);
    const guild = guildOf(world, application, context.req.param('guild') ?? '');
    const user = context.req.param('user') ?? '';
    const userId = user === '@me' ? application.botUserId : user;
    const state = world.voice.get(guild.id, userId);
    if (!state) throw new ApiError(404, 10065, 'Unknown Voice State');
    return { application, state, isOwn: userId === application.botUserId };
  };
  app.get('/guilds/:guild/voice-states/:user', (context) => context.json(voiceStateShape(world, find(context).state)));
  // Only on stages: everywhere else there is nobody to let speak.
  app.patch('/guilds/:guild/voice-states/:user', async (context) => {
    const { application, state, isOwn } = find(context);
    const body = await bodyOf(context, stateSchema);
    const channelId = state.channelId ?? '';
    const onStage = world.channel(channelId).kind === 'stage';
    if (!onStage || (body.channel_id !== undefined && body.channel_id !== channelId))
      throw new ApiError(400, 50024, 'Cannot execute action on this channel type');
    const { MuteMembers, RequestToSpeak } = PermissionFlagsBits;
    if (body.suppress === false || !isOwn) needChannelPermission(world, application, channelId, MuteMembers);
    if (body.request_to_speak_timestamp) needChannelPermission(world, application, channelId, RequestToSpeak);
    const asked = body.request_to_speak_timestamp;
    const change = {
      ...(body.suppress === undefined ? {} : { suppress: body.suppress }),
      ...(asked === undefined ? {} : { requestedToSpeakAt: asked === null ? null : Date.parse(asked) }),
    };
    world.voice.enter(channelId, state.userId, change, isOwn ? 'self' : 'other');
    return context.body(null, 204);
  });
  return app;
}

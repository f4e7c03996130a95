import { GatewayDispatchEvents as Event, GatewayIntentBits as Intent } from 'discord-api-types/v10';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SimControl } from '../control/client.ts';
import { type Simulator, startSimulator } from '../simulator.ts';
import { BotClient } from '../testing/bot-client.ts';
import { RawGateway } from '../testing/raw-gateway.ts';
import { SilentVoice } from '../testing/silent-voice.ts';

const intents = Intent.Guilds | Intent.GuildVoiceStates;
let simulator: Simulator;
let control: SimControl;
let bot: Awaited<ReturnType<SimControl['createApplication']>>;
let guildId: string;
let channelId: string;
let client: BotClient;

beforeEach(async () => {
  simulator = await startSimulator({ voiceServer: new SilentVoice(), clips: new Map(), gateway: { heartbeatMs: 200 } });
  control = new SimControl(simulator.controlUrl);
  bot = await control.createApplication({ name: 'bot' });
  ({ guildId } = await control.createGuild({ name: 'guild' }));
  await control.addBot(guildId, bot.botUserId);
  channelId = (await control.createVoiceChannel(guildId, { name: 'talk' })).channelId;
  client = new BotClient(simulator.apiUrl, bot.token, intents);
});
afterEach(async () => {
  await client.stop();
  await simulator.close();
});

const voiceEvents = () => client.events.filter(({ t }) => t.startsWith('VOICE')).map(({ t, d }) => d.endpoint ?? t);
const newChannel = (name: string) => control.createTextChannel(guildId, { name });

test('held dispatches come later, in their order and with gapless numbers; dropped ones leave a gap', async () => {
  await client.start();
  await control.setGatewayFaults(bot.botUserId, { holdDispatches: [Event.VoiceStateUpdate] });
  await client.joinVoice(guildId, channelId);
  await client.next(Event.VoiceServerUpdate);
  expect(voiceEvents()).toEqual(['localhost:1']);
  await control.setGatewayFaults(bot.botUserId, { holdDispatches: [] });
  await client.next(Event.VoiceStateUpdate);
  await control.setGatewayFaults(bot.botUserId, { holdDispatches: 'all' });
  await newChannel('one');
  await newChannel('two');
  await control.setGatewayFaults(bot.botUserId, { holdDispatches: [], dropDispatches: [Event.ChannelDelete] });
  await client.when(() => client.all(Event.ChannelCreate).length === 2);
  await control.deleteChannel(channelId);
  await newChannel('three');
  await client.when(() => client.all(Event.ChannelCreate).length === 3);
  expect(client.all(Event.ChannelCreate).map(({ name }) => name)).toEqual(['one', 'two', 'three']);
  const numbers = client.events.map(({ s }) => s);
  expect(numbers.map((s, index) => s - (numbers[index - 1] ?? 0)).filter((step) => step !== 1)).toEqual([2]);
  expect(client.all(Event.ChannelDelete)).toEqual([]);
});

test('the voice server can be told first, and first without an endpoint', async () => {
  await client.start();
  await control.setGatewayFaults(bot.botUserId, { voiceServerFirst: true, nullEndpointFirst: true });
  await client.joinVoice(guildId, channelId);
  await client.next(Event.VoiceStateUpdate);
  expect(voiceEvents()).toEqual([Event.VoiceServerUpdate, 'localhost:1', Event.VoiceStateUpdate]);
  expect(client.all(Event.VoiceServerUpdate)[0]).toMatchObject({ endpoint: null });
});

test('without acknowledged heartbeats the client drops the connection and resumes', async () => {
  await client.start();
  const since = await control.lastEventId();
  await control.setGatewayFaults(bot.botUserId, { withholdHeartbeatAcks: true });
  const gone = await control.waitForEvent(({ type }) => type === 'bot_gone', { since });
  expect(gone).toMatchObject({ code: 4200 }); // @discordjs/ws says so when it means to resume
  await control.setGatewayFaults(bot.botUserId, { withholdHeartbeatAcks: false });
  await client.next(Event.Resumed);
});

test('a delay keeps the order, also when it ends; withheld HELLOs come when they may', async () => {
  await control.withholdHello(true);
  const silent = new RawGateway(simulator.apiUrl);
  const started = silent.identify(bot.token, intents);
  await control.withholdHello(false);
  await started;
  await control.setGatewayFaults(bot.botUserId, { delayMs: 40 });
  await newChannel('one');
  await control.setGatewayFaults(bot.botUserId, { delayMs: 0 });
  await newChannel('two');
  await silent.when(() => silent.names().filter((name) => name === Event.ChannelCreate).length === 2);
  const names = silent.received.filter(({ t }) => t === Event.ChannelCreate).map(({ d }) => d?.name);
  expect(names).toEqual(['one', 'two']);
  silent.close(1000);
});

test('a client that sends no heartbeat is closed; closing codes decide what can be resumed', async () => {
  const { code } = await new RawGateway(simulator.apiUrl).closed;
  expect(code).toBe(4000);
  await client.start();
  await control.closeGateway(bot.botUserId, 4000);
  await client.next(Event.Resumed);
  await client.joinVoice(guildId, channelId);
  await client.next(Event.VoiceServerUpdate);
  await control.invalidateSession(bot.botUserId, true);
  await client.when(() => client.all(Event.Resumed).length === 2);
  expect(await control.voiceStates(guildId)).toHaveLength(1);
  await control.closeGateway(bot.botUserId, 4009);
  expect(await control.voiceStates(guildId)).toEqual([]);
});

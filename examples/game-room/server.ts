/**
 * The game's own backend, as small as it can be: serves the page, knows who is signed in, and mints their token for
 * Patchbay. `npm start -w examples/game-room`; what it needs is in the README.
 */
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { SignJWT } from 'jose';

const about = {
  PATCHBAY_URL: 'where Patchbay is, such as https://patchbay.example',
  GAME_TOKEN_SECRET: 'the secret that this game shares with Patchbay, 32 characters or more',
  GAME_TOKEN_ISSUER: 'the name under which Patchbay knows this game',
  GUILD_ID: 'the Discord server in which the players meet',
  CHANNEL_ID: 'the voice channel of the game room',
};
type Name = keyof typeof about;

function readSettings(): Record<Name, string> {
  const names = Object.keys(about) as Name[];
  const wrong = names.filter((name) => {
    const value = process.env[name] ?? '';
    if (name === 'GAME_TOKEN_SECRET') return value.length < 32;
    if (name === 'PATCHBAY_URL') return !/^https?:\/\/[^/]/.test(value);
    return name === 'GAME_TOKEN_ISSUER' ? value === '' : !/^\d{5,20}$/.test(value);
  });
  if (wrong.length > 0) {
    const lines = wrong.map((name) => `  ${name}: ${about[name]}`);
    console.error(
      `The game room cannot start. Missing or wrong:\n${lines.join('\n')}\nSet them in the environment or in .env here.`,
    );
    process.exit(1);
  }
  return Object.fromEntries(names.map((name) => [name, process.env[name] ?? ''])) as Record<Name, string>;
}

const { PATCHBAY_URL, GAME_TOKEN_SECRET, GAME_TOKEN_ISSUER, GUILD_ID, CHANNEL_ID } = readSettings();
const patchbay = new URL(PATCHBAY_URL).origin;

/** The whole of what a game has to do for Patchbay: a token that says who the player is, good for ten minutes. */
function mintToken(player: string): Promise<string> {
  return new SignJWT({ guilds: [GUILD_ID], scope: 'self' })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(GAME_TOKEN_ISSUER)
    .setAudience('patchbay')
    .setSubject(player)
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(new TextEncoder().encode(GAME_TOKEN_SECRET));
}

/** Session of each signed-in player, by the cookie's value. */
const players = new Map<string, string>();
const playerOf = ({ headers }: IncomingMessage) =>
  players.get(/(?:^|; )seat=([\w-]+)/.exec(headers.cookie ?? '')?.[1] ?? '');

/** The page's files, read once: nothing else can be asked for. */
const folder = join(import.meta.dirname, 'dist');
const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
};
const files = new Map<string, { type: string; content: Buffer }>();
for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = join(entry.parentPath, entry.name);
  const type = types[extname(path)] ?? 'application/octet-stream';
  files.set(path.slice(folder.length).replaceAll('\\', '/'), { type, content: await readFile(path) });
}

const policy = `default-src 'self'; img-src 'self' data:; connect-src 'self' ${patchbay} ${patchbay.replace(/^http/, 'ws')}`;

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

/** Stands for the game's real sign-in (Discord's OAuth2, say): here everybody is who they claim to be. */
async function signIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const part of request) {
    body += part;
    if (body.length > 200) break;
  }
  const player = /^\{"player":"(\d{5,20})"\}$/.exec(body)?.[1];
  if (player === undefined) {
    json(response, 400, { message: 'That is no Discord user id: 17 to 20 digits.' });
    return;
  }
  const seat = randomUUID();
  players.set(seat, player);
  response.setHeader('set-cookie', `seat=${seat}; HttpOnly; SameSite=Strict; Path=/`);
  json(response, 200, { player });
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '/').split('?')[0];
  const player = playerOf(request);
  response.setHeader('content-security-policy', policy);
  if (request.method === 'GET' && path === '/room') {
    json(response, 200, { patchbay, guildId: GUILD_ID, channelId: CHANNEL_ID, player: player ?? null });
  } else if (request.method === 'POST' && path === '/sign-in') {
    await signIn(request, response);
  } else if (request.method === 'POST' && path === '/token') {
    if (player === undefined) json(response, 401, { message: 'Sign in first.' });
    else json(response, 200, { token: await mintToken(player) });
  } else {
    const file = files.get(path === '/' ? '/index.html' : (path ?? ''));
    response.writeHead(file ? 200 : 404, { 'content-type': file?.type ?? 'text/plain' });
    response.end(file?.content ?? 'Not found');
  }
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    console.error(error);
    if (!response.headersSent) json(response, 500, { message: 'The game room has a fault.' });
  });
});
// On this machine alone: the sign-in above believes everybody.
server.listen(Number(process.env.PORT || 3000), '127.0.0.1', () => {
  console.log(`Game room: http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

/**
 * Where to connect and where to ask, from Patchbay's address: `https://patchbay.example`, or the hub's own
 * `wss://patchbay.example/api/ws`.
 */
export function addressesOf(url: string, guildId: string): { hub: string; rejoin: string } {
  const base = url.replace(/^ws/, 'http').replace(/\/(api\/ws)?$/, '');
  const guild = encodeURIComponent(guildId);
  return {
    hub: `${base.replace(/^http/, 'ws')}/api/ws?guild=${guild}`,
    rejoin: `${base}/api/guilds/${guild}/voice/rejoin`,
  };
}

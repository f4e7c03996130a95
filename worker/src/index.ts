import { app } from './app.ts';

export default app;
export { Fleet } from './fleet/fleet.ts';
export { Guild } from './guild/guild.ts';
export { Hub } from './hub/hub.ts';
export { Matchmaker } from './matchmaker/matchmaker.ts';
export { Metrics } from './metrics/metrics.ts';
export { Panel } from './panel/panel.ts';
export { Session } from './session/session.ts';

import { app } from './app.ts';
import { startFlushing } from './metrics/flush.ts';

startFlushing();

export default app;
export { SignIn } from './auth/sign-in/sign-in.ts';
export { Captions } from './captions/captions.ts';
export { Fleet } from './fleet/fleet.ts';
export { Guild } from './guild/guild.ts';
export { Hub } from './hub/hub.ts';
export { Matchmaker } from './matchmaker/matchmaker.ts';
export { Metrics } from './metrics/metrics.ts';
export { Panel } from './panel/panel.ts';
export { Recording } from './recording/recording.ts';
export { Report } from './report/report.ts';
export { Session } from './session/session.ts';

import { errorBody } from '@patchbay/shared/errors';
import { Hono } from 'hono';
import { type Env, fleetOf, metricsOf, settingsOf } from '../env.ts';
import { flush } from '../metrics/flush.ts';
import { exposition } from '../metrics/registry.ts';

/** Health and metrics. */
export const operationsRoutes = new Hono<{ Bindings: Env }>();

operationsRoutes.get('/healthz', (context) => {
  settingsOf(context.env);
  return context.json({ ok: true });
});

operationsRoutes.get('/metrics', async (context) => {
  const expected = settingsOf(context.env).METRICS_TOKEN;
  if (!expected || context.req.header('authorization') !== `Bearer ${expected}`) {
    return context.json(errorBody('metrics_refused', 'Set METRICS_TOKEN and send it: Authorization: Bearer ….'), 401);
  }
  const { nodes, sessions, legs } = await fleetOf(context.env).stats();
  await flush();
  return context.text(
    [
      '# TYPE patchbay_nodes gauge',
      `patchbay_nodes ${nodes}`,
      '# TYPE patchbay_sessions gauge',
      `patchbay_sessions ${sessions}`,
      '# TYPE patchbay_legs gauge',
      `patchbay_legs ${legs}`,
      exposition(await metricsOf(context.env).totals()),
      '',
    ].join('\n'),
  );
});

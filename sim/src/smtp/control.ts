/** The control side of the SMTP stand-in. */
import type { Hono } from 'hono';
import { ControlRefusal, controlRoute } from '../stand-in/control-route.ts';
import { withoutUndefined } from '../stand-in/without-undefined.ts';
import { smtpOperations } from './control-contract.ts';
import type { SmtpServer } from './server.ts';

export function smtpControlApp(server: SmtpServer): Hono {
  return controlRoute(smtpOperations, {
    mails: () => ({ mails: server.mails() }),
    waitFor: async ({ to, subject, timeoutMs }) => {
      const limit = AbortSignal.timeout(timeoutMs);
      try {
        return await server.waitFor(
          (mail) => mail.subject.includes(subject) && (to === '' || mail.envelope.to.includes(to)),
          limit,
        );
      } catch (error) {
        if (!limit.aborted) throw error;
        const seen = server.mails().map((mail) => `"${mail.subject}" to ${mail.envelope.to.join(', ')}`);
        throw new ControlRefusal(
          'timeout',
          `no such mail came within ${timeoutMs} ms; there are: ${seen.join('; ') || 'none'}`,
        );
      }
    },
    clear: () => {
      server.clear();
      return {};
    },
    faults: () => server.faults(),
    setFaults: (changes) => server.setFaults(withoutUndefined(changes)),
    clearFaults: () => server.clearFaults(),
  });
}

import type { RestCounters } from '../rest/counters.ts';
import type { RestFaults } from '../rest/faults.ts';
import type { World } from '../world/world.ts';
import type { Handlers } from './handlers.ts';
import type { restOperations } from './rest-operations.ts';

export interface RestControlParts {
  world: World;
  rest: { faults: RestFaults; counters: RestCounters };
}

export function restHandlers({ world, rest }: RestControlParts): Pick<Handlers, keyof typeof restOperations> {
  return {
    setRestFault: (fault) => {
      rest.faults.set(fault);
      return {};
    },
    clearRestFaults: () => {
      rest.faults.clear();
      return {};
    },
    setDirectMessages: ({ userId, accepted }) => {
      world.user(userId).refusesDirectMessages = !accepted;
      return {};
    },
    setLocale: ({ userId, locale }) => {
      world.user(userId).locale = locale;
      return {};
    },
    setRedirectUris: ({ applicationId, redirectUris }) => {
      world.application(applicationId).redirectUris = redirectUris;
      return {};
    },
  };
}

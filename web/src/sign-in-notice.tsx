import { useEffect, useState } from 'react';
import { canUseDiscord } from './sign-in.ts';

/** What somebody sees who is not signed in: why, and how to. */
export function SignInNotice({ why }: { why: string }) {
  const [discord, setDiscord] = useState<boolean>();
  useEffect(() => {
    canUseDiscord().then(setDiscord, () => setDiscord(false));
  }, []);
  return (
    <section className="notice" aria-live="polite">
      <h2>You are not signed in</h2>
      <p>{why}</p>
      {discord && (
        <p>
          <a className="button" href="/api/auth/login">
            Sign in with Discord
          </a>
        </p>
      )}
      {discord === false && (
        <p>
          Sign-in with Discord is not set up here: whoever runs this Patchbay sets <code>DISCORD_CLIENT_SECRET</code>{' '}
          and adds <code>{`${location.origin}/api/auth/callback`}</code> as a redirect in Discord’s developer portal.
        </p>
      )}
      <p className="hint">
        A sign-in link, as Patchbay prints it when it starts, does it as well. It works once and for a few minutes.
      </p>
    </section>
  );
}
